//! The way of an answer to the Runtime API.
//!
//! Over the gateway's own client, and not the runtime's: that one writes the head of a streamed
//! answer, a separator and its first bytes one after the other and lets the system hold each back
//! until the one before is acknowledged. On a reused connection that can take 40 ms.

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, BodyStream};
use lambda_http::lambda_runtime::MetadataPrelude;

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlResponse;

use super::Answer;
use crate::settings::ResponseMode;

/// What stands between the head of a streamed answer and its body.
static SEPARATOR: [u8; 8] = [0; 8];

/// Which invocation an answer is for.
pub(super) struct Invocation {
    /// The platform's id of the request.
    pub(super) request_id: String,
    /// What the platform tells late answers by, where it gives one.
    pub(super) invocation_id: Option<HeaderValue>,
}

/// The Runtime API.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    http: reqwest::Client,
    base: String,
}

impl RuntimeApi {
    /// One at an address as `AWS_LAMBDA_RUNTIME_API` has it: a host with a port, or a URL.
    pub(super) fn new(http: reqwest::Client, address: &str) -> Self {
        Self { http, base: base(address) }
    }

    /// Posts an answer, and waits until all of it was taken.
    ///
    /// # Errors
    /// When it was not taken. Its body comes to its end nevertheless.
    pub(super) async fn post(
        &self,
        invocation: Invocation,
        answer: Answer,
        mode: ResponseMode,
    ) -> Result<(), NotTaken> {
        let url = format!("{}/{}/response", self.base, invocation.request_id);
        let mut request = self.http.post(url);
        if let Some(id) = invocation.invocation_id {
            request = request.header("lambda-runtime-invocation-id", id);
        }
        let request = match mode {
            ResponseMode::Stream => request
                .header(header::CONTENT_TYPE, "application/vnd.awslambda.http-integration-response")
                .header("lambda-runtime-function-response-mode", "streaming")
                .body(reqwest::Body::wrap_stream(streamed(answer)?)),
            ResponseMode::Buffered => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(buffered(answer).await?),
        };
        let response = request.send().await.map_err(NotTaken::Unsent)?;
        let status = response.status();
        // Read to its end, the connection can be used again.
        let _ = response.bytes().await;
        if status.is_success() { Ok(()) } else { Err(NotTaken::Refused(status)) }
    }
}

fn base(address: &str) -> String {
    let scheme = if address.contains("://") { "" } else { "http://" };
    let address = address.trim_end_matches('/');
    format!("{scheme}{address}/2018-06-01/runtime/invocation")
}

/// The head, the separator and the body, of which the first piece is waited for.
fn streamed(
    answer: Answer,
) -> Result<impl Stream<Item = Result<Bytes, std::convert::Infallible>>, NotTaken> {
    let (head, body) = answer.into_parts();
    let prelude =
        MetadataPrelude { status_code: head.status, headers: head.headers, cookies: vec![] };
    let prelude = Bytes::from(serde_json::to_vec(&prelude).map_err(NotTaken::Unwritten)?);
    let pieces = BodyStream::new(body).filter_map(|frame| {
        let Ok(frame) = frame;
        std::future::ready(frame.into_data().ok().map(Ok))
    });
    let mut pieces = Box::pin(pieces);
    let whole = async move {
        // Chunks of their own, as `cargo lambda watch` wants them; what is there at once is written
        // at once.
        let first = pieces.next().await;
        let begin = [Some(Ok(prelude)), Some(Ok(Bytes::from_static(&SEPARATOR))), first];
        stream::iter(begin.into_iter().flatten()).chain(pieces)
    };
    Ok(whole.flatten_stream())
}

/// The event of a function whose answers are not streamed.
async fn buffered(answer: Answer) -> Result<Vec<u8>, NotTaken> {
    let (head, body) = answer.into_parts();
    let Ok(collected) = body.collect().await;
    let mut event = LambdaFunctionUrlResponse::default();
    event.status_code = i64::from(head.status.as_u16());
    event.headers = head.headers;
    // Everything that the gateway sends is text.
    event.body = Some(String::from_utf8_lossy(&collected.to_bytes()).into_owned());
    serde_json::to_vec(&event).map_err(NotTaken::Unwritten)
}

/// Why an answer was not taken.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// It could not be sent.
    Unsent(reqwest::Error),
    /// The Runtime API says no: for it, the invocation has ended.
    Refused(StatusCode),
    /// Its head is no JSON.
    Unwritten(serde_json::Error),
}

impl std::fmt::Display for NotTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unsent(error) => write!(f, "{error}"),
            Self::Refused(status) => write!(f, "status {status}"),
            Self::Unwritten(error) => write!(f, "its head: {error}"),
        }
    }
}

impl std::error::Error for NotTaken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_hosts_give_them() {
        for address in ["127.0.0.1:9001", "http://127.0.0.1:9001", "http://127.0.0.1:9001/"] {
            assert_eq!(base(address), "http://127.0.0.1:9001/2018-06-01/runtime/invocation");
        }
    }
}
