//! DynamoDB, as far as a gateway can tell: it says what a test wants to hear.

use serde_json::{Map, Value, json};
use tollgate::keys::Digest;
use tollgate::quota::{LIMITS, Limit, Rule, Shape, UNLIMITED, Zone};

use super::upstream::{Act, Gate, Script, Upstream, response};
use super::{CREDENTIALS, secret};

/// What a function needs to use the table at this address.
pub(crate) fn environment(endpoint: &str) -> Vec<(&str, &str)> {
    let table = [
        ("TOLLGATE_TABLE", "tollgate"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIATEST"),
        ("AWS_SECRET_ACCESS_KEY", "aws-secret-credential"),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
    ];
    [&table[..], &CREDENTIALS].concat()
}

/// A table whose every answer is this error.
pub(crate) async fn failing(error: &str) -> Upstream {
    Upstream::always(failed(error)).await
}

/// A table in which there is nothing.
pub(crate) async fn empty() -> Upstream {
    Upstream::always(rows(&json!([]))).await
}

/// A table with this document, and [`secret`] 1 as a key that nothing stops. A settlement waits until
/// the gate is open.
pub(crate) async fn holding(document: Value, settlement: Gate) -> Upstream {
    with_document(document, move |update| {
        let written = answer(200, &json!({}));
        if update["ReturnValues"] == "ALL_NEW" {
            // Where nothing is limited there is nothing to settle: one limit, which no request
            // reaches.
            granted(&["tokens_per_day"])
        } else if update["Key"]["sk"]["S"] == "key" {
            [Act::Await(settlement.clone())].into_iter().chain(written).collect()
        } else {
            written
        }
    })
    .await
}

/// A table with this document, which decides on each admission as this says.
pub(crate) async fn deciding(document: Value, decision: Script) -> Upstream {
    with_document(document, move |update| match update["ReturnValues"].as_str() {
        Some("ALL_NEW") => decision.clone(),
        _ => answer(200, &json!({})),
    })
    .await
}

/// What a table says that grants [`secret`] 1 what it wants, within these limits.
pub(crate) fn granted(limits: &[&str]) -> Script {
    answer(200, &json!({ "Attributes": key_row(limits) }))
}

/// A table with this document, in which nothing can be written.
pub(crate) async fn read_only(document: Value, error: &str) -> Upstream {
    let error = failed(error);
    with_document(document, move |_| error.clone()).await
}

async fn with_document(
    mut document: Value,
    update: impl Fn(&Value) -> Script + Send + Sync + 'static,
) -> Upstream {
    document.as_object_mut().expect("a document").remove("keys");
    let row = json!({
        "pk": { "S": "config" },
        "sk": { "S": "active" },
        "document": { "S": document.to_string() },
        "version": { "N": "7" },
    });
    let document = rows(&json!([row]));
    Upstream::answering(move |_, request| match request.head.header("x-amz-target") {
        Some("DynamoDB_20120810.Query") => document.clone(),
        _ => update(&request.json()),
    })
    .await
}

/// The answer to a Query.
pub(crate) fn rows(items: &Value) -> Script {
    answer(200, &json!({ "Items": items, "Count": 1, "ScannedCount": 1 }))
}

/// What a table says that refuses, for this reason.
pub(crate) fn failed(error: &str) -> Script {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{error}");
    answer(400, &json!({ "__type": kind, "message": "said by the table" }))
}

fn key_row(limits: &[&str]) -> Value {
    let secret = secret(1);
    let id = secret.split('-').nth(1).unwrap_or_default();
    let models = json!({ "L": [{ "S": "*" }] });
    let policy = json!({ "name": { "S": "tester" }, "models": models, "created_ms": { "N": "0" } });
    let rules = limits.iter().map(|name| Rule::plain(Limit::named(name).expect("a limit")));
    let shape = Shape::new(1, rules.collect(), Zone::UTC, None, 1);
    let mut row = Map::from_iter([
        ("pk".to_owned(), json!({ "S": format!("key#{id}") })),
        ("sk".to_owned(), json!({ "S": "key" })),
        ("hash".to_owned(), json!({ "S": Digest::of(&secret).to_hex() })),
        ("state".to_owned(), json!({ "S": "active" })),
        ("shape".to_owned(), json!({ "S": shape.text() })),
        ("policy".to_owned(), json!({ "M": policy })),
    ]);
    let unlimited = json!({ "N": UNLIMITED.to_string() });
    row.extend(LIMITS.iter().map(|limit| (limit.attribute.to_owned(), unlimited.clone())));
    Value::Object(row)
}

fn answer(status: u16, body: &Value) -> Script {
    vec![Act::Send(response(status, "application/x-amz-json-1.0", &body.to_string()))]
}
