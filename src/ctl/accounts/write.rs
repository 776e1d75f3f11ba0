//! Writes that happen to all rows of a key or a team or to none, beside traffic.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as WriteError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::holder::Holder;
use super::rows::read;
use crate::ctl::aws::Table;
use crate::ctl::output::Failed;

/// Requests are in the way of a write for milliseconds each.
const TRIES: u32 = 20;
const FIRST_PAUSE_MS: u64 = 8;
const MOST_DOUBLINGS: u32 = 5;

/// What a transaction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// Something has changed since it was read, or was in the way: nothing was written.
    Lost,
}

/// Writes it all or nothing. The SDK gives it a token: sent again after a lost reply, it is applied
/// once.
pub(super) async fn transact(
    table: &Table,
    items: Vec<TransactWriteItem>,
    doing: &str,
) -> Result<Written, Failed> {
    let sent = table.client.transact_write_items().set_transact_items(Some(items)).send().await;
    match sent {
        Ok(_) => Ok(Written::Done),
        Err(error) if is_lost(&error) => Ok(Written::Lost),
        Err(error) => Err(table.failed(doing, &error)),
    }
}

fn is_lost<R>(error: &SdkError<WriteError, R>) -> bool {
    match error.as_service_error() {
        Some(WriteError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons().iter().filter_map(|why| why.code()).any(|code| {
                matches!(
                    code,
                    "ConditionalCheckFailed"
                        | "TransactionConflict"
                        | "ThrottlingError"
                        | "ProvisionedThroughputExceeded"
                )
            })
        }
        Some(WriteError::TransactionInProgressException(_)) => true,
        _ => false,
    }
}

/// What is to be written, and what is told of it.
pub(super) struct Plan<T> {
    pub(super) items: Vec<TransactWriteItem>,
    pub(super) told: T,
}

/// Reads a key or a team, writes what the plan makes of it, and begins anew when it has changed
/// in between. The plan is given the number of the try, and may have nothing to write.
pub(super) async fn change<T>(
    table: &Table,
    holder: Holder,
    plan: impl Fn(&Holder, u32) -> Result<Plan<T>, Failed>,
) -> Result<T, Failed> {
    let (owner, title) = (holder.first.item.account.owner.clone(), holder.title());
    let doing = format!("change {title}");
    let mut holder = holder;
    for tries in 0..TRIES {
        if tries > 0 {
            let pause_ms = FIRST_PAUSE_MS << tries.min(MOST_DOUBLINGS);
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            let again = read(table, &owner).await?;
            holder = again.ok_or_else(|| Failed::new(format!("{title} has just been removed")))?;
        }
        let Plan { items, told } = plan(&holder, tries)?;
        if items.is_empty() || transact(table, items, &doing).await? == Written::Done {
            return Ok(told);
        }
    }
    Err(Failed::new(format!("others use or change {title} all the time; nothing was changed"))
        .advice("try again, at a quieter time if it is about shards"))
}
