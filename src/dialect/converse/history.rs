//! What is said so far: `system` and `messages`.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::media;
use super::model::Model;
use super::wire::{CachePoint, Message, Piece, Speaker, Thought};
use crate::dialect::call_ids::CallIds;
use crate::dialect::chat::{Block, CacheMark, Chat, Dropped, Format, Role, Turn};
use crate::refusal::Refusal;

/// What the user says where a conversation begins with the model, which Converse does not take.
const OPENING: &str = "(The conversation begins.)";
/// What the user says beside a document, where they said nothing: Converse wants text there.
const DOCUMENT_ONLY: &str = "(See the document.)";
/// What the user says behind the model's own words where the model does not go on from them.
const GO_ON: &str = "(Go on.)";
/// What a tool gave that gave nothing: blank text is refused.
const NO_OUTPUT: &str = "(no output)";
/// The longest id of a call, in bytes (`ToolUseBlock.toolUseId`).
const MOST_ID_BYTES: usize = 64;

/// The conversation as Converse takes it.
pub(super) struct History<'a> {
    pub(super) system: Vec<Piece<'a>>,
    pub(super) messages: Vec<Message<'a>>,
    /// The tools that were called, each once.
    pub(super) called: Vec<&'a str>,
    /// Whether the model is in the middle of a turn and its thoughts are not there.
    pub(super) lacks_thoughts: bool,
}

impl<'a> History<'a> {
    /// Writes the conversation: roles alternate and the user begins; blank texts are left out, for
    /// Converse refuses them. What the operator says in the middle goes to `system`, since a model
    /// may not know that role elsewhere.
    ///
    /// # Errors
    /// A refusal of media that Converse does not take, or of a conversation without anything in it.
    pub(super) fn of(chat: &'a Chat, model: Model, dropped: &mut Dropped) -> Result<Self, Refusal> {
        let names = media::Names::default();
        let called = IndexedNames::default();
        let mut writer = Writer { model, dropped, names, ids: call_ids(), called };
        let mut system = Vec::new();
        for (at, block) in chat.system.iter().enumerate() {
            writer.system(block, &format!("system[{at}]"), &mut system);
        }
        let mut messages: Vec<Message<'a>> = Vec::new();
        for turn in &chat.turns {
            writer.turn(turn, &mut system, &mut messages)?;
        }
        writer.end(chat, &mut messages);
        let called = writer.called.in_order;
        if messages.is_empty() {
            let content = std::mem::take(&mut system);
            messages.push(Message { role: Speaker::User, content });
        }
        if messages.iter().all(|message| message.content.is_empty()) {
            return Err(Refusal::field("messages", "'messages' says nothing."));
        }
        if messages.first().is_some_and(|first| first.role == Speaker::Assistant) {
            let content = vec![Piece::Text(OPENING.into())];
            messages.insert(0, Message { role: Speaker::User, content });
        }
        for message in &mut messages {
            add_text_to_documents(message);
        }
        let lacks_thoughts = lacks_thoughts(&messages);
        Ok(Self { system, messages, called, lacks_thoughts })
    }
}

