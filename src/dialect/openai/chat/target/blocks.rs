//! The blocks of a stream, put one behind the other.

use std::collections::{HashSet, VecDeque};

use super::calls::Call;
use super::said::{CallPiece, Kind};
use crate::dialect::chat::Event;
use crate::failure::{Class, Failure};

/// Blocks that have begun and not ended. The first is the open one: what it has more of is told at
/// once. What comes for the others waits until those before them have ended: words end when
/// something else begins, a call when something else has begun and its arguments are whole.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The answer's id, from which calls without an id get one.
    pub(super) answer_id: String,
    open: VecDeque<Block>,
    /// How many calls were told of.
    told_calls: usize,
    /// Whether a call has ended, and the numbers and ids of those that have.
    has_ended: bool,
    ended_indexes: HashSet<i64>,
    ended_ids: HashSet<String>,
    events: Vec<Event>,
}

#[derive(Debug)]
enum Block {
    Words {
        kind: Kind,
        waiting: String,
    },
    /// The number is its own, once it was told of.
    Call {
        call: Call,
        number: Option<usize>,
    },
}

impl Blocks {
    /// Whether a call has come.
    pub(super) fn has_calls(&self) -> bool {
        self.told_calls > 0 || self.open.iter().any(|block| matches!(block, Block::Call { .. }))
    }

    /// Takes the events that have become ready.
    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// More words.
    pub(super) fn say(&mut self, kind: Kind, words: String) -> Result<(), Failure> {
        match self.open.back_mut() {
            Some(Block::Words { kind: same, waiting, .. }) if *same == kind => {
                waiting.push_str(&words);
            }
            _ => self.open.push_back(Block::Words { kind, waiting: words }),
        }
        self.advance()
    }

    /// More of a call.
    pub(super) fn call(&mut self, piece: &CallPiece<'_>) -> Result<(), Failure> {
        let mut is_last = true;
        for block in self.open.iter_mut().rev() {
            let Block::Call { call, .. } = block else { continue };
            if call.owns(piece, is_last) {
                call.grow(piece);
                return self.advance();
            }
            is_last = false;
        }
        if self.is_of_the_past(piece) {
            return Ok(());
        }
        let mut call = Call::default();
        call.grow(piece);
        self.open.push_back(Block::Call { call, number: None });
        self.advance()
    }

    /// Whether a piece belongs to a call that has ended: white space behind its arguments, or all
    /// of it once more.
    fn is_of_the_past(&self, piece: &CallPiece<'_>) -> bool {
        let (id, is_nameless) = (piece.id(), piece.name().is_empty());
        let says_nothing_new = id.is_empty() && (is_nameless || piece.arguments().is_empty());
        let is_anyones = id.is_empty() && is_nameless && piece.index.is_none();
        let same_index = piece.index.is_some_and(|index| self.ended_indexes.contains(&index));
        let same_id = !id.is_empty() && self.ended_ids.contains(id);
        same_id || (same_index && says_nothing_new) || (self.has_ended && is_anyones)
    }

    /// Ends what is open.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        while !self.open.is_empty() {
            self.tell_first(true)?;
            self.end_first();
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<(), Failure> {
        loop {
            self.tell_first(false)?;
            let is_over = match self.open.front() {
                Some(Block::Words { .. }) => true,
                Some(Block::Call { call, .. }) => call.is_whole() && !call.name.is_empty(),
                None => false,
            };
            if !(is_over && self.open.len() > 1) {
                return Ok(());
            }
            self.tell_first(true)?;
            self.end_first();
        }
    }

    /// Tells what is new of the first block. A call is told of when its name is whole, which is
    /// when its arguments begin, or at its end where a signature may still come.
    fn tell_first(&mut self, at_end: bool) -> Result<(), Failure> {
        match self.open.front_mut() {
            Some(Block::Words { kind, waiting }) => {
                let words = std::mem::take(waiting);
                if !words.is_empty() {
                    self.events.push(match kind {
                        Kind::Thinking => Event::Thinking(words),
                        Kind::Text => Event::Text(words),
                        Kind::Refusal => Event::Refusal(words),
                    });
                }
            }
            Some(Block::Call { call, number }) => {
                let nameless = call.name.is_empty();
                if nameless && at_end {
                    let detail = "a call of a tool has no name";
                    return Err(Failure::answer(Class::Malformed, detail));
                }
                if !at_end && (nameless || !call.has_arguments || call.may_be_signed_late()) {
                    return Ok(());
                }
                let index = *number.get_or_insert_with(|| {
                    let index = self.told_calls;
                    self.told_calls += 1;
                    self.events.push(start(call, index, &self.answer_id));
                    index
                });
                let piece = std::mem::take(&mut call.waiting);
                if !piece.is_empty() {
                    self.events.push(Event::ToolArguments { index, piece });
                }
            }
            None => {}
        }
        Ok(())
    }

    fn end_first(&mut self) {
        match self.open.pop_front() {
            Some(Block::Words { .. }) => self.events.push(Event::BlockEnd),
            Some(Block::Call { call, .. }) => {
                self.events.push(Event::BlockEnd);
                self.has_ended = true;
                self.ended_indexes.extend(call.index);
                self.ended_ids.insert(call.id);
            }
            None => {}
        }
    }
}

fn start(call: &Call, index: usize, answer_id: &str) -> Event {
    let id = if call.id.is_empty() { call_id(answer_id, index) } else { call.id.clone() };
    Event::ToolStart { index, id, name: call.name.clone(), signature: call.signature.clone() }
}

/// An id for a call that has none, so that its result can name it: unlike those of other answers,
/// and of the letters that every dialect takes in an id.
pub(super) fn call_id(answer_id: &str, index: usize) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let answer: String = answer_id.chars().filter(fits).collect();
    format!("call_{answer}_{index}")
}
