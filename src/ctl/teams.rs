//! `team create`: limits that bind all keys of a team together.

use serde_json::json;

use super::accounts::{Kind, find, make, new_item};
use super::aws::Table;
use super::command::TeamCreateOptions;
use super::limits::{documented, line};
use super::output::{Console, Failed, Report};
use crate::quota::Account;
use crate::store::Policy;

/// Makes a team.
pub(super) async fn create(
    table: &Table,
    options: &TeamCreateOptions,
    console: Console,
    now_ms: u64,
) -> Result<Report, Failed> {
    let TeamCreateOptions { id, limits, shards } = options;
    let set = limits.0.alone(*shards)?;
    let zone = limits.0.zone.as_ref().map_or_else(|| "UTC".to_owned(), |zone| zone.name.clone());
    let policy = Policy {
        name: id.to_string(),
        models: vec!["*".to_owned()],
        rights: vec![],
        created_ms: now_ms,
        time_zone: zone.clone(),
    };
    let item = new_item(Account::team(id.clone()), String::new(), policy, &set, None);
    if !make(table, &item, &set, "write the team").await? {
        find(table, Kind::Team, id.as_str(), console).await?;
        let advice = format!("'tollgatectl team update {id}' changes it");
        return Err(Failed::new(format!("there is a team '{id}' already")).advice(advice));
    }
    let (plain, aliases) = documented(&set);
    let json = json!({
        "id": id.as_str(),
        "limits": plain,
        "alias_limits": aliases,
        "time_zone": zone,
        "shards": shards,
    });
    let next = format!("next: 'tollgatectl key create --name NAME --team {id}'");
    Ok(Report::new(json).text(format!("team {id}: {}", line(&set.rules))).notes([next]))
}
