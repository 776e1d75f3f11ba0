//! A whole answer to an OpenAI client.

use serde::Serialize;

use super::wire::{
    Function, ThinkingBlock, Thoughts, ToolCall, UsageObject, answer_id, arguments_or_none,
    finish_reason, in_functions,
};
use crate::dialect::chat::{Answer, Block};

#[derive(Serialize)]
struct Completion<'a> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageObject>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Message<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Default, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    thinking_blocks: Vec<ThinkingBlock<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Function<'a>>,
}

/// Writes an answer as a `chat.completion` object. `alias` is the model's name as the client knows
/// it, `created_s` the time in seconds since 1970.
///
/// Texts become one, thoughts too, as the wire has one place for each; thoughts that the provider
/// wants to see again are in `thinking_blocks` besides. Which of the client's texts ended the answer,
/// media, and pieces that only the provider's dialect knows have no place. A client that
/// `calls_functions` gets a call as `function_call`.
pub fn write_answer(answer: &Answer, alias: &str, created_s: u64, calls_functions: bool) -> String {
    let mut message = message(&answer.blocks);
    let mut reason = finish_reason(answer.finish, !message.tool_calls.is_empty());
    if calls_functions {
        let calls = std::mem::take(&mut message.tool_calls);
        message.function_call = calls.into_iter().next().map(|call| call.function);
        reason = in_functions(reason);
    }
    let completion = Completion {
        id: answer_id(&answer.id, created_s),
        object: "chat.completion",
        created: created_s,
        model: alias,
        choices: [Choice { index: 0, message, logprobs: None, finish_reason: reason }],
        usage: answer.usage.map(Into::into),
    };
    // Strings, numbers and JSON always serialize.
    serde_json::to_string(&completion).unwrap_or_default()
}

fn message(blocks: &[Block]) -> Message<'_> {
    let mut message = Message { role: "assistant", ..Message::default() };
    for block in blocks {
        match block {
            Block::Text { text, .. } => append(&mut message.content, text),
            Block::Refusal(words) => append(&mut message.refusal, words),
            Block::Thinking { text, signature } => {
                if !text.is_empty() {
                    append(&mut message.reasoning_content, text);
                }
                if let Some(signature) = signature {
                    let thoughts = Thoughts::Thinking { thinking: text, signature };
                    message.thinking_blocks.push(ThinkingBlock { index: None, thoughts });
                }
            }
            Block::RedactedThinking(data) => {
                let thoughts = Thoughts::RedactedThinking { data };
                message.thinking_blocks.push(ThinkingBlock { index: None, thoughts });
            }
            Block::ToolUse { id, name, arguments, signature, .. } => {
                message.tool_calls.push(ToolCall {
                    index: None,
                    id: Some(id),
                    r#type: Some("function"),
                    function: Function {
                        name: Some(name),
                        arguments: arguments_or_none(arguments),
                    },
                    extra_content: signature.clone(),
                });
            }
            Block::Media(_) | Block::ToolResult { .. } | Block::Other { .. } => {}
        }
    }
    if message.tool_calls.is_empty() && message.refusal.is_none() {
        // Clients take null for content only where something else is there.
        message.content.get_or_insert_default();
    }
    message
}

fn append(slot: &mut Option<String>, text: &str) {
    slot.get_or_insert_default().push_str(text);
}
