//! Refusals of what is missing or of the wrong kind: each names the field.

use serde::Deserialize;

use crate::dialect::Object;
pub(super) use crate::dialect::refuse::expected;
use crate::dialect::refuse::refuse_body;
use crate::refusal::Refusal;

/// More than any model generates; a bound on what arithmetic has to bear.
pub(super) const MOST_OUTPUT_TOKENS: u64 = 1_000_000_000;

pub(super) fn parse_body(text: &str) -> Result<Object<'_>, Refusal> {
    Object::parse(text).map_err(refuse_body)
}

pub(super) fn missing(name: &str) -> Refusal {
    Refusal::field(name, format!("'{name}' is missing."))
}

/// Reads a JSON value, or says what it should have been.
pub(super) fn read<'a, T: Deserialize<'a>>(
    json: &'a str,
    name: &str,
    what: &str,
) -> Result<T, Refusal> {
    serde_json::from_str(json).map_err(|_| expected(name, what, json))
}

pub(super) fn boolean(object: &Object<'_>, name: &str) -> Result<bool, Refusal> {
    match object.value(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(expected(name, "true or false", other)),
    }
}

pub(super) fn integer(json: &str, name: &str, max: u64) -> Result<u64, Refusal> {
    match json.parse::<u64>() {
        Ok(value) if value <= max => Ok(value),
        _ => Err(expected(name, &format!("an integer from 0 to {max}"), json)),
    }
}

/// `max_tokens`, which Anthropic requires. 0 is allowed: it fills the prompt cache without an answer
/// (API reference, "Create a Message").
pub(super) fn max_tokens(object: &Object<'_>) -> Result<u64, Refusal> {
    let Some(json) = object.value("max_tokens") else {
        let message = "'max_tokens' is missing: say how many tokens to generate at most.";
        return Err(Refusal::field("max_tokens", message));
    };
    integer(json, "max_tokens", MOST_OUTPUT_TOKENS)
}
