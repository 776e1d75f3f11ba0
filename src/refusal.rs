//! `Refusal`: what a caller is told instead of an answer. One closed enum, one table to
//! (status, type, code). It holds nothing that a caller may not see.

use crate::failure::{Class, Failure, ProviderError};
use crate::quota::{Exhausted, Objection};

/// One failed attempt as the caller sees it in `error.attempts`.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct AttemptReport {
    /// The target's id (`provider/upstream model`).
    pub target: String,
    /// The failure's class.
    pub class: &'static str,
    /// The provider's status, if it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long the attempt took, in milliseconds.
    pub ms: u64,
}

/// Why no target answered.
#[derive(Clone, Debug, PartialEq)]
pub struct UpstreamFailed {
    /// The most useful class of all attempts.
    pub class: Class,
    /// The provider's status of that attempt.
    pub status: Option<u16>,
    /// The provider's own words of that attempt.
    pub error: Option<Box<ProviderError>>,
    /// The least that any provider asked to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Every attempt in order.
    pub attempts: Vec<AttemptReport>,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Refusal {
    /// No such path.
    UnknownPath { path: String },
    /// The path is known, the method is not.
    MethodNotAllowed { allow: &'static str },
    /// No key came with the request.
    MissingKey,
    /// The key is malformed, unknown or its secret is wrong: all the same to the caller.
    InvalidKey,
    /// The key was revoked or disabled.
    KeyRevoked,
    /// The key may not use this alias.
    ModelForbidden { alias: String, allowed: String },
    /// The key lacks the right to send this header.
    RightMissing { right: &'static str, header: &'static str },
    /// No route serves this alias.
    UnknownModel { alias: String, known: String },
    /// The body is not what the endpoint takes.
    InvalidBody { message: String },
    /// One field is not what was expected.
    InvalidField { param: String, message: String },
    /// The request goes on from what a provider holds.
    ThreadUnsupported,
    /// The body is larger than the gateway takes.
    BodyTooLarge { limit_bytes: usize },
    /// The content type or encoding is not taken.
    UnsupportedMedia { message: String },
    /// The request does not fit a limit of the key.
    Exhausted(Box<Exhausted>),
    /// The key has a hard limit and the request's cost has no upper bound.
    Unbounded { message: String },
    /// The store did not answer, or not in a usable way.
    StoreUnavailable { code: &'static str, message: String },
    /// The store takes no more of this key's requests for the moment.
    StoreThrottled,
    /// There is no configuration to route by.
    ConfigUnavailable { message: String },
    /// The route has no target that can be used now.
    NoTarget { alias: String, reasons: String },
    /// Too little of the function's time is left to begin.
    DeadlineTooShort,
    /// Every target failed.
    Upstream(Box<UpstreamFailed>),
    /// The target that had begun to answer failed: the error event of a stream.
    Cut(Box<UpstreamFailed>),
    /// A defect of the gateway.
    Internal,
}

impl From<Objection> for Refusal {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::Exhausted(exhausted) => Self::Exhausted(exhausted),
            Objection::Unbounded(message) => Self::Unbounded { message },
        }
    }
}

/// How a refusal looks on the wire, whatever the client's dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The HTTP status.
    pub status: u16,
    /// `error.type`.
    pub kind: &'static str,
    /// `error.code`.
    pub code: &'static str,
}

const fn shape(status: u16, kind: &'static str, code: &'static str) -> Shape {
    Shape { status, kind, code }
}

impl Refusal {
    /// A field that is not what was expected.
    pub fn field(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::InvalidField { param: param.into(), message: message.into() }
    }

    /// The end of an answer that had begun.
    pub fn cut(failure: &Failure) -> Self {
        Self::Cut(Box::new(UpstreamFailed {
            class: failure.class,
            status: failure.status,
            error: failure.error.clone(),
            retry_after_ms: failure.retry_after_ms,
            attempts: vec![],
        }))
    }

