//! What each class of failure looks like on the wire.

use bytes::Bytes;
use serde_json::json;

use super::request::Problem;
use super::{Answer, Chunk, Context, Draft, EVENT_STREAM, End, JSON, Wire, after, now};
use crate::failure::Class;

/// What comes instead of an answer; `None` for the faults that strike while one is being given.
pub(super) fn instead(class: Class, context: &Context<'_>) -> Option<Wire> {
    let error = match class {
        Class::Network => return Some(Wire::Refused),
        Class::TimeoutConnect => return Some(Wire::Hangs { connected: false }),
        Class::TimeoutFirstToken
        | Class::TimeoutIdle
        | Class::TimeoutTotal
        | Class::Truncated
        | Class::Malformed
        | Class::Unsupported
        | Class::Empty => return None,
        Class::RateLimit => RATE_LIMIT,
        Class::UpstreamQuota => UPSTREAM_QUOTA,
        Class::Overloaded => OVERLOADED,
        Class::Server => SERVER,
        Class::UpstreamAuth => UPSTREAM_AUTH,
        Class::ModelMissing => MODEL_MISSING,
        Class::ContextLength => CONTEXT_LENGTH,
        Class::ContentPolicy => CONTENT_POLICY,
        Class::BadRequest => BAD_REQUEST,
    };
    let mut answer = error.answer(context);
    let wait_s = match class {
        Class::RateLimit => Some(context.settings.retry_after_s.unwrap_or(1)),
        Class::Overloaded => context.settings.retry_after_s,
        _ => None,
    };
    answer.headers.extend(wait_s.map(|wait_s| ("retry-after", wait_s.to_string())));
    Some(Wire::Answer(answer))
}

/// `draft` as far as the fault lets it come. A class that is none of the answer's own leaves it
/// sound.
pub(super) fn spoil(class: Class, context: &Context<'_>, draft: Draft) -> Wire {
    match (class, draft) {
        (Class::TimeoutFirstToken, Draft::Plain { .. }) => Wire::Hangs { connected: true },
        (Class::TimeoutFirstToken, Draft::Stream { opening, .. }) => {
            Wire::Answer(context.answer(200, EVENT_STREAM, kept_alive(opening), End::Stalls))
        }
        (Class::TimeoutIdle, draft) => Wire::Answer(half(context, draft, End::Stalls)),
        (Class::Truncated, draft) => Wire::Answer(half(context, draft, End::Reset)),
        (Class::TimeoutTotal, draft) => Wire::Answer(drip(context, draft)),
        (Class::Malformed, Draft::Plain { .. }) => {
            Wire::Answer(context.answer(200, "text/html", vec![now(HTML)], End::Complete))
        }
        (Class::Malformed, Draft::Stream { opening, .. }) => {
            // Before the first content, so that the gateway may still fall back.
            let chunks = opening.into_iter().map(now).chain([now(NOT_JSON)]).collect();
            Wire::Answer(context.answer(200, EVENT_STREAM, chunks, End::Complete))
        }
        (_, draft) => Wire::Answer(context.sound(draft)),
    }
}

/// The answer to a request that the mock cannot read.
pub(super) fn unreadable(problem: &Problem, context: &Context<'_>) -> Answer {
    let error = ErrorBody { param: problem.param, message: &problem.message, ..BAD_REQUEST };
    error.answer(context)
}

/// Comments prove that the server lives, but are no progress: an idle timer that they reset would
/// never fire.
fn kept_alive(opening: Vec<Bytes>) -> Vec<Chunk> {
    let comments = std::iter::repeat_n(after(KEEP_ALIVE_MS, KEEP_ALIVE), KEEP_ALIVES);
    std::iter::once(now(KEEP_ALIVE)).chain(opening.into_iter().map(now)).chain(comments).collect()
}

/// The first half of the content, at the pace of a sound answer.
fn half(context: &Context<'_>, draft: Draft, end: End) -> Answer {
    let first_half = match draft {
        Draft::Plain { .. } => {
            let mut answer = context.sound(draft);
            for Chunk { bytes, .. } in &mut answer.chunks {
                bytes.truncate(bytes.len() / 2);
            }
            answer
        }
        Draft::Stream { opening, mut content, .. } => {
            content.truncate(content.len().div_ceil(2));
            context.sound(Draft::Stream { opening, content, closing: Vec::new() })
        }
    };
    Answer { end, ..first_half }
}

