//! The Lambda host: Function URL events in, streamed or buffered answers out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lambda_events::lambda_function_urls::{
    LambdaFunctionUrlRequest, LambdaFunctionUrlResponse,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::Method;
use http_body_util::{BodyExt, BodyStream};
use lambda_http::lambda_runtime::{
    FunctionResponse, LambdaEvent, MetadataPrelude, Runtime, StreamResponse, service_fn,
};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::request::event_body;
use super::{Answer, Entry, MOST_BODY_BYTES, Request};
use crate::clock::Clock;
use crate::refusal::Refusal;
use crate::relay::Body;
use crate::settings::ResponseMode;

/// 2020-01-01: a deadline before it is not one. `cargo lambda watch` sends ten minutes after 1970.
const FIRST_TRUE_DEADLINE_MS: u64 = 1_577_836_800_000;

/// What the runtime gets: a stream that cannot fail, or one JSON event.
type Reply = FunctionResponse<LambdaFunctionUrlResponse, ReplyStream>;
type ReplyStream =
    std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, std::convert::Infallible>> + Send>>;

/// Answers events until the platform ends the process; several at once where the platform says so.
///
/// The runtime ends with the first call of the Runtime API that fails, be it for a reused connection
/// that was closed just then. It is started anew as long as it gets events: what the environment has
/// warm is worth more than a new one.
///
/// # Errors
/// When the Runtime API is gone.
pub async fn serve<E: Entry>(
    entry: Arc<E>,
    mode: ResponseMode,
    clock: Clock,
) -> Result<(), lambda_http::Error> {
    let has_events = Arc::new(AtomicBool::new(false));
    loop {
        let (entry, clock, seen) = (Arc::clone(&entry), clock.clone(), Arc::clone(&has_events));
        let service = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
            seen.store(true, Ordering::Relaxed);
            let (entry, clock) = (Arc::clone(&entry), clock.clone());
            async move { Ok::<_, lambda_http::Error>(handle(entry, event, mode, &clock).await) }
        });
        let Err(error) = Runtime::new(service).run_concurrent().await else { return Ok(()) };
        if !has_events.swap(false, Ordering::Relaxed) {
            return Err(error);
        }
        tracing::warn!(error = %error, "a call of the Runtime API failed: asking for events anew");
    }
}

async fn handle<E: Entry>(
    entry: Arc<E>,
    event: LambdaEvent<Box<RawValue>>,
    mode: ResponseMode,
    clock: &Clock,
) -> Reply {
    let (payload, context) = event.into_parts();
    let id = context.request_id;
    // Read here and not by the runtime: an event that cannot be read gets an answer, not a 502.
    let answer = match serde_json::from_str::<LambdaFunctionUrlRequest>(payload.get()) {
        Ok(event) => {
            drop(payload);
            let deadline = deadline(context.deadline, clock.now_ms());
            match request(event, id.clone(), deadline) {
                Ok(request) => entry.answer(request).await,
                Err(refusal) => entry.refuse(&refusal, &id),
            }
        }
        Err(error) => {
            let message = format!("This is not an event of a Function URL: {error}.");
            entry.refuse(&Refusal::InvalidBody { message }, &id)
        }
    };
    match mode {
        ResponseMode::Stream => streamed(answer),
        ResponseMode::Buffered => buffered(answer).await,
    }
}

fn request(
    event: LambdaFunctionUrlRequest,
    id: String,
    deadline: Option<Instant>,
) -> Result<Request, Refusal> {
    let method = event.request_context.http.method.unwrap_or_default();
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| Refusal::MethodNotAllowed { allow: "GET, POST" })?;
    // Never `http_builder` or a URI: lambda_http builds those from the Host header.
    let raw_path = event.raw_path.unwrap_or_else(|| "/".to_owned());
    let too_large = event.body.as_ref().is_some_and(|body| body.len() > MOST_BODY_BYTES * 2);
    let body = if too_large {
        Err(Refusal::BodyTooLarge { limit_bytes: MOST_BODY_BYTES })
    } else {
        event_body(event.body, event.is_base64_encoded)
    };
    Ok(Request { method, raw_path, headers: event.headers, body, id, deadline })
}

/// The platform's deadline on our own clock; nothing when it cannot be true.
fn deadline(deadline_ms: u64, now_ms: u64) -> Option<Instant> {
    (deadline_ms >= FIRST_TRUE_DEADLINE_MS)
        .then(|| Instant::now() + Duration::from_millis(deadline_ms.saturating_sub(now_ms)))
}

fn streamed(answer: Answer) -> Reply {
    let (head, body) = answer.into_parts();
    let frames = BodyStream::new(body).filter_map(|frame| {
        let Ok(frame) = frame;
        std::future::ready(frame.into_data().ok().map(Ok))
    });
    let metadata_prelude =
        MetadataPrelude { status_code: head.status, headers: head.headers, cookies: vec![] };
    FunctionResponse::StreamingResponse(StreamResponse { metadata_prelude, stream: frames.boxed() })
}

async fn buffered(answer: Answer) -> Reply {
    let (head, body) = answer.into_parts();
    let bytes = collect(body).await;
    let mut event = LambdaFunctionUrlResponse::default();
    event.status_code = i64::from(head.status.as_u16());
    event.headers = head.headers;
    // Everything that the gateway sends is text.
    event.body = Some(String::from_utf8_lossy(&bytes).into_owned());
    FunctionResponse::BufferedResponse(event)
}

async fn collect(body: Body) -> Bytes {
    let Ok(collected) = body.collect().await;
    collected.to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn impossible_deadlines_are_unknown() {
        let now_ms = 1_800_000_000_000;
        assert_eq!(deadline(600_000, now_ms), None);
        assert_eq!(deadline(0, now_ms), None);
        assert!(deadline(now_ms + 1_000, now_ms).is_some());
        assert!(deadline(now_ms - 1_000, now_ms).is_some());
    }
}
