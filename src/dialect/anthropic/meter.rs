//! A streamed answer between equal dialects: one event in, what it means out, and an explicit end.

use super::answer::may_be_silent;
use super::errors::{inner_error, malformed, not_utf8, told, truncated};
use super::wire::{Delta, Message, MessageDelta, Piece, block, is_null, says_something};
use crate::dialect::Usage;
use crate::dialect::openai::{Ending, Step};
use crate::dialect::sse::Event;
use crate::failure::Failure;

/// Reads the events of one stream.
#[derive(Debug, Default)]
pub struct StreamReader {
    usage: Reported,
    has_content: bool,
    stop_reason: Option<String>,
    why: Option<String>,
    done: bool,
}

/// What the provider has said of its usage so far.
#[derive(Clone, Copy, Debug, Default)]
enum Reported {
    #[default]
    Nothing,
    /// Content came after it, as after `message_start`'s: its output is not the whole.
    Early(Usage),
    Final(Usage),
    /// Something that cannot be true: whatever else is said, nobody knows.
    Nonsense,
}

/// Reads what stands inside an event.
fn inside<'a, T: serde::Deserialize<'a>>(
    json: Option<&'a serde_json::value::RawValue>,
) -> Result<T, Failure> {
    let json = json.map_or("null", serde_json::value::RawValue::get);
    serde_json::from_str(json).map_err(|error| malformed("an event", &error))
}

impl StreamReader {
    /// A reader of a stream. Nothing of it is kept from the client: usage is always there.
    pub fn new() -> Self {
        Self::default()
    }

    /// The usage that was reported with the end (`message_delta`): input from the beginning where
    /// the end does not repeat it, output in total. Nothing when the stream broke off before.
    /// Content without output, or no input, is a report that cannot be true.
    pub fn usage(&self) -> Option<Usage> {
        let can_be_true =
            |usage: &Usage| usage.input() > 0 && (usage.output > 0 || !self.has_content);
        match self.usage {
            Reported::Final(usage) => Some(usage).filter(can_be_true),
            Reported::Nothing | Reported::Early(_) | Reported::Nonsense => None,
        }
    }

    /// Whether `message_stop` has come.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// What is known of the usage so far, be it the input alone.
    pub(super) fn usage_so_far(&self) -> Option<Usage> {
        match self.usage {
            Reported::Early(usage) | Reported::Final(usage) => Some(usage),
            Reported::Nothing | Reported::Nonsense => None,
        }
    }

    /// Reads one event. A ping or a comment is a sign of life and no progress. An event of a type
    /// that is not known goes through: Anthropic may add some at any time ("Streaming messages").
    ///
    /// # Errors
    /// A failure when the event is an error, or cannot be read.
    pub fn read(&mut self, event: &Event) -> Result<Step, Failure> {
        if self.done {
            return Ok(Step::default());
        }
        let alive = Step { forward: true, ..Step::default() };
        let Some(data) = event.data.as_ref() else { return Ok(alive) };
        let name = event.name.as_deref();
        if name == Some("ping") {
            return Ok(alive);
        }
        if name == Some("error") {
            return Err(inner_error(data));
        }
        let text = std::str::from_utf8(data).map_err(|_| not_utf8("an event"))?;
        let piece: Piece<'_> =
            serde_json::from_str(text).map_err(|error| malformed("an event", &error))?;
        let content = match piece.r#type.as_deref().or(name).unwrap_or_default() {
            "ping" => return Ok(alive),
            "error" => return Err(inner_error(data)),
            "message_start" => self.read_start(&piece)?,
            "content_block_start" => {
                let json = inside(piece.content_block)?;
                let block = block(json).map_err(|error| malformed("a block", &error))?;
                says_something(&block)
            }
            "content_block_delta" => inside::<Delta>(piece.delta)?.says_something(),
            "message_delta" => self.read_delta(&piece)?,
            "message_stop" => {
                self.done = true;
                false
            }
            "" => told(data).map_or(Ok(false), Err)?,
            _ => false,
        };
        if content {
            self.has_content = true;
            self.outdate();
        }
        Ok(Step { forward: true, content, progress: true, done: self.done })
    }

    fn read_start(&mut self, piece: &Piece<'_>) -> Result<bool, Failure> {
        let message: Message<'_> = inside(piece.message)?;
        if let Some(usage) = message.usage {
            // Servers that only speak the dialect may know the input no earlier than the end.
            self.report(Usage::default().after_anthropic(usage.get()));
            self.outdate();
        }
        Ok(message.content.is_some_and(|blocks| !blocks.is_empty()))
    }

    fn read_delta(&mut self, piece: &Piece<'_>) -> Result<bool, Failure> {
        let delta: MessageDelta =
            if is_null(piece.delta) { MessageDelta::default() } else { inside(piece.delta)? };
        self.stop_reason = delta.stop_reason.or_else(|| self.stop_reason.take());
        let why = delta.stop_details.and_then(|details| details.explanation);
        self.why = why.or_else(|| self.why.take());
        if let Some(usage) = piece.usage.filter(|usage| !is_null(Some(usage))) {
            let before = self.usage_so_far().unwrap_or_default();
            self.report(before.after_anthropic(usage.get()));
        }
        Ok(false)
    }

    fn report(&mut self, usage: Option<Usage>) {
        self.usage = match (self.usage, usage) {
            (Reported::Nonsense, _) | (_, None) => Reported::Nonsense,
            (Reported::Nothing, Some(usage)) => Reported::Final(usage),
            (Reported::Early(before) | Reported::Final(before), Some(usage)) => {
                Reported::Final(before.or_more(usage))
            }
        };
    }

    fn outdate(&mut self) {
        if let Reported::Final(usage) = self.usage {
            self.usage = Reported::Early(usage);
        }
    }

    /// The end of the provider's bytes.
    ///
    /// # Errors
    /// [`crate::failure::Class::Truncated`] when there was no `message_stop`,
    /// [`crate::failure::Class::ContentPolicy`] when the provider refused before it said anything,
    /// [`crate::failure::Class::Empty`] when nothing was said and no output is billed.
    pub fn end(&self) -> Result<Ending, Failure> {
        if !self.done {
            return Err(truncated());
        }
        if !self.has_content {
            may_be_silent(self.stop_reason.as_deref(), self.why.as_deref(), self.usage())?;
        }
        Ok(Ending::Sent)
    }
}
