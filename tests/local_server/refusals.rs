//! When no target answers, the client gets the most useful reason, with every attempt.

use serde_json::json;

use super::{ANSWER, Duo, body, timeouts};
use crate::support::client::Answer;
use crate::support::upstream::{Act, Script, Upstream, json, response_with};

/// What a client gets of the two targets' failures, plain and streamed: always JSON.
async fn check(name: &str, first: Script, second: Script, expected: (u16, &str, &str)) -> Answer {
    let mut last = None;
    for streamed in [false, true] {
        let mut duo = Duo::of(first.clone(), second.clone()).await;
        let answer = duo.ask(body(streamed)).await;
        let error = answer.error();
        let message = error["message"].as_str().unwrap();
        assert_eq!(
            (answer.status, error["code"].as_str().unwrap()),
            (expected.0, expected.1),
            "{name}"
        );
        assert!(message.contains(expected.2), "{name}: {message}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");
        assert_eq!(answer.header("x-tollgate-target"), None, "{name}");
        assert_eq!(error["request_id"].as_str(), answer.header("x-request-id"), "{name}");

        let attempts = error["attempts"].as_array().unwrap();
        let count = attempts.len().to_string();
        assert_eq!(answer.header("x-tollgate-attempts"), Some(count.as_str()), "{name}");
        let record = duo.gateway.record().await;
        assert_eq!((&record["outcome"], &record["code"]), (&"failed".into(), &expected.1.into()));
        let classes = |list: &serde_json::Value| {
            let attempt = |attempt: &serde_json::Value| {
                (attempt["target"].clone(), attempt["class"].clone(), attempt["status"].clone())
            };
            list.as_array().unwrap().iter().map(attempt).collect::<Vec<_>>()
        };
        assert_eq!(classes(&error["attempts"]), classes(&record["attempts"]), "{name}");
        last = Some(answer);
    }
    last.unwrap()
}

fn attempts(answer: &Answer) -> Vec<(String, String)> {
    let error = answer.error();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let attempt = |attempt: &serde_json::Value| (text(&attempt["target"]), text(&attempt["class"]));
    error["attempts"].as_array().unwrap().iter().map(attempt).collect()
}

fn limited(headers: &[(&str, &str)]) -> Script {
    let body = r#"{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}"#;
    vec![Act::Send(response_with(429, headers, body))]
}

#[tokio::test]
async fn the_clients_own_mistake_is_not_tried_elsewhere() {
    let wrong = r#"{"error":{"message":"'temperature' is above 2","type":"invalid_request_error","param":"temperature","code":"invalid_value"}}"#;
    for (provider, client) in [(400, 400), (409, 409), (413, 413), (422, 422), (418, 400)] {
        let expected = (client, "upstream_rejected", "'temperature' is above 2");
        let answer = check("rejected", json(provider, wrong), vec![], expected).await;
        assert_eq!(answer.error()["param"], "temperature");
        assert_eq!(attempts(&answer), [("first/uno".into(), "bad_request".into())]);
    }
    let policy = r#"{"error":{"message":"Not that","code":"content_filter"}}"#;
    let expected = (400, "content_policy_violation", "Not that");
    check("content policy", json(400, policy), vec![], expected).await;
}

