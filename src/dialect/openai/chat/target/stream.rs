//! A streamed answer of an OpenAI-compatible provider.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::blocks::Blocks;
use super::said::{CallPiece, Ended, Kind, Said, stop_text};
use crate::dialect::Usage;
use crate::dialect::chat::Event;
use crate::dialect::openai::StreamReader;
use crate::dialect::openai::answer::malformed;
use crate::dialect::sse;
use crate::failure::Failure;

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    delta: Option<Said<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    matched_stop: Option<&'a RawValue>,
}

/// Reads a stream into events. What is an error and when a stream is whole, it leaves to
/// [`StreamReader`].
#[derive(Debug)]
pub struct Decoder {
    reader: StreamReader,
    blocks: Blocks,
    model: String,
    began: bool,
    ended: Ended,
    done: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A reader for one stream.
    pub fn new() -> Self {
        Self {
            reader: StreamReader::new(true),
            blocks: Blocks::default(),
            model: String::new(),
            began: false,
            ended: Ended::default(),
            done: false,
        }
    }

    /// Whether the provider has said that the stream ends.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// The usage that is evidence of the whole answer so far, also of one that breaks off: see
    /// [`StreamReader::usage`].
    pub fn usage(&self) -> Option<Usage> {
        self.reader.usage()
    }

    /// Reads one event. The usage and the finish come with [`Self::end`]: providers repeat the one
    /// and correct the other.
    ///
    /// # Errors
    /// A failure when the event is an error, or cannot be read.
    pub fn read(&mut self, event: &sse::Event) -> Result<Vec<Event>, Failure> {
        if self.done {
            return Ok(vec![]);
        }
        self.done = self.reader.read(event)?.done;
        match &event.data {
            None => Ok(vec![Event::Ping]),
            Some(_) if self.done => Ok(vec![]),
            Some(data) => {
                let chunk: Chunk<'_> =
                    serde_json::from_slice(data).map_err(|error| malformed("an event", &error))?;
                self.read_chunk(chunk)
            }
        }
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        let choices = chunk.choices.unwrap_or_default();
        if !self.began {
            // Azure's first chunk has no choice, and neither an id nor a model.
            keep(&mut self.blocks.answer_id, chunk.id);
            keep(&mut self.model, chunk.model);
            if !choices.is_empty() {
                self.began = true;
                let (id, model) = (self.blocks.answer_id.clone(), self.model.clone());
                events.push(Event::Start { id, model, usage: None });
            }
        }
        for choice in choices.into_iter().filter(|choice| choice.index.unwrap_or(0) == 0) {
            self.read_choice(choice)?;
        }
        events.append(&mut self.blocks.take());
        Ok(events)
    }

    fn read_choice(&mut self, choice: Choice<'_>) -> Result<(), Failure> {
        let said = choice.delta.unwrap_or_default();
        for (kind, words) in said.words() {
            self.ended.has_refusal |= kind == Kind::Refusal;
            self.blocks.say(kind, words)?;
        }
        let legacy = said.function_call.map(CallPiece::from);
        for piece in said.tool_calls.iter().flatten().chain(legacy.as_ref()) {
            self.blocks.call(piece)?;
        }
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            self.ended.reason = Some(reason.into_owned());
            self.ended.stop_text = stop_text([choice.stop_reason, choice.matched_stop]);
        }
        Ok(())
    }

    /// The end of the provider's bytes: the end of what is open, the usage if it is known, and the
    /// finish.
    ///
    /// # Errors
    /// A failure when the stream is not whole, has nothing in it or nothing left after filtering, or
    /// has a call of a tool without a name.
    pub fn end(&mut self) -> Result<Vec<Event>, Failure> {
        self.reader.end()?;
        self.ended.has_calls = self.blocks.has_calls();
        self.blocks.end()?;
        let mut events = self.blocks.take();
        events.extend(self.reader.usage().map(Event::Usage));
        let (finish, stop_sequence) = std::mem::take(&mut self.ended).meaning();
        events.push(Event::Finish { finish, stop_sequence });
        Ok(events)
    }
}

/// Keeps a text that says something.
fn keep(slot: &mut String, text: Option<Cow<'_, str>>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        *slot = text.into_owned();
    }
}
