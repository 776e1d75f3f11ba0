//! A defect of the gateway in the middle of a stream: what was said before it is no evidence.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tokio::time::Instant;
use tollgate::dialect::{Operation, Reading};
use tollgate::relay::{Arrived, End, Outcome, Pacing, answer, commit};

use crate::support::answers::{HI, ROLE, STOP, USAGE};
use crate::support::upstream::event;

#[tokio::test]
async fn usage_before_a_panic_refunds_nothing() {
    for events in [vec![ROLE, HI], vec![ROLE, HI, USAGE], vec![ROLE, HI, STOP, USAGE]] {
        let sent: Vec<Bytes> = events.iter().map(|data| event(data).into()).collect();
        let count = sent.len();
        let body = stream::iter(0..=count).map(move |nth| match sent.get(nth) {
            Some(bytes) => Ok(bytes.clone()),
            None => panic!("a defect"),
        });
        let arrived = Arrived {
            reading: Reading::AsItCame { operation: Operation::ChatCompletions, hides_usage: true },
            stream: true,
            content_type: "text/event-stream".to_owned(),
            answer_id: "req-1".to_owned(),
            body: body.boxed(),
        };
        let committed = commit(arrived).await.expect("an answer that has begun");
        let deadline = Instant::now() + Duration::from_secs(10);
        let pacing = Pacing { idle: Duration::from_secs(10), deadline, least_events_per_minute: 0 };
        let told = Arc::new(Mutex::new(None));
        let outcome = Arc::clone(&told);
        let body =
            answer(committed, pacing, "req-1".to_owned(), Bytes::new(), move |ended| async move {
                *outcome.lock().unwrap() = Some(ended);
            });
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("internal_error") && !body.contains("[DONE]"), "{body}");
        let ended = told.lock().unwrap().take();
        assert_eq!(ended, Some(Outcome { usage: None, end: End::Panicked }), "{events:?}");
    }
}
