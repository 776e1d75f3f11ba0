//! What a decoder says: that its events are in an order that means something, and what they say
//! when they are put together.

use tollgate::dialect::chat::Event;
use tollgate::failure::Failure;

use super::errors::check_error;

/// What is open. Thoughts and what they are signed with are one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Thoughts,
    Refusal,
    Call(usize),
}

/// Blocks come one after the other, calls are numbered, the answer begins and ends once.
pub(super) fn check_order(events: &[Event]) {
    let (mut open, mut calls, mut finished) = (None, 0, false);
    for (at, event) in events.iter().enumerate() {
        let grows = match event {
            Event::Start { .. } => {
                let before = &events[..at];
                let is_first = before.iter().all(|e| matches!(e, Event::Usage(_) | Event::Ping));
                assert!(is_first, "the answer begins behind {before:?}");
                continue;
            }
            Event::Usage(_) | Event::Ping => continue,
            _ if finished => panic!("{event:?} behind the finish of {events:?}"),
            Event::Text(_) => Open::Text,
            Event::Thinking(_) | Event::Signature(_) | Event::RedactedThinking(_) => Open::Thoughts,
            Event::Refusal(_) => Open::Refusal,
            Event::ToolArguments { index, .. } => {
                assert_eq!(open, Some(Open::Call(*index)), "arguments of no call: {events:?}");
                continue;
            }
            Event::ToolStart { index, .. } => {
                assert_eq!((open, *index), (None, calls), "a call inside of something: {events:?}");
                calls += 1;
                Open::Call(*index)
            }
            Event::BlockEnd => {
                assert_ne!(open, None, "the end of nothing, event {at} of {events:?}");
                open = None;
                continue;
            }
            Event::Finish { .. } => {
                assert_eq!(open, None, "the finish inside of something: {events:?}");
                finished = true;
                continue;
            }
        };
        assert!(open.is_none_or(|open| open == grows), "event {at} inside of another: {events:?}");
        open = Some(grows);
    }
}

/// Nothing is open when a stream has ended well.
pub(super) fn check_closed(events: &[Event]) {
    let opens =
        |event: &Event| !matches!(event, Event::Usage(_) | Event::Ping | Event::Finish { .. });
    let last = events.iter().rev().find(|event| opens(event));
    let closed = matches!(last, None | Some(Event::BlockEnd | Event::Start { .. }));
    assert!(closed, "still open at the end: {events:?}");
}

/// A call of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

/// What an answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) thoughts: String,
    pub(super) refusal: String,
    /// Text and words of refusal, in their order: Anthropic's dialect tells them not apart.
    pub(super) words: String,
    pub(super) calls: Vec<Called>,
}

impl Said {
    pub(super) fn by(events: &[Event]) -> Self {
        let mut said = Self::default();
        for event in events {
            match event {
                Event::Text(text) => {
                    said.text += text;
                    said.words += text;
                }
                Event::Refusal(words) => {
                    said.refusal += words;
                    said.words += words;
                }
                Event::Thinking(text) => said.thoughts += text,
                Event::ToolStart { id, name, .. } => {
                    let (id, name) = (id.clone(), name.clone());
                    said.calls.push(Called { id, name, arguments: String::new() });
                }
                Event::ToolArguments { piece, .. } => {
                    said.calls.last_mut().expect("a call").arguments += piece;
                }
                _ => {}
            }
        }
        said
    }

    /// Whether there is anything in it that every dialect has a place for.
    pub(super) fn is_something(&self) -> bool {
        !(self.words.is_empty() && self.thoughts.is_empty() && self.calls.is_empty())
    }

    /// Whether every call can be told by its id, and has a name: a provider whose calls have neither
    /// is not understood the same by everybody.
    pub(super) fn has_proper_calls(&self) -> bool {
        let ids: std::collections::HashSet<_> = self.calls.iter().map(|call| &call.id).collect();
        let named = |call: &Called| !call.id.is_empty() && !call.name.is_empty();
        ids.len() == self.calls.len() && self.calls.iter().all(named)
    }

    /// The calls, where no arguments are an empty object. Their ids are another dialect's business: it
    /// has letters of its own, and may carry a signature in them.
    pub(super) fn calls_as_written(&self) -> Vec<Called> {
        let mut calls = self.calls.clone();
        for call in &mut calls {
            call.id.clear();
            if call.arguments.trim().is_empty() {
                call.arguments = "{}".to_owned();
            }
        }
        calls
    }
}

/// A failure may be logged, and its words shown: both are short, and the words are clean.
pub(super) fn check_failure(failure: &Failure) {
    let detail = &failure.detail;
    assert!(detail.len() < 200 && !detail.contains(char::is_control), "{detail:?}");
    if let Some(error) = &failure.error {
        check_error(error);
    }
}
