//! Commit: holds an answer back until it is certain to be one. Until then another target may still
//! answer instead.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::ByteStream;
use crate::dialect::{AnswerStream, Dialect, Reading, Step, Usage};
use crate::failure::{Class, Failure};

/// How much is held back before the first content: then the answer is taken as it is.
const MOST_HELD_EVENTS: usize = 64;
const MOST_HELD_BYTES: usize = 256 << 10;
/// The largest whole answer.
const MOST_ANSWER_BYTES: usize = 20 << 20;

/// A provider's answer whose status says success; nothing else is known of it yet.
pub struct Arrived {
    /// How it is read.
    pub reading: Reading,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Its `content-type`.
    pub content_type: String,
    /// What names the answer where the provider does not.
    pub answer_id: String,
    /// Its body.
    pub body: ByteStream,
}

/// An answer that is certain to be one: from here on no other target answers.
pub enum Committed {
    /// All of it.
    Whole {
        /// Its bytes, in the client's dialect.
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
    pub(super) answer: AnswerStream,
    pub(super) client: Dialect,
    pub(super) source: ByteStream,
    /// What the client gets at its end, when its end has come already.
    pub(super) ending: Option<Bytes>,
}

/// Reads an answer until it is certain to be one.
///
/// # Errors
/// Why it is none. Something may have been billed.
pub async fn commit(arrived: Arrived) -> Result<Committed, Failure> {
    let Arrived { reading, stream, content_type, answer_id, body } = arrived;
    if stream && reading.is_stream(&content_type) {
        let live = Live {
            held: vec![],
            answer: reading.stream(&answer_id),
            client: reading.client(),
            source: body,
            ending: None,
        };
        return Ok(Committed::Stream(Box::new(commit_stream(live).await?)));
    }
    let whole = reading.whole(read_whole(body).await?, &answer_id)?;
    if stream {
        return Err(Failure::answer(Class::Malformed, "asked for a stream, got a whole answer"));
    }
    Ok(Committed::Whole { body: whole.body, usage: whole.usage })
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

async fn commit_stream(mut live: Live) -> Result<Live, Failure> {
    let mut held_bytes = 0;
    let mut was_alive = true;
    loop {
        while let Some(step) = live.answer.next_step()? {
            let Step { bytes, content, progress, done } = step;
            // Signs of life are for nobody before the answer has begun; of several in a row one is
            // kept, or they would add up.
            if !bytes.is_empty() && (progress || !was_alive) {
                held_bytes += bytes.len();
                live.held.push(bytes);
                was_alive = !progress;
            }
            if done {
                live.ending = Some(live.answer.end()?);
                return Ok(live);
            }
            let full = live.held.len() >= MOST_HELD_EVENTS || held_bytes >= MOST_HELD_BYTES;
            if content || full {
                return Ok(live);
            }
        }
        if live.take_chunk().await?.is_none() {
            live.ending = Some(live.answer.end()?);
            return Ok(live);
        }
    }
}

impl Live {
    /// Reads the next bytes, and says how many; nothing when the provider has ended and nothing is
    /// left.
    pub(super) async fn take_chunk(&mut self) -> Result<Option<usize>, Failure> {
        Ok(match self.source.next().await {
            Some(chunk) => {
                let chunk = chunk?;
                self.answer.push(&chunk);
                Some(chunk.len())
            }
            None if self.answer.is_closed() => None,
            None => {
                self.answer.close();
                Some(0)
            }
        })
    }
}