    /// The table from reason to (status, type, code).
    pub fn shape(&self) -> Shape {
        match self {
            Self::UnknownPath { .. } => shape(404, "invalid_request_error", "unknown_url"),
            Self::MethodNotAllowed { .. } => {
                shape(405, "invalid_request_error", "method_not_allowed")
            }
            Self::MissingKey | Self::InvalidKey => {
                shape(401, "invalid_request_error", "invalid_api_key")
            }
            Self::KeyRevoked => shape(403, "permission_error", "key_revoked"),
            Self::ModelForbidden { .. } => shape(403, "permission_error", "model_not_allowed"),
            Self::RightMissing { .. } => shape(403, "permission_error", "right_missing"),
            Self::UnknownModel { .. } => shape(404, "invalid_request_error", "model_not_found"),
            Self::InvalidBody { .. } => shape(400, "invalid_request_error", "invalid_body"),
            Self::InvalidField { .. } => shape(400, "invalid_request_error", "invalid_value"),
            // Anthropic's own code, at which its SDKs go on without a thread.
            Self::ThreadUnsupported => {
                shape(400, "invalid_request_error", "thread_unsupported_request")
            }
            Self::BodyTooLarge { .. } => shape(413, "invalid_request_error", "body_too_large"),
            Self::UnsupportedMedia { .. } => {
                shape(415, "invalid_request_error", "unsupported_media_type")
            }
            Self::Exhausted(exhausted) if exhausted.limit.is_short() => {
                shape(429, "rate_limit_error", "rate_limit_exceeded")
            }
            Self::Exhausted(_) => shape(429, "insufficient_quota", "insufficient_quota"),
            Self::Unbounded { .. } => shape(400, "invalid_request_error", "unbounded_cost"),
            Self::StoreUnavailable { code, .. } => shape(503, "server_error", code),
            Self::StoreThrottled => shape(429, "rate_limit_error", "store_throttled"),
            Self::ConfigUnavailable { .. } => shape(503, "server_error", "config_unavailable"),
            Self::NoTarget { .. } => shape(503, "server_error", "no_target"),
            Self::DeadlineTooShort => shape(503, "server_error", "deadline_too_short"),
            Self::Upstream(failed) | Self::Cut(failed) => upstream_shape(failed),
            Self::Internal => shape(500, "server_error", "internal_error"),
        }
    }

    /// The field to blame, for `error.param`.
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::InvalidField { param, .. } => Some(param),
            Self::ThreadUnsupported => Some("thread"),
            Self::RightMissing { header, .. } => Some(header),
            Self::UnknownModel { .. } | Self::ModelForbidden { .. } => Some("model"),
            // What the provider blames in a limit or in a credential is no field of the caller's.
            Self::Upstream(failed) | Self::Cut(failed) if is_the_callers(failed.class) => {
                failed.error.as_ref().and_then(|e| e.param.as_deref())
            }
            _ => None,
        }
    }

    /// What is wrong, where, and what to do.
    pub fn message(&self) -> String {
        match self {
            Self::UnknownPath { path } => format!(
                "There is nothing at {path}. The gateway serves POST /v1/chat/completions, \
                 /v1/completions, /v1/embeddings, /v1/messages and /v1/messages/count_tokens, GET /v1/models, /v1/models/{{id}}, /v1/key \
                 and /healthz."
            ),
            Self::MethodNotAllowed { allow } => format!("This path takes {allow}."),
            Self::MissingKey => "No key: send it as 'Authorization: Bearer tg-…', or in the \
                                 x-api-key or api-key header."
                .to_owned(),
            Self::InvalidKey => "The key is not valid. Check that it was copied whole; a lost \
                                 secret cannot be shown again, ask for a new key."
                .to_owned(),
            Self::KeyRevoked => "This key or its team was revoked. Ask whoever gave it to you for \
                                 a new one."
                .to_owned(),
            Self::ModelForbidden { alias, allowed } => {
                format!("This key may not use the model '{alias}'. It may use: {allowed}.")
            }
            Self::RightMissing { right, header } => format!(
                "This key may not send {header}: it needs the right '{right}', which an operator \
                 gives ('tollgatectl key update KEY --rights {right}')."
            ),
            Self::UnknownModel { alias, known } => format!(
                "No route serves the model '{alias}'. This key may use: {known}. GET /v1/models \
                 lists them."
            ),
            Self::InvalidBody { message }
            | Self::InvalidField { message, .. }
            | Self::UnsupportedMedia { message }
            | Self::Unbounded { message }
            | Self::StoreUnavailable { message, .. }
            | Self::ConfigUnavailable { message } => message.clone(),
            Self::ThreadUnsupported => "'thread' is not taken: each request is routed by itself. \
                                        Send the whole conversation without it."
                .to_owned(),
            Self::BodyTooLarge { limit_bytes } => {
                format!("The body is larger than the {limit_bytes} bytes that the gateway takes.")
            }
            Self::Exhausted(exhausted) => exhausted.message(),
            Self::StoreThrottled => "This key sends more requests a second than the gateway's \
                                     store takes. Slow down, or ask its operator for shards."
                .to_owned(),
            Self::NoTarget { alias, reasons } => {
                format!("No target of the route for '{alias}' can be used now: {reasons}.")
            }
            Self::DeadlineTooShort => "Too little of the function's time is left to begin this \
                                       request. Try again."
                .to_owned(),
            Self::Upstream(failed) => sentence(no_answer(failed.class), failed),
            Self::Cut(failed) => sentence(broken_off(failed.class), failed),
            Self::Internal => "The gateway failed. The log has the request's id.".to_owned(),
        }
    }

    /// How long to wait before another try makes sense, in milliseconds.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Exhausted(exhausted) => exhausted.retry_after_ms(),
            Self::StoreUnavailable { .. }
            | Self::StoreThrottled
            | Self::ConfigUnavailable { .. } => Some(1_000),
            Self::Upstream(failed) => failed.retry_after_ms,
            _ => None,
        }
    }

    /// What `x-should-retry` tells the SDKs, where their own rule would be wrong: a budget that
    /// is gone until tomorrow is a 429 that no retry cures.
    pub fn should_retry(&self) -> Option<bool> {
        match self {
            Self::Exhausted(exhausted) if exhausted.is_final() => Some(false),
            _ => None,
        }
    }
}

