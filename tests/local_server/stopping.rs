//! A server that is stopped takes nothing new, and lets what runs end.

use std::collections::HashSet;

use futures_util::future::join_all;

use super::{DONE, Duo, HI, PLAIN, STOP, STREAMED, chat, sound};
use crate::support::client::Request;
use crate::support::upstream::{Act, Gate, Upstream, chunk, event, last_chunk, stream_head};

#[tokio::test]
async fn a_stream_that_runs_may_end() {
    let gate = Gate::closed();
    let mut script = vec![stream_head(), chunk(event(HI)), Act::Await(gate.clone())];
    script.extend([chunk([STOP, DONE].map(event).concat()), last_chunk()]);
    let first = Upstream::scripted([script]).await;
    let mut duo = Duo::with(first, Upstream::scripted([sound(false)]).await, |_| {}).await;
    // A connection that waits for its next request: its end shows that the stop has begun.
    let mut idle = duo.gateway.begin(&Request::get("/healthz")).await;
    idle.until("ok").await;
    let mut running = duo.gateway.begin(&chat(STREAMED)).await;
    running.until(HI).await;
    duo.gateway.interrupt();
    idle.closed().await;
    gate.open();
    let answer = running.answer().await;
    assert_eq!((answer.body, answer.is_whole), ([HI, STOP, DONE].map(event).concat(), true));
    assert_eq!(duo.gateway.record().await["outcome"], "ok");
    assert_eq!(duo.gateway.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_server_with_nothing_to_do_stops_at_once() {
    let duo = Duo::of(sound(false), vec![]).await;
    assert_eq!(duo.ask(PLAIN).await.status, 200);
    duo.gateway.terminate();
    assert_eq!(duo.gateway.ended().await.code(), Some(0));
}

#[tokio::test]
async fn no_record_is_lost() {
    let first = Upstream::always(sound(false)).await;
    let mut duo = Duo::with(first, Upstream::scripted([]).await, |_| {}).await;
    let answers = join_all((0..32).map(|_| duo.ask(PLAIN))).await;
    duo.gateway.terminate();
    let id = |text: Option<&str>| text.expect("an id").to_owned();
    let mut missing: HashSet<String> =
        answers.iter().map(|answer| id(answer.header("x-request-id"))).collect();
    assert_eq!(missing.len(), answers.len());
    for _ in &answers {
        let record = duo.gateway.record().await;
        assert!(missing.remove(&id(record["request_id"].as_str())), "{record}");
    }
    assert_eq!(duo.gateway.ended().await.code(), Some(0));
}
