//! Admission of a key that belongs to a team: one transaction of two writes, and a read that says
//! what is left after it.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use futures_util::future::join_all;

use super::admit::{Choice, Written, read};
use super::errors::from_sdk;
use super::expression::Expression;
use super::layout::{account_key, text};
use super::pause;
use super::table::DynamoStore;
use crate::keys::Presented;
use crate::quota::{Demand, Owner};
use crate::store::admission::Denial;
use crate::store::error::StoreError;
use crate::store::item::Item;

/// How often a transaction is sent that others are in the way of.
const MOST_CONFLICTS: u32 = 7;

impl DynamoStore {
    pub(super) async fn write_all(
        &self,
        choices: &[Choice],
        presented: &Presented,
        demand: &Demand,
        now_ms: u64,
    ) -> Result<Written, Denial> {
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.transact(choices, presented, demand, now_ms).await {
                Ok(()) => break,
                Err(error) => error,
            };
            if let Some(reasons) = cancelled(&error) {
                let refused = refused(reasons)?;
                if !refused.is_empty() {
                    return Ok(Written::Refused(refused));
                }
            } else {
                match from_sdk(&error) {
                    StoreError::Throttled(_) => {}
                    error => return Err(Denial::Store(error)),
                }
            }
            if tries > MOST_CONFLICTS {
                let why = "other requests are in the way of the transaction".to_owned();
                return Err(Denial::Store(StoreError::Throttled(why)));
            }
            tokio::time::sleep(pause(tries, demand.draw >> tries)).await;
        }
        // A transaction does not say what is left.
        let accounts = choices.iter().map(Choice::account);
        let items = join_all(accounts.map(|account| async move { self.get(&account).await })).await;
        let items: Result<Option<Vec<_>>, _> = items.into_iter().collect();
        let items = items.map_err(Denial::Store)?.ok_or_else(|| {
            let why = "the key or its team has vanished".to_owned();
            Denial::Store(StoreError::Corrupt(why))
        })?;
        Ok(Written::Items(items))
    }

    async fn transact(
        &self,
        choices: &[Choice],
        presented: &Presented,
        demand: &Demand,
        now_ms: u64,
    ) -> Result<(), SdkError<TransactWriteItemsError>> {
        let updates = choices.iter().map(|choice| {
            let is_key = matches!(choice.first.owner, Owner::Key(_));
            let key = is_key.then_some(presented);
            let expression = Expression::admission(key, choice.assumed(), demand, now_ms);
            let (pk, sk) = account_key(&choice.account());
            let update = Update::builder()
                .table_name(&self.table)
                .key("pk", text(pk))
                .key("sk", text(sk))
                .update_expression(expression.update)
                .condition_expression(expression.condition)
                .set_expression_attribute_names(Some(expression.names))
                .set_expression_attribute_values(Some(expression.values))
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                );
            // All that an update needs was given.
            TransactWriteItem::builder().set_update(update.build().ok()).build()
        });
        let updates = Some(updates.collect());
        // The SDK gives it a token: sent again after a lost reply, it is applied once.
        self.client.transact_write_items().set_transact_items(updates).send().await.map(drop)
    }
}

fn cancelled(error: &SdkError<TransactWriteItemsError>) -> Option<&[CancellationReason]> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            Some(cancelled.cancellation_reasons())
        }
        _ => None,
    }
}

/// The items whose conditions failed; none when the transaction was cancelled for other reasons.
fn refused(reasons: &[CancellationReason]) -> Result<Vec<(usize, Option<Item>)>, Denial> {
    let mut refused = Vec::new();
    for (place, reason) in reasons.iter().enumerate() {
        match reason.code() {
            Some("ConditionalCheckFailed") => refused.push((place, read(reason.item.as_ref())?)),
            None
            | Some(
                "None"
                | "TransactionConflict"
                | "ThrottlingError"
                | "ProvisionedThroughputExceeded",
            ) => {}
            Some(other) => {
                let why = format!("a transaction was cancelled: {other}");
                return Err(Denial::Store(StoreError::Unavailable(why)));
            }
        }
    }
    Ok(refused)
}
