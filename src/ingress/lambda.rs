//! The Lambda host: Function URL events in, streamed or buffered answers out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use http::Method;
use lambda_http::lambda_runtime::tower::layer::layer_fn;
use lambda_http::lambda_runtime::{LambdaEvent, LambdaInvocation, Runtime, service_fn};
use tokio::time::Instant;

use super::request::event_body;
use super::runtime_api::{Invocation, RuntimeApi};
use super::{Entry, MOST_BODY_BYTES, Request};
use crate::clock::Clock;
use crate::refusal::Refusal;
use crate::settings::ResponseMode;

/// 2020-01-01: a deadline before it is not one. `cargo lambda watch` sends ten minutes after 1970.
const FIRST_TRUE_DEADLINE_MS: u64 = 1_577_836_800_000;

/// What serves the events of one environment.
struct Function<E> {
    entry: Arc<E>,
    api: RuntimeApi,
    mode: ResponseMode,
    clock: Clock,
    has_events: AtomicBool,
}

/// Answers events until the platform ends the process; several at once where the platform says so.
/// `address` is that of the Runtime API, as the platform gives it; `http` posts the answers.
///
/// The runtime ends with the first call for an event that fails, be it for a reused connection that
/// was closed just then. It is started anew as long as it gets events: what the environment has warm
/// is worth more than a new one.
///
/// # Errors
/// When the Runtime API is gone.
pub async fn serve<E: Entry>(
    entry: Arc<E>,
    (address, http): (&str, reqwest::Client),
    mode: ResponseMode,
    clock: Clock,
) -> Result<(), lambda_http::Error> {
    let api = RuntimeApi::new(http, address);
    let function =
        Arc::new(Function { entry, api, mode, clock, has_events: AtomicBool::new(false) });
    loop {
        let serving = Arc::clone(&function);
        let service = service_fn(move |invocation: LambdaInvocation| {
            let function = Arc::clone(&serving);
            async move {
                function.serve(invocation).await;
                Ok::<_, lambda_http::Error>(())
            }
        });
        // The runtime's own way to answer is left out: see runtime_api.rs.
        let unused = service_fn(|_: LambdaEvent<()>| async { Ok::<_, lambda_http::Error>(()) });
        let runtime = Runtime::new(unused).layer(layer_fn(|_| service.clone()));
        let Err(error) = runtime.run_concurrent().await else { return Ok(()) };
        if !function.has_events.swap(false, Ordering::Relaxed) {
            return Err(error);
        }
        tracing::warn!(%error, "a call of the Runtime API failed: asking for events anew");
    }
}

impl<E: Entry> Function<E> {
    async fn serve(&self, invocation: LambdaInvocation) {
        self.has_events.store(true, Ordering::Relaxed);
        let LambdaInvocation { parts, body, context } = invocation;
        let id = context.request_id;
        // Read here and not by the runtime: an event that cannot be read gets an answer, not a 502.
        let answer = match serde_json::from_slice::<LambdaFunctionUrlRequest>(&body) {
            Ok(event) => {
                drop(body);
                let deadline = deadline(context.deadline, self.clock.now_ms());
                match request(event, id.clone(), deadline) {
                    Ok(request) => Arc::clone(&self.entry).answer(request).await,
                    Err(refusal) => self.entry.refuse(&refusal, &id),
                }
            }
            Err(error) => {
                let message = format!("This is not an event of a Function URL: {error}.");
                self.entry.refuse(&Refusal::InvalidBody { message }, &id)
            }
        };
        let invocation_id = parts.headers.get("lambda-runtime-invocation-id").cloned();
        let invocation = Invocation { request_id: id.clone(), invocation_id };
        if let Err(error) = self.api.post(invocation, answer, self.mode).await {
            tracing::warn!(%error, request_id = id, "the Runtime API did not take an answer");
        }
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