fn add_text_to_documents(message: &mut Message<'_>) {
    let has = |wanted: fn(&Piece<'_>) -> bool| message.content.iter().any(wanted);
    let is_bare = has(|piece| matches!(piece, Piece::Document(_)))
        && !has(|piece| matches!(piece, Piece::Text(_)));
    if is_bare {
        message.content.push(Piece::Text(DOCUMENT_ONLY.into()));
    }
}

/// Whether the last thing is what the model said itself, or a tool's result and the call before it
/// does not begin with thoughts: a Claude that is to think by a budget refuses both ("Extended
/// thinking").
fn lacks_thoughts(messages: &[Message<'_>]) -> bool {
    if messages.last().is_some_and(|last| last.role == Speaker::Assistant) {
        return true;
    }
    let mut last = messages.iter().rev().map(|message| message.content.as_slice());
    let (Some(results), Some(calls)) = (last.next(), last.next()) else { return false };
    results.iter().any(|piece| matches!(piece, Piece::ToolResult { .. }))
        && !matches!(calls.first(), Some(Piece::ReasoningContent(_)))
}

struct Writer<'a, 'd> {
    model: Model,
    dropped: &'d mut Dropped,
    names: media::Names,
    ids: CallIds,
    called: IndexedNames<'a>,
}

/// Names in their order, each once.
#[derive(Default)]
struct IndexedNames<'a> {
    in_order: Vec<&'a str>,
    known: HashSet<&'a str>,
}

impl<'a> IndexedNames<'a> {
    fn add(&mut self, name: &'a str) {
        if self.known.insert(name) {
            self.in_order.push(name);
        }
    }
}

impl<'a> Writer<'a, '_> {
    fn turn(
        &mut self,
        turn: &'a Turn,
        system: &mut Vec<Piece<'a>>,
        messages: &mut Vec<Message<'a>>,
    ) -> Result<(), Refusal> {
        let at = turn.at;
        if turn.name.is_some() {
            self.dropped.note(format!("messages[{at}].name"));
        }
        let role = match turn.role {
            Role::User => Speaker::User,
            Role::Assistant => Speaker::Assistant,
            Role::System => {
                for (block_at, block) in turn.blocks.iter().enumerate() {
                    self.system(block, &format!("messages[{at}].content[{block_at}]"), system);
                }
                return Ok(());
            }
        };
        let begun = messages.last().is_some_and(|last| last.role == role);
        let last = if begun { messages.pop() } else { None };
        let mut content = last.map(|last| last.content).unwrap_or_default();
        for (block_at, block) in turn.blocks.iter().enumerate() {
            let place = format!("messages[{at}].content[{block_at}]");
            self.block(block, role, &place, &mut content)?;
        }
        if !content.is_empty() {
            messages.push(Message { role, content });
        }
        Ok(())
    }

    /// The model's own words at the end: a model goes on from them, but not where they end in white
    /// space, or it does not, as with a schema for its answer, and they are what it said.
    fn end(&mut self, chat: &Chat, messages: &mut Vec<Message<'a>>) {
        let last = messages.last_mut().filter(|last| last.role == Speaker::Assistant);
        let Some(last) = last else { return };
        if last.content.iter().any(|piece| matches!(piece, Piece::ToolUse { .. })) {
            return;
        }
        let is_formatted =
            self.model.takes_schemas() && matches!(chat.format, Some(Format::Schema { .. }));
        if self.model.takes_prefill() && !is_formatted {
            if let Some(Piece::Text(text)) = last.content.last_mut() {
                *text = text.trim_end().to_owned().into();
            }
            return;
        }
        let turn = chat.turns.iter().rfind(|turn| turn.role == Role::Assistant);
        self.dropped.note(format!("messages[{}].prefill", turn.map_or(0, |turn| turn.at)));
        messages.push(Message { role: Speaker::User, content: vec![Piece::Text(GO_ON.into())] });
    }

    /// A block of `system`: text, or nothing.
    fn system(&mut self, block: &'a Block, place: &str, system: &mut Vec<Piece<'a>>) {
        match block {
            Block::Text { text, cache } => {
                push_text(text, system);
                self.cache(cache, place, system);
            }
            _ => self.dropped.note(place),
        }
    }

    fn block(
        &mut self,
        block: &'a Block,
        role: Speaker,
        place: &str,
        content: &mut Vec<Piece<'a>>,
    ) -> Result<(), Refusal> {
        match block {
            Block::Text { text, cache } => {
                push_text(text, content);
                self.cache(cache, place, content);
            }
            Block::Refusal(text) => push_text(text, content),
            // "You can only include images and documents if the role is user."
            Block::Media(_) if role == Speaker::Assistant => self.dropped.note(place),
            Block::Media(media) => {
                content.push(media::write(media, place, &mut self.names, self.dropped)?);
                self.cache(&media.cache, place, content);
            }
            Block::ToolUse { id, name, arguments, signature, cache } => {
                if signature.is_some() {
                    self.dropped.note(format!("{place}.extra_content"));
                }
                let tool_use_id = self.ids.call(id).into();
                content.push(Piece::ToolUse { tool_use_id, name, input: input(arguments) });
                self.called.add(name);
                self.cache(cache, place, content);
            }
            Block::ToolResult { id, content: result, is_error, cache } => {
                self.result(id, result, *is_error, place, content)?;
                let inner = result.iter().filter_map(mark_of).next_back();
                self.cache(
                    if cache.is_some() { cache } else { inner.unwrap_or(&None) },
                    place,
                    content,
                );
            }
            // Thoughts without a signature are refused, whoever had them.
            Block::Thinking { text, signature: Some(signature) } if self.model.takes_thoughts() => {
                let thought = Thought::ReasoningText { text, signature };
                content.push(Piece::ReasoningContent(thought));
            }
            Block::RedactedThinking(data) if self.model.takes_thoughts() => {
                content.push(Piece::ReasoningContent(Thought::RedactedContent(data)));
            }
            Block::Thinking { .. } | Block::RedactedThinking(_) | Block::Other { .. } => {
                self.dropped.note(place);
            }
        }
        Ok(())
    }

    fn result(
        &mut self,
        id: &'a str,
        result: &'a [Block],
        is_error: bool,
        place: &str,
        content: &mut Vec<Piece<'a>>,
    ) -> Result<(), Refusal> {
        let mut pieces = Vec::new();
        for (at, block) in result.iter().enumerate() {
            let place = format!("{place}.content[{at}]");
            match block {
                Block::Text { text, .. } => push_text(text, &mut pieces),
                Block::Media(media) => {
                    pieces.push(media::write(media, &place, &mut self.names, self.dropped)?);
                }
                _ => self.dropped.note(place),
            }
        }
        if pieces.is_empty() {
            pieces.push(Piece::Text(NO_OUTPUT.into()));
        }
        if is_error && !self.model.takes_tool_status() {
            self.dropped.note(format!("{place}.is_error"));
        }
        let status = (is_error && self.model.takes_tool_status()).then_some("error");
        let tool_use_id = self.ids.result(id).into();
        content.push(Piece::ToolResult { tool_use_id, content: pieces, status });
        Ok(())
    }

    /// A cache point behind what is there. Bedrock refuses one behind nothing, behind thoughts, and
    /// behind a document that is no PDF.
    fn cache(&mut self, mark: &CacheMark, place: &str, content: &mut Vec<Piece<'a>>) {
        let Some(mark) = mark else { return };
        let fits = match content.last() {
            None | Some(Piece::CachePoint(_) | Piece::ReasoningContent(_)) => false,
            Some(Piece::Document(document)) => document.format == "pdf",
            Some(_) => true,
        };
        if fits && self.model.caches() {
            content.push(Piece::CachePoint(cache_point(mark, self.model)));
        } else {
            self.dropped.note(format!("{place}.cache_control"));
        }
    }
}

