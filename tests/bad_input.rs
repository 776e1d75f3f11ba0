//! What a gateway says to those who are mistaken: clients in their requests, operators in their
//! configuration.

mod bodies;
mod keys;
mod paths;
mod startup;

use serde_json::{Value, json};

use crate::support::client::{Answer, Request};
use crate::support::gateway::Gateway;
use crate::support::{duo, secret};

/// The limits of the tests' key: nothing of them may be gone after a refusal.
const REQUESTS: u64 = 100;
const TOKENS: u64 = 100_000;

/// A gateway with a mock behind `demo`, and one behind `private`, which the key may not use.
async fn gateway() -> Gateway {
    let limits = json!({ "rpm": REQUESTS, "tokens_per_day": TOKENS });
    let mut document = duo("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1", &limits);
    document["providers"] = json!({ "mock": { "vendor": "mock" } });
    let route = |name: &str| json!({ "match": name, "targets": [{ "provider": "mock" }] });
    document["routes"] = json!([route("demo"), route("private")]);
    document["keys"][0]["models"] = json!(["demo", "nothing-*"]);
    Gateway::local(&document, &[]).await
}

/// What a refusal must be: its status, its code, the field that it blames and a part of its message.
type Refused<'a> = (u16, &'a str, Option<&'a str>, &'a str);

/// Checks a refusal, and that the key has all of its limits after it.
async fn check(gateway: &Gateway, name: &str, request: &Request, expected: Refused<'_>) -> Answer {
    let answer = gateway.ask(request).await;
    let (status, code, param, says) = expected;
    let error = answer.error();
    assert_eq!(answer.status, status, "{name}: {}", answer.body);
    assert_eq!((&error["code"], &error["param"]), (&code.into(), &param.into()), "{name}: {error}");
    assert!(error["message"].as_str().unwrap().contains(says), "{name}: {error}");
    assert!(error["type"].as_str().is_some_and(|kind| kind.ends_with("_error")), "{name}: {error}");
    assert_eq!(error["request_id"].as_str(), answer.header("x-request-id"), "{name}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");

    let key = gateway.key(&secret(1)).await;
    let left = |limit: &Value| limit["left"].as_u64();
    let left: Vec<_> = key["limits"].as_array().unwrap().iter().filter_map(left).collect();
    assert_eq!(left, [REQUESTS, TOKENS], "{name}: something stays held");
    answer
}
