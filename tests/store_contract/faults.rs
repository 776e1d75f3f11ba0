//! DynamoDB when it fails: what each failure is called, and how often a call is tried.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::json;
use tollgate::keys::{Digest, KeyId, Presented};
use tollgate::quota::{Account, Change, Part, Settlement};
use tollgate::routing::Aside;
use tollgate::store::dynamo::{ContainerCredentials, DynamoStore, FunctionCredentials};
use tollgate::store::{Denial, Store, StoreError, UsageRow};
use tollgate::upstream::http::Http;

use super::desk::store_at;
use super::words::{NOON, takes};
use crate::support::upstream::{Act, Script, Upstream, response};

/// The store gives up after less than two seconds; a machine that is busy may take its time.
const IN_TIME: Duration = Duration::from_secs(20);

fn key_id() -> KeyId {
    KeyId::parse("abcdefghijkl").unwrap()
}

fn settlement() -> Settlement {
    let part = Part {
        account: Account::key(key_id()),
        changes: vec![Change { counter: "rpm@1".to_owned(), give_back: 1, spent: 0 }],
        release: None,
        stale: vec![],
        shape: String::new(),
        stale_leases: vec![],
    };
    Settlement { parts: vec![part], bound_violation: false }
}

/// Every call of the store, by name, with the error that it must give.
pub(super) async fn every_call(store: &dyn Store) -> Vec<(&'static str, StoreError)> {
    let id = key_id();
    let presented = Presented { id: id.clone(), digest: Digest::of("x") };
    let demand = takes(1, 1, 1);
    let settlement = settlement();
    let row = UsageRow {
        key: id,
        team: None,
        day: 0,
        alias: "*".to_owned(),
        shard: 0,
        requests: 1,
        tokens_in: 0,
        tokens_cached: 0,
        tokens_out: 0,
        nano_usd: 0,
        kept_tokens: 0,
        kept_nano_usd: 0,
        bound_violations: 0,
    };
    let aside = Aside { target: "p/m".to_owned(), until_ms: NOON, reason: String::new() };
    let (admitted, settled, inspected, counted, document, set_aside, probed, recovered) = tokio::join!(
        store.admit(&presented, &demand, NOON),
        store.settle(&settlement),
        store.inspect(&presented, NOON),
        store.count(&row),
        store.document(),
        store.set_aside(&aside, NOON),
        store.probe("p/m", NOON, NOON),
        store.recovered("p/m", NOON),
    );
    let Err(Denial::Store(inspected)) = inspected else { panic!("{inspected:?}") };
    let Err(Denial::Store(admitted)) = admitted else { panic!("{admitted:?}") };
    vec![
        ("admit", admitted),
        ("settle", settled.unwrap_err()),
        ("inspect", inspected),
        ("count", counted.unwrap_err()),
        ("document", document.unwrap_err()),
        ("set aside", set_aside.unwrap_err()),
        ("probe", probed.unwrap_err()),
        ("recovered", recovered.unwrap_err()),
    ]
}

fn store(endpoint: &str) -> DynamoStore {
    let credentials = Credentials::from_keys("AKIATEST", "secret", None);
    store_at(endpoint, "table", SharedCredentialsProvider::new(credentials))
}

fn endpoint_of(upstream: &Upstream) -> String {
    format!("http://{}", upstream.address)
}

fn error(status: u16, code: &str) -> Script {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    let body = json!({ "__type": kind, "message": "the reason" }).to_string();
    vec![Act::Send(response(status, "application/x-amz-json-1.0", &body))]
}

fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unavailable(_) => "unavailable",
        StoreError::Throttled(_) => "throttled",
        StoreError::NoTable(_) => "no table",
        StoreError::Credentials(_) => "credentials",
        StoreError::Corrupt(_) => "corrupt",
    }
}

/// DynamoDB developer guide, "Error handling", and the common errors of AWS.
#[tokio::test]
async fn every_error_of_dynamodb_has_a_name() {
    for (status, code, expected) in [
        (400, "ResourceNotFoundException", "no table"),
        (400, "AccessDeniedException", "credentials"),
        (400, "UnrecognizedClientException", "credentials"),
        (400, "IncompleteSignatureException", "credentials"),
        (400, "InvalidSignatureException", "credentials"),
        (400, "MissingAuthenticationTokenException", "credentials"),
        (400, "ExpiredTokenException", "credentials"),
        (400, "ProvisionedThroughputExceededException", "throttled"),
        (400, "ThrottlingException", "throttled"),
        (400, "RequestLimitExceeded", "throttled"),
        (400, "TransactionConflictException", "throttled"),
        (400, "TransactionInProgressException", "throttled"),
        (400, "ItemCollectionSizeLimitExceededException", "unavailable"),
        (500, "InternalServerError", "unavailable"),
        (503, "ServiceUnavailable", "unavailable"),
    ] {
        let upstream = Upstream::always(error(status, code)).await;
        for (what, error) in every_call(&store(&endpoint_of(&upstream))).await {
            assert_eq!(kind(&error), expected, "{what} on {code}: {error:?}");
            assert!(error.to_string().contains("the reason"), "{what} on {code}: {error}");
        }
    }
}

