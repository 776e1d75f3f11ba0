use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::{Arrived, Committed, End, Outcome, Pacing, answer, commit};
use crate::dialect::{Operation, Reading};
use crate::failure::{Class, Failure};

/// What a scripted provider does next.
#[derive(Clone, Copy)]
enum Act {
    /// Sends bytes after so many milliseconds.
    Send(u64, &'static str),
    /// Fails as a broken connection does.
    Break,
    /// Says nothing more, and does not end.
    Hang,
    /// Stands for a defect of the gateway in the middle of a stream.
    Panic,
}

use Act::{Break, Hang, Panic, Send};

const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const HI: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
const STOP: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n";
const DONE: &str = "data: [DONE]\n\n";
const ALIVE: &str = ": keep-alive\n\n";

fn arrived(acts: &[Act]) -> Arrived {
    let acts = stream::iter(acts.to_vec()).then(|act| async move {
        match act {
            Send(ms, text) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                Ok(Bytes::from_static(text.as_bytes()))
            }
            Break => Err(Failure::answer(Class::Truncated, "broken")),
            Hang => std::future::pending().await,
            Panic => panic!("a defect"),
        }
    });
    Arrived {
        reading: Reading::AsItCame { operation: Operation::ChatCompletions, hides_usage: true },
        stream: true,
        content_type: "text/event-stream".to_owned(),
        answer_id: "r".to_owned(),
        body: acts.boxed(),
    }
}

fn pacing() -> Pacing {
    let deadline = Instant::now() + Duration::from_secs(60);
    Pacing { idle: Duration::from_secs(10), deadline, least_events_per_minute: 0 }
}

/// What the client got, and what the ending was told.
async fn relayed(acts: &[Act]) -> (String, Outcome) {
    let committed = commit(arrived(acts)).await.unwrap();
    let outcome = Arc::new(Mutex::new(None));
    let told = Arc::clone(&outcome);
    let body =
        answer(committed, pacing(), "r".to_owned(), Bytes::new(), move |outcome| async move {
            assert!(told.lock().unwrap().replace(outcome).is_none(), "the ending runs once");
        });
    let text = body.collect().await.unwrap().to_bytes();
    let outcome = outcome.lock().unwrap().take().unwrap();
    (String::from_utf8(text.to_vec()).unwrap(), outcome)
}

async fn check(acts: &[Act], text: &str, end: &str, has_usage: bool) {
    let (found, outcome) = relayed(acts).await;
    let (found, error) = match found.split_once("data: {\"error\"") {
        Some((before, error)) => (before.to_owned(), Some(error.to_owned())),
        None => (found, None),
    };
    assert_eq!(found, text);
    let ended = match &outcome.end {
        End::Complete => "complete",
        End::Failed(failure) => failure.class.name(),
        End::ClientGone => "client gone",
        End::Panicked => "panicked",
    };
    assert_eq!((ended, outcome.usage.is_some()), (end, has_usage));
    assert_eq!(error.is_some(), end != "complete", "a failure is an event, an end is none");
}

#[tokio::test(start_paused = true)]
async fn every_stream_has_an_explicit_end() {
    let whole = [Send(1, ROLE), Send(1, HI), Send(1, STOP), Send(1, USAGE), Send(1, DONE)];
    check(&whole, &format!("{ROLE}{HI}{STOP}{DONE}"), "complete", true).await;
    check(&[Send(0, HI), Send(0, STOP)], &format!("{HI}{STOP}{DONE}"), "complete", false).await;
    check(&[Send(0, HI), Break], HI, "truncated", false).await;
    check(&[Send(0, HI)], HI, "truncated", false).await;
    check(&[Send(0, HI), Hang], HI, "timeout_idle", false).await;
    check(&[Send(0, HI), Send(0, "data: <html>\n\n")], HI, "malformed", false).await;
    check(&[Send(0, HI), Panic], HI, "panicked", false).await;
    let error = Send(0, "data: {\"error\":{\"code\":\"rate_limit_exceeded\"}}\n\n");
    check(&[Send(0, HI), error], HI, "rate_limit", false).await;
    // Usage that came before the break is not the whole: it is no evidence.
    check(&[Send(0, HI), Send(0, USAGE), Break], HI, "truncated", false).await;
}

/// The pieces that the host gets, each of which it may write by itself.
async fn check_pieces(acts: &[Act], expected: &[&str]) {
    let committed = commit(arrived(acts)).await.unwrap();
    let ending = |_| std::future::ready(());
    let mut body = answer(committed, pacing(), "r".to_owned(), Bytes::new(), ending);
    let mut pieces = vec![];
    while let Some(frame) = body.frame().await {
        let piece = frame.unwrap().into_data().unwrap();
        let piece = String::from_utf8(piece.to_vec()).unwrap();
        pieces.push(if piece.contains("\"error\"") { "error".to_owned() } else { piece });
    }
    assert_eq!(pieces, expected);
}

