//! Connections that die, or are slow, between the gateway and either side.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::time::sleep;

use super::{ANSWER, DONE, Duo, HI, PLAIN, STOP, STREAMED, USAGE, chat, sound, timeouts};
use crate::support::client;
use crate::support::upstream::stream_head;
use crate::support::upstream::{Act, Gate, Upstream, chunk, event, json as whole, last_chunk};

/// Longer than a silence that may have been a freeze.
const FROZEN: Duration = Duration::from_millis(1_300);

/// Asks once, lets the connection die so while the process is frozen as Lambda freezes it, and asks
/// again.
async fn check_frozen(name: &str, streamed: bool, dies: Act) {
    let gate = Gate::closed();
    let then_dies = vec![Act::Await(gate.clone()), dies];
    let first = [[sound(streamed), then_dies].concat(), sound(streamed)];
    let first = Upstream::scripted(first).await;
    let mut duo = Duo::with(first, Upstream::scripted([]).await, |_| {}).await;
    for connection in [1, 2] {
        let answer = duo.ask(super::body(streamed)).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        assert_eq!(answer.header("x-tollgate-attempts"), Some("1"), "{name}, {connection}");
        let record = duo.gateway.record().await;
        assert_eq!(record["settled"], "exact", "{name}: {record}");
        assert_eq!(duo.first.received().last().unwrap().connection, connection, "{name}");
        duo.gateway.freeze();
        gate.open();
        sleep(FROZEN).await;
        duo.gateway.thaw();
    }
    assert_eq!(duo.first.received().len(), 2, "{name}: something was sent twice");
}

#[tokio::test]
async fn a_connection_that_died_while_nobody_looked_is_replaced() {
    tokio::join!(
        check_frozen("closed", false, Act::Close),
        check_frozen("reset", false, Act::Reset),
        check_frozen("closed behind a stream", true, Act::Close),
        check_frozen("reset behind a stream", true, Act::Reset),
    );
}

/// Nobody can know whether the provider has begun with it: it keeps its hold, and another target
/// gets the request.
#[tokio::test]
async fn what_was_written_to_a_dying_connection_is_not_sent_again() {
    for (name, dies) in [("closed", Act::Close), ("reset", Act::Reset)] {
        let first = Upstream::scripted([whole(200, ANSWER), vec![dies]]).await;
        let second = Upstream::scripted([whole(200, ANSWER)]).await;
        let mut duo = Duo::with(first, second, |_| {}).await;
        assert_eq!(duo.ask(PLAIN).await.header("x-tollgate-target"), Some("first/uno"));
        duo.gateway.record().await;
        let answer = duo.ask(PLAIN).await;
        assert_eq!(answer.header("x-tollgate-target"), Some("second/due"), "{name}");
        let record = duo.gateway.record().await;
        assert_eq!(record["attempts"][0]["class"], "network", "{name}: {record}");
        assert_eq!(record["settled"], "kept", "{name}: {record}");
        let asked = duo.first.received();
        let used: Vec<usize> = asked.iter().map(|request| request.connection).collect();
        assert_eq!(used, [1, 1], "{name}: the same connection, and no other after it");
    }
}

/// More than all buffers between the provider and the client hold.
const LARGE_EVENTS: usize = 160;
const LARGE_BYTES: usize = 128 << 10;

/// A client that reads nothing for longer than a provider may be silent; and when it does, the
/// provider takes a moment to go on.
#[tokio::test]
async fn a_client_that_reads_slowly_makes_nobody_silent() {
    let (idle_ms, slow) = (1_500, Duration::from_millis(2_500));
    let large = HI.replace("hi", &"x".repeat(LARGE_BYTES));
    let mut script = vec![stream_head(), chunk(event(HI))];
    script.extend(vec![chunk(event(&large)); LARGE_EVENTS]);
    script.push(Act::Pause(Duration::from_millis(400)));
    script.extend([chunk([STOP, USAGE, DONE].map(event).concat()), last_chunk()]);
    let first = Upstream::scripted([script]).await;
    let second = Upstream::scripted([]).await;
    let mut duo = Duo::with(first, second, timeouts(json!({ "idle_ms": idle_ms }))).await;

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    let socket = socket.connect(duo.gateway.address.unwrap()).await.unwrap();
    let mut reading = client::begin_on(socket, &chat(STREAMED)).await;
    reading.until(HI).await;
    sleep(slow).await;
    let answer = reading.answer().await;
    assert!(answer.is_whole && answer.body.ends_with(&event(DONE)), "it was cut");
    assert!(answer.body.len() > LARGE_EVENTS * LARGE_BYTES);
    let record = duo.gateway.record().await;
    assert_eq!((&record["outcome"], &record["settled"]), (&"ok".into(), &"exact".into()));
    // Else nothing has waited for the client, and this shows nothing.
    let took_ms = record["ms"]["total"].as_f64().unwrap();
    assert!(took_ms > slow.as_secs_f64() * 1_000.0, "{record}");
    assert_eq!(record["attempts"][0]["class"], Value::Null);
}
