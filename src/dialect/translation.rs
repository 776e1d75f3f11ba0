//! A stream between two dialects: the target's events are decoded, and told in the client's.

use bytes::Bytes;

use super::chat::Event;
use super::{Dialect, Step, Telling, Usage, anthropic, converse, event_stream, openai, sse};
use crate::failure::Failure;

/// One translated stream.
#[derive(Debug)]
pub struct Translation {
    source: Source,
    writer: Writer,
    usage: Option<Usage>,
    to: Telling,
    answer_id: String,
}

/// The target's wire.
#[derive(Debug)]
enum Source {
    OpenAi(sse::Reader, Box<openai::chat::Decoder>),
    Anthropic(sse::Reader, anthropic::Decoder),
    Converse(event_stream::Reader, converse::Decoder),
}

/// The client's.
#[derive(Debug)]
enum Writer {
    OpenAi(openai::chat::StreamWriter),
    Anthropic(anthropic::StreamWriter),
}

impl Translation {
    /// A translation of a stream that begins. `answer_id` names the answer where the target does
    /// not.
    pub(super) fn new(from: Dialect, to: &Telling, answer_id: &str) -> Self {
        let source = match from {
            Dialect::OpenAi => Source::OpenAi(sse::Reader::default(), Box::default()),
            Dialect::Anthropic => {
                Source::Anthropic(sse::Reader::default(), anthropic::Decoder::new())
            }
            Dialect::Converse => {
                Source::Converse(event_stream::Reader::default(), converse::Decoder::default())
            }
        };
        let writer = match to {
            Telling::OpenAi { alias, created_s, wants_usage, calls_functions } => {
                let writer = openai::chat::StreamWriter::new(alias, *created_s, *wants_usage);
                Writer::OpenAi(writer.with_functions(*calls_functions))
            }
            Telling::Anthropic { alias } => Writer::Anthropic(anthropic::StreamWriter::new(alias)),
        };
        Self { source, writer, usage: None, to: to.clone(), answer_id: answer_id.to_owned() }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        match &mut self.source {
            Source::OpenAi(frames, _) | Source::Anthropic(frames, _) => frames.push(bytes),
            Source::Converse(frames, _) => frames.push(bytes),
        }
    }

    pub(super) fn close(&mut self) {
        match &mut self.source {
            Source::OpenAi(frames, _) | Source::Anthropic(frames, _) => frames.end(),
            Source::Converse(frames, _) => frames.end(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match &self.source {
            Source::OpenAi(frames, _) | Source::Anthropic(frames, _) => frames.has_ended(),
            Source::Converse(frames, _) => frames.has_ended(),
        }
    }

    pub(super) fn next_step(&mut self) -> Result<Option<Step>, Failure> {
        let (events, done) = match &mut self.source {
            Source::OpenAi(frames, decoder) => {
                let Some(event) = frames.next_event()? else { return Ok(None) };
                (decoder.read(&event)?, decoder.is_done())
            }
            Source::Anthropic(frames, decoder) => {
                let Some(event) = frames.next_event()? else { return Ok(None) };
                (decoder.read(&event)?, decoder.is_done())
            }
            // Its last message is not marked as the last: the body's end is the end.
            Source::Converse(frames, decoder) => {
                let Some(message) = frames.next_message()? else { return Ok(None) };
                (decoder.read(&message)?, false)
            }
        };
        Ok(Some(Step {
            content: events.iter().any(brings_content),
            progress: events != [Event::Ping],
            done,
            bytes: self.tell(events),
        }))
    }

    pub(super) fn end(&mut self) -> Result<Bytes, Failure> {
        let last = match &mut self.source {
            Source::OpenAi(_, decoder) => decoder.end()?,
            Source::Anthropic(_, decoder) => decoder.end().map(|_| vec![])?,
            Source::Converse(_, decoder) => decoder.end().map(|()| vec![])?,
        };
        let mut bytes = self.tell(last).to_vec();
        let end = match &mut self.writer {
            Writer::OpenAi(writer) => writer.end(),
            Writer::Anthropic(writer) => writer.end(),
        };
        bytes.extend_from_slice(end.as_bytes());
        Ok(bytes.into())
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        match &self.source {
            Source::OpenAi(_, decoder) => decoder.usage(),
            Source::Anthropic(_, decoder) => decoder.usage(),
            Source::Converse(..) => self.usage,
        }
    }

    fn tell(&mut self, events: Vec<Event>) -> Bytes {
        let mut told = String::new();
        for mut event in events {
            match &mut event {
                Event::Start { id, .. } => *id = self.to.answer_id(id, &self.answer_id),
                Event::Usage(usage) => self.usage = Some(*usage),
                _ => {}
            }
            told.push_str(&match &mut self.writer {
                Writer::OpenAi(writer) => writer.write(&event),
                Writer::Anthropic(writer) => writer.write(&event),
            });
        }
        told.into()
    }
}

/// Whether an event is something that the model says.
fn brings_content(event: &Event) -> bool {
    match event {
        Event::Text(text) | Event::Thinking(text) | Event::Refusal(text) => !text.is_empty(),
        Event::RedactedThinking(_) | Event::Signature(_) | Event::ToolStart { .. } => true,
        _ => false,
    }
}
