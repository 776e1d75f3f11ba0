//! One call: an `UpdateItem` as JSON, straight over the gateway's HTTP client. Every request makes
//! three, and the SDK's way to send one costs more CPU than all the rest of the request; everything
//! that is not an `UpdateItem` goes by the SDK. Both have the same limits of time and try again after
//! the same errors.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use tokio::time::{sleep, timeout};

use super::endpoint::Endpoint;
use super::errors::{WriteError, explain, named};
use super::expression::Expression;
use super::json::{self, Problem};
use super::kept_credentials::{KeptCredentials, time_of_day};
use super::layout::Row;
use super::pause;
use super::signing::{self, Signed, Signer, Unsigned};
use super::table::DynamoSettings;
use crate::store::error::StoreError;

const TARGET: &str = "DynamoDB_20120810.UpdateItem";
const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const X_AMZ_TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Answers after which the SDK tries again by itself, whatever else they say.
const PASSING_STATUSES: [StatusCode; 4] = [
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];
/// Errors after which it does, of those that DynamoDB may give with another status. A transaction
/// that is in the way of a write is not among them.
const PASSING_ERRORS: [&str; 7] = [
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "ThrottlingException",
    "TransactionInProgressException",
];

/// A write of one row.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) expression: Expression,
    /// Whether the row is wanted as it is after it.
    pub(super) wants_row: bool,
}

/// How long and how often a call is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// One try.
    pub(super) try_ms: u64,
    pub(super) tries: u32,
    /// What makes the pauses of one caller other than those of the next.
    pub(super) draw: u64,
}

impl Patience {
    /// A call that is sent once, whatever becomes of it.
    pub(super) fn once(try_ms: u64) -> Self {
        Self { try_ms, tries: 1, draw: 0 }
    }
}

/// What writes to the table.
#[derive(Debug)]
pub(super) struct Writer {
    http: reqwest::Client,
    table: String,
    endpoint: Result<Endpoint, String>,
    credentials: KeptCredentials,
    signer: Signer,
}

/// A try that failed.
#[derive(Debug)]
struct Lapse {
    error: WriteError,
    /// Whether the next one may do better.
    passes: bool,
}

impl Writer {
    /// A writer on the gateway's HTTP client. Nothing is called yet.
    pub(super) fn new(
        settings: &DynamoSettings,
        http: reqwest::Client,
        credentials: KeptCredentials,
    ) -> Self {
        let (table, endpoint) = (settings.table.clone(), Endpoint::of(settings));
        let signer = Signer::new(&settings.region);
        Self { http, table, endpoint, credentials, signer }
    }

    /// Writes a row, and gives it back if that is wanted.
    pub(super) async fn update(
        &self,
        update: &Update,
        patience: Patience,
    ) -> Result<Option<Row>, WriteError> {
        let body = json::body(&self.table, update);
        let body = body.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let body = Bytes::from(body);
        let mut tries = 0;
        loop {
            tries += 1;
            let limit = Duration::from_millis(patience.try_ms);
            let lapse = match timeout(limit, self.send(body.clone())).await {
                Ok(Ok(row)) => return Ok(row),
                Ok(Err(lapse)) => lapse,
                Err(_) => Lapse::passing(format!("no answer in {} ms", patience.try_ms)),
            };
            if !lapse.passes || tries >= patience.tries {
                return Err(lapse.error);
            }
            sleep(pause(tries, patience.draw)).await;
        }
    }

    async fn send(&self, body: Bytes) -> Result<Option<Row>, Lapse> {
        let request = self.signed(body).await.map_err(Lapse::lasting)?;
        let lost = |error: reqwest::Error| Lapse::passing(explain(&error.without_url()));
        let response = self.http.execute(request).await.map_err(lost)?;
        let status = response.status();
        let body = response.bytes().await.map_err(lost)?;
        if !status.is_success() {
            return Err(understood(status, Problem::read(&body)));
        }
        json::attributes(&body).map_err(|error| {
            let why = format!("what answers is not DynamoDB: {error}");
            Lapse::lasting(StoreError::Unavailable(why))
        })
    }

