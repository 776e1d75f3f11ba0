//! A whole answer.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::errors::inner_error;
use crate::dialect::Usage;
use crate::dialect::chat::{Answer, Block, Finish, Media, MediaKind, Source};
use crate::failure::{Class, Failure};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    #[serde(borrow)]
    output: Option<Output<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    additional_model_response_fields: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    /// Each is a union: an object with one member.
    #[serde(borrow)]
    content: Option<Vec<BTreeMap<Cow<'a, str>, &'a RawValue>>>,
}

#[derive(Deserialize)]
struct ToolUse {
    #[serde(rename = "toolUseId")]
    id: String,
    name: String,
    input: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Thought {
    ReasoningText {
        text: String,
        signature: Option<String>,
    },
    /// In base64, and sent back so.
    RedactedContent(String),
}

#[derive(Deserialize)]
struct Cited {
    content: Vec<CitedText>,
}

#[derive(Deserialize)]
struct CitedText {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Image {
    format: String,
    source: ImageBytes,
}

#[derive(Deserialize)]
struct ImageBytes {
    bytes: String,
}

/// Reads an answer that came with a success status. Converse says neither an id nor the model: both
/// are empty, and stand in the header `x-amzn-requestid` and in what was asked.
///
/// # Errors
/// A failure when it is no answer at all: not JSON, an error, nothing in it, a call that the model
/// got wrong, or nothing that Bedrock's filters have left.
pub fn read_answer(body: &[u8]) -> Result<Answer, Failure> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Failure::answer(Class::Malformed, "the answer is not UTF-8"))?;
    let whole: Whole<'_> =
        serde_json::from_str(text).map_err(|error| malformed("the answer", &error))?;
    if whole.output.is_none()
        && let Some(failure) = inner_error(body)
    {
        return Err(failure);
    }
    let usage = whole.usage.and_then(|usage| Usage::from_converse(usage.get()));
    let finish = finish(whole.stop_reason.as_deref().unwrap_or_default())?;
    let message = whole.output.and_then(|output| output.message);
    let content = message.and_then(|message| message.content).unwrap_or_default();
    let mut blocks = Vec::with_capacity(content.len());
    for piece in &content {
        // What is not known by its name is nothing but its bytes.
        for (kind, json) in piece {
            blocks.extend(read_block(kind, json)?);
        }
    }
    // An empty answer for which output is billed is a model that had nothing to say.
    let billed = usage.is_some_and(|usage| usage.output > 0) && whole.stop_reason.is_some();
    if blocks.is_empty() && (finish == Finish::Refused || !billed) {
        return Err(nothing(finish));
    }
    let stop_sequence = whole.additional_model_response_fields.and_then(stop_sequence);
    Ok(Answer { blocks, finish, stop_sequence, usage, ..Answer::default() })
}

/// A block; nothing when it says nothing.
fn read_block(kind: &str, json: &RawValue) -> Result<Option<Block>, Failure> {
    if json.get() == "null" {
        return Ok(None);
    }
    let block = match kind {
        "text" => text(read(json)?),
        "citationsContent" => {
            let Cited { content } = read(json)?;
            text(content.into_iter().filter_map(|piece| piece.text).collect())
        }
        "toolUse" => {
            let ToolUse { id, name, input } = read(json)?;
            let arguments = input.map_or_else(|| "{}".to_owned(), |input| input.get().to_owned());
            Some(Block::ToolUse { id, name, arguments, signature: None, cache: None })
        }
        "reasoningContent" => match read(json)? {
            Thought::ReasoningText { text, signature: None } if text.is_empty() => None,
            Thought::ReasoningText { text, signature } => Some(Block::Thinking { text, signature }),
            Thought::RedactedContent(data) => Some(Block::RedactedThinking(data)),
        },
        "image" => {
            let Image { format, source } = read(json)?;
            let media_type = format!("image/{format}");
            Some(Block::Media(Media {
                kind: MediaKind::Image,
                source: Source::Data { media_type, base64: source.bytes },
                detail: None,
                name: None,
                cache: None,
            }))
        }
        kind => Some(Block::Other { kind: kind.to_owned(), json: json.to_owned() }),
    };
    Ok(block)
}

fn text(text: String) -> Option<Block> {
    (!text.is_empty()).then_some(Block::Text { text, cache: None })
}

fn read<T: DeserializeOwned>(json: &RawValue) -> Result<T, Failure> {
    serde_json::from_str(json.get()).map_err(|error| malformed("a block", &error))
}

/// Why an answer ended, by Converse's `stopReason`.
///
/// # Errors
/// A failure when the model wrote what cannot be read: another target may do better.
pub(super) fn finish(stop_reason: &str) -> Result<Finish, Failure> {
    Ok(match stop_reason {
        "tool_use" => Finish::ToolUse,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "stop_sequence" => Finish::StopSequence,
        "guardrail_intervened" | "content_filtered" => Finish::Refused,
        "malformed_model_output" | "malformed_tool_use" => {
            let detail = format!("the model's output makes no sense: {stop_reason}");
            return Err(Failure::answer(Class::Malformed, detail));
        }
        _ => Finish::Stop,
    })
}

/// The text that ended the answer, where it was asked for: `{"stop_sequence": "…"}`.
pub(super) fn stop_sequence(json: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Fields {
        stop_sequence: Option<String>,
    }
    serde_json::from_str::<Fields>(json.get()).ok()?.stop_sequence
}

/// The failure of an answer in which nothing is said.
pub(super) fn nothing(finish: Finish) -> Failure {
    if finish == Finish::Refused {
        return Failure::answer(Class::ContentPolicy, "Bedrock's filters left nothing");
    }
    Failure::answer(Class::Empty, "the answer has no content")
}

/// What cannot be read, and where; never the parser's own words, which quote what it read.
pub(super) fn malformed(what: &str, error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let detail = format!("{what} is not what was asked for, at line {line} column {column}");
    Failure::answer(Class::Malformed, detail)
}
