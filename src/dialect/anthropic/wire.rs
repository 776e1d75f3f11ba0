//! What answers and streams are made of on the wire, as far as more than one reader needs it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::dialect::chat::{Block, Finish};

/// A message: a whole answer, or what `message_start` brings.
#[derive(Deserialize)]
pub(super) struct Message<'a> {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    #[serde(borrow)]
    pub(super) content: Option<Vec<&'a RawValue>>,
    pub(super) stop_reason: Option<String>,
    pub(super) stop_sequence: Option<String>,
    pub(super) stop_details: Option<StopDetails>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct StopDetails {
    pub(super) explanation: Option<String>,
}

/// An event of a stream. What is inside is read only for types that are known.
#[derive(Deserialize)]
pub(super) struct Piece<'a> {
    pub(super) r#type: Option<String>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) delta: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

/// What `message_delta` says of the message.
#[derive(Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub(super) struct MessageDelta {
    pub(super) stop_reason: Option<String>,
    pub(super) stop_sequence: Option<String>,
    pub(super) stop_details: Option<StopDetails>,
}

/// What `content_block_delta` adds to the open block.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "the wire's names")]
pub(super) enum Delta {
    TextDelta {
        text: String,
    },
    ThinkingDelta {
        thinking: String,
    },
    SignatureDelta {
        signature: String,
    },
    InputJsonDelta {
        partial_json: String,
    },
    /// A citation, or something newer.
    #[serde(other)]
    OtherDelta,
}

impl Delta {
    pub(super) fn says_something(&self) -> bool {
        match self {
            Self::TextDelta { text } => !text.is_empty(),
            Self::ThinkingDelta { thinking } => !thinking.is_empty(),
            Self::SignatureDelta { signature } => !signature.is_empty(),
            Self::InputJsonDelta { partial_json } => !partial_json.is_empty(),
            Self::OtherDelta => true,
        }
    }
}

/// `null`, or nothing at all.
pub(super) fn is_null(json: Option<&RawValue>) -> bool {
    json.is_none_or(|json| json.get() == "null")
}

#[derive(Deserialize)]
struct Kind {
    r#type: String,
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

#[derive(Deserialize)]
struct Thoughts {
    thinking: String,
    signature: Option<String>,
}

#[derive(Deserialize)]
struct Redacted {
    data: String,
}

#[derive(Deserialize)]
struct Call<'a> {
    id: String,
    name: String,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// A block of an answer.
///
/// # Errors
/// When a block of a known type is not what it should be.
pub(super) fn block(json: &RawValue) -> serde_json::Result<Block> {
    let text = json.get();
    let Kind { r#type: kind } = serde_json::from_str(text)?;
    Ok(match kind.as_str() {
        "text" => {
            let Text { text } = serde_json::from_str(text)?;
            Block::Text { text, cache: None }
        }
        "thinking" => {
            let read: Thoughts = serde_json::from_str(text)?;
            let signature = read.signature.filter(|signature| !signature.is_empty());
            Block::Thinking { text: read.thinking, signature }
        }
        "redacted_thinking" => {
            let Redacted { data } = serde_json::from_str(text)?;
            Block::RedactedThinking(data)
        }
        "tool_use" => {
            let call: Call<'_> = serde_json::from_str(text)?;
            Block::ToolUse {
                id: call.id,
                name: call.name,
                arguments: call.input.map_or("{}", RawValue::get).to_owned(),
                signature: None,
                cache: None,
            }
        }
        _ => Block::Other { kind, json: json.to_owned() },
    })
}

/// Whether a block is more than the beginning of one.
pub(super) fn says_something(block: &Block) -> bool {
    match block {
        Block::Text { text, .. } => !text.is_empty(),
        Block::Thinking { text, signature } => !text.is_empty() || signature.is_some(),
        _ => true,
    }
}

/// The stop reason of an answer that Anthropic's classifiers ended.
pub(super) const REFUSAL: &str = "refusal";

/// What a stop reason means ("Handling stop reasons"). One that is not known is an end.
pub(super) fn finish(stop_reason: &str) -> Finish {
    match stop_reason {
        "stop_sequence" => Finish::StopSequence,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolUse,
        "pause_turn" => Finish::Paused,
        REFUSAL => Finish::Refused,
        _ => Finish::Stop,
    }
}

/// The stop reason that means it.
pub(super) fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::StopSequence => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::ToolUse => "tool_use",
        Finish::Paused => "pause_turn",
        Finish::Refused => REFUSAL,
    }
}
