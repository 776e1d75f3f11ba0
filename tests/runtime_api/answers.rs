//! Answers to events, streamed and buffered.

use std::path::Path;

use serde_json::Value;

use super::{PROMPT, chat, example, function};
use crate::support::client::events;
use crate::support::gateway::{Document, Gateway};
use crate::support::runtime_api::{Reply, RuntimeApi};

/// What every answer of a model carries.
fn check_headers(reply: &Reply, content_type: &str) {
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("content-type"), Some(content_type));
    assert_eq!(reply.header("x-request-id"), Some(reply.id.as_str()));
    assert_eq!(reply.header("x-tollgate-target"), Some("demo/*"));
    assert_eq!(reply.header("x-tollgate-attempts"), Some("1"));
    assert_eq!(reply.header("x-ratelimit-limit-requests"), Some("1000"));
    assert_eq!(reply.header("x-ratelimit-limit-tokens"), Some("1000000"));
    for unit in ["requests", "tokens"] {
        let remaining = reply.header(&format!("x-ratelimit-remaining-{unit}")).unwrap();
        assert!(remaining.parse::<u64>().is_ok(), "{remaining}");
        assert!(reply.header(&format!("x-ratelimit-reset-{unit}")).unwrap().ends_with('s'));
    }
}

fn check_plain(reply: &Reply) {
    check_headers(reply, "application/json");
    let content = &reply.json()["choices"][0]["message"]["content"];
    assert_eq!(content, &format!("You said: {PROMPT}"));
}

fn check_stream(reply: &Reply) {
    check_headers(reply, "text/event-stream; charset=utf-8");
    let mut events = events(&reply.body);
    assert_eq!(events.pop().as_deref(), Some("[DONE]"));
    let chunk = |event: &String| -> Value { serde_json::from_str(event).unwrap() };
    let chunks: Vec<Value> = events.iter().map(chunk).collect();
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "stop");
    let delta = |chunk: &Value| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned);
    let content: String = chunks.iter().filter_map(delta).collect();
    assert_eq!(content, format!("You said: {PROMPT}"));
}

#[tokio::test]
async fn a_streaming_function_answers_plain_and_streamed() {
    let (api, mut gateway) = function(&[]).await;
    check_plain(&api.reply(&chat("demo", false)).await);
    check_stream(&api.reply(&chat("demo", true)).await);
    assert!(gateway.is_alive());
}

#[tokio::test]
async fn a_buffered_function_answers_plain_and_streamed() {
    let (api, mut gateway) = function(&[("TOLLGATE_RESPONSE_MODE", "buffered")]).await;
    check_plain(&api.reply(&chat("demo", false)).await);
    check_stream(&api.reply(&chat("demo", true)).await);
    assert!(gateway.is_alive());
}

#[tokio::test]
async fn refusals_are_answers_in_both_modes() {
    for mode in ["stream", "buffered"] {
        let (api, _gateway) = function(&[("TOLLGATE_RESPONSE_MODE", mode)]).await;
        let reply = api.reply(&chat("unknown", true)).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]["code"]),
            (404, &"model_not_found".into())
        );
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.json()["error"]["request_id"], reply.id);
    }
}

#[tokio::test]
async fn every_example_event_does_what_its_name_says() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    let files = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    for mode in ["stream", "buffered"] {
        let api = RuntimeApi::start().await;
        let environment = [("TOLLGATE_RESPONSE_MODE", mode)];
        let _gateway = Gateway::function_on(&api, Document::of_the_repository(), &environment);
        for name in &names {
            let (status, says) = match name.as_str() {
                "bad-key.json" => (401, "invalid_api_key"),
                "chat-base64.json" => (200, "Grüße aus einer Datei"),
                "chat-stream.json" => (200, "data: [DONE]\n\n"),
                "chat.json" => (200, "You said: Hello from a file"),
                "messages-stream.json" => (200, "event: message_stop"),
                "models.json" => (200, r#""id":"demo-fallback""#),
                other => panic!("say here what events/{other} is answered with"),
            };
            let reply = api.reply(&example(name)).await;
            assert_eq!(reply.status, status, "{name}, {mode}: {}", reply.body);
            assert!(reply.body.contains(says), "{name}, {mode}: {}", reply.body);
            if name == "chat-stream.json" {
                // Its first target is over its limit.
                assert_eq!(reply.header("x-tollgate-attempts"), Some("2"), "{mode}");
                assert_eq!(reply.header("x-tollgate-target"), Some("mock/demo"), "{mode}");
                assert!(reply.body.contains(r#""usage":{"#), "{mode}: {}", reply.body);
            }
        }
    }
}

#[tokio::test]
async fn a_connection_that_the_platform_closes_does_not_end_the_function() {
    let (api, mut gateway) = function(&[]).await;
    // The first poll may have come already.
    api.hang_up_at_poll(2);
    for _ in 0..3 {
        check_plain(&api.reply(&chat("demo", false)).await);
    }
    gateway.out.until("asking for events anew").await;
    assert!(gateway.is_alive());
}

#[tokio::test]
async fn a_runtime_api_that_is_gone_ends_the_function() {
    let (api, mut gateway) = function(&[]).await;
    check_plain(&api.reply(&chat("demo", false)).await);
    drop(api);
    gateway.err.until("tollgate: the Runtime API is gone").await;
}
