//! One turn of the conversation as messages.

use std::borrow::Cow;

use serde_json::json;
use serde_json::value::RawValue;

use super::messages::{
    Content, Function, Message, Part, ToolCall, note_cache, paragraphs, write_media,
};
use super::request::{SignedCalls, Target, raw};
use crate::dialect::call_ids::CallIds;
use crate::dialect::chat::{Block, Dropped, Turn};

/// What tools gave comes first, a message each, for it must follow the calls, whatever else was said
/// in between. Only text may stand
/// in it, so that media of a result stand in the user's own message behind, with the id of the call.
pub(super) fn write_user<'a>(
    turn: &'a Turn,
    place: &str,
    ids: &mut CallIds,
    messages: &mut Vec<Message<'a>>,
    dropped: &mut Dropped,
) {
    let is_of_a_call = |message: &Message<'_>| matches!(message.role, "assistant" | "tool");
    let behind = messages.iter().rposition(is_of_a_call).map(|at| at.saturating_add(1));
    let mut behind = behind.unwrap_or(messages.len());
    let mut attached = Vec::new();
    let mut parts = Vec::new();
    for (at, block) in turn.blocks.iter().enumerate() {
        let place = format!("{place}[{at}]");
        match block {
            Block::ToolResult { id, content, is_error, cache } => {
                note_cache(cache.as_deref(), dropped);
                let result = Result { id: ids.result(id), content, is_error: *is_error };
                messages.insert(behind, result.write(&place, &mut attached, dropped));
                behind = behind.saturating_add(1);
            }
            Block::Text { text, cache } => {
                note_cache(cache.as_deref(), dropped);
                parts.push(Part::Text { text: Cow::Borrowed(text) });
            }
            Block::Media(media) => match write_media(media, dropped) {
                Some(part) => parts.push(part),
                None => dropped.note(place),
            },
            Block::ToolUse { .. }
            | Block::Thinking { .. }
            | Block::RedactedThinking(_)
            | Block::Refusal(_)
            | Block::Other { .. } => dropped.note(place),
        }
    }
    attached.append(&mut parts);
    if !attached.is_empty() {
        messages.push(Message {
            role: "user",
            name: turn.name.as_deref(),
            content: Some(as_content(attached)),
            ..Message::default()
        });
    }
}

/// Parts, or one text where there is nothing else.
fn as_content(parts: Vec<Part<'_>>) -> Content<'_> {
    let mut texts = Vec::with_capacity(parts.len());
    for part in &parts {
        match part {
            Part::Text { text } => texts.push(text.as_ref()),
            _ => return Content::Parts(parts),
        }
    }
    Content::Text(paragraphs(&texts))
}

/// What a tool gave.
struct Result<'a> {
    id: String,
    content: &'a [Block],
    is_error: bool,
}

impl<'a> Result<'a> {
    fn write(
        self,
        place: &str,
        attached: &mut Vec<Part<'a>>,
        dropped: &mut Dropped,
    ) -> Message<'a> {
        let mut texts = Vec::new();
        let mut media = Vec::new();
        for (at, block) in self.content.iter().enumerate() {
            match block {
                Block::Text { text, cache } => {
                    note_cache(cache.as_deref(), dropped);
                    texts.push(text.as_str());
                }
                Block::Media(found) => match write_media(found, dropped) {
                    Some(part) => media.push(part),
                    None => dropped.note(format!("{place}.content[{at}]")),
                },
                _ => dropped.note(format!("{place}.content[{at}]")),
            }
        }
        if !media.is_empty() {
            let label = format!("From the result of the tool call {}:", self.id);
            attached.push(Part::Text { text: Cow::Owned(label) });
            attached.append(&mut media);
            if texts.is_empty() {
                texts.push("The result is in the next message of the user.");
            }
        }
        let content = Some(Content::Text(self.told(&paragraphs(&texts))));
        Message { role: "tool", tool_call_id: Some(self.id), content, ..Message::default() }
    }

    /// The dialect has no mark for a tool that failed. The words must say it, if they do not.
    fn told(&self, text: &str) -> String {
        let says_so = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("error"));
        match (self.is_error, says_so) {
            (true, false) => format!("Error: {text}"),
            _ => text.to_owned(),
        }
    }
}

/// One message, or none when nothing is left of the turn.
pub(super) fn write_assistant<'a>(
    turn: &'a Turn,
    place: &str,
    to: &Target<'_>,
    ids: &mut CallIds,
    dropped: &mut Dropped,
) -> Option<Message<'a>> {
    let mut message =
        Message { role: "assistant", name: turn.name.as_deref(), ..Message::default() };
    let (mut said, mut thought) = (String::new(), String::new());
    for (at, block) in turn.blocks.iter().enumerate() {
        match block {
            Block::Text { text, cache } => {
                note_cache(cache.as_deref(), dropped);
                said.push_str(text);
            }
            Block::Thinking { text, signature } => {
                if signature.is_some() {
                    dropped.note("thinking.signature");
                }
                if to.sends_reasoning_content {
                    thought.push_str(text);
                } else {
                    dropped.note("thinking.thinking");
                }
            }
            Block::RedactedThinking(_) => dropped.note("redacted_thinking.data"),
            Block::Refusal(words) => message.refusal = Some(words),
            Block::ToolUse { id, name, arguments, signature, cache } => {
                note_cache(cache.as_deref(), dropped);
                let place = format!("{place}[{at}]");
                let extra_content = kept(signature.as_deref(), &place, to, dropped);
                let arguments = if arguments.trim().is_empty() { "{}" } else { arguments.as_str() };
                message.tool_calls.push(ToolCall {
                    id: ids.call(id),
                    r#type: "function",
                    function: Function { name, arguments },
                    extra_content,
                });
            }
            Block::Media(_) | Block::ToolResult { .. } | Block::Other { .. } => {
                dropped.note(format!("{place}[{at}]"));
            }
        }
    }
    if to.signed_calls == SignedCalls::Needed {
        sign(&mut message.tool_calls);
    }
    let is_empty = said.is_empty() && message.tool_calls.is_empty() && message.refusal.is_none();
    if is_empty && thought.is_empty() {
        return None;
    }
    // Where nothing else is there, null is no content that a server takes.
    message.content = (is_empty || !said.is_empty()).then_some(Content::Text(said));
    if to.sends_reasoning_content {
        // DeepSeek's V4 wants the field in every message of the assistant, and refuses it empty.
        // A model whose thoughts are not known has thought a blank.
        message.reasoning_content = Some(if thought.is_empty() { " ".to_owned() } else { thought });
    }
    Some(message)
}

/// What a call was signed with, where it may be wanted. It came in the call's id.
fn kept<'a>(
    signature: Option<&'a RawValue>,
    place: &str,
    to: &Target<'_>,
    dropped: &mut Dropped,
) -> Option<Cow<'a, RawValue>> {
    let signature = signature?;
    if to.signed_calls == SignedCalls::Unknown {
        dropped.note(format!("{place}.id"));
        return None;
    }
    Some(Cow::Borrowed(signature))
}

/// Gemini signs the first call of a turn, and refuses to see it again without. For a call that another
/// model made it has a word that stands for the signature ("Thought signatures").
fn sign(calls: &mut [ToolCall<'_>]) {
    if calls.iter().any(|call| call.extra_content.is_some()) {
        return;
    }
    if let Some(call) = calls.first_mut() {
        let word = json!({"google": {"thought_signature": "skip_thought_signature_validator"}});
        call.extra_content = Some(Cow::Owned(raw(&word)));
    }
}
