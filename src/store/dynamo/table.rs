//! The table: admission, settlement, rollups and the live document.

use std::collections::HashMap;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_sdk_dynamodb::{Client, Config};

use super::connector::SharedHttp;
use super::errors::from_sdk;
use super::layout::{
    ACTIVE, CONFIG, HISTORY, KEY, Row, from_row, integer, key_partition, number, text, usage_row,
};
use crate::keys::{KeyId, Presented};
use crate::quota::{Bound, Charge, Settlement, UNLIMITED};
use crate::store::admission::{Admission, Denial, admitted, judge};
use crate::store::error::StoreError;
use crate::store::usage_row::UsageRow;
use crate::store::{Store, StoreFuture, StoredDocument};

/// One try of a call. A healthy table answers in under 10 ms.
const ATTEMPT_MS: u64 = 800;
/// All tries of a call together.
const OPERATION_MS: u64 = 1_700;
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
    client: Client,
    table: String,
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
            .with_initial_backoff(Duration::from_millis(25));
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.region.clone()))
            .credentials_provider(credentials)
            .http_client(SharedHttp(http))
            .timeout_config(timeouts)
            .retry_config(retries);
        config.set_endpoint_url(settings.endpoint.clone());
        Self { client: Client::from_conf(config.build()), table: settings.table.clone() }
    }

    /// An update that is sent once. Giving back twice would break a limit, counting twice a
    /// statistic.
    async fn update_once(&self, update: UpdateItemFluentBuilder) -> Result<(), StoreError> {
        let once: Builder = Builder::default().retry_config(RetryConfig::disabled());
        let sent = update.customize().config_override(once).send().await;
        match sent {
            Ok(_) => Ok(()),
            // The window has ended and was cleaned up: there is nothing to give back.
            Err(error) if is_condition_failure(&error) => Ok(()),
            Err(error) => Err(from_sdk(&error)),
        }
    }

    fn key_update(&self, id: &KeyId, sort: impl Into<String>) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key_partition(id)))
            .key("sk", text(sort))
    }

    async fn admit_in_table(
        &self,
        presented: &Presented,
        charges: &[Charge],
        now_ms: u64,
    ) -> Result<Admission, Denial> {
        let expression = Expression::admission(presented, charges);
        let sent = self
            .key_update(&presented.id, KEY)
            .set_update_expression(expression.update)
            .condition_expression(expression.condition)
            .set_expression_attribute_names(Some(expression.names))
            .set_expression_attribute_values(Some(expression.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(output) => {
                let row = output.attributes.unwrap_or_default();
                let item = from_row(&row).map_err(Denial::Store)?;
                Ok(admitted(&item, charges, now_ms))
            }
            Err(error) => Err(denial(error, presented, charges, now_ms)),
        }
    }

    async fn settle_in_table(&self, settlement: &Settlement) -> Result<(), StoreError> {
        if settlement.is_empty() {
            return Ok(());
        }
        let expression = Expression::settlement(settlement);
        let values = Some(expression.values).filter(|values| !values.is_empty());
        let update = self
            .key_update(&settlement.key, KEY)
            .set_update_expression(expression.update)
            .condition_expression(expression.condition)
            .set_expression_attribute_names(Some(expression.names))
            .set_expression_attribute_values(values);
        self.update_once(update).await
    }

    async fn count_in_table(&self, row: &UsageRow) -> Result<(), StoreError> {
        let ttl_s = (row.day + ROLLUP_DAYS).saturating_mul(86_400);
        let update = self
            .key_update(&row.key, usage_row(row.day, &row.route))
            .update_expression(
                "ADD requests :requests, tokens_in :in, tokens_cached :cached, tokens_out :out, \
                 nano_usd :usd, bound_violations :violations SET #ttl = :ttl",
            )
            .expression_attribute_names("#ttl", super::layout::TTL)
            .expression_attribute_values(":requests", number(row.requests))
            .expression_attribute_values(":in", number(row.tokens_in))
            .expression_attribute_values(":cached", number(row.tokens_cached))
            .expression_attribute_values(":out", number(row.tokens_out))
            .expression_attribute_values(":usd", number(row.nano_usd))
            .expression_attribute_values(":violations", number(row.bound_violations))
            .expression_attribute_values(":ttl", number(ttl_s));
        self.update_once(update).await
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
        rows.iter().find(active).map(stored_document).transpose()
    }
}

/// The row of the live document.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is not one.
fn stored_document(row: &Row) -> Result<StoredDocument, StoreError> {
    let corrupt = |what: String| StoreError::Corrupt(format!("the configuration's row: {what}"));
    let json = row.get("document").and_then(|value| value.as_s().ok());
    let json = json.ok_or_else(|| corrupt("no text in 'document'".to_owned()))?;
    let document = serde_json::from_str(json).map_err(|error| corrupt(error.to_string()))?;
    let version = integer(row.get("version"));
    let version = version.ok_or_else(|| corrupt("no number in 'version'".to_owned()))?;
    Ok(StoredDocument { document, version })
}

