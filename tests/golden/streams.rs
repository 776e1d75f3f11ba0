//! A provider's stream, and what its client gets: the same for every way of cutting it in two, and
//! byte by byte.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tokio::time::Instant;
use tollgate::dialect;
use tollgate::failure::{Class, Failure};
use tollgate::relay::{Arrived, Committed, End, Outcome, Pacing, answer, commit};

use super::answers::{failure_lines, usage_line};
use super::input::Input;

pub(super) fn output(input: &Input) -> String {
    let newline = if input.setting("newline") == Some("crlf") { "\r\n" } else { "\n" };
    let ends_with_newline = input.flag("last_newline").unwrap_or(true);
    let text = if ends_with_newline { input.payload.as_str() } else { input.body() };
    let bytes = Bytes::from(text.replace('\n', newline));
    let reading = Reading {
        operation: input.operation(),
        hides_usage: !input.flag("usage_asked").unwrap_or(false),
        breaks_off: input.flag("breaks_off").unwrap_or(false),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let whole = reading.read(vec![bytes.clone()]).await;
        for cut in 1..bytes.len() {
            let parts = vec![bytes.slice(..cut), bytes.slice(cut..)];
            let cut_in_two = reading.read(parts).await;
            assert_eq!(cut_in_two, whole, "cut at byte {cut}");
        }
        let single = (0..bytes.len()).map(|at| bytes.slice(at..=at)).collect();
        assert_eq!(reading.read(single).await, whole, "byte by byte");
        whole
    })
}

struct Reading {
    operation: dialect::Operation,
    hides_usage: bool,
    breaks_off: bool,
}

impl Reading {
    /// The stream's way through the relay, in words, and the client's bytes.
    async fn read(&self, chunks: Vec<Bytes>) -> String {
        let broken = Failure::answer(Class::Truncated, "the connection broke");
        let end = self.breaks_off.then_some(Err(broken));
        let body = stream::iter(chunks.into_iter().map(Ok).chain(end)).boxed();
        let arrived = Arrived {
            reading: dialect::Reading::AsItCame {
                operation: self.operation,
                hides_usage: self.hides_usage,
            },
            stream: true,
            content_type: "text/event-stream".to_owned(),
            answer_id: "req-1".to_owned(),
            body,
        };
        let committed = match commit(arrived).await {
            Ok(committed) => committed,
            Err(failure) => return format!("no answer\n{}", failure_lines(&failure)),
        };
        assert!(matches!(committed, Committed::Stream(_)));
        let (outcome, bytes) = pump(committed).await;
        let mut out = String::new();
        match &outcome.end {
            End::Complete => out += "complete\n",
            End::Failed(failure) => write!(out, "cut\n{}", failure_lines(failure)).unwrap(),
            other => panic!("{other:?}"),
        }
        out += &usage_line(outcome.usage);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        write!(out, "\n{}", text.replace('\r', "\\r")).unwrap();
        out
    }
}

async fn pump(committed: Committed) -> (Outcome, Bytes) {
    let pacing = Pacing {
        idle: Duration::from_mins(1),
        deadline: Instant::now() + Duration::from_mins(1),
        least_events_per_minute: 0,
    };
    let ended = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&ended);
    let body = answer(committed, pacing, "req-1".to_owned(), Bytes::new(), |outcome| async move {
        *slot.lock().unwrap() = Some(outcome);
    });
    let Ok(collected) = body.collect().await;
    let outcome = ended.lock().unwrap().take().expect("the end of the answer");
    (outcome, collected.to_bytes())
}

/// A task that never has to wait uses up what tokio lets it do at once, anywhere on its way. It
/// must go on from there without a piece lost. A defect here can also turn for ever, so it is
/// another thread that waits.
#[test]
fn a_stream_that_has_come_all_at_once_is_whole() {
    const EVENTS: usize = 200;
    let (sender, done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
        let (event, last) = (Bytes::from(event), Bytes::from("data: [DONE]\n\n"));
        let operation = dialect::Operation::ChatCompletions;
        let reading = Reading { operation, hides_usage: true, breaks_off: false };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for used_up_before in 0..16 {
            let events = std::iter::repeat_n(event.clone(), EVENTS);
            let out = runtime.block_on(async {
                for _ in 0..used_up_before {
                    tokio::task::coop::consume_budget().await;
                }
                reading.read(events.chain([last.clone()]).collect()).await
            });
            sender.send(out.matches("data: ").count()).unwrap();
        }
    });
    for _ in 0..16 {
        let got = done.recv_timeout(Duration::from_secs(10)).expect("the end of the stream");
        assert_eq!(got, EVENTS + 1);
    }
}