#[tokio::test]
async fn the_most_useful_reason_is_told() {
    let server = || json(500, r#"{"error":{"message":"Oops"}}"#);
    let key = || json(401, r#"{"error":{"message":"Bad key sk-first-credential"}}"#);
    let context =
        || json(400, r#"{"error":{"message":"Too long","code":"context_length_exceeded"}}"#);
    let answer = check("both", server(), server(), (502, "upstream_failed", "Oops")).await;
    let expected = ["first/uno", "second/due"].map(|target| (target.into(), "server".into()));
    assert_eq!(attempts(&answer), expected);
    check("a 401 is ours", key(), key(), (502, "upstream_credentials", "credential")).await;
    let missing = || json(404, "{}");
    check("a 404 is ours", missing(), missing(), (502, "upstream_model_missing", "route")).await;
    check("no money", json(402, "{}"), json(402, "{}"), (502, "upstream_quota", "quota")).await;
    check("overloaded", server(), json(503, "{}"), (503, "upstream_overloaded", "overloaded"))
        .await;
    let long = (400, "context_length_exceeded", "Too long");
    check("the prompt is too long", context(), server(), long).await;
    check("nobody", vec![Act::Reset], vec![Act::Close], (502, "upstream_failed", "No target"))
        .await;
    check("only the last is limited", server(), limited(&[]), (429, "upstream_rate_limited", ""))
        .await;
}

#[tokio::test]
async fn the_least_wait_is_told_when_all_are_limited() {
    /// The waits of both targets, and what the client is told, in seconds and milliseconds.
    async fn check_wait(first: &[(&str, &str)], second: &[(&str, &str)], told: Option<(u64, u64)>) {
        let expected = (429, "upstream_rate_limited", "Slow down");
        let answer = check("limited", limited(first), limited(second), expected).await;
        let number = |name| answer.header(name).map(|value| value.parse::<u64>().unwrap());
        let found = number("retry-after").zip(number("retry-after-ms"));
        assert_eq!(found, told, "{first:?} {second:?}");
    }
    check_wait(&[("retry-after", "30")], &[("retry-after", "7")], Some((7, 7_000))).await;
    check_wait(&[("retry-after", "2")], &[], Some((2, 2_000))).await;
    check_wait(&[], &[("retry-after-ms", "1500")], Some((2, 1_500))).await;
    check_wait(&[("retry-after", "0.25")], &[("retry-after", "1")], Some((1, 250))).await;
    let distant = [("retry-after", "Fri, 01 Jan 2100 00:00:00 GMT")];
    check_wait(&distant, &[("retry-after", "99999999")], Some((86_400, 86_400_000))).await;
    let past = [("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")];
    check_wait(&past, &[("retry-after", "5")], Some((0, 0))).await;
    check_wait(&[("retry-after", "-1")], &[("retry-after", "NaN")], None).await;
    check_wait(&[], &[], None).await;
}

#[tokio::test]
async fn a_wait_in_the_body_counts_where_the_headers_have_none() {
    const BODY: &str = r#"{"error":{"message":"Slow down. Please try again in 1m30.5s."}}"#;
    for (headers, told) in [(vec![], "90500"), (vec![("retry-after", "2")], "2000")] {
        let limited = vec![Act::Send(response_with(429, &headers, BODY))];
        let expected = (429, "upstream_rate_limited", "Slow down");
        let answer = check("a wait in the body", limited.clone(), limited, expected).await;
        assert_eq!(answer.header("retry-after-ms"), Some(told), "{headers:?}");
    }
}

#[tokio::test]
async fn a_provider_that_never_answers_has_until_the_requests_end() {
    for (streamed, limit) in [(false, "total_ms"), (true, "total_ms"), (true, "first_token_ms")] {
        let first = Upstream::scripted([vec![Act::Stall]]).await;
        let second = Upstream::scripted([vec![Act::Stall]]).await;
        let duo = Duo::with(first, second, timeouts(json!({ limit: 700 }))).await;
        let answer = duo.ask(body(streamed)).await;
        let error = answer.error();
        assert_eq!((answer.status, &error["code"]), (504, &"upstream_timeout".into()), "{error}");
        // The whole time is up: there is none left for the second.
        let tried = if limit == "total_ms" { 1 } else { 2 };
        assert_eq!(error["attempts"].as_array().unwrap().len(), tried, "{error}");
    }
}

#[tokio::test]
async fn a_provider_without_its_credential_is_passed_over() {
    let (first, second) =
        (Upstream::scripted([]).await, Upstream::scripted([json(200, ANSWER)]).await);
    let unset = |document: &mut serde_json::Value| {
        document["providers"]["first"]["api_key"] = "env:NOT_SET".into();
    };
    let duo = Duo::with(first, second, unset).await;
    let answer = duo.ask(body(false)).await;
    assert_eq!(answer.header("x-tollgate-target"), Some("second/due"), "{}", answer.body);
    assert_eq!(answer.header("x-tollgate-attempts"), Some("1"));
    assert!(duo.first.received().is_empty());

    let neither = |document: &mut serde_json::Value| {
        unset(document);
        document["providers"]["second"]["api_key"] = "env:NOT_SET_EITHER".into();
    };
    let (first, second) = (Upstream::scripted([]).await, Upstream::scripted([]).await);
    let duo = Duo::with(first, second, neither).await;
    let answer = duo.ask(body(false)).await;
    assert_eq!((answer.status, &answer.error()["code"]), (503, &"no_target".into()));
}
