//! A store that is not what it should be: the function starts, answers, and its log says what to do.

use serde_json::{Value, json};
use tollgate::settings::variable;

use super::chat;
use crate::support::gateway::Gateway;
use crate::support::runtime_api::RuntimeApi;
use crate::support::table;
use crate::support::upstream::{Act, Upstream, json as whole};

/// Checks what a function on this table answers, and what its log tells the operator.
async fn check(
    name: &str,
    endpoint: &str,
    change: &[(&str, &str)],
    expected: (u16, &str),
    advice: &str,
) {
    let mut environment = table::environment(endpoint);
    environment.extend(change);
    let api = RuntimeApi::start().await;
    let mut gateway = Gateway::function(&api, &json!({}), &environment);
    let reply = api.reply(&chat("demo", true)).await;
    let error = &reply.json()["error"];
    let (status, code) = expected;
    assert_eq!((reply.status, &error["code"]), (status.into(), &code.into()), "{name}: {error}");
    assert_eq!(reply.header("retry-after"), Some("1"), "{name}");
    let log = gateway.out.by_now().to_vec();
    let says = |line: &String| {
        let line: Value = serde_json::from_str(line).expect("a log of JSON lines");
        line["level"] == "ERROR"
            && line["advice"].as_str().is_some_and(|text| text.contains(advice))
    };
    assert!(log.iter().any(says), "{name}: no line advises {advice:?}: {log:#?}");
    assert!(!log.concat().contains("aws-secret-credential"), "{name}: {log:#?}");
    assert!(gateway.is_alive(), "{name}");
}

const CONFIG: (u16, &str) = (503, "config_unavailable");

#[tokio::test]
async fn a_table_that_cannot_be_read_is_reported() {
    for (error, advice) in [
        ("ResourceNotFoundException", "tollgatectl init"),
        ("AccessDeniedException", "template.yaml"),
        ("UnrecognizedClientException", "template.yaml"),
        ("ExpiredTokenException", "template.yaml"),
        ("ProvisionedThroughputExceededException", "shards"),
        ("InternalServerError", "network"),
    ] {
        let table = table::failing(error).await;
        check(error, &format!("http://{}", table.address), &[], CONFIG, advice).await;
    }
}

#[tokio::test]
async fn a_table_that_holds_nothing_is_reported() {
    let table = table::empty().await;
    let endpoint = format!("http://{}", table.address);
    check("never pushed", &endpoint, &[], CONFIG, "tollgatectl config push").await;
    let row = json!({ "sk": { "S": "active" }, "version": { "N": "1" }, "document": { "S": "{" } });
    let table = Upstream::always(table::rows(&json!([row]))).await;
    let endpoint = format!("http://{}", table.address);
    check("not a document", &endpoint, &[], CONFIG, "look at the item").await;
}

#[tokio::test]
async fn missing_credentials_are_reported() {
    let table = table::empty().await;
    let endpoint = format!("http://{}", table.address);
    let unset = [("AWS_ACCESS_KEY_ID", "")];
    check("no credentials", &endpoint, &unset, CONFIG, "AWS_ACCESS_KEY_ID").await;
    assert!(table.received().is_empty());
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_reported() {
    let refusing = Upstream::refusing().await;
    check("refused", &format!("http://{}", refusing.address), &[], CONFIG, "network").await;
    let closing = Upstream::always(vec![Act::Close]).await;
    check("closed", &format!("http://{}", closing.address), &[], CONFIG, "network").await;
    let silent = Upstream::always(vec![Act::Stall]).await;
    check("silent", &format!("http://{}", silent.address), &[], CONFIG, "network").await;
    let page = Upstream::always(whole(200, "<html>")).await;
    check("not DynamoDB", &format!("http://{}", page.address), &[], CONFIG, "network").await;
}

#[tokio::test]
async fn a_table_that_goes_away_later_is_reported_too() {
    for (error, status, code, advice) in [
        ("ResourceNotFoundException", 503, "store_not_set_up", "tollgatectl init"),
        ("AccessDeniedException", 503, "store_forbidden", "template.yaml"),
        ("InternalServerError", 503, "store_unavailable", "network"),
        ("ThrottlingException", 429, "store_throttled", "shards"),
    ] {
        let table = table::read_only(super::mocks(), error).await;
        check(error, &format!("http://{}", table.address), &[], (status, code), advice).await;
    }
}

/// With DynamoDB Local beside the tests: a real table that does not exist.
#[tokio::test]
async fn a_missing_table_is_reported_by_dynamodb_itself() {
    let Some(endpoint) = variable("TOLLGATE_TEST_DYNAMODB") else { return };
    let missing = [("TOLLGATE_TABLE", "no-such-table")];
    check("no such table", &endpoint, &missing, CONFIG, "tollgatectl init").await;
}
