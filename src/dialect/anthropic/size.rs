//! The size of a request's input, as far as it bounds tokens, without building it in memory.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::expected::{expected, missing};
use crate::dialect::Object;
use crate::dialect::elements::{NotAnArray, each};
use crate::quota::InputSize;
use crate::refusal::Refusal;

/// What Anthropic writes before the first tool, in bytes of which none holds more than a token: up
/// to 530 tokens, by model and `tool_choice` ("Tool use", "Pricing").
const TOOL_PROMPT_BYTES: u64 = 1_024;
/// What stands behind a tool that is only named by its type, such as `computer_20250124`: up to 735
/// tokens ("Computer use", "Pricing").
const TYPED_TOOL_BYTES: u64 = 1_024;

/// Counts messages (the system prompt as one), tools and media; text is all bytes that are not
/// media.
pub(super) fn size_of(object: &Object<'_>, body_bytes: usize) -> Result<InputSize, Refusal> {
    let mut size = InputSize { text_bytes: as_u64(body_bytes), ..InputSize::default() };
    let messages = object.value("messages").ok_or_else(|| missing("messages"))?;
    if let Some(system) = object.value("system") {
        size.messages += 1;
        count_content(system, &mut size);
    }
    each(messages, |message| {
        size.messages += 1;
        if let Some(content) = content_of(message) {
            count_content(content, &mut size);
        }
    })
    .map_err(|NotAnArray| expected("messages", "an array", messages))?;
    if let Some(tools) = object.value("tools") {
        each(tools, |tool| count_tool(tool, &mut size))
            .map_err(|NotAnArray| expected("tools", "an array", tools))?;
        if size.tools > 0 {
            size.text_bytes = size.text_bytes.saturating_add(TOOL_PROMPT_BYTES);
        }
    }
    Ok(size)
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    r#type: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
}

fn content_of(message: &str) -> Option<&str> {
    serde_json::from_str::<Content<'_>>(message).ok()?.content.map(RawValue::get)
}

/// Counts the media among content blocks, at any depth that has any: in messages, in the results of
/// tools and in documents that are made of blocks.
fn count_content(content: &str, size: &mut InputSize) {
    if !content.starts_with('[') {
        return;
    }
    // An array always reads as one.
    let _ = each(content, |block| {
        let Ok(read) = serde_json::from_str::<Block<'_>>(block) else { return };
        match read.r#type.as_deref() {
            Some("image" | "document") => count_media(&read, size),
            Some("tool_result") => {
                if let Some(content) = read.content {
                    count_content(content.get(), size);
                }
            }
            Some(kind) if is_text(kind) => {}
            // It may stand for more than its bytes.
            _ => size.media += 1,
        }
    });
}

/// A block whose tokens are in its own bytes.
fn is_text(kind: &str) -> bool {
    matches!(
        kind,
        "text" | "thinking" | "redacted_thinking" | "search_result" | "compaction" | "fallback"
    ) || kind.ends_with("tool_use")
        || kind.ends_with("tool_result")
        || kind == "tool_reference"
}

fn count_media(block: &Block<'_>, size: &mut InputSize) {
    let source = block.source.map(RawValue::get).unwrap_or_default();
    let kind = serde_json::from_str::<Block<'_>>(source).ok().and_then(|source| source.r#type);
    match kind.as_deref() {
        // A document of plain text is as long as it is.
        Some("text") => {}
        Some("content") => {
            if let Some(content) = content_of(source) {
                count_content(content, size);
            }
        }
        _ => {
            size.media += 1;
            size.text_bytes = size.text_bytes.saturating_sub(as_u64(source.len()));
        }
    }
}

fn count_tool(tool: &str, size: &mut InputSize) {
    size.tools += 1;
    let kind = serde_json::from_str::<Block<'_>>(tool).ok().and_then(|tool| tool.r#type);
    if kind.is_some_and(|kind| kind != "custom") {
        size.text_bytes = size.text_bytes.saturating_add(TYPED_TOOL_BYTES);
    }
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
