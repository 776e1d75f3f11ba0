//! The error envelope: a refusal as OpenAI's clients expect it.

use bytes::Bytes;
use serde::Serialize;

use crate::refusal::{AttemptReport, Refusal};

#[derive(Serialize)]
struct Envelope<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    message: String,
    r#type: &'a str,
    param: Option<&'a str>,
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<&'a [AttemptReport]>,
}

/// A refusal as the body of an answer: `{"error": {message, type, param, code, request_id}}`, with
/// `attempts` when targets were tried.
pub fn envelope(refusal: &Refusal, request_id: &str) -> Bytes {
    let shape = refusal.shape();
    let attempts = match refusal {
        Refusal::Upstream(failed) => Some(failed.attempts.as_slice()),
        _ => None,
    };
    let error = Error {
        message: refusal.message(),
        r#type: shape.kind,
        param: refusal.param(),
        code: shape.code,
        request_id,
        attempts,
    };
    // Strings and numbers always serialize.
    serde_json::to_vec(&Envelope { error }).unwrap_or_default().into()
}

/// A refusal as an event of a stream that has begun. OpenAI's clients raise it as an error.
pub fn error_event(refusal: &Refusal, request_id: &str) -> Bytes {
    let mut event = b"data: ".to_vec();
    event.extend_from_slice(&envelope(refusal, request_id));
    event.extend_from_slice(b"\n\n");
    event.into()
}
