//! `key reset` and `team reset`: what was spent in the windows that are running is forgiven, and
//! what is in flight stays charged.

use serde_json::{Value, json};

use super::expression::Expression;
use super::find::find;
use super::holder::{Holder, Kind, LONGEST_REQUEST_MS, Shard};
use super::standing::{Standing, running as standing};
use super::update::REMEMBERED;
use super::windows::{SPENT, counter, left, running};
use super::write::{Plan, change};
use crate::ctl::aws::Table;
use crate::ctl::grid::Grid;
use crate::ctl::limits::shown;
use crate::ctl::output::{Console, Failed, Report};
use crate::ctl::units::age;
use crate::quota::{Limit, Rule};
use crate::store::dynamo::layout::{LEASES, USED_MS, map, number};

/// What is forgiven.
#[derive(Clone, Copy, Debug)]
pub(in crate::ctl) struct Pardon<'a> {
    /// These limits only; all when there are none.
    pub(in crate::ctl) limits: &'a [&'static Limit],
    /// What leaked as well.
    pub(in crate::ctl) leaked: bool,
}

impl Pardon<'_> {
    fn covers(&self, limit: &Limit) -> bool {
        self.limits.is_empty() || self.limits.contains(&limit)
    }
}

/// Forgives what was spent.
pub(in crate::ctl) async fn reset(
    table: &Table,
    (kind, said): (Kind, &str),
    pardon: Pardon<'_>,
    console: Console,
    now_ms: u64,
) -> Result<Report, Failed> {
    let holder = find(table, kind, said, console).await?;
    let title = holder.title();
    let absent = pardon
        .limits
        .iter()
        .find(|limit| !holder.shape().rules.iter().any(|rule| rule.limit == **limit));
    if let Some(limit) = absent {
        let advice = format!("'tollgatectl {} show {}' lists its limits", kind.name(), holder.id());
        return Err(Failed::new(format!("{title} has no limit {}", limit.name)).advice(advice));
    }
    let before = change(table, holder, |holder, _| plan(table, holder, pardon, now_ms)).await?;
    Ok(report(&title, &before, pardon, now_ms))
}

/// What is written. The holder is as it was read just before.
fn plan(
    table: &Table,
    holder: &Holder,
    pardon: Pardon<'_>,
    now_ms: u64,
) -> Result<Plan<Holder>, Failed> {
    if pardon.leaked && !holder.is_at_rest(now_ms) {
        let used = age(now_ms, holder.used_ms());
        let what = format!(
            "{} was last used {used}: what it holds may be in flight; nothing was changed",
            holder.title()
        );
        return Err(Failed::new(what).advice(
            "wait until 15 minutes after its last use ('tollgatectl key revoke' ends its use), or \
             leave --leaked out",
        ));
    }
    let mut items = Vec::new();
    for shard in holder.shards() {
        let mut expression = Expression::of(shard);
        let rules = shard.item.ledger.shape.rules.iter();
        for rule in rules.filter(|rule| pardon.covers(rule.limit)) {
            forgive(&mut expression, shard, rule, pardon.leaked, now_ms);
        }
        if pardon.leaked {
            let (used, rest_ms) = (expression.name(USED_MS), now_ms - LONGEST_REQUEST_MS);
            let rest = expression.value(number(rest_ms));
            expression.require(format!("(attribute_not_exists({used}) OR {used} < {rest})"));
        }
        if !expression.is_empty() {
            items.push(expression.update(table, &shard.item.account)?);
        }
    }
    Ok(Plan { items, told: holder.clone() })
}

fn forgive(expression: &mut Expression, shard: &Shard, rule: &Rule, leaked: bool, now_ms: u64) {
    if !rule.limit.is_window() {
        if leaked {
            expression.set(LEASES, map([]));
        }
        return;
    }
    let shape = &shard.item.ledger.shape;
    for id in running(rule.limit.period, &shape.zone, now_ms) {
        let counter = counter(rule.attribute(), id);
        let spent = format!("{counter}{SPENT}");
        if left(shard, &counter).is_none() {
            continue;
        }
        if leaked {
            expression.remove(&counter);
            expression.remove(&spent);
        } else if !rule.limit.unit.is_cost() {
            let (counter, figure) = (expression.name(&counter), expression.name(rule.attribute()));
            expression.sets.push(format!("{counter} = {figure}"));
            expression.require(format!("attribute_exists({counter})"));
        } else if left(shard, &spent).is_some() {
            // Both are read before either is written: what is settled meanwhile is forgiven too.
            let (counter, spent) = (expression.name(&counter), expression.name(&spent));
            let zero = expression.value(number(0));
            expression.sets.push(format!("{counter} = {counter} + {spent}"));
            expression.sets.push(format!("{spent} = {zero}"));
            expression.require(format!("attribute_exists({counter})"));
            expression.require(format!("attribute_exists({spent})"));
        }
    }
}

fn report(title: &str, before: &Holder, pardon: Pardon<'_>, now_ms: u64) -> Report {
    let amount = |standing: &Standing| {
        let held = if pardon.leaked { standing.line.unsettled() } else { 0 };
        (standing.line.used(), held)
    };
    let forgiven: Vec<_> = standing(before, now_ms)
        .into_iter()
        .filter(|standing| pardon.covers(standing.line.limit))
        .filter(|standing| pardon.leaked || standing.line.limit.is_window())
        .map(|standing| (amount(&standing), standing.line))
        .filter(|((used, held), _)| *used > 0 || *held > 0)
        .collect();
    let json = forgiven.iter().map(|((used, held), line)| {
        json!({
            "scope": line.scope.to_string(),
            "limit": line.limit.name,
            "unit": line.limit.unit.name(),
            "forgiven": used,
            "given_back": held,
        })
    });
    let report = Report::new(json!({ "id": before.id(), "reset": json.collect::<Value>() }));
    if forgiven.is_empty() {
        return report.text(format!("nothing to do: {title} has used nothing in these windows"));
    }
    let rows = forgiven.iter().map(|((used, held), line)| {
        let show = |amount: u64| shown(line.limit.unit, i64::try_from(amount).unwrap_or(i64::MAX));
        vec![line.scope.to_string(), line.limit.name.to_owned(), show(*used), show(*held)]
    });
    let held =
        if pardon.leaked { "and what leaked is given back" } else { "what is held stays so" };
    report
        .notes([REMEMBERED.to_owned()])
        .text(format!("{title} begins anew in the windows that are running; {held}"))
        .grid(Grid::new(&["SCOPE", "LIMIT", "FORGIVEN", "GIVEN BACK"], rows).right(2..4))
}