fn is_condition_failure<R>(error: &aws_sdk_dynamodb::error::SdkError<UpdateItemError, R>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

fn denial(
    error: aws_sdk_dynamodb::error::SdkError<UpdateItemError>,
    presented: &Presented,
    charges: &[Charge],
    now_ms: u64,
) -> Denial {
    if !is_condition_failure(&error) {
        return Denial::Store(from_sdk(&error));
    }
    let UpdateItemError::ConditionalCheckFailedException(failed) = error.into_service_error()
    else {
        return Denial::UnknownKey;
    };
    let item = match failed.item.as_ref().map(from_row).transpose() {
        Ok(item) => item,
        Err(error) => return Denial::Store(error),
    };
    match judge(item.as_ref(), presented, charges, now_ms) {
        Err(denial) => denial,
        // The table refused what its own row would admit.
        Ok(()) => Denial::Store(StoreError::Corrupt("a condition failed for no reason".to_owned())),
    }
}

/// An update with its condition, names and values.
struct Expression {
    update: Option<String>,
    condition: String,
    names: HashMap<String, String>,
    values: Row,
}

impl Expression {
    /// DESIGN: authenticate, check the state, roll windows over and reserve every limit at once.
    /// `#l` is a limit, `#w` its counter in this window; a window without a counter is whole.
    fn admission(presented: &Presented, charges: &[Charge]) -> Self {
        let mut sets = Vec::new();
        let mut conditions = vec!["#hash = :hash".to_owned(), "#state = :active".to_owned()];
        let mut names = HashMap::from([
            ("#hash".to_owned(), "hash".to_owned()),
            ("#state".to_owned(), "state".to_owned()),
        ]);
        let mut values = Row::from([
            (":hash".to_owned(), text(presented.digest.to_hex())),
            (":active".to_owned(), text("active")),
        ]);
        for (i, charge) in charges.iter().enumerate() {
            match charge.amount {
                Bound::AtMost(0) => continue,
                Bound::AtMost(amount) => {
                    names.insert(format!("#w{i}"), charge.counter());
                    values.insert(format!(":a{i}"), number(amount));
                    sets.push(format!("#w{i} = if_not_exists(#w{i}, #l{i}) - :a{i}"));
                    conditions.push(format!(
                        "(#w{i} >= :a{i} OR (attribute_not_exists(#w{i}) AND #l{i} >= :a{i}))"
                    ));
                }
                Bound::Unknown(_) => {
                    values.insert(":unlimited".to_owned(), number(UNLIMITED));
                    conditions.push(format!("#l{i} >= :unlimited"));
                }
            }
            names.insert(format!("#l{i}"), charge.limit.attribute.to_owned());
        }
        let update = (!sets.is_empty()).then(|| format!("SET {}", sets.join(", ")));
        Self { update, condition: conditions.join(" AND "), names, values }
    }

    /// Gives back and cleans up, on condition that every window is still there.
    fn settlement(settlement: &Settlement) -> Self {
        let (mut names, mut values) = (HashMap::new(), Row::new());
        let (mut sets, mut removes) = (Vec::new(), Vec::new());
        let mut conditions = vec!["attribute_exists(pk)".to_owned()];
        for (i, change) in settlement.give_back.iter().enumerate() {
            names.insert(format!("#w{i}"), change.counter.clone());
            values.insert(format!(":g{i}"), number(change.amount));
            sets.push(format!("#w{i} = #w{i} + :g{i}"));
            conditions.push(format!("attribute_exists(#w{i})"));
        }
        for (i, counter) in settlement.stale.iter().enumerate() {
            names.insert(format!("#s{i}"), counter.clone());
            removes.push(format!("#s{i}"));
        }
        let part = |verb: &str, list: &[String]| match list {
            [] => String::new(),
            list => format!("{verb} {} ", list.join(", ")),
        };
        let update = part("SET", &sets) + &part("REMOVE", &removes);
        Self { update: Some(update), condition: conditions.join(" AND "), names, values }
    }
}

impl Store for DynamoStore {
    fn admit<'a>(
        &'a self,
        presented: &'a Presented,
        charges: &'a [Charge],
        now_ms: u64,
    ) -> StoreFuture<'a, Result<Admission, Denial>> {
        Box::pin(self.admit_in_table(presented, charges, now_ms))
    }

    fn settle<'a>(&'a self, settlement: &'a Settlement) -> StoreFuture<'a, Result<(), StoreError>> {
        Box::pin(self.settle_in_table(settlement))
    }

    fn count<'a>(&'a self, row: &'a UsageRow) -> StoreFuture<'a, Result<(), StoreError>> {
        Box::pin(self.count_in_table(row))
    }

    fn document(&self) -> StoreFuture<'_, Result<Option<StoredDocument>, StoreError>> {
        Box::pin(self.document_in_table())
    }
}
