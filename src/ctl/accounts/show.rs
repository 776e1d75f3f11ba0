//! `key show` and `team show`: what it may do, and how its limits stand.

use serde_json::{Value, json};

use super::find::{find, team};
use super::holder::{Holder, Kind};
use super::list::facts;
use super::standing::{Standing, ended, leases, running};
use crate::ctl::aws::Table;
use crate::ctl::grid::Grid;
use crate::ctl::limits::shown;
use crate::ctl::output::{Console, Failed, Report};
use crate::ctl::units::{age, counted, moment, until};
use crate::keys::Right;
use crate::quota::{Line, Unit};

/// A key with its team's limits, or a team.
pub(in crate::ctl) async fn show(
    table: &Table,
    kind: Kind,
    said: &str,
    console: Console,
    now_ms: u64,
) -> Result<Report, Failed> {
    let holder = find(table, kind, said, console).await?;
    let team = match holder.team() {
        Some(id) => Some(team(table, id).await?),
        None => None,
    };
    let binding: Vec<&Holder> = std::iter::once(&holder).chain(&team).collect();
    let now: Vec<_> = binding.iter().flat_map(|holder| running(holder, now_ms)).collect();
    let then: Vec<_> = binding.iter().flat_map(|holder| ended(holder, now_ms)).collect();
    let (live, expired) = leases(&holder, now_ms);

    let mut json = facts(&holder);
    if let Some(members) = json.as_object_mut() {
        members.insert("standing".to_owned(), now.iter().map(as_json).collect());
        members.insert("ended".to_owned(), then.iter().map(as_json).collect());
        let leases = json!({ "live_until_ms": live, "expired": expired });
        members.insert("in_flight".to_owned(), leases);
    }
    let mut report = Report::new(json)
        .text(format!("{}: {}", holder.title(), holder.state().name()))
        .grid(Grid::bare(about(&holder, now_ms)))
        .text("");
    report =
        if now.is_empty() { report.text("no limits") } else { report.grid(grid(&now, now_ms)) };
    if !then.is_empty() {
        report = report.text("\nheld in windows that have ended:").grid(past_grid(&then, now_ms));
    }
    Ok(report.notes(notes(&holder, &now, &then, (&live, expired), now_ms)))
}

fn about(holder: &Holder, now_ms: u64) -> Vec<Vec<String>> {
    let policy = holder.policy();
    let since = |at_ms: u64| match at_ms {
        0 => "never".to_owned(),
        at_ms => format!("{}, {}", moment(at_ms), age(now_ms, at_ms)),
    };
    let is_key = holder.kind() == Kind::Key;
    let mut rows =
        vec![("created", since(policy.created_ms)), ("last used", since(holder.used_ms()))];
    if is_key {
        rows.insert(0, ("models", policy.models.join(", ")));
        if !policy.rights.is_empty() {
            rows.insert(1, ("rights", Right::names(&policy.rights).join(", ")));
        }
    }
    rows.extend(holder.team().map(|team| ("team", team.to_string())));
    rows.push(("time zone", policy.time_zone.clone()));
    let shards = holder.shape().shards;
    rows.extend((shards > 1).then(|| ("shards", shards.to_string())));
    rows.into_iter().map(|(what, value)| vec![format!("  {what}"), value]).collect()
}

/// An amount that a table can show; what is beyond is so large that nobody reads it.
fn amount(unit: Unit, amount: u64) -> String {
    shown(unit, i64::try_from(amount).unwrap_or(i64::MAX))
}

fn leaked(standing: &Standing) -> String {
    match standing.leaked {
        Some(0) => "-".to_owned(),
        Some(leaked) => amount(standing.line.limit.unit, leaked),
        None => "?".to_owned(),
    }
}

fn grid(standing: &[Standing], now_ms: u64) -> Grid {
    let heading = ["SCOPE", "LIMIT", "MODE", "OF", "USED", "HELD", "LEFT", "LEAKED", "RESETS"];
    let row = |standing: &Standing| {
        let line = &standing.line;
        let unit = line.limit.unit;
        let resets = match (unit, line.window.ends_ms) {
            (Unit::InFlight, _) => "-".to_owned(),
            (_, None) => "never".to_owned(),
            (_, Some(ends_ms)) => until(now_ms, ends_ms),
        };
        vec![
            line.scope.to_string(),
            line.limit.name.to_owned(),
            line.mode.name().to_owned(),
            amount(unit, line.of),
            amount(unit, line.used()),
            amount(unit, line.unsettled()),
            shown(unit, line.left),
            leaked(standing),
            resets,
        ]
    };
    Grid::new(&heading, standing.iter().map(row)).right(3..8)
}

fn past_grid(standing: &[Standing], now_ms: u64) -> Grid {
    let row = |standing: &Standing| {
        let line = &standing.line;
        let unit = line.limit.unit;
        let ended = line.window.ends_ms.map_or_else(String::new, |ends_ms| age(now_ms, ends_ms));
        vec![
            line.scope.to_string(),
            line.limit.name.to_owned(),
            amount(unit, line.used()),
            amount(unit, line.unsettled()),
            leaked(standing),
            ended,
        ]
    };
    let heading = ["SCOPE", "LIMIT", "USED", "HELD", "LEAKED", "ENDED"];
    Grid::new(&heading, standing.iter().map(row)).right(2..5)
}

/// What the figures do not say by themselves.
fn notes(
    holder: &Holder,
    now: &[Standing],
    then: &[Standing],
    (live, expired): (&[u64], usize),
    now_ms: u64,
) -> Vec<String> {
    let mut notes = Vec::new();
    let all = || now.iter().chain(then);
    if all().any(|standing| standing.leaked.is_none()) {
        notes.push(
            "what is held is in flight or leaked ('?'): 15 minutes after the last use or the end \
             of its window it is certain"
                .to_owned(),
        );
    }
    if now.iter().any(|standing| standing.leaked.is_some_and(|leaked| leaked > 0)) {
        let (kind, id) = (holder.kind().name(), holder.id());
        notes.push(format!(
            "what leaked was charged and never settled: it stays taken until its window ends, or \
             'tollgatectl {kind} reset {id} --leaked' gives it back"
        ));
    }
    if let Some(last) = live.last() {
        let count = counted(live.len(), "request");
        notes.push(format!("{count} in flight; the last must have ended {}", until(now_ms, *last)));
    }
    if expired > 0 {
        let count = counted(expired, "request");
        notes.push(format!("{count} ended without a word; the places are free again"));
    }
    notes
}

fn as_json(standing: &Standing) -> Value {
    let Standing { line, leaked } = standing;
    let Line { limit, mode, scope, window, of, left, .. } = line;
    json!({
        "scope": scope.to_string(),
        "limit": limit.name,
        "mode": mode.name(),
        "unit": limit.unit.name(),
        "of": of,
        "used": line.used(),
        "held": line.unsettled(),
        "left": left,
        "leaked": leaked,
        "ends_ms": window.ends_ms,
    })
}
