//! A client that goes away: the provider is let go, and the request is settled and recorded once.

use super::{DONE, Duo, HI, STOP, USAGE, chat, limits, sound};
use crate::support::upstream::{Act, Gate, Upstream, chunk, event, last_chunk, stream_head};

/// Checks what happens when the client leaves after the first token, and the provider goes on so.
async fn check(name: &str, goes_on: Vec<Act>) {
    let begun = vec![stream_head(), chunk(event(HI))];
    let first = Upstream::scripted([[begun, goes_on].concat()]).await;
    let second = Upstream::scripted([sound(true)]).await;
    let limited = limits(serde_json::json!({ "tokens_per_day": 100_000 }));
    let mut duo = Duo::with(first, second, limited).await;
    let mut reading = duo.gateway.begin(&chat(super::STREAMED)).await;
    reading.until(HI).await;
    drop(reading);
    // The default time for silence is a minute: this waits for much less.
    duo.first.left().await;
    let record = duo.gateway.record().await;
    assert_eq!(record["outcome"], "client_gone", "{name}: {record}");
    assert_eq!(record["settled"], "kept", "{name}: {record}");
    assert!(duo.second.received().is_empty(), "{name}");
    // It still serves.
    let key = duo.gateway.key(&crate::support::secret(1)).await;
    let left = key["limits"][0]["left"].as_u64().unwrap();
    assert_eq!(left, 100_000 - record["held"]["tokens"].as_u64().unwrap(), "{name}");
}

#[tokio::test]
async fn a_provider_that_goes_on_talking_is_let_go() {
    let more = format!("{:x}\r\n{}\r\n", event(HI).len(), event(HI));
    check("talking", vec![Act::Flood(more.into())]).await;
}

#[tokio::test]
async fn a_provider_that_is_silent_is_let_go() {
    check("silent", vec![Act::Stall]).await;
}

#[tokio::test]
async fn a_client_that_leaves_before_any_answer_is_recorded_too() {
    let gate = Gate::closed();
    let events = [HI, STOP, USAGE, DONE].map(event).concat();
    let script = vec![Act::Await(gate.clone()), stream_head(), chunk(events), last_chunk()];
    let limited = limits(serde_json::json!({ "tokens_per_day": 100_000 }));
    let mut duo =
        Duo::with(Upstream::scripted([script]).await, Upstream::scripted([]).await, limited).await;
    let request = chat(super::STREAMED);
    tokio::select! {
        _ = duo.gateway.begin(&request) => panic!("an answer before there is one"),
        () = duo.first.asked("the request", |_| true) => {}
    }
    gate.open();
    let record = duo.gateway.record().await;
    assert_eq!(record["alias"], "duo", "{record}");
    assert_ne!(record["settled"], serde_json::Value::Null, "{record}");
}
