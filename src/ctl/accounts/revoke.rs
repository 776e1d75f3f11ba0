//! `key revoke` and `team revoke`: from the next admission on it is refused.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use serde_json::json;

use super::find::find;
use super::holder::{Holder, Kind};
use super::rows::read;
use crate::ctl::aws::Table;
use crate::ctl::output::{Console, Failed, Report};
use crate::quota::Account;
use crate::store::State;
use crate::store::dynamo::layout::{STATE, account_key, text};

/// Somebody else may be spreading it over other rows at the same moment.
const TRIES: u32 = 5;

/// Revokes a key or a team with all of its shards.
pub(in crate::ctl) async fn revoke(
    table: &Table,
    kind: Kind,
    said: &str,
    console: Console,
) -> Result<Report, Failed> {
    let mut holder = find(table, kind, said, console).await?;
    let mut changed = false;
    for _ in 0..TRIES {
        for item in holder.items() {
            changed |= revoke_row(table, &item.account).await?;
        }
        // New shards have the state of the first row, which is revoked now.
        match read(table, &holder.first.item.account.owner).await? {
            Some(now) if now.items().any(|item| item.state != State::Revoked) => holder = now,
            _ => return Ok(report(&holder, changed)),
        }
    }
    Err(Failed::new(format!("{} is being changed all the time", holder.title()))
        .advice("some of its shards are revoked: try again"))
}

fn report(holder: &Holder, changed: bool) -> Report {
    let (kind, id) = (holder.kind().name(), holder.id());
    let json = json!({ "id": id, "state": State::Revoked.name(), "changed": changed });
    let whom = if holder.kind() == Kind::Team { "each of its keys" } else { "it" };
    Report::new(json).text(if changed {
        format!("{kind} {id} is revoked: {whom} is refused from now on")
    } else {
        format!("nothing to do: {kind} {id} was revoked before")
    })
}

async fn revoke_row(table: &Table, account: &Account) -> Result<bool, Failed> {
    let (pk, sk) = account_key(account);
    let update = table
        .client
        .update_item()
        .table_name(&table.name)
        .key("pk", text(pk))
        .key("sk", text(sk))
        .update_expression("SET #state = :revoked")
        .condition_expression("attribute_exists(pk)")
        .expression_attribute_names("#state", STATE)
        .expression_attribute_values(":revoked", text(State::Revoked.name()))
        .return_values(ReturnValue::UpdatedOld);
    match update.send().await {
        Ok(output) => {
            let before = output.attributes().and_then(|before| before.get(STATE));
            Ok(before != Some(&text(State::Revoked.name())))
        }
        Err(error) => match error.as_service_error() {
            // The shard has just been removed.
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(table.failed("revoke it", &error)),
        },
    }
}
