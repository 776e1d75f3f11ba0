//! The turns of a conversation as Anthropic wants them: user and model alternate, and the results of
//! all calls of one turn stand together at the beginning of the next.

use serde::Serialize;

use super::target_blocks::{BlockWriter, Part};
use crate::dialect::chat::{Chat, Role};
use crate::refusal::Refusal;

#[derive(Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: Vec<Part<'a>>,
}

pub(super) struct Turns<'a> {
    pub(super) system: Vec<Part<'a>>,
    pub(super) messages: Vec<Message<'a>>,
}

const USER: &str = "user";
const ASSISTANT: &str = "assistant";
/// What the user says where a conversation begins with the model, which the API does not take.
const OPENING: &str = "(The conversation begins.)";
/// What the user says behind the model's own words where the model does not go on from them.
const GO_ON: &str = "(Go on.)";

/// Writes the system prompt and the turns. What the operator says in the middle of the conversation
/// is moved behind the system prompt, as Anthropic does for OpenAI's clients ("OpenAI SDK
/// compatibility"): in the place of a user's words it would lose its authority. A conversation in
/// which only the operator speaks is asked as the user's, because one without messages is refused.
/// The model's own words at the end stay what it said, where it does not go on from them.
///
/// # Errors
/// When nothing is left to send.
pub(super) fn turns<'a>(
    chat: &'a Chat,
    takes_prefill: bool,
    writer: &mut BlockWriter,
) -> Result<Turns<'a>, Refusal> {
    let mut system = writer.parts(&chat.system);
    let mut messages: Vec<Message<'a>> = Vec::new();
    for turn in &chat.turns {
        if turn.name.is_some() {
            writer.dropped.note(format!("messages[{}].name", turn.at));
        }
        let parts = writer.parts(&turn.blocks);
        let role = match turn.role {
            Role::User => USER,
            Role::Assistant => ASSISTANT,
            Role::System => {
                system.extend(parts);
                continue;
            }
        };
        if parts.is_empty() {
            continue;
        }
        match messages.last_mut().filter(|last| last.role == role) {
            Some(last) => last.content.extend(parts),
            None => messages.push(Message { role, content: parts }),
        }
    }
    for message in messages.iter_mut().filter(|message| message.role == USER) {
        message.content.sort_by_key(|part| !part.is_result());
    }
    trim_prefill(&mut messages);
    if !takes_prefill && ends_in_words(&messages) {
        let last = chat.turns.iter().rfind(|turn| turn.role == Role::Assistant);
        let at = last.map_or(0, |turn| turn.at);
        writer.dropped.note(format!("messages[{at}].prefill"));
        messages.push(said(GO_ON));
    }
    if messages.first().is_some_and(|first| first.role == ASSISTANT) {
        messages.insert(0, said(OPENING));
    }
    if messages.is_empty() {
        if system.is_empty() {
            let message = "'messages' has nothing in it that this model could be sent.";
            return Err(Refusal::field("messages", message));
        }
        messages.push(Message { role: USER, content: std::mem::take(&mut system) });
    }
    Ok(Turns { system, messages })
}

impl Turns<'_> {
    /// Whether the model is to go on from its own words.
    pub(super) fn is_prefilled(&self) -> bool {
        self.messages.last().is_some_and(|last| last.role == ASSISTANT)
    }

    /// Whether results are brought to calls before which the model is not seen to have thought.
    pub(super) fn continues_without_thinking(&self) -> bool {
        let [.., calls, results] = self.messages.as_slice() else { return false };
        results.content.first().is_some_and(Part::is_result)
            && !calls.content.first().is_some_and(Part::is_thinking)
    }
}

/// What the user says so that the conversation has the form that the API wants.
fn said(text: &'static str) -> Message<'static> {
    Message { role: USER, content: vec![Part::Text { text, cache_control: None }] }
}

/// Whether the model spoke last, and does not wait for the result of a call.
fn ends_in_words(messages: &[Message<'_>]) -> bool {
    messages.last().is_some_and(|last| {
        let calls = matches!(last.content.last(), Some(Part::ToolUse { .. }));
        last.role == ASSISTANT && !calls
    })
}

/// The model's own words, where they end the conversation, must not end in white space.
fn trim_prefill(messages: &mut [Message<'_>]) {
    let last = messages.last_mut().filter(|last| last.role == ASSISTANT);
    if let Some(Part::Text { text, .. }) = last.and_then(|last| last.content.last_mut()) {
        *text = text.trim_end();
    }
}