fn is_the_callers(class: Class) -> bool {
    matches!(
        class,
        Class::BadRequest | Class::Unsupported | Class::ContentPolicy | Class::ContextLength
    )
}

fn upstream_shape(failed: &UpstreamFailed) -> Shape {
    match failed.class {
        Class::RateLimit => shape(429, "rate_limit_error", "upstream_rate_limited"),
        Class::Overloaded => shape(503, "server_error", "upstream_overloaded"),
        Class::TimeoutConnect
        | Class::TimeoutFirstToken
        | Class::TimeoutIdle
        | Class::TimeoutTotal => shape(504, "server_error", "upstream_timeout"),
        Class::ContextLength => shape(400, "invalid_request_error", "context_length_exceeded"),
        Class::ContentPolicy => shape(400, "invalid_request_error", "content_policy_violation"),
        Class::BadRequest => match failed.status {
            Some(404) => shape(404, "invalid_request_error", "upstream_rejected"),
            Some(409) => shape(409, "invalid_request_error", "upstream_rejected"),
            Some(413) => shape(413, "invalid_request_error", "upstream_rejected"),
            Some(422) => shape(422, "invalid_request_error", "upstream_rejected"),
            _ => shape(400, "invalid_request_error", "upstream_rejected"),
        },
        Class::Unsupported => shape(400, "invalid_request_error", "unsupported_by_target"),
        // Never a 401 or a 402: those are about the gateway's credential, and clients drop a key
        // that gets them.
        Class::UpstreamAuth => shape(502, "server_error", "upstream_credentials"),
        Class::UpstreamQuota => shape(502, "server_error", "upstream_quota"),
        Class::ModelMissing => shape(502, "server_error", "upstream_model_missing"),
        Class::Network | Class::Server | Class::Truncated | Class::Malformed | Class::Empty => {
            shape(502, "server_error", "upstream_failed")
        }
    }
}

/// Why nobody answered.
fn no_answer(class: Class) -> &'static str {
    match class {
        Class::BadRequest => "The provider rejected the request",
        Class::Unsupported => "No target of the route can take the request",
        Class::ContextLength => "The prompt is longer than the model's context",
        Class::ContentPolicy => "The provider's content policy refused the request",
        Class::RateLimit => "Every target limits the rate of requests now",
        Class::Overloaded => "Every target is overloaded now",
        Class::TimeoutConnect
        | Class::TimeoutFirstToken
        | Class::TimeoutIdle
        | Class::TimeoutTotal => "No target answered in time",
        Class::UpstreamAuth => "The provider refused the gateway's credential",
        Class::UpstreamQuota => "The gateway's account at the provider is out of quota",
        Class::ModelMissing => "The provider does not know the model that the route names",
        Class::Truncated => "The provider's answer broke off",
        Class::Network | Class::Server | Class::Malformed | Class::Empty => {
            "No target gave a usable answer"
        }
    }
}

/// Why an answer that had begun is not whole.
fn broken_off(class: Class) -> &'static str {
    match class {
        Class::TimeoutIdle => "The provider went silent in the middle of its answer",
        Class::TimeoutTotal => "The request's time was up before the answer was whole",
        Class::Malformed => "The provider's answer became unreadable",
        Class::ContentPolicy => "The provider's content policy ended the answer",
        Class::RateLimit => "The provider's rate limit ended the answer",
        Class::Overloaded => "The provider gave up in the middle of its answer",
        _ => "The provider's answer broke off",
    }
}

/// Our words, and the provider's own behind them. Those on its credential or account are the
/// operator's business.
fn sentence(what: &str, failed: &UpstreamFailed) -> String {
    let private = matches!(failed.class, Class::UpstreamAuth | Class::UpstreamQuota);
    match &failed.error {
        Some(error) if !private && !error.message.is_empty() => {
            format!("{what}: {}", error.message)
        }
        _ => format!("{what}."),
    }
}
