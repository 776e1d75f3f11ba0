//! A Claude model's stream as events of a conversation.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::errors::malformed;
use super::meter::StreamReader;
use super::wire::{Delta, Message, MessageDelta, Piece, block, finish, is_null};
use crate::dialect::Usage;
use crate::dialect::chat::{Block, Event};
use crate::dialect::{openai, sse};
use crate::failure::Failure;

/// Decodes one stream. Ends, errors and usage are judged as [`StreamReader`] judges them.
#[derive(Debug, Default)]
pub struct Decoder {
    meter: StreamReader,
    open: Open,
    calls: usize,
    /// Whether anything was told yet.
    began: bool,
    finished: bool,
}

/// The block that grows. One that says nothing is not told of: it neither begins nor ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    /// One that only Anthropic knows: what it grows by is its own.
    Other,
    Text,
    /// Thoughts and their signature, or such as nobody can read.
    Thoughts,
    /// A call of a tool, and whether its arguments have begun.
    Call {
        index: usize,
        has_arguments: bool,
    },
}

impl Decoder {
    /// A decoder of a stream that begins.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the provider has said that the stream ends.
    pub fn is_done(&self) -> bool {
        self.meter.is_done()
    }

    /// The usage that was reported with the end. See [`StreamReader::usage`].
    pub fn usage(&self) -> Option<Usage> {
        self.meter.usage()
    }

    /// What an event means: often nothing, sometimes several events.
    ///
    /// # Errors
    /// As [`StreamReader::read`].
    pub fn read(&mut self, event: &sse::Event) -> Result<Vec<Event>, Failure> {
        let step = self.meter.read(event)?;
        if !step.forward {
            return Ok(vec![]);
        }
        if !step.progress {
            return Ok(vec![Event::Ping]);
        }
        let data = event.data.as_deref().unwrap_or_default();
        let events = self.events(event.name.as_deref(), data);
        let events = events.map_err(|error| malformed("an event", &error))?;
        self.began |= !events.is_empty();
        Ok(events)
    }

    /// The end of the provider's bytes.
    ///
    /// # Errors
    /// As [`StreamReader::end`].
    pub fn end(&self) -> Result<openai::Ending, Failure> {
        self.meter.end()
    }

    fn events(&mut self, name: Option<&str>, data: &[u8]) -> serde_json::Result<Vec<Event>> {
        let piece: Piece<'_> = serde_json::from_slice(data)?;
        let kind = piece.r#type.as_deref().or(name).unwrap_or_default();
        match kind {
            "message_start" if !self.began => {
                let message: Message<'_> = inside(piece.message)?;
                let (id, model) = (message.id.unwrap_or_default(), message.model);
                let usage = self.meter.usage_so_far().filter(|usage| usage.input() > 0);
                Ok(vec![Event::Start { id, model: model.unwrap_or_default(), usage }])
            }
            "content_block_start" if !self.finished => {
                Ok(self.begin(block(inside(piece.content_block)?)?))
            }
            "content_block_delta" if !self.finished => Ok(self.grow(inside(piece.delta)?)),
            "content_block_stop" | "message_stop" => Ok(self.close()),
            "message_delta" => self.finish(&piece),
            _ => Ok(vec![]),
        }
    }

    fn begin(&mut self, block: Block) -> Vec<Event> {
        // A stream that leaves a block's end out still ends it before the next.
        let mut events = self.close();
        match block {
            Block::Text { text, .. } if text.is_empty() => {}
            Block::Text { text, .. } => events.extend(self.tell(Open::Text, Event::Text(text))),
            Block::Thinking { text, signature } => {
                let text = (!text.is_empty()).then_some(Event::Thinking(text));
                for event in text.into_iter().chain(signature.map(Event::Signature)) {
                    events.extend(self.tell(Open::Thoughts, event));
                }
            }
            Block::RedactedThinking(data) => {
                events.extend(self.tell(Open::Thoughts, Event::RedactedThinking(data)));
            }
            Block::ToolUse { id, name, arguments, .. } => {
                let index = self.calls;
                self.calls += 1;
                events.push(Event::ToolStart { index, id, name, signature: None });
                let has_arguments = arguments.trim() != "{}";
                if has_arguments {
                    events.push(Event::ToolArguments { index, piece: arguments });
                }
                self.open = Open::Call { index, has_arguments };
            }
            _ => self.open = Open::Other,
        }
        events
    }

    fn grow(&mut self, delta: Delta) -> Vec<Event> {
        if !delta.says_something() {
            return vec![];
        }
        match (delta, &mut self.open) {
            (_, Open::Other) => vec![],
            (Delta::TextDelta { text }, _) => self.tell(Open::Text, Event::Text(text)),
            (Delta::ThinkingDelta { thinking }, _) => {
                self.tell(Open::Thoughts, Event::Thinking(thinking))
            }
            (Delta::SignatureDelta { signature }, _) => {
                self.tell(Open::Thoughts, Event::Signature(signature))
            }
            (Delta::InputJsonDelta { partial_json }, Open::Call { index, has_arguments }) => {
                *has_arguments = true;
                vec![Event::ToolArguments { index: *index, piece: partial_json }]
            }
            _ => vec![],
        }
    }

    /// Tells more of a block of this kind. One that is open and of another ends: no word is lost in
    /// a stream that leaves a block's start out.
    fn tell(&mut self, kind: Open, event: Event) -> Vec<Event> {
        let mut events = if self.open == kind { vec![] } else { self.close() };
        self.open = kind;
        events.push(event);
        events
    }

    /// Ends the open block. A call without arguments says nothing of them here, where others say
    /// that they are an empty object.
    fn close(&mut self) -> Vec<Event> {
        match std::mem::take(&mut self.open) {
            Open::Nothing | Open::Other => vec![],
            Open::Call { index, has_arguments: false } => {
                vec![Event::ToolArguments { index, piece: "{}".to_owned() }, Event::BlockEnd]
            }
            Open::Text | Open::Thoughts | Open::Call { .. } => vec![Event::BlockEnd],
        }
    }

    fn finish(&mut self, piece: &Piece<'_>) -> serde_json::Result<Vec<Event>> {
        let delta: MessageDelta =
            if is_null(piece.delta) { MessageDelta::default() } else { inside(piece.delta)? };
        let mut events = self.close();
        if let Some(reason) = delta.stop_reason.filter(|_| !self.finished) {
            self.finished = true;
            let stop_sequence = delta.stop_sequence;
            events.push(Event::Finish { finish: finish(&reason), stop_sequence });
        }
        events.extend(self.meter.usage().map(Event::Usage));
        Ok(events)
    }
}

fn inside<'a, T: Deserialize<'a>>(json: Option<&'a RawValue>) -> serde_json::Result<T> {
    serde_json::from_str(json.map_or("null", RawValue::get))
}
