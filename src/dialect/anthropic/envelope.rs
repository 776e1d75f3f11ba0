//! The error envelope: a refusal as Anthropic's clients expect it.

use bytes::Bytes;
use serde::Serialize;

use crate::refusal::{AttemptReport, Refusal};

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'a str,
    error: Error<'a>,
    request_id: &'a str,
}

#[derive(Serialize)]
struct Error<'a> {
    r#type: &'a str,
    message: String,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    details: Details<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<&'a [AttemptReport]>,
}

/// Where Anthropic's SDKs look for a stable code (`APIStatusError.error_code`).
#[derive(Serialize)]
struct Details<'a> {
    error_code: &'a str,
}

/// A refusal as the body of an answer: `{"type": "error", "error": {type, message, code, param,
/// details, attempts}, "request_id"}`, with Anthropic's types and the gateway's own codes. `param`
/// and `attempts` are there when there are any.
pub fn envelope(refusal: &Refusal, request_id: &str) -> String {
    let shape = refusal.shape();
    let attempts = match refusal {
        Refusal::Upstream(failed) => Some(failed.attempts.as_slice()),
        _ => None,
    };
    let error = Error {
        r#type: kind(shape.status),
        message: refusal.message(),
        code: shape.code,
        param: refusal.param(),
        details: Details { error_code: shape.code },
        attempts,
    };
    // Strings and numbers always serialize.
    serde_json::to_string(&Envelope { r#type: "error", error, request_id }).unwrap_or_default()
}

/// A refusal as an event of a stream that has begun. Anthropic's clients raise it as an error.
pub fn error_event(refusal: &Refusal, request_id: &str) -> Bytes {
    format!("event: error\ndata: {}\n\n", envelope(refusal, request_id)).into()
}

/// Anthropic's type for a status (API reference, "Errors"). Its 529 has no place in HTTP: an
/// overload is a 503 here.
fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        504 => "timeout_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}
