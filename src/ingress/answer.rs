//! Answers: what a host hands to the client.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE,
    RETRY_AFTER,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::limit_headers;
use crate::dialect::{Dialect, envelope};
use crate::quota::Exhausted;
use crate::refusal::Refusal;
use crate::relay::Body;

/// An answer. Every one has a body of at least one byte: an empty streamed body leaves a Function
/// URL's client waiting.
pub type Answer = Response<Body>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer that is one JSON document.
pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Body::whole(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

/// A refusal as an answer in the client's dialect.
pub fn refused(refusal: &Refusal, client: Dialect, request_id: &str) -> Answer {
    let status =
        StatusCode::from_u16(refusal.shape().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = json(status, envelope(client, refusal, request_id));
    let headers = answer.headers_mut();
    if let Some(wait_ms) = refusal.retry_after_ms() {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait_ms.div_ceil(1_000)));
        headers.insert("retry-after-ms", HeaderValue::from(wait_ms));
    }
    if let Some(retry) = refusal.should_retry() {
        let value = if retry { "true" } else { "false" };
        headers.insert("x-should-retry", HeaderValue::from_static(value));
    }
    if let Refusal::Exhausted(exhausted) = refusal {
        let Exhausted { limit, scope, of, left, resets_in_ms, .. } = &**exhausted;
        limit_headers(headers, limit.unit, *of, *left, *resets_in_ms);
        with_headers(headers, [("x-ratelimit-scope", scope.to_string().into())]);
    }
    if let Refusal::Upstream(failed) = refusal {
        headers.insert("x-tollgate-attempts", HeaderValue::from(failed.attempts.len()));
    }
    if let Refusal::MethodNotAllowed { allow } = refusal {
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    answer
}

/// Adds headers to an answer; a value that no header can hold is left out.
pub fn with_headers<'a>(
    headers: &mut HeaderMap,
    pairs: impl IntoIterator<Item = (&'static str, std::borrow::Cow<'a, str>)>,
) {
    for (name, value) in pairs {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// What every answer carries: its id, and leave for browsers to read it. The key is in a header
/// and never in a cookie, so any origin may ask.
pub fn finish(mut answer: Answer, client: Dialect, request_id: &str) -> Answer {
    let headers = answer.headers_mut();
    let id = HeaderValue::from_str(request_id).unwrap_or(HeaderValue::from_static("unknown"));
    if client == Dialect::Anthropic {
        // Where Anthropic's SDKs look for it.
        headers.insert("request-id", id.clone());
    }
    headers.insert(REQUEST_ID, id);
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The answer to a browser's preflight.
pub fn preflight() -> Answer {
    let mut answer = json(StatusCode::OK, "{}");
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    // The star does not cover Authorization, and SDKs add headers of their own.
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "*, authorization, x-api-key, api-key, anthropic-version, anthropic-beta, content-type",
        ),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    answer
}
