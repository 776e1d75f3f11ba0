//! `key create`: a new secret, shown once.

use serde_json::{Value, json};

use super::draw::draw;
use crate::ctl::accounts::{Access, check, make, new_item, team};
use crate::ctl::aws::Table;
use crate::ctl::command::{CreateOptions, PolicyOptions};
use crate::ctl::limits::{documented, line};
use crate::ctl::output::{Failed, Report};
use crate::keys::{Digest, KeyId, Right, Secret};
use crate::quota::{Account, LimitSet};
use crate::store::{Policy, State};

/// Makes a key in the table.
pub(in crate::ctl) async fn create(
    table: &Table,
    options: &CreateOptions,
    now_ms: u64,
) -> Result<Report, Failed> {
    let CreateOptions { name, policy, team: of_team, shards } = options;
    let limits = policy.limits.0.alone(*shards)?;
    let of_team_limits = match of_team {
        Some(id) => {
            let team = team(table, id).await?;
            if team.state() == State::Revoked {
                return Err(Failed::new(format!("the team '{id}' is revoked")));
            }
            Some(team.limits())
        }
        None => None,
    };
    let access = Access { models: &policy.models, limits: &limits, team: of_team_limits.as_ref() };
    let notes = check(table, None, access).await?;
    let (id, secret) = draw()?;
    let item = new_item(
        Account::key(id.clone()),
        Digest::of(secret.reveal()).to_hex(),
        Policy {
            name: name.clone(),
            models: policy.models.clone(),
            rights: policy.rights.clone(),
            created_ms: now_ms,
            time_zone: policy.time_zone(),
        },
        &limits,
        of_team.clone(),
    );
    if !make(table, &item, &limits, "write the key").await? {
        return Err(Failed::new(format!("the id {id} is taken")).advice("try again"));
    }
    let lost = format!("the secret is lost: 'tollgatectl key revoke {id}', then make another key");
    let member = of_team.as_ref().map(|team| format!("; team {team}")).unwrap_or_default();
    let (models, words) = (policy.models.join(", "), line(&limits.rules));
    let rights = match Right::names(&policy.rights).join(", ") {
        none if none.is_empty() => none,
        rights => format!("; rights {rights}"),
    };
    let about = format!("key {id} '{name}': models {models}{rights}; {words}{member}");
    let mut json = as_json(&id, name, &secret, policy, &limits);
    if let Some(members) = json.as_object_mut() {
        members.insert("team".to_owned(), json!(of_team.as_ref().map(ToString::to_string)));
        members.insert("shards".to_owned(), json!(shards));
    }
    let mut report = Report::new(json)
        .text(about)
        .text(format!("\n    export OPENAI_API_KEY={}\n", secret.reveal()))
        .text("This is the only time that the secret is shown: the table holds its hash.")
        .notes(notes);
    report.if_lost = Some(lost);
    Ok(report)
}

/// What machines are told of a new key.
pub(super) fn as_json(
    id: &KeyId,
    name: &str,
    secret: &Secret,
    policy: &PolicyOptions,
    limits: &LimitSet,
) -> Value {
    let (plain, aliases) = documented(limits);
    json!({
        "id": id.as_str(),
        "name": name,
        "secret": secret.reveal(),
        "models": policy.models,
        "rights": Right::names(&policy.rights),
        "limits": plain,
        "alias_limits": aliases,
        "time_zone": policy.time_zone(),
    })
}
