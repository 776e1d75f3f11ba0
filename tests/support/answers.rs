//! What a sound provider says to a chat request: `hi`, for 5 tokens of input and 2 of output.

use super::upstream::{Script, json, stream};

/// The whole answer.
pub(crate) const ANSWER: &str = r#"{"id":"a","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#;

/// The events of the stream.
pub(crate) const ROLE: &str = r#"{"id":"a","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#;
pub(crate) const HI: &str =
    r#"{"id":"a","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}"#;
pub(crate) const STOP: &str =
    r#"{"id":"a","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
pub(crate) const USAGE: &str =
    r#"{"id":"a","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#;
pub(crate) const DONE: &str = "[DONE]";

/// The answer, as a stream or as a whole.
pub(crate) fn sound(streamed: bool) -> Script {
    if streamed { stream(&[ROLE, HI, STOP, USAGE, DONE]) } else { json(200, ANSWER) }
}
