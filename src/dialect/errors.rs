//! Errors of every dialect: a provider's are read, the gateway's own are told.

use bytes::Bytes;

use super::{Dialect, anthropic, classify, converse, openai};
use crate::failure::{Class, ProviderError};
use crate::refusal::Refusal;

/// Reads a complete error answer: its class, and the provider's own words. `error_type` is AWS's
/// header `x-amzn-errortype`.
pub fn read_error(
    dialect: Dialect,
    status: u16,
    error_type: Option<&str>,
    body: &[u8],
) -> (Class, ProviderError) {
    let error = match dialect {
        Dialect::OpenAi => openai::read_error(body),
        Dialect::Anthropic => anthropic::read_error(body),
        Dialect::Converse => return converse::read_error(status, error_type, body),
    };
    (classify(Some(status), &error), error)
}

/// A refusal as the body of an answer, as clients of the dialect expect it.
pub fn envelope(dialect: Dialect, refusal: &Refusal, request_id: &str) -> Bytes {
    match dialect {
        Dialect::Anthropic => anthropic::envelope(refusal, request_id).into(),
        Dialect::OpenAi | Dialect::Converse => openai::envelope(refusal, request_id),
    }
}

/// A refusal as an event of a stream that has begun. Clients raise it as an error.
pub fn error_event(dialect: Dialect, refusal: &Refusal, request_id: &str) -> Bytes {
    match dialect {
        Dialect::Anthropic => anthropic::error_event(refusal, request_id),
        Dialect::OpenAi | Dialect::Converse => openai::error_event(refusal, request_id),
    }
}
