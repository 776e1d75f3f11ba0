//! After the first content, a failure is an event in the stream and its end; no other target is
//! called.

use serde_json::{Value, json};

use super::{ANSWER, DONE, Duo, HI, ROLE, STOP, STREAMED, USAGE, chat, sound, timeouts};
use crate::support::upstream::{
    Act, Gate, Upstream, chunk, event, json as whole, last_chunk, stream_head,
};

/// Checks how a stream ends that has said `hi`. What breaks it happens once the client has that.
async fn check(name: &str, breaks: Vec<Act>, expected: (&str, &str, &str)) {
    let (code, class, message) = expected;
    let gate = Gate::closed();
    let begun =
        vec![stream_head(), chunk([ROLE, HI].map(event).concat()), Act::Await(gate.clone())];
    let first = Upstream::scripted([[begun, breaks].concat()]).await;
    let second = Upstream::scripted([sound(true)]).await;
    let mut duo = Duo::with(first, second, timeouts(json!({ "idle_ms": 700 }))).await;
    let mut reading = duo.gateway.begin(&chat(STREAMED)).await;
    reading.until(HI).await;
    gate.open();
    let answer = reading.answer().await;
    assert_eq!((answer.status, answer.is_whole), (200, true), "{name}");
    assert_eq!(answer.header("x-tollgate-attempts"), Some("1"), "{name}");

    let events = answer.events();
    let error: Value = serde_json::from_str(events.last().unwrap()).expect("an event of JSON");
    let error = &error["error"];
    assert_eq!(error["code"], code, "{name}: {error}");
    assert!(error["message"].as_str().unwrap().contains(message), "{name}: {error}");
    assert_eq!(error["request_id"].as_str(), answer.header("x-request-id"), "{name}");
    assert!(!answer.body.contains(DONE), "{name}: {}", answer.body);
    let before = &answer.body[..answer.body.find(r#"data: {"error""#).unwrap()];
    assert!(before.starts_with(&[ROLE, HI].map(event).concat()), "{name}: {before}");
    assert!(answer.body.ends_with("\n\n"), "{name}");

    assert!(duo.second.received().is_empty(), "{name}: the second target was called");
    let record = duo.gateway.record().await;
    assert_eq!(record["outcome"], "cut", "{name}: {record}");
    assert_eq!(record["code"], code, "{name}: {record}");
    assert_eq!(record["attempts"].as_array().unwrap().len(), 1, "{name}: {record}");
    assert_eq!(record["attempts"][0]["class"], class, "{name}: {record}");
    assert_eq!(record["settled"], "kept", "{name}: {record}");
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_so() {
    let broke_off = ("upstream_failed", "truncated", "broke off");
    check("a reset", vec![Act::Reset], broke_off).await;
    check("the end of the connection", vec![Act::Close], broke_off).await;
    check("the end of the body", vec![last_chunk()], broke_off).await;
    let half = vec![chunk(r#"data: {"choices":[{"del"#), last_chunk()];
    check("half an event", half, ("upstream_failed", "malformed", "")).await;
    let unterminated = vec![chunk(event(HI).trim_end()), last_chunk()];
    check("an event without its empty line", unterminated, broke_off).await;
    let usage = vec![chunk(event(USAGE)), last_chunk()];
    check("usage without a finish", usage, broke_off).await;
    let another = HI.replace("\"index\":0", "\"index\":1");
    let one_of_two = vec![chunk(event(&another)), chunk(event(STOP)), last_chunk()];
    check("only one of two choices is finished", one_of_two, broke_off).await;
}

#[tokio::test]
async fn a_stream_that_fails_says_why() {
    let overloaded = r#"{"error":{"message":"Too busy","type":"overloaded_error"}}"#;
    let event_of = |data: &str| vec![chunk(event(data)), chunk(event(DONE)), last_chunk()];
    let expected = ("upstream_overloaded", "overloaded", "Too busy");
    check("an error", event_of(overloaded), expected).await;
    let named = vec![chunk("event: error\ndata: {\"message\":\"Oops\"}\n\n"), last_chunk()];
    check("a named error", named, ("upstream_failed", "server", "Oops")).await;
    let gave_up = STOP.replace("stop", "insufficient_system_resource");
    check("gave up", event_of(&gave_up), ("upstream_overloaded", "overloaded", "")).await;
    check("no JSON", event_of("<html>"), ("upstream_failed", "malformed", "")).await;
}

#[tokio::test]
async fn a_stream_that_goes_silent_is_ended() {
    let expected = ("upstream_timeout", "timeout_idle", "went silent");
    // Signs of life are no progress.
    let comments = vec![Act::Flood(b"e\r\n: keep-alive\n\n\r\n".to_vec())];
    tokio::join!(
        check("silence", vec![Act::Stall], expected),
        check("signs of life only", comments, expected),
    );
}

#[tokio::test]
async fn a_stream_that_never_ends_is_ended_with_the_requests_time() {
    let drip = format!("{:x}\r\n{}\r\n", event(HI).len(), event(HI));
    let first = Upstream::scripted([vec![stream_head(), Act::Flood(drip.into())]]).await;
    let second = Upstream::scripted([whole(200, ANSWER)]).await;
    let duo = Duo::with(first, second, timeouts(json!({ "total_ms": 700 }))).await;
    let answer = duo.ask(STREAMED).await;
    let last = answer.events().pop().unwrap();
    assert!(last.contains(r#""code":"upstream_timeout""#), "{last}");
    assert!(answer.is_whole && !answer.body.contains(DONE));
    assert!(duo.second.received().is_empty());
}
