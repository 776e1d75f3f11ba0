//! What whole answers and streams to OpenAI clients have in common.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::dialect::Usage;
use crate::dialect::chat::Finish;

/// The answer's id as OpenAI's look: from the provider's own, so that the two can be found together.
/// Without one, from the time.
pub(super) fn answer_id(provider_id: &str, created_s: u64) -> String {
    match provider_id {
        "" => format!("chatcmpl-{created_s}"),
        id if id.starts_with("chatcmpl-") => id.to_owned(),
        id => format!("chatcmpl-{id}"),
    }
}

/// The finish reason. Clients run tools when it says so, and not otherwise, so that it does whenever
/// there is a call in a complete answer. An answer that the provider paused is not whole, and of
/// OpenAI's reasons only `length` says that.
pub(super) fn finish_reason(finish: Finish, has_calls: bool) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence if has_calls => "tool_calls",
        Finish::Stop | Finish::StopSequence => "stop",
        Finish::ToolUse => "tool_calls",
        Finish::Length | Finish::Paused => "length",
        Finish::Refused => "content_filter",
    }
}

/// The finish reason for a client that knows no tools.
pub(super) fn in_functions(reason: &'static str) -> &'static str {
    if reason == "tool_calls" { "function_call" } else { reason }
}

/// A block of `thinking_blocks`.
#[derive(Debug, Serialize)]
pub(super) struct ThinkingBlock<'a> {
    /// In a stream only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
    #[serde(flatten)]
    pub(super) thoughts: Thoughts<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Thoughts<'a> {
    Thinking { thinking: &'a str, signature: &'a str },
    RedactedThinking { data: &'a str },
}

/// A call of a tool, whole or as a piece of a stream.
#[derive(Debug, Default, Serialize)]
pub(super) struct ToolCall<'a> {
    /// In a stream only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) r#type: Option<&'a str>,
    pub(super) function: Function<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extra_content: Option<Box<RawValue>>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    pub(super) arguments: &'a str,
}

/// What a provider signed a call with, on one line, as an event of a stream needs it. What is not
/// JSON has no place.
pub(super) fn on_one_line(json: &str) -> Option<Box<RawValue>> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    serde_json::value::to_raw_value(&value).ok()
}

/// The arguments of a call. Clients parse them, also when the model gave none.
pub(super) fn arguments_or_none(arguments: &str) -> &str {
    if arguments.trim().is_empty() { "{}" } else { arguments }
}

/// `usage` as OpenAI has it, with the tokens that were written to a cache where [`Usage`] reads them
/// too.
#[derive(Debug, Serialize)]
pub(super) struct UsageObject {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Debug, Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    #[serde(skip_serializing_if = "is_nothing")]
    cache_creation_input_tokens: u64,
}

#[derive(Debug, Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_nothing(tokens: &u64) -> bool {
    *tokens == 0
}

impl From<Usage> for UsageObject {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.input(),
            completion_tokens: usage.output,
            total_tokens: usage.total(),
            prompt_tokens_details: PromptDetails {
                cached_tokens: usage.cache_read,
                cache_creation_input_tokens: usage.cache_write,
            },
            completion_tokens_details: CompletionDetails { reasoning_tokens: usage.reasoning },
        }
    }
}
