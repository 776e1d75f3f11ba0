//! The table: settlement, rollups and the live document.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::{ReconnectMode, RetryConfig};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use aws_sdk_dynamodb::{Client, Config};
use futures_util::future::join_all;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::connector::SharedHttp;
use super::errors::{from_sdk, was_turned_away};
use super::expression::Expression;
use super::known::Known;
use super::layout::{
    ACTIVE, CONFIG, HISTORY, Row, SHAPE, TTL, account_key, aside_of, integer, key_partition,
    number, text, usage_row,
};
use super::{health, pause};
use crate::keys::Presented;
use crate::quota::{Change, Demand, Part, Settlement};
use crate::routing::Aside;
use crate::store::admission::{Admission, Denial, Standing};
use crate::store::error::StoreError;
use crate::store::usage_row::UsageRow;
use crate::store::{Store, StoreFuture, StoredDocument};

/// One try of a call. A healthy table answers in under 10 ms; one that is only busy should not be
/// given up, for what it was asked to hold may then stay held.
const ATTEMPT_MS: u64 = 1_500;
/// All tries of a call together.
const OPERATION_MS: u64 = 3_200;
/// A call that is tried once: within what a request leaves for its end.
const ONCE_MS: u64 = 2_000;
/// So many admissions are under way at once, and as many calls that end requests, which never wait
/// behind those that begin; 24 of 5 ms each are 4,800 a second. The others wait here, where it is
/// certain that nothing was written yet, and not at a table that is busy, where a try may be given
/// up that was applied.
const LANES: usize = 24;
/// An admission that has waited so long for its turn is turned away.
const TURN_MS: u64 = 10_000;
/// A settlement that was certainly not applied is written so often.
const SETTLE_TRIES: u32 = 4;
/// Rollup rows are kept for about 13 months.
const ROLLUP_DAYS: u64 = 400;

/// Where the table is.
#[derive(Clone, Debug)]
pub struct DynamoSettings {
    /// Its name.
    pub table: String,
    /// Its region.
    pub region: String,
    /// An endpoint other than the region's, as DynamoDB Local's.
    pub endpoint: Option<String>,
}

/// The store in DynamoDB.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) known: Arc<Known>,
    begins: Arc<Semaphore>,
    ends: Arc<Semaphore>,
    pub(super) notices: Arc<Semaphore>,
}

impl DynamoStore {
    /// A store on the gateway's HTTP client. Nothing is called yet.
    pub fn new(
        settings: &DynamoSettings,
        http: reqwest::Client,
        credentials: SharedCredentialsProvider,
    ) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_millis(ATTEMPT_MS))
            .operation_timeout(Duration::from_millis(OPERATION_MS))
            .build();
        // Reserving twice is safe, so admission may be retried after a lost reply.
        let retries = RetryConfig::standard()
            .with_max_attempts(2)
            .with_initial_backoff(Duration::from_millis(25))
            // The connector cannot be told to close a connection, and the SDK would log an error.
            .with_reconnect_mode(ReconnectMode::ReuseAllConnections);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.region.clone()))
            .credentials_provider(credentials)
            .http_client(SharedHttp(http))
            .timeout_config(timeouts)
            .retry_config(retries)
            // Answers of one row, within a time limit of their own, need no watch over each byte.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(settings.endpoint.clone());
        Self {
            client: Client::from_conf(config.build()),
            table: settings.table.clone(),
            known: Arc::default(),
            begins: Arc::new(Semaphore::new(LANES)),
            ends: Arc::new(Semaphore::new(LANES)),
            notices: Arc::new(Semaphore::new(health::LANES)),
        }
    }

    /// A turn to admit.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        let turn = timeout(Duration::from_millis(TURN_MS), self.begins.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            StoreError::Throttled("more requests wait for the table than it takes".to_owned())
        })
    }

    /// Writes a settlement, one account beside the other.
    pub(super) async fn settle_in_table(&self, settlement: &Settlement) -> Result<(), StoreError> {
        let parts = settlement.parts.iter().filter(|part| !part.is_empty());
        let written = join_all(parts.map(|part| self.settle_part(part))).await;
        written.into_iter().collect()
    }

    /// Writes one account's part. It is written again only when it is certain that it was not
    /// applied: refused for its condition, then without what has vanished; or turned away.
    async fn settle_part(&self, part: &Part) -> Result<(), StoreError> {
        let mut part = Cow::Borrowed(part);
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.send_settlement(&part).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            match refused_row(&error) {
                Refused::No if tries < SETTLE_TRIES && was_turned_away(&error) => {
                    tokio::time::sleep(pause(tries, 0)).await;
                }
                Refused::No => return Err(from_sdk(&error)),
                // The account is gone: there is nobody to give anything to.
                Refused::NoRow => return Ok(()),
                Refused::Row(row) => {
                    let rest = still_possible(&part, &row);
                    if rest == *part || rest.is_empty() || tries >= SETTLE_TRIES {
                        return Ok(());
                    }
                    part = Cow::Owned(rest);
                }
            }
        }
    }

    async fn send_settlement(&self, part: &Part) -> Result<(), SdkError<UpdateItemError>> {
        let expression = Expression::settlement(part);
        let values = Some(expression.values).filter(|values| !values.is_empty());
        let names = Some(expression.names).filter(|names| !names.is_empty());
        let (pk, sk) = account_key(&part.account);
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .update_expression(expression.update)
            .condition_expression(expression.condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            .config_override(once())
            .send()
            .await
            .map(drop)
    }

    async fn count_in_table(&self, row: &UsageRow) -> Result<(), StoreError> {
        let ttl_s = (row.day + ROLLUP_DAYS).saturating_mul(86_400);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key_partition(&row.key)))
            .key("sk", text(usage_row(row.day, &row.alias, row.shard)))
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":requests", number(row.requests))
            .expression_attribute_values(":in", number(row.tokens_in))
            .expression_attribute_values(":cached", number(row.tokens_cached))
            .expression_attribute_values(":out", number(row.tokens_out))
            .expression_attribute_values(":usd", number(row.nano_usd))
            .expression_attribute_values(":violations", number(row.bound_violations))
            .expression_attribute_values(":kept", number(row.kept_tokens))
            .expression_attribute_values(":keptusd", number(row.kept_nano_usd))
            .expression_attribute_values(":ttl", number(ttl_s));
        let mut set = "SET #ttl = :ttl".to_owned();
        if let Some(team) = &row.team {
            set.push_str(", team = :team");
            update = update.expression_attribute_values(":team", text(team.as_str()));
        }
        let add = "ADD requests :requests, tokens_in :in, tokens_cached :cached, \
                   tokens_out :out, nano_usd :usd, kept_tokens :kept, kept_nano_usd :keptusd, \
                   bound_violations :violations";
        let update = update.update_expression(format!("{add} {set}"));
        let counted = update.customize().config_override(once()).send().await;
        counted.map(drop).map_err(|error| from_sdk(&error))
    }

    async fn document_in_table(&self) -> Result<Option<StoredDocument>, StoreError> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :config AND sk < :history")
            .expression_attribute_values(":config", text(CONFIG))
            .expression_attribute_values(":history", text(HISTORY))
            .send()
            .await
            .map_err(|error| from_sdk(&error))?;
        let rows = output.items.unwrap_or_default();
        let active =
            |row: &&Row| row.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk == ACTIVE);
        let health = rows.iter().filter_map(aside_of).collect();
        rows.iter().find(active).map(|row| stored_document(row, health)).transpose()
    }
}

