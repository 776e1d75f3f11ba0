//! Shared health in the table: one conditional write each. The rows are `health#<target>` in the
//! partition of the configuration, and are read with it.

use aws_sdk_dynamodb::types::AttributeValue;

use super::call::{Patience, Update};
use super::errors::WriteError;
use super::expression::Expression;
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

const UNTIL: (&str, &str) = ("#until", UNTIL_MS);

impl DynamoStore {
    pub(super) async fn set_aside_in_table(
        &self,
        aside: &Aside,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let expression = Expression::of(
            "SET #until = :until, #reason = :reason, #ttl = :ttl",
            "attribute_not_exists(#until) OR #until < :until",
            [UNTIL, ("#reason", REASON), ("#ttl", TTL)],
            [
                (":until", number(aside.until_ms)),
                (":reason", text(&aside.reason)),
                (":ttl", expiry_s(now_ms)),
            ],
        );
        self.tell(&aside.target, expression).await.map(drop)
    }

    pub(super) async fn probe_in_table(
        &self,
        target: &str,
        seen_until_ms: u64,
        until_ms: u64,
    ) -> Result<bool, StoreError> {
        let expression = Expression::of(
            "SET #until = :until, #ttl = :ttl",
            "#until = :seen",
            [UNTIL, ("#ttl", TTL)],
            [
                (":until", number(until_ms)),
                (":seen", number(seen_until_ms)),
                (":ttl", expiry_s(until_ms)),
            ],
        );
        Ok(match self.tell(target, expression).await? {
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
        let expression = Expression::of(
            "SET #until = :never",
            "#until = :seen",
            [UNTIL],
            [(":never", number(0)), (":seen", number(seen_until_ms))],
        );
        self.tell(target, expression).await.map(drop)
    }

    /// Writes a target's row once, now or not at all.
    async fn tell(&self, target: &str, expression: Expression) -> Result<Written, StoreError> {
        let _turn = self.notices.try_acquire().map_err(|_| {
            StoreError::Throttled("enough is being written about the targets' health".to_owned())
        })?;
        let (pk, sk) = (CONFIG.to_owned(), health_row(target));
        let update = Update { pk, sk, expression, wants_row: false };
        match self.writer.update(&update, Patience::once(CALL_MS)).await {
            Ok(_) => Ok(Written::Done),
            Err(WriteError::Refused(row)) => Ok(Written::Refused(row.as_ref().and_then(aside_of))),
            Err(WriteError::Failed(error)) => Err(error),
        }
    }
}

/// What came of a conditional write.
enum Written {
    Done,
    /// The row is another one: how the target is set aside by it, if it is at all.
    Refused(Option<Aside>),
}

fn expiry_s(from_ms: u64) -> AttributeValue {
    number((from_ms / 1_000).saturating_add(KEPT_S))
}