/// Each byte in time, the whole never: content that goes on and on, or a document that is blank
/// after its brace.
fn drip(context: &Context<'_>, draft: Draft) -> Answer {
    let (content_type, mut chunks, drop) = match draft {
        Draft::Plain { .. } => (JSON, vec![now("{")], Bytes::from_static(b"\n")),
        Draft::Stream { opening, content, .. } => {
            let drop = content.last().cloned().unwrap_or(Bytes::from_static(KEEP_ALIVE.as_bytes()));
            let mut chunks: Vec<Chunk> = opening.into_iter().map(now).collect();
            chunks.extend(content.into_iter().map(|bytes| after(DRIP_MS, bytes)));
            (EVENT_STREAM, chunks, drop)
        }
    };
    chunks.extend(std::iter::repeat_n(after(DRIP_MS, drop), DRIPS));
    context.answer(200, content_type, chunks, End::Stalls)
}

const KEEP_ALIVE: &str = ": keep-alive\n\n";
const KEEP_ALIVE_MS: u64 = 1_000;
const KEEP_ALIVES: usize = 30;
const DRIP_MS: u64 = 1_000;
/// Near three hours: longer than any function lives.
const DRIPS: usize = 10_000;
const HTML: &str = "<html><head><title>Service</title></head><body>Welcome</body></html>\n";
const NOT_JSON: &str = "data: {\"choices\": [{\"delta\": \n\n";

/// An error as `OpenAI` says it.
struct ErrorBody<'a> {
    status: u16,
    kind: &'a str,
    code: Option<&'a str>,
    param: Option<&'a str>,
    message: &'a str,
}

impl ErrorBody<'_> {
    fn answer(&self, context: &Context<'_>) -> Answer {
        let body = json!({
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            },
        });
        context.answer(self.status, JSON, vec![now(body.to_string())], End::Complete)
    }
}

const RATE_LIMIT: ErrorBody<'_> = ErrorBody {
    status: 429,
    kind: "requests",
    code: Some("rate_limit_exceeded"),
    param: None,
    message: "Rate limit reached for requests. Please try again later.",
};
const UPSTREAM_QUOTA: ErrorBody<'_> = ErrorBody {
    status: 429,
    kind: "insufficient_quota",
    code: Some("insufficient_quota"),
    param: None,
    message: "You exceeded your current quota, please check your plan and billing details.",
};
const OVERLOADED: ErrorBody<'_> = ErrorBody {
    status: 503,
    kind: "server_error",
    code: None,
    param: None,
    message: "The model is currently overloaded with other requests.",
};
const SERVER: ErrorBody<'_> = ErrorBody {
    status: 500,
    kind: "server_error",
    code: None,
    param: None,
    message: "The server had an error while processing your request.",
};
const UPSTREAM_AUTH: ErrorBody<'_> = ErrorBody {
    status: 401,
    kind: "invalid_request_error",
    code: Some("invalid_api_key"),
    param: None,
    message: "Incorrect API key provided.",
};
const MODEL_MISSING: ErrorBody<'_> = ErrorBody {
    status: 404,
    kind: "invalid_request_error",
    code: Some("model_not_found"),
    param: None,
    message: "The model does not exist or you do not have access to it.",
};
const CONTEXT_LENGTH: ErrorBody<'_> = ErrorBody {
    status: 400,
    kind: "invalid_request_error",
    code: Some("context_length_exceeded"),
    param: Some("messages"),
    message: "This model's maximum context length is exceeded by your messages.",
};
const CONTENT_POLICY: ErrorBody<'_> = ErrorBody {
    status: 400,
    kind: "invalid_request_error",
    code: Some("content_policy_violation"),
    param: None,
    message: "Your request was rejected by our safety system.",
};
const BAD_REQUEST: ErrorBody<'_> = ErrorBody {
    status: 400,
    kind: "invalid_request_error",
    code: None,
    param: Some("temperature"),
    message: "Invalid value for 'temperature'.",
};
