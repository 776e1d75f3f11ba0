//! The table: settlement, rollups and the live document.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::{ReconnectMode, RetryConfig};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::{Client, Config};
use futures_util::future::join_all;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::call::{Patience, Update, Writer};
use super::connector::SharedHttp;
use super::errors::{WriteError, from_sdk};
use super::expression::Expression;
use super::kept_credentials::KeptCredentials;
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
pub(super) const ATTEMPT_MS: u64 = 1_500;
/// A call that may happen twice is tried so often.
pub(super) const TRIES: u32 = 2;
/// All tries of a call together.
const OPERATION_MS: u64 = 3_200;
/// A call that is sent once, for giving back twice would break a limit, and counting twice a
/// statistic. The one try has all the time that a request leaves for its end.
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
    /// The SDK, for all but the writes of one row.
    pub(super) client: Client,
    pub(super) writer: Arc<Writer>,
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
        // Reading twice is safe, and a transaction has a token.
        let retries = RetryConfig::standard()
            .with_max_attempts(TRIES)
            .with_initial_backoff(Duration::from_millis(25))
            // The connector cannot be told to close a connection, and the SDK would log an error.
            .with_reconnect_mode(ReconnectMode::ReuseAllConnections);
        let credentials = KeptCredentials::new(credentials);
        let writer = Writer::new(settings, http.clone(), credentials.clone());
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(SharedHttp(http))
            .timeout_config(timeouts)
            .retry_config(retries)
            // Answers of one row, within a time limit of their own, need no watch over each byte.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(settings.endpoint.clone());
        Self {
            client: Client::from_conf(config.build()),
            writer: Arc::new(writer),
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
            match error {
                WriteError::Failed(StoreError::Throttled(_)) if tries < SETTLE_TRIES => {
                    tokio::time::sleep(pause(tries, 0)).await;
                }
                WriteError::Failed(error) => return Err(error),
                // The account is gone: there is nobody to give anything to.
                WriteError::Refused(None) => return Ok(()),
                WriteError::Refused(Some(row)) => {
                    let rest = still_possible(&part, &row);
                    if rest == *part || rest.is_empty() || tries >= SETTLE_TRIES {
                        return Ok(());
                    }
                    part = Cow::Owned(rest);
                }
            }
        }
    }

    async fn send_settlement(&self, part: &Part) -> Result<(), WriteError> {
        let (pk, sk) = account_key(&part.account);
        let expression = Expression::settlement(part);
        let update = Update { pk, sk: sk.to_owned(), expression, wants_row: false };
        self.writer.update(&update, Patience::once(ONCE_MS)).await.map(drop)
    }

    async fn count_in_table(&self, row: &UsageRow) -> Result<(), StoreError> {
        let ttl_s = (row.day + ROLLUP_DAYS).saturating_mul(86_400);
        let add = "ADD requests :requests, tokens_in :in, tokens_cached :cached, \
                   tokens_out :out, nano_usd :usd, kept_tokens :kept, kept_nano_usd :keptusd, \
                   bound_violations :violations SET #ttl = :ttl";
        let values = [
            (":requests", number(row.requests)),
            (":in", number(row.tokens_in)),
            (":cached", number(row.tokens_cached)),
            (":out", number(row.tokens_out)),
            (":usd", number(row.nano_usd)),
            (":violations", number(row.bound_violations)),
            (":kept", number(row.kept_tokens)),
            (":keptusd", number(row.kept_nano_usd)),
            (":ttl", number(ttl_s)),
        ];
        let mut expression = Expression::of(add, "", [("#ttl", TTL)], values);
        if let Some(team) = &row.team {
            expression.update.push_str(", team = :team");
            expression.values.insert(":team".to_owned(), text(team.as_str()));
        }
        let (pk, sk) = (key_partition(&row.key), usage_row(row.day, &row.alias, row.shard));
        let update = Update { pk, sk, expression, wants_row: false };
        match self.writer.update(&update, Patience::once(ONCE_MS)).await {
            // It has no condition that could be refused.
            Ok(_) | Err(WriteError::Refused(_)) => Ok(()),
            Err(WriteError::Failed(error)) => Err(error),
        }
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
