//! A streamed answer on its way to the client: the target's bytes in, the client's out, and an
//! explicit end.

use bytes::Bytes;

use super::translation::Translation;
use super::{Dialect, Reading, Usage, anthropic, openai, sse};
use crate::failure::{Class, Failure};

/// What a piece of a stream means.
#[derive(Debug, Default, PartialEq)]
pub struct Step {
    /// What the client gets of it: the provider's bytes as they came where the dialects are equal.
    pub bytes: Bytes,
    /// Whether it brings content: the first one commits the answer.
    pub content: bool,
    /// Whether it is more than a sign of life.
    pub progress: bool,
    /// Whether it ends the stream.
    pub done: bool,
}

/// One streamed answer.
#[derive(Debug)]
pub enum AnswerStream {
    /// Events go through as they came.
    AsItCame(sse::Reader, Reader),
    /// Events are told anew.
    Translated(Box<Translation>),
}

/// Reads the events of a stream that goes through as it came.
#[derive(Debug)]
pub enum Reader {
    /// OpenAI's.
    OpenAi(openai::StreamReader),
    /// Anthropic's.
    Anthropic(anthropic::StreamReader),
}

/// What ends an OpenAI stream.
const DONE: Bytes = Bytes::from_static(b"data: [DONE]\n\n");

impl AnswerStream {
    /// A stream that begins.
    pub(super) fn new(reading: &Reading, answer_id: &str) -> Self {
        let reader = match reading {
            Reading::AsItCame { operation, hides_usage } => match operation.dialect() {
                Dialect::Anthropic => Reader::Anthropic(anthropic::StreamReader::new()),
                _ => Reader::OpenAi(openai::StreamReader::new(*hides_usage)),
            },
            // A count is never streamed.
            Reading::Counted => Reader::Anthropic(anthropic::StreamReader::new()),
            Reading::Translated { from, to } => {
                return Self::Translated(Box::new(Translation::new(*from, to, answer_id)));
            }
        };
        Self::AsItCame(sse::Reader::default(), reader)
    }

    /// Adds the target's bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::AsItCame(frames, _) => frames.push(bytes),
            Self::Translated(translation) => translation.push(bytes),
        }
    }

    /// Says that no more bytes will come.
    pub fn close(&mut self) {
        match self {
            Self::AsItCame(frames, _) => frames.end(),
            Self::Translated(translation) => translation.close(),
        }
    }

    /// Whether [`Self::close`] was called.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::AsItCame(frames, _) => frames.has_ended(),
            Self::Translated(translation) => translation.is_closed(),
        }
    }

    /// What the next complete piece of the bytes means.
    ///
    /// # Errors
    /// A failure when it is an error, or cannot be read.
    pub fn next_step(&mut self) -> Result<Option<Step>, Failure> {
        match self {
            Self::AsItCame(frames, reader) => {
                let Some(event) = frames.next_event()? else { return Ok(None) };
                let step = match reader {
                    Reader::OpenAi(reader) => reader.read(&event)?,
                    Reader::Anthropic(reader) => reader.read(&event)?,
                };
                let openai::Step { forward, content, progress, done } = step;
                let bytes = if forward { event.raw } else { Bytes::new() };
                Ok(Some(Step { bytes, content, progress, done }))
            }
            Self::Translated(translation) => translation.next_step(),
        }
    }

    /// The end of the answer: what the client still gets, which may be nothing.
    ///
    /// # Errors
    /// A failure when the answer is not whole, or has nothing in it.
    pub fn end(&mut self) -> Result<Bytes, Failure> {
        match self {
            Self::AsItCame(_, Reader::OpenAi(reader)) => match reader.end()? {
                openai::Ending::Sent => Ok(Bytes::new()),
                openai::Ending::Add => Ok(DONE),
            },
            Self::AsItCame(_, Reader::Anthropic(reader)) => reader.end().map(|_| Bytes::new()),
            Self::Translated(translation) => translation.end(),
        }
    }

    /// What the provider says it used, when that is evidence of the whole answer.
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Self::AsItCame(_, Reader::OpenAi(reader)) => reader.usage(),
            Self::AsItCame(_, Reader::Anthropic(reader)) => reader.usage(),
            Self::Translated(translation) => translation.usage(),
        }
    }
}

impl From<sse::EventTooLarge> for Failure {
    fn from(_: sse::EventTooLarge) -> Self {
        Self::answer(Class::Malformed, "an event is larger than 4 MiB")
    }
}
