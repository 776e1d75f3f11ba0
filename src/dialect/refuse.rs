//! Refusals of a body or a field that is not what it should be: each says what came instead.

use super::ObjectError;
use crate::refusal::Refusal;

/// The refusal of a body that is no usable object.
pub(super) fn refuse_body(error: ObjectError) -> Refusal {
    let message = match error {
        ObjectError::Syntax(why) => format!("The body is not valid JSON: {why}."),
        ObjectError::NotAnObject => "The body must be a JSON object.".to_owned(),
        ObjectError::TooManyMembers => "The body has more than 512 fields.".to_owned(),
    };
    Refusal::InvalidBody { message }
}

/// The refusal of a chat that asks a model for more than the one answer that its dialect has.
pub(super) fn refuse_several_choices() -> Refusal {
    Refusal::field("n", "This model gives one choice: leave 'n' out, or set it to 1.")
}

/// The refusal of a value of the wrong kind, with the beginning of what came instead.
pub(super) fn expected(name: &str, what: &str, got: &str) -> Refusal {
    let shown: String = got.chars().take(40).collect();
    let dots = if shown.len() < got.len() { "…" } else { "" };
    Refusal::field(name, format!("'{name}' must be {what}; got {shown}{dots}"))
}