/// The row of the live document, with the health beside it.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is not one.
fn stored_document(row: &Row, health: Vec<Aside>) -> Result<StoredDocument, StoreError> {
    let corrupt = |what: String| StoreError::Corrupt(format!("the configuration's row: {what}"));
    let json = row.get("document").and_then(|value| value.as_s().ok());
    let json = json.ok_or_else(|| corrupt("no text in 'document'".to_owned()))?;
    let document = serde_json::from_str(json).map_err(|error| corrupt(error.to_string()))?;
    let version = integer(row.get("version"));
    let version = version.ok_or_else(|| corrupt("no number in 'version'".to_owned()))?;
    Ok(StoredDocument { document, version, health })
}

/// What can still be written of a settlement to a row that is not as it was expected: without
/// counters that have vanished, and without cleaning up after a shape that it no longer has.
fn still_possible(part: &Part, row: &Row) -> Part {
    let is_there = |change: &&Change| row.contains_key(&change.counter);
    let changes = part.changes.iter().filter(is_there).cloned().collect();
    let same_shape = row.get(SHAPE).is_some_and(|shape| *shape == text(&part.shape));
    let stale = if same_shape { part.stale.clone() } else { vec![] };
    Part { changes, stale, ..part.clone() }
}

/// A call that is sent once. Giving back twice would break a limit, counting twice a statistic.
/// The one try has all the time.
fn once() -> Builder {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(ONCE_MS))
        .operation_timeout(Duration::from_millis(ONCE_MS));
    Builder::default().retry_config(RetryConfig::disabled()).timeout_config(timeouts.build())
}

/// What a refused condition tells.
enum Refused {
    No,
    NoRow,
    Row(Row),
}

fn refused_row(error: &SdkError<UpdateItemError>) -> Refused {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
            failed.item.clone().map_or(Refused::NoRow, Refused::Row)
        }
        _ => Refused::No,
    }
}

impl Store for DynamoStore {
    fn admit<'a>(
        &'a self,
        presented: &'a Presented,
        demand: &'a Demand,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<Admission, Denial>> {
        Box::pin(async move {
            let _turn = self.turn().await.map_err(Denial::Store)?;
            self.admit_in_table(presented, demand, now_ms).await
        })
    }

    fn settle<'a>(&'a self, settlement: &'a Settlement) -> StoreFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            // What was held must be settled, however long that waits.
            let _turn = self.ends.acquire().await.ok();
            self.settle_in_table(settlement).await
        })
    }

    fn inspect<'a>(
        &'a self,
        presented: &'a Presented,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<Standing, Denial>> {
        Box::pin(self.inspect_in_table(presented, now_ms))
    }

    fn count<'a>(&'a self, row: &'a UsageRow) -> StoreFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let _turn = self.ends.acquire().await.ok();
            self.count_in_table(row).await
        })
    }

    fn document(&self) -> StoreFuture<'_, Result<Option<StoredDocument>, StoreError>> {
        Box::pin(self.document_in_table())
    }

    fn set_aside<'a>(
        &'a self,
        aside: &'a Aside,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<(), StoreError>> {
        Box::pin(self.set_aside_in_table(aside, now_ms))
    }

    fn probe<'a>(
        &'a self,
        target: &'a str,
        seen_until_ms: u64,
        until_ms: u64,
    ) -> StoreFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.probe_in_table(target, seen_until_ms, until_ms))
    }

    fn recovered<'a>(
        &'a self,
        target: &'a str,
        seen_until_ms: u64,
    ) -> StoreFuture<'a, Result<(), StoreError>> {
        Box::pin(self.recovered_in_table(target, seen_until_ms))
    }
}