#[tokio::test]
async fn missing_credentials_are_said_to_be_missing() {
    let upstream = Upstream::scripted([]).await;
    let nobody = SharedCredentialsProvider::new(FunctionCredentials::default());
    let store = store_at(&endpoint_of(&upstream), "table", nobody);
    for (what, error) in every_call(&store).await {
        assert_eq!(kind(&error), "credentials", "{what}: {error:?}");
        assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"), "{what}: {error}");
    }
    assert!(upstream.received().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn credentials_of_a_container_are_asked_for_with_its_token() {
    let answer = json!({
        "AccessKeyId": "AKIACONTAINER",
        "SecretAccessKey": "secret",
        "Token": "session",
        "Expiration": "2100-01-01T00:00:00Z",
    });
    let container =
        Upstream::always(crate::support::upstream::json(200, &answer.to_string())).await;
    let table = Upstream::always(error(400, "ResourceNotFoundException")).await;
    let credentials = FunctionCredentials {
        environment: None,
        container: Some(ContainerCredentials {
            uri: format!("http://{}/v2/credentials", container.address),
            token: Some("the-token".to_owned()),
            http: Http::new().unwrap().any,
        }),
    };
    let credentials = SharedCredentialsProvider::new(credentials);
    let store = store_at(&endpoint_of(&table), "table", credentials);
    let _ = every_call(&store).await;
    let [asked] = &container.received()[..] else { panic!("asked once and cached") };
    assert_eq!(asked.head.line, "GET /v2/credentials HTTP/1.1");
    assert_eq!(asked.head.header("authorization"), Some("the-token"));
    let signed = &table.received()[0].head;
    assert!(signed.header("authorization").unwrap().contains("Credential=AKIACONTAINER/"));
    assert_eq!(signed.header("x-amz-security-token"), Some("session"));
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_unavailable() {
    let closed = Upstream::refusing().await;
    let store = store(&endpoint_of(&closed));
    let calls = tokio::time::timeout(IN_TIME, every_call(&store));
    for (what, error) in calls.await.expect("an answer of every call") {
        assert_eq!(kind(&error), "unavailable", "{what}: {error:?}");
    }
}

#[tokio::test]
async fn a_table_that_says_nothing_is_unavailable_before_the_client_gives_up() {
    let silent = Upstream::always(vec![Act::Stall]).await;
    let store = store(&endpoint_of(&silent));
    let calls = tokio::time::timeout(IN_TIME, every_call(&store));
    for (what, error) in calls.await.expect("an answer of every call") {
        assert_eq!(kind(&error), "unavailable", "{what}: {error:?}");
    }
}

/// Reserving twice is safe, giving back or counting twice is not: what changes figures for good is
/// sent again only when it was certainly turned away, and counted once whatever happens.
#[tokio::test]
async fn only_what_may_happen_twice_is_tried_twice() {
    for (what, script, settlements) in [
        ("a lost reply", vec![Act::Reset], 1),
        ("a failure", error(500, "InternalServerError"), 1),
        ("an error that nobody knows", error(400, "SomethingNewException"), 1),
        ("throttling", error(400, "ThrottlingException"), 4),
        ("too many", error(400, "ProvisionedThroughputExceededException"), 4),
        ("too many of all", error(400, "RequestLimitExceeded"), 4),
        ("a transaction", error(400, "TransactionConflictException"), 4),
    ] {
        let upstream = Upstream::always(script).await;
        let _ = every_call(&store(&endpoint_of(&upstream))).await;
        let mut asked = [0; 6];
        for request in upstream.received() {
            let target = request.head.header("x-amz-target").unwrap().to_owned();
            let body = request.json();
            let update = body["UpdateExpression"].as_str().unwrap_or_default().to_owned();
            let call = match target.as_str() {
                "DynamoDB_20120810.Query" => 4,
                "DynamoDB_20120810.GetItem" => 2,
                _ if body["Key"]["pk"]["S"] == "config" => 5,
                _ if update.starts_with("ADD") => 3,
                _ if body["ReturnValues"] == "ALL_NEW" => 0,
                _ => 1,
            };
            asked[call] += 1;
        }
        let [admit, settle, inspect, count, document, health] = asked;
        assert_eq!((settle, count), (settlements, 1), "settle and count after {what}");
        assert_eq!(health, 3, "one try of each after {what}");
        // Which errors are worth a second try is a list of its own.
        for tries in [admit, inspect, document] {
            assert!((1..=2).contains(&tries), "{tries} tries after {what}");
        }
        if what == "a lost reply" {
            assert_eq!([admit, inspect, document], [2; 3]);
        }
    }
}

/// A settlement that is let through at last has happened, and once.
#[tokio::test]
async fn a_settlement_that_was_turned_away_happens_later() {
    let throttled = || error(400, "ThrottlingException");
    let conflict = || error(400, "TransactionConflictException");
    let done = || crate::support::upstream::json(200, "{}");
    for (scripts, tries) in [
        (vec![done()], 1),
        (vec![throttled(), done()], 2),
        (vec![throttled(), conflict(), throttled(), done()], 4),
    ] {
        let upstream = Upstream::scripted(scripts).await;
        let settled = store(&endpoint_of(&upstream)).settle(&settlement()).await;
        assert_eq!((settled, upstream.received().len()), (Ok(()), tries));
    }
    // After a failure of which nobody knows what it did, nothing more is tried.
    let upstream = Upstream::scripted([throttled(), vec![Act::Reset]]).await;
    let settled = store(&endpoint_of(&upstream)).settle(&settlement()).await;
    assert_eq!(settled.map_err(|error| kind(&error)), Err("unavailable"));
    assert_eq!(upstream.received().len(), 2);
}
