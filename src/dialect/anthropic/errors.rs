//! A provider's error body: Anthropic's envelope, whose stable code stands in `details`.

use crate::dialect::openai;
pub(super) use crate::dialect::openai::{inner_error, told};
use crate::failure::{Class, Failure, ProviderError};

/// Reads an error body `{"type": "error", "error": {type, message, details: {error_code}}}`, or
/// whatever else stands between: see [`openai::read_error`].
pub fn read_error(body: &[u8]) -> ProviderError {
    openai::read_error(body)
}

/// What cannot be read, and where. Never the parser's own words: they quote what it read, and a
/// failure's detail is logged.
pub(super) fn malformed(what: &str, error: &serde_json::Error) -> Failure {
    let detail = match (error.line(), error.column()) {
        // It was read before its type was known.
        (0, _) => format!("{what} is not what was asked for"),
        (line, column) => {
            format!("{what} is not what was asked for, at line {line} column {column}")
        }
    };
    Failure::answer(Class::Malformed, detail)
}

pub(super) fn not_utf8(what: &str) -> Failure {
    Failure::answer(Class::Malformed, format!("{what} is not UTF-8"))
}

pub(super) fn empty() -> Failure {
    Failure::answer(Class::Empty, "the answer has no content")
}

pub(super) fn truncated() -> Failure {
    Failure::answer(Class::Truncated, "the stream ended without its end")
}

/// The provider's classifiers stopped the answer before it said anything (`stop_reason: refusal`),
/// with what it says of why, if it does.
pub(super) fn refused(why: Option<&str>) -> Failure {
    let error = why.map(|why| {
        Box::new(ProviderError { message: openai::clean(why), ..ProviderError::default() })
    });
    let failure = Failure::answer(Class::ContentPolicy, "the provider refused to answer");
    Failure { error, ..failure }
}