#[tokio::test(start_paused = true)]
async fn events_that_come_together_leave_together() {
    let rest = format!("{HI}{HI}{STOP}");
    let together = [Send(0, HI), Send(1, HI), Send(0, HI), Send(0, STOP), Send(1, DONE)];
    check_pieces(&together, &[HI, &rest, DONE]).await;
    let apart = [Send(0, HI), Send(1, HI), Send(1, STOP), Send(1, DONE)];
    check_pieces(&apart, &[HI, HI, STOP, DONE]).await;
    // What breaks off behind them does not take them along.
    check_pieces(&[Send(0, HI), Send(1, HI), Send(0, HI), Break], &[HI, &HI.repeat(2), "error"])
        .await;
    // Not more at once than a write takes.
    let large: &'static str = format!(": {}\n\n", "x".repeat(9 << 10)).leak();
    let acts = [Send(0, HI), Send(1, large), Send(0, large), Send(0, large), Send(0, DONE)];
    check_pieces(&acts, &[HI, &large.repeat(2), &format!("{large}{DONE}")]).await;
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_are_not_progress() {
    let mut acts = vec![Send(0, HI)];
    acts.extend(std::iter::repeat_n(Send(3_000, ALIVE), 10));
    check(&acts, &format!("{HI}{}", ALIVE.repeat(3)), "timeout_idle", false).await;
}

/// Bytes that came while the client read nothing are asked for when it reads on, and are there a
/// moment later.
#[tokio::test(start_paused = true)]
async fn time_that_the_client_takes_is_not_the_providers() {
    let acts = [Send(0, HI), Send(20_001, STOP), Send(0, DONE)];
    let committed = commit(arrived(&acts)).await.unwrap();
    let mut body = answer(committed, pacing(), "r".to_owned(), Bytes::new(), |outcome| {
        assert_eq!(outcome.end, End::Complete);
        std::future::ready(())
    });
    assert!(body.frame().await.is_some());
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(body.collect().await.unwrap().to_bytes(), format!("{STOP}{DONE}"));
    // A client that reads on would have waited for the provider.
    check(&acts, HI, "timeout_idle", false).await;
}

#[tokio::test(start_paused = true)]
async fn a_drip_ends_at_the_deadline() {
    let acts = vec![Send(9_000, HI); 20];
    // The first one commits, before the clock of the relay starts.
    check(&acts, &HI.repeat(7), "timeout_total", false).await;
}

#[tokio::test(start_paused = true)]
async fn until_the_first_content_nothing_is_committed() {
    let cases: [(&[Act], Class); 6] = [
        (&[], Class::Truncated),
        (&[Send(0, ROLE)], Class::Truncated),
        (&[Send(0, ROLE), Break], Class::Truncated),
        (&[Send(0, ROLE), Send(0, STOP), Send(0, DONE)], Class::Empty),
        (&[Send(0, "data: {\"error\":{\"code\":\"server_error\"}}\n\n")], Class::Server),
        (&[Send(0, "data: nonsense\n\n")], Class::Malformed),
    ];
    for (acts, expected) in cases {
        let failure = commit(arrived(acts)).await.err().map(|failure| failure.class);
        assert_eq!(failure, Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_is_bounded() {
    // Nothing but roles: after 64 events the answer is taken as it is.
    let committed = commit(arrived(&[Send(0, ROLE)].repeat(100))).await.unwrap();
    assert!(matches!(committed, Committed::Stream(live) if live.held.len() == 64));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_is_settled_once() {
    let committed = commit(arrived(&[Send(0, HI), Send(5, HI), Hang])).await.unwrap();
    let (told, outcome) = tokio::sync::oneshot::channel();
    let mut body =
        answer(committed, pacing(), "r".to_owned(), Bytes::new(), |outcome| async move {
            told.send(outcome).unwrap();
        });
    assert!(body.frame().await.is_some());
    drop(body);
    assert_eq!(outcome.await.unwrap(), Outcome { usage: None, end: End::ClientGone });
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_says_how_long_it_is() {
    let committed = Committed::Whole { body: Bytes::from_static(b"{}"), usage: None };
    let body =
        answer(committed, pacing(), "r".to_owned(), Bytes::new(), |_| std::future::ready(()));
    assert_eq!(http_body::Body::size_hint(&body).exact(), Some(2));
    assert_eq!(body.collect().await.unwrap().to_bytes(), "{}");
}