/// Ids of calls in Converse's alphabet.
fn call_ids() -> CallIds {
    CallIds::new(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c), MOST_ID_BYTES)
}

fn push_text<'a>(text: &'a str, content: &mut Vec<Piece<'a>>) {
    if !text.trim().is_empty() {
        content.push(Piece::Text(text.into()));
    }
}

fn mark_of(block: &Block) -> Option<&CacheMark> {
    let mark = match block {
        Block::Text { cache, .. } => cache,
        Block::Media(media) => &media.cache,
        _ => return None,
    };
    mark.is_some().then_some(mark)
}

/// A cache point that lasts as long as the mark says, where the model knows more than one time.
pub(super) fn cache_point(mark: &RawValue, model: Model) -> CachePoint {
    #[derive(Deserialize)]
    struct Mark<'m> {
        #[serde(borrow)]
        ttl: Option<Cow<'m, str>>,
    }
    let ttl = serde_json::from_str::<Mark<'_>>(mark.get()).ok().and_then(|mark| mark.ttl);
    let hour = ttl.as_deref() == Some("1h") && model.caches_for_an_hour();
    CachePoint { r#type: "default", ttl: hour.then_some("1h") }
}

/// The arguments of a call, which a model wrote: an object, or one that holds what they are.
fn input(arguments: &str) -> Cow<'_, RawValue> {
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(json) if json.get().starts_with('{') => Cow::Borrowed(json),
        _ if arguments.trim().is_empty() => Cow::Owned(object(&[])),
        _ => Cow::Owned(object(&[("arguments", arguments)])),
    }
}

/// An object of texts.
pub(super) fn object(members: &[(&str, &str)]) -> Box<RawValue> {
    let object: std::collections::BTreeMap<_, _> = members.iter().copied().collect();
    // Texts always serialize.
    to_raw_value(&object).unwrap_or_default()
}
