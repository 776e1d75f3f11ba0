//! `key revoke`: from the next admission on, the key is refused.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use serde_json::json;

use super::rows::{AllKeys, all};
use crate::ctl::aws::Table;
use crate::ctl::output::{Console, Failed, Report};
use crate::keys::{KeyId, parse};
use crate::store::dynamo::layout::{KEY, key_partition, text};
use crate::store::{KeyItem, KeyState};

/// What a revocation found.
enum Found {
    Active,
    AlreadyRevoked,
    NoKey,
}

/// Revokes the key with this id, this name, or this text.
pub(in crate::ctl) async fn revoke(
    table: &Table,
    key: &str,
    console: Console,
) -> Result<Report, Failed> {
    // A key that has leaked is at hand as a whole.
    let id = parse(key).map(|(id, _)| id).or_else(|_| KeyId::parse(key));
    if let Ok(id) = id {
        match revoke_id(table, &id).await? {
            Found::Active => return Ok(report(&id, true)),
            Found::AlreadyRevoked => return Ok(report(&id, false)),
            // A name can look like an id.
            Found::NoKey => {}
        }
    }
    let AllKeys { keys, .. } = all(table, console).await?;
    let named: Vec<&KeyItem> = keys.iter().filter(|found| found.name == key).collect();
    let active: Vec<&KeyItem> =
        named.iter().copied().filter(|found| found.state == KeyState::Active).collect();
    match (active.as_slice(), named.as_slice()) {
        ([only], _) => {
            let found = revoke_id(table, &only.id).await?;
            Ok(report(&only.id, matches!(found, Found::Active)))
        }
        ([], [revoked, ..]) => Ok(report(&revoked.id, false)),
        ([], []) => Err(Failed::new(format!("there is no key '{}'", shown(key)))
            .advice("'tollgatectl key list' shows them; give an id or a name")),
        (several, _) => {
            let ids: Vec<_> = several.iter().map(|found| found.id.as_str()).collect();
            let what = format!("{} keys have the name '{key}': {}", ids.len(), ids.join(", "));
            Err(Failed::new(what).advice("give the id; nothing was revoked"))
        }
    }
}

/// What was given, unless it looks like a key.
fn shown(key: &str) -> &str {
    if key.starts_with("tg-") { "tg-…" } else { key }
}

fn report(id: &KeyId, changed: bool) -> Report {
    let json = json!({ "id": id.as_str(), "state": KeyState::Revoked.name(), "changed": changed });
    Report::new(json).text(if changed {
        format!("key {id} is revoked: it is refused from now on")
    } else {
        format!("nothing to do: key {id} was revoked before")
    })
}

async fn revoke_id(table: &Table, id: &KeyId) -> Result<Found, Failed> {
    let update = table
        .client
        .update_item()
        .table_name(&table.name)
        .key("pk", text(key_partition(id)))
        .key("sk", text(KEY))
        .update_expression("SET #state = :revoked")
        .condition_expression("attribute_exists(pk)")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":revoked", text(KeyState::Revoked.name()))
        .return_values(ReturnValue::UpdatedOld);
    match update.send().await {
        Ok(output) => {
            let before = output.attributes().and_then(|before| before.get("state"));
            let revoked = text(KeyState::Revoked.name());
            Ok(if before == Some(&revoked) { Found::AlreadyRevoked } else { Found::Active })
        }
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(Found::NoKey),
            _ => Err(table.failed("revoke the key", &error)),
        },
    }
}
