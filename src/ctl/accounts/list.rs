//! `key list` and `team list`.

use serde_json::{Value, json};

use super::holder::{Holder, Kind};
use super::rows::{Holders, all};
use crate::ctl::aws::Table;
use crate::ctl::grid::Grid;
use crate::ctl::limits::{documented, line};
use crate::ctl::output::{Console, Failed, Report};
use crate::ctl::units::{age, moment};
use crate::keys::Right;

/// All keys or all teams, the oldest first; never a secret, for the table has none.
pub(in crate::ctl) async fn list(
    table: &Table,
    kind: Kind,
    console: Console,
    now_ms: u64,
) -> Result<Report, Failed> {
    let Holders { all, unreadable } = all(table, kind, console).await?;
    let members = all.iter().map(facts).collect::<Vec<_>>();
    let report = match kind {
        Kind::Key => Report::new(json!({ "keys": members })),
        Kind::Team => Report::new(json!({ "teams": members })),
    };
    let report = match (all.is_empty(), kind) {
        (true, Kind::Key) => {
            report.text("no keys yet: make one with 'tollgatectl key create --name NAME'")
        }
        (true, Kind::Team) => {
            report.text("no teams yet: make one with 'tollgatectl team create ID'")
        }
        (false, Kind::Key) => {
            let heading = ["ID", "NAME", "STATE", "TEAM", "MODELS", "LIMITS", "CREATED", "USED"];
            report.grid(Grid::new(&heading, all.iter().map(|key| key_row(key, now_ms))))
        }
        (false, Kind::Team) => {
            let heading = ["ID", "STATE", "LIMITS", "CREATED", "USED"];
            report.grid(Grid::new(&heading, all.iter().map(|team| team_row(team, now_ms))))
        }
    };
    Ok(report.notes(unreadable))
}

fn key_row(key: &Holder, now_ms: u64) -> Vec<String> {
    let policy = key.policy();
    vec![
        key.id().to_owned(),
        policy.name.clone(),
        key.state().name().to_owned(),
        key.team().map_or_else(|| "-".to_owned(), ToString::to_string),
        policy.models.join(","),
        line(&key.limits().rules),
        moment(policy.created_ms),
        used(key, now_ms),
    ]
}

fn team_row(team: &Holder, now_ms: u64) -> Vec<String> {
    vec![
        team.id().to_owned(),
        team.state().name().to_owned(),
        line(&team.limits().rules),
        moment(team.policy().created_ms),
        used(team, now_ms),
    ]
}

fn used(holder: &Holder, now_ms: u64) -> String {
    match holder.used_ms() {
        0 => "never".to_owned(),
        used_ms => age(now_ms, used_ms),
    }
}

/// What machines are told of a key or a team.
pub(super) fn facts(holder: &Holder) -> Value {
    let (limits, policy) = (holder.limits(), holder.policy());
    let (plain, aliases) = documented(&limits);
    let used_ms = Some(holder.used_ms()).filter(|used_ms| *used_ms > 0);
    let mut facts = json!({
        "id": holder.id(),
        "state": holder.state().name(),
        "limits": plain,
        "alias_limits": aliases,
        "time_zone": policy.time_zone,
        "shards": limits.shards,
        "created_ms": policy.created_ms,
        "used_ms": used_ms,
    });
    if let Some(members) = facts.as_object_mut().filter(|_| holder.kind() == Kind::Key) {
        members.insert("name".to_owned(), json!(policy.name));
        members.insert("models".to_owned(), json!(policy.models));
        members.insert("rights".to_owned(), json!(Right::names(&policy.rights)));
        members.insert("team".to_owned(), json!(holder.team().map(ToString::to_string)));
    }
    facts
}