    async fn signed(&self, body: Bytes) -> Result<reqwest::Request, StoreError> {
        let endpoint = self.endpoint.as_ref();
        let endpoint = endpoint.map_err(|why| StoreError::Unavailable(why.clone()))?;
        let now = time_of_day();
        let credentials = self.credentials.at(now).await;
        let credentials = credentials.map_err(|error| StoreError::Credentials(explain(&error)))?;
        let (host, path) = (endpoint.host.as_str(), endpoint.url.path());
        let unsigned = Unsigned { host, path, target: TARGET, body: &body };
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let Signed { date, authorization } =
            self.signer.sign(&credentials, unsigned, since.as_secs());
        let header = |value: &str| {
            let header = HeaderValue::from_str(value);
            header.map_err(|error| StoreError::Credentials(format!("they fit no header: {error}")))
        };
        let mut request = reqwest::Request::new(Method::POST, endpoint.url.clone());
        let headers = request.headers_mut();
        headers.insert(HOST, header(host)?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(signing::CONTENT_TYPE));
        headers.insert(X_AMZ_TARGET, HeaderValue::from_static(TARGET));
        headers.insert(X_AMZ_DATE, header(&date)?);
        headers.insert(AUTHORIZATION, header(&authorization)?);
        if let Some(token) = credentials.session_token() {
            headers.insert(X_AMZ_SECURITY_TOKEN, header(token)?);
        }
        *request.body_mut() = Some(body.into());
        Ok(request)
    }
}

impl Lapse {
    /// It is not known whether the table was reached.
    fn passing(why: String) -> Self {
        Self { error: StoreError::Unavailable(why).into(), passes: true }
    }

    fn lasting(error: StoreError) -> Self {
        Self { error: error.into(), passes: false }
    }
}

/// What an error of DynamoDB's means for the try that got it.
fn understood(status: StatusCode, problem: Problem) -> Lapse {
    let kind = problem.kind();
    if kind == "ConditionalCheckFailedException" {
        return Lapse { error: WriteError::Refused(problem.item), passes: false };
    }
    let passes = PASSING_STATUSES.contains(&status) || PASSING_ERRORS.contains(&kind);
    let why = format!("{} {kind}: {}", status.as_u16(), problem.message());
    Lapse { error: named(kind, why).into(), passes }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What DynamoDB says, what it is called, and whether a call that may be sent twice is.
    fn check(status: u16, kind: &str, expected: fn(String) -> StoreError, passes: bool) {
        let body = format!("{{\"__type\":\"com.amazonaws#{kind}\",\"message\":\"the reason\"}}");
        let status = StatusCode::from_u16(status).unwrap();
        let lapse = understood(status, Problem::read(body.as_bytes()));
        let why = format!("{} {kind}: the reason", status.as_u16());
        let WriteError::Failed(error) = lapse.error else { panic!("{kind} is no refusal") };
        assert_eq!((error, lapse.passes), (expected(why), passes), "{status} {kind}");
    }

    /// DynamoDB developer guide, "Error handling", and the common errors of AWS.
    #[test]
    fn every_error_says_what_it_is_and_whether_it_passes() {
        use StoreError::{Credentials, NoTable, Throttled, Unavailable};
        check(400, "ResourceNotFoundException", NoTable, false);
        check(400, "AccessDeniedException", Credentials, false);
        check(400, "ExpiredTokenException", Credentials, false);
        check(400, "IncompleteSignatureException", Credentials, false);
        check(400, "InvalidSignatureException", Credentials, false);
        check(400, "MissingAuthenticationTokenException", Credentials, false);
        check(400, "UnrecognizedClientException", Credentials, false);
        check(400, "ProvisionedThroughputExceededException", Throttled, true);
        check(400, "RequestLimitExceeded", Throttled, true);
        check(400, "ThrottlingException", Throttled, true);
        check(400, "TransactionInProgressException", Throttled, true);
        check(400, "TransactionConflictException", Throttled, false);
        check(400, "ReplicatedWriteConflictException", Unavailable, true);
        check(400, "ItemCollectionSizeLimitExceededException", Unavailable, false);
        check(400, "ValidationException", Unavailable, false);
        check(400, "SomethingNewException", Unavailable, false);
        check(408, "RequestTimeoutException", Unavailable, true);
        check(500, "InternalServerError", Unavailable, true);
        check(503, "ServiceUnavailable", Unavailable, true);
        check(503, "ThrottlingException", Throttled, true);
        check(301, "", Unavailable, false);
    }

    #[test]
    fn a_refused_condition_shows_the_row() {
        let kind =
            "\"__type\":\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\"";
        let row = Row::from([("a".to_owned(), crate::store::dynamo::layout::number(1))]);
        for (rest, expected) in [("", None), (",\"Item\":{\"a\":{\"N\":\"1\"}}", Some(row))] {
            let problem = Problem::read(format!("{{{kind}{rest}}}").as_bytes());
            let lapse = understood(StatusCode::BAD_REQUEST, problem);
            let WriteError::Refused(found) = lapse.error else { panic!("{:?}", lapse.error) };
            assert_eq!((found, lapse.passes), (expected, false));
        }
    }
}
