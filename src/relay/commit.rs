//! Commit: holds an answer back until it is certain to be one. Until then another target may still
//! answer instead.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::ByteStream;
use crate::dialect::openai::{Ending, StreamReader, read_answer};
use crate::dialect::sse::{EventTooLarge, Reader};
use crate::dialect::{Operation, Usage};
use crate::failure::{Class, Failure};

/// How much is held back before the first content: then the answer is taken as it is.
const MOST_HELD_EVENTS: usize = 64;
const MOST_HELD_BYTES: usize = 256 << 10;
/// The largest whole answer.
const MOST_ANSWER_BYTES: usize = 20 << 20;

/// A provider's answer whose status says success; nothing else is known of it yet.
pub struct Arrived {
    /// What was asked for.
    pub operation: Operation,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Whether the usage chunk is kept from the client.
    pub hides_usage: bool,
    /// Whether it calls itself an event stream.
    pub is_event_stream: bool,
    /// Its body.
    pub body: ByteStream,
}

/// An answer that is certain to be one: from here on no other target answers.
pub enum Committed {
    /// All of it.
    Whole {
        /// Its bytes as they came.
        body: Bytes,
        /// What the provider says it used.
        usage: Option<Usage>,
    },
    /// A stream that has begun.
    Stream(Box<Live>),
}

/// A stream from its first content on.
pub struct Live {
    pub(super) held: Vec<Bytes>,
    pub(super) sse: Reader,
    pub(super) reader: StreamReader,
    pub(super) source: ByteStream,
    /// How it ends, when its end has come already.
    pub(super) ending: Option<Ending>,
}

/// Reads an answer until it is certain to be one.
///
/// # Errors
/// Why it is none. Something may have been billed.
pub async fn commit(arrived: Arrived) -> Result<Committed, Failure> {
    if arrived.stream && arrived.is_event_stream {
        let live = commit_stream(arrived.body, arrived.hides_usage).await?;
        return Ok(Committed::Stream(Box::new(live)));
    }
    let body = read_whole(arrived.body).await?;
    let usage = read_answer(arrived.operation, &body)?;
    if arrived.stream {
        return Err(Failure::answer(Class::Malformed, "asked for a stream, got a whole answer"));
    }
    Ok(Committed::Whole { body, usage })
}

async fn read_whole(mut source: ByteStream) -> Result<Bytes, Failure> {
    let mut whole = BytesMut::new();
    while let Some(chunk) = source.next().await {
        let chunk = chunk?;
        if whole.len() + chunk.len() > MOST_ANSWER_BYTES {
            return Err(Failure::answer(Class::Malformed, "the answer is larger than 20 MiB"));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

async fn commit_stream(source: ByteStream, hides_usage: bool) -> Result<Live, Failure> {
    let reader = StreamReader::new(hides_usage);
    let mut live = Live { held: vec![], sse: Reader::default(), reader, source, ending: None };
    let mut held_bytes = 0;
    loop {
        while let Some(event) = live.sse.next_event()? {
            let step = live.reader.read(&event)?;
            // Signs of life are for nobody before the answer has begun; held, they would add up.
            if step.forward && event.data.is_some() {
                held_bytes += event.raw.len();
                live.held.push(event.raw);
            }
            if step.done {
                live.ending = Some(live.reader.end()?);
                return Ok(live);
            }
            let full = live.held.len() >= MOST_HELD_EVENTS || held_bytes >= MOST_HELD_BYTES;
            if step.content || full {
                return Ok(live);
            }
        }
        if !live.take_chunk().await? {
            live.ending = Some(live.reader.end()?);
            return Ok(live);
        }
    }
}

impl Live {
    /// Reads the next bytes; false when the provider has ended and nothing is left.
    pub(super) async fn take_chunk(&mut self) -> Result<bool, Failure> {
        match self.source.next().await {
            Some(chunk) => self.sse.push(&chunk?),
            None if self.sse.has_ended() => return Ok(false),
            None => self.sse.end(),
        }
        Ok(true)
    }
}

impl From<EventTooLarge> for Failure {
    fn from(_: EventTooLarge) -> Self {
        Self::answer(Class::Malformed, "an event is larger than 4 MiB")
    }
}
