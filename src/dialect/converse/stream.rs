//! A streamed answer: one message in, what it means out, and an explicit end.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::answer::{finish, malformed, nothing, stop_sequence};
use super::blob;
use super::errors::stream_error;
use crate::dialect::Usage;
use crate::dialect::chat::{Event, Finish};
use crate::dialect::event_stream::Message;
use crate::failure::{Class, Failure};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStart {
    content_block_index: u64,
    start: Option<Start>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    tool_use: Option<ToolStart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolStart {
    tool_use_id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta {
    content_block_index: u64,
    delta: Option<Delta>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta {
    text: Option<String>,
    tool_use: Option<ToolDelta>,
    reasoning_content: Option<ThoughtDelta>,
}

#[derive(Deserialize)]
struct ToolDelta {
    input: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThoughtDelta {
    text: Option<String>,
    signature: Option<String>,
    redacted_content: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStop {
    content_block_index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageStop {
    stop_reason: String,
    additional_model_response_fields: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Metadata {
    usage: Option<Box<RawValue>>,
}

/// What the open block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thought,
    Tool,
}

/// Reads the messages of one stream.
#[derive(Debug, Default)]
pub struct Decoder {
    started: bool,
    /// The block that grows: Bedrock's number of it, and what it is. Only a tool's call has a start
    /// on the wire, and blocks of two kinds have been seen under one number.
    open: Option<(u64, Kind)>,
    /// The pieces of the open block that only the provider can read: they are one blob.
    redacted: Vec<String>,
    tools: usize,
    has_content: bool,
    billed: bool,
    finish: Option<Finish>,
}

impl Decoder {
    /// Reads one message. The start names neither an id nor the model: Converse says them nowhere.
    /// Usage comes last, and whole.
    ///
    /// # Errors
    /// A failure when the message is an exception, or cannot be read, or says that the model's
    /// output cannot be.
    pub fn read(&mut self, message: &Message) -> Result<Vec<Event>, Failure> {
        if matches!(message.message_type.as_deref(), Some("exception" | "error"))
            || message.exception_type.is_some()
        {
            return Err(stream_error(message));
        }
        let mut events = Vec::new();
        match message.event_type.as_deref().unwrap_or_default() {
            "messageStart" => self.start(&mut events),
            "contentBlockStart" if self.finish.is_none() => {
                self.block_start(parse(message)?, &mut events)?;
            }
            "contentBlockDelta" if self.finish.is_none() => {
                self.block_delta(parse(message)?, &mut events)?;
            }
            "contentBlockStop" => {
                let BlockStop { content_block_index } = parse(message)?;
                if self.open.is_some_and(|(index, _)| index == content_block_index) {
                    self.close(&mut events)?;
                }
            }
            "messageStop" if self.finish.is_none() => {
                self.message_stop(&parse(message)?, &mut events)?;
            }
            "metadata" => {
                let Metadata { usage } = parse(message)?;
                let usage = usage.and_then(|usage| Usage::from_converse(usage.get()));
                self.billed |= usage.is_some_and(|usage| usage.output > 0);
                events.extend(usage.map(Event::Usage));
            }
            _ => {}
        }
        if events.is_empty() {
            events.push(Event::Ping);
        }
        Ok(events)
    }

    /// The end of the provider's bytes.
    ///
    /// # Errors
    /// [`Class::Truncated`] when the answer had not ended, [`Class::Empty`] when nothing was said and
    /// no output is billed, [`Class::ContentPolicy`] when nothing was left to say.
    pub fn end(&self) -> Result<(), Failure> {
        match self.finish {
            None => Err(Failure::answer(Class::Truncated, "the stream ended without its end")),
            Some(_) if self.has_content => Ok(()),
            Some(finish) if finish == Finish::Refused || !self.billed => Err(nothing(finish)),
            Some(_) => Ok(()),
        }
    }

    fn start(&mut self, events: &mut Vec<Event>) {
        if !self.started {
            self.started = true;
            events.push(Event::Start { id: String::new(), model: String::new(), usage: None });
        }
    }

    /// Ends the open block, if there is one.
    fn close(&mut self, events: &mut Vec<Event>) -> Result<(), Failure> {
        if !self.redacted.is_empty() {
            let pieces = std::mem::take(&mut self.redacted);
            let blob = blob::join(&pieces)
                .ok_or_else(|| Failure::answer(Class::Malformed, "redacted thoughts in pieces"))?;
            events.push(Event::RedactedThinking(blob));
        }
        if self.open.take().is_some() {
            events.push(Event::BlockEnd);
        }
        Ok(())
    }

    /// Makes a block the open one.
    fn open(&mut self, index: u64, kind: Kind, events: &mut Vec<Event>) -> Result<(), Failure> {
        self.start(events);
        self.has_content = true;
        if self.open != Some((index, kind)) {
            self.close(events)?;
            self.open = Some((index, kind));
        }
        Ok(())
    }

    fn block_start(&mut self, block: BlockStart, events: &mut Vec<Event>) -> Result<(), Failure> {
        let Some(tool) = block.start.and_then(|start| start.tool_use) else { return Ok(()) };
        self.start(events);
        self.close(events)?;
        self.open = Some((block.content_block_index, Kind::Tool));
        self.has_content = true;
        let (index, id, name) = (self.tools, tool.tool_use_id, tool.name);
        self.tools += 1;
        events.push(Event::ToolStart { index, id, name, signature: None });
        Ok(())
    }

    fn block_delta(&mut self, block: BlockDelta, events: &mut Vec<Event>) -> Result<(), Failure> {
        let index = block.content_block_index;
        let Some(delta) = block.delta else { return Ok(()) };
        let said = |text: &String| !text.is_empty();
        if let Some(text) = delta.text.filter(said) {
            self.open(index, Kind::Text, events)?;
            events.push(Event::Text(text));
        }
        if let Some(thought) = delta.reasoning_content {
            let text = thought.text.filter(said).map(Event::Thinking);
            let signature = thought.signature.filter(said).map(Event::Signature);
            for event in text.into_iter().chain(signature) {
                self.open(index, Kind::Thought, events)?;
                events.push(event);
            }
            if let Some(piece) = thought.redacted_content.filter(said) {
                self.open(index, Kind::Thought, events)?;
                self.redacted.push(piece);
            }
        }
        if let Some(piece) = delta.tool_use.and_then(|tool| tool.input).filter(said) {
            if self.open != Some((index, Kind::Tool)) {
                let detail = "arguments came for a call that is not open";
                return Err(Failure::answer(Class::Malformed, detail));
            }
            let index = self.tools.saturating_sub(1);
            events.push(Event::ToolArguments { index, piece });
        }
        Ok(())
    }

    fn message_stop(&mut self, stop: &MessageStop, events: &mut Vec<Event>) -> Result<(), Failure> {
        let finish = finish(&stop.stop_reason)?;
        self.start(events);
        self.close(events)?;
        self.finish = Some(finish);
        let stop_sequence =
            stop.additional_model_response_fields.as_deref().and_then(stop_sequence);
        events.push(Event::Finish { finish, stop_sequence });
        Ok(())
    }
}

fn parse<T: DeserializeOwned>(message: &Message) -> Result<T, Failure> {
    serde_json::from_slice(&message.payload).map_err(|error| malformed("an event", &error))
}
