//! Shared health in the table: one conditional write each. The rows are `health#<target>` in the
//! partition of the configuration, and are read with it.

use std::time::Duration;

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use super::errors::from_sdk;
use super::layout::{CONFIG, REASON, TTL, UNTIL_MS, aside_of, health_row, number, text};
use super::table::DynamoStore;
use crate::routing::Aside;
use crate::store::error::StoreError;

/// A request may wait for such a call, and nothing is lost with it but an attempt.
const CALL_MS: u64 = 500;
/// So many are under way at once, beside the calls for requests; one more is not made.
pub(super) const LANES: usize = 4;
/// Rows vanish a day after they were written.
const KEPT_S: u64 = 86_400;

impl DynamoStore {
    pub(super) async fn set_aside_in_table(
        &self,
        aside: &Aside,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let update = self
            .row_of_target(&aside.target)
            .update_expression("SET #until = :until, #reason = :reason, #ttl = :ttl")
            .condition_expression("attribute_not_exists(#until) OR #until < :until")
            .expression_attribute_names("#reason", REASON)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":until", number(aside.until_ms))
            .expression_attribute_values(":reason", text(&aside.reason))
            .expression_attribute_values(":ttl", number(expiry_s(now_ms)));
        self.tell(update).await.map(drop)
    }

    pub(super) async fn probe_in_table(
        &self,
        target: &str,
        seen_until_ms: u64,
        until_ms: u64,
    ) -> Result<bool, StoreError> {
        let update = self
            .row_of_target(target)
            .update_expression("SET #until = :until, #ttl = :ttl")
            .condition_expression("#until = :seen")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":until", number(until_ms))
            .expression_attribute_values(":seen", number(seen_until_ms))
            .expression_attribute_values(":ttl", number(expiry_s(until_ms)));
        Ok(match self.tell(update).await? {
            Written::Done => true,
            Written::Refused(standing) => standing.is_none(),
        })
    }

    pub(super) async fn recovered_in_table(
        &self,
        target: &str,
        seen_until_ms: u64,
    ) -> Result<(), StoreError> {
        // The function may not delete rows. This one has its expiry from the probe.
        let update = self
            .row_of_target(target)
            .update_expression("SET #until = :never")
            .condition_expression("#until = :seen")
            .expression_attribute_values(":never", number(0))
            .expression_attribute_values(":seen", number(seen_until_ms));
        self.tell(update).await.map(drop)
    }

    fn row_of_target(&self, target: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(CONFIG))
            .key("sk", text(health_row(target)))
            .expression_attribute_names("#until", UNTIL_MS)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Writes once, now or not at all.
    async fn tell(&self, update: UpdateItemFluentBuilder) -> Result<Written, StoreError> {
        let _turn = self.notices.try_acquire().map_err(|_| {
            StoreError::Throttled("enough is being written about the targets' health".to_owned())
        })?;
        match update.customize().config_override(brief()).send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) => refused(&error).ok_or_else(|| from_sdk(&error)),
        }
    }
}

/// What came of a conditional write.
enum Written {
    Done,
    /// The row is another one: how the target is set aside by it, if it is at all.
    Refused(Option<Aside>),
}

fn refused(error: &SdkError<UpdateItemError>) -> Option<Written> {
    match error.as_service_error()? {
        UpdateItemError::ConditionalCheckFailedException(failed) => {
            Some(Written::Refused(failed.item().and_then(aside_of)))
        }
        _ => None,
    }
}

fn expiry_s(from_ms: u64) -> u64 {
    (from_ms / 1_000).saturating_add(KEPT_S)
}

/// A call that is sent once, and not waited for for long.
fn brief() -> Builder {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(CALL_MS))
        .operation_timeout(Duration::from_millis(CALL_MS));
    Builder::default().retry_config(RetryConfig::disabled()).timeout_config(timeouts.build())
}
