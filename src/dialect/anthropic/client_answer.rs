//! An answer of another dialect as an Anthropic message.

use serde::Serialize;
use serde_json::value::RawValue;

use super::signed_ids::told;
use super::target_tools::input;
use super::wire::stop_reason;
use crate::dialect::Usage;
use crate::dialect::chat::{Answer, Block, Finish};

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    r#type: &'a str,
    role: &'a str,
    model: &'a str,
    content: Vec<Content<'a>>,
    stop_reason: &'a str,
    stop_sequence: Option<&'a str>,
    usage: WireUsage,
}

/// A block of a message, and what `content_block_start` brings of it.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Content<'a> {
    Text { text: &'a str },
    Thinking { thinking: &'a str, signature: &'a str },
    RedactedThinking { data: &'a str },
    ToolUse { id: String, name: &'a str, input: Box<RawValue> },
}

/// Usage with what was cached beside the input, not inside it.
#[derive(Serialize)]
pub(super) struct WireUsage {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation: Option<CacheCreation>,
    cache_read_input_tokens: u64,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Serialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Serialize)]
struct OutputDetails {
    thinking_tokens: u64,
}

impl From<Usage> for WireUsage {
    fn from(usage: Usage) -> Self {
        let thinking_tokens = usage.reasoning;
        Self {
            input_tokens: usage.input_uncached,
            cache_creation_input_tokens: usage.cache_write,
            cache_creation: (usage.cache_write > 0).then(|| CacheCreation {
                ephemeral_5m_input_tokens: usage.cache_write.saturating_sub(usage.cache_write_1h),
                ephemeral_1h_input_tokens: usage.cache_write_1h,
            }),
            cache_read_input_tokens: usage.cache_read,
            output_tokens: usage.output,
            output_tokens_details: (thinking_tokens > 0)
                .then_some(OutputDetails { thinking_tokens }),
        }
    }
}

/// An answer as a `message`, under the name that the client asked for. Where a provider reports no
/// usage, the figures that the wire requires are zeros.
///
/// A `thinking` block must have a signature. Where the target gave none it is the empty string: the
/// SDKs take it for any other string and send it back as it is, and whoever reads such a block again
/// ([`super::read_request`]) knows that nobody signed it. Words of refusal are text with the stop
/// reason `refusal`.
pub fn write_answer(answer: &Answer, alias: &str) -> String {
    let content: Vec<_> = answer.blocks.iter().filter_map(content).collect();
    let has_refused = answer.blocks.iter().any(|block| matches!(block, Block::Refusal(_)));
    let message = Message {
        id: &answer.id,
        r#type: "message",
        role: "assistant",
        model: alias,
        content,
        stop_reason: stop_reason(finish_of(answer.finish, has_refused)),
        stop_sequence: answer.stop_sequence.as_deref(),
        usage: answer.usage.unwrap_or_default().into(),
    };
    // Strings, numbers and JSON that was read always serialize.
    serde_json::to_string(&message).unwrap_or_default()
}

/// Other dialects say that a refusal in words simply ended.
pub(super) fn finish_of(finish: Finish, has_refused: bool) -> Finish {
    if has_refused && finish == Finish::Stop { Finish::Refused } else { finish }
}

fn content(block: &Block) -> Option<Content<'_>> {
    Some(match block {
        Block::Text { text, .. } | Block::Refusal(text) if !text.is_empty() => {
            Content::Text { text }
        }
        Block::Thinking { text, signature } => Content::Thinking {
            thinking: text,
            signature: signature.as_deref().unwrap_or_default(),
        },
        Block::RedactedThinking(data) => Content::RedactedThinking { data },
        Block::ToolUse { id, name, arguments, signature, .. } => {
            let id = told(id, signature.as_deref().map(RawValue::get));
            Content::ToolUse { id, name, input: input(arguments) }
        }
        // No model answers with media or results; and what only another dialect knows, nobody here
        // could read.
        _ => return None,
    })
}
