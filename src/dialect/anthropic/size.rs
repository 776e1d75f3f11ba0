//! The size of a request's input, as far as it bounds tokens, without building it in memory.

use std::borrow::Cow;

use super::expected::{expected, missing};
use crate::dialect::Object;
use crate::dialect::skip::{Cursor, Fields, string};
use crate::quota::InputSize;
use crate::refusal::Refusal;

/// What Anthropic writes before the first tool, in bytes of which none holds more than a token: up
/// to 530 tokens, by model and `tool_choice` ("Tool use", "Pricing").
const TOOL_PROMPT_BYTES: u64 = 1_024;
/// What stands behind a tool that is only named by its type, such as `computer_20250124`: up to 735
/// tokens ("Computer use", "Pricing").
const TYPED_TOOL_BYTES: u64 = 1_024;

/// What is read of a block, and of a source and a tool.
const BLOCK: [&str; 3] = ["type", "content", "source"];

/// Counts messages (the system prompt as one), tools and media; text is all bytes that are not
/// media.
pub(super) fn size_of(object: &Object<'_>, body_bytes: usize) -> Result<InputSize, Refusal> {
    let mut size = InputSize { text_bytes: as_u64(body_bytes), ..InputSize::default() };
    let messages = object.value("messages").ok_or_else(|| missing("messages"))?;
    if let Some(system) = object.value("system") {
        size.messages += 1;
        count_content(system, &mut size);
    }
    Cursor::new(messages)
        .array(|message| count_message(message, &mut size))
        .ok_or_else(|| expected("messages", "an array", messages))?;
    if let Some(tools) = object.value("tools") {
        Cursor::new(tools)
            .array(|tool| count_tool(tool, &mut size))
            .ok_or_else(|| expected("tools", "an array", tools))?;
        if size.tools > 0 {
            size.text_bytes = size.text_bytes.saturating_add(TOOL_PROMPT_BYTES);
        }
    }
    Ok(size)
}

fn count_message(message: &mut Cursor<'_>, size: &mut InputSize) -> Option<()> {
    size.messages += 1;
    if let [Some(content)] = message.fields(["content"])?.values.unwrap_or_default() {
        count_content(content, size);
    }
    Some(())
}

/// Counts the media among content blocks, at any depth that has any: in messages, in the results of
/// tools and in documents that are made of blocks.
fn count_content(content: &str, size: &mut InputSize) {
    if content.starts_with('[') {
        // An array always reads as one.
        let _ = Cursor::new(content).array(|block| count_block(block, size));
    }
}

fn count_block(block: &mut Cursor<'_>, size: &mut InputSize) -> Option<()> {
    let Some([kind, content, source]) = block.fields(BLOCK)?.values else { return Some(()) };
    match kind.map(string) {
        Some(None) => {}
        Some(Some(kind)) if matches!(&*kind, "image" | "document") => count_media(source, size),
        Some(Some(kind)) if kind == "tool_result" => {
            if let Some(content) = content {
                count_content(content, size);
            }
        }
        Some(Some(kind)) if is_text(&kind) => {}
        // It may stand for more than its bytes.
        _ => size.media += 1,
    }
    Some(())
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

fn count_media(source: Option<&str>, size: &mut InputSize) {
    let source = source.unwrap_or_default();
    let read = Cursor::new(source).fields(BLOCK);
    match read.as_ref().and_then(kind_of).as_deref() {
        // A document of plain text is as long as it is.
        Some("text") => {}
        Some("content") => {
            let read = Cursor::new(source).fields(["content"]).and_then(|read| read.values);
            if let Some([Some(content)]) = read {
                count_content(content, size);
            }
        }
        _ => {
            size.media += 1;
            size.text_bytes = size.text_bytes.saturating_sub(as_u64(source.len()));
        }
    }
}

fn count_tool(tool: &mut Cursor<'_>, size: &mut InputSize) -> Option<()> {
    size.tools += 1;
    if kind_of(&tool.fields(BLOCK)?).is_some_and(|kind| kind != "custom") {
        size.text_bytes = size.text_bytes.saturating_add(TYPED_TOOL_BYTES);
    }
    Some(())
}

/// The type of a block, a source or a tool, if it can be read as one and has any.
fn kind_of<'a>(read: &Fields<'a, 3>) -> Option<Cow<'a, str>> {
    let [kind, ..] = read.values?;
    kind.and_then(string)
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
