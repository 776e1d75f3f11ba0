//! A streamed answer: one event in, what it means out, and an explicit end.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{
    Content, FAILED, FILTERED, GAVE_UP, empty, failed, filtered, gave_up, inner_error, is_error,
    malformed, says_something, told,
};
use crate::dialect::Usage;
use crate::dialect::sse::Event;
use crate::failure::{Class, Failure};

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    delta: Option<Content<'a>>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// What one event means.
#[derive(Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "four answers to four questions")]
pub struct Step {
    /// Whether the client gets it, as it came.
    pub forward: bool,
    /// Whether it brings content: the first one commits the answer.
    pub content: bool,
    /// Whether it is more than a sign of life.
    pub progress: bool,
    /// Whether it ends the stream.
    pub done: bool,
}

/// How a stream that is complete must be ended towards the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The provider's own `[DONE]` went through.
    Sent,
    /// The provider left `[DONE]` out: it is added.
    Add,
}

/// Reads the events of one stream.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four facts, independent of each other")]
pub struct StreamReader {
    hides_usage: bool,
    usage: Reported,
    begun: BTreeSet<u64>,
    finished: BTreeSet<u64>,
    has_content: bool,
    is_filtered: bool,
    done: bool,
}

/// What the provider has said of its usage so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reported {
    #[default]
    Nothing,
    /// Content came after it: it is not the whole.
    Early(Usage),
    Final(Usage),
    /// Something that cannot be true: whatever else is said, nobody knows.
    Nonsense,
}

impl Reported {
    fn report(&mut self, usage: Option<Usage>) {
        *self = match (*self, usage) {
            (Self::Nonsense, _) | (_, None) => Self::Nonsense,
            (Self::Nothing, Some(usage)) => Self::Final(usage),
            (Self::Early(before) | Self::Final(before), Some(usage)) => {
                Self::Final(before.or_more(usage))
            }
        };
    }

    fn outdate(&mut self) {
        if let Self::Final(usage) = *self {
            *self = Self::Early(usage);
        }
    }
}

impl StreamReader {
    /// A reader of a stream whose usage chunk is kept from the client, or not.
    pub fn new(hides_usage: bool) -> Self {
        Self { hides_usage, ..Self::default() }
    }

    /// The usage that was reported with the last content or after it. Providers that repeat it
    /// report it cumulatively, so of two reports the larger counts. Content without output is a
    /// report that cannot be true.
    pub fn usage(&self) -> Option<Usage> {
        match self.usage {
            Reported::Final(usage) if usage.output > 0 || !self.has_content => Some(usage),
            _ => None,
        }
    }

    /// Reads one event.
    ///
    /// # Errors
    /// A failure when the event is an error, or cannot be read.
    pub fn read(&mut self, event: &Event) -> Result<Step, Failure> {
        if self.done {
            return Ok(Step::default());
        }
        let Some(data) = event.data.as_ref() else {
            // A body that only calls itself an event stream.
            let is_body = event.raw.trim_ascii_start().starts_with(b"{");
            let failure = is_body.then(|| told(&event.raw)).flatten();
            return failure.map_or_else(|| Ok(Step { forward: true, ..Step::default() }), Err);
        };
        if data.trim_ascii() == b"[DONE]" {
            self.done = true;
            return Ok(Step { forward: true, progress: true, done: true, content: false });
        }
        let text = std::str::from_utf8(data)
            .map_err(|_| Failure::answer(Class::Malformed, "an event is not UTF-8"))?;
        if event.name.as_deref() == Some("error") {
            return Err(inner_error(data));
        }
        let chunk: Chunk<'_> = serde_json::from_str(text)
            .map_err(|error| told(data).unwrap_or_else(|| malformed("an event", &error)))?;
        if chunk.error.is_some_and(is_error) {
            return Err(inner_error(data));
        }
        if chunk.choices.as_ref().is_none_or(Vec::is_empty)
            && let Some(failure) = told(data)
        {
            return Err(failure);
        }
        self.read_chunk(&chunk)
    }

    fn read_chunk(&mut self, chunk: &Chunk<'_>) -> Result<Step, Failure> {
        let choices = chunk.choices.as_deref().unwrap_or_default();
        let mut content = false;
        for choice in choices {
            let index = choice.index.unwrap_or(0);
            self.begun.insert(index);
            if let Some(error) = choice.error.filter(|error| is_error(error)) {
                return Err(inner_error(error.get().as_bytes()));
            }
            match choice.finish_reason.as_deref() {
                Some(GAVE_UP) => return Err(gave_up()),
                Some(FAILED) => return Err(failed()),
                Some(FILTERED) => {
                    self.is_filtered = true;
                    self.finished.insert(index);
                }
                Some(reason) if !reason.is_empty() => drop(self.finished.insert(index)),
                _ => {}
            }
            content |= choice.delta.as_ref().is_some_and(Content::says_something)
                || choice.text.is_some_and(says_something);
        }
        self.has_content |= content;
        let reported = chunk.usage.filter(|usage| says_something(usage));
        let is_usage = choices.is_empty() && reported.is_some();
        match reported.filter(|json| !Usage::is_placeholder(json.get())) {
            Some(json) => self.usage.report(Usage::from_openai(json.get())),
            None if content => self.usage.outdate(),
            None => {}
        }
        Ok(Step { forward: !(is_usage && self.hides_usage), content, progress: true, done: false })
    }

    /// The end of the provider's bytes.
    ///
    /// # Errors
    /// [`Class::Truncated`] when a choice has no finish, [`Class::Empty`] when nothing was said and
    /// no output is billed.
    pub fn end(&self) -> Result<Ending, Failure> {
        let complete = !self.begun.is_empty() && self.begun.is_subset(&self.finished);
        // Some providers leave the finish out and still send `[DONE]`.
        let told = self.done && self.has_content;
        if !complete && !told {
            return Err(if self.done {
                empty()
            } else {
                Failure::answer(Class::Truncated, "the stream ended without its end")
            });
        }
        if !self.has_content && self.is_filtered {
            return Err(filtered());
        }
        let billed = self.usage().is_some_and(|usage| usage.output > 0);
        if !self.has_content && !billed {
            return Err(empty());
        }
        Ok(if self.done { Ending::Sent } else { Ending::Add })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::sse::Reader;

    /// Each event as `+` (forwarded), `-` (hidden), with `c` for content and `d` for done; then the
    /// end, or the class of the failure.
    fn check(hides_usage: bool, events: &[&str], expected: &str) {
        let stream: String = events.iter().map(|data| format!("data: {data}\n\n")).collect();
        let mut sse = Reader::default();
        sse.push(stream.as_bytes());
        let mut reader = StreamReader::new(hides_usage);
        let mut seen = Vec::new();
        let mut failed = None;
        while let Some(event) = sse.next_event().unwrap() {
            match reader.read(&event) {
                Ok(step) => seen.push(format!(
                    "{}{}{}",
                    if step.forward { "+" } else { "-" },
                    if step.content { "c" } else { "" },
                    if step.done { "d" } else { "" },
                )),
                Err(failure) => {
                    failed = Some(failure.class.name().to_owned());
                    break;
                }
            }
        }
        let end = failed.unwrap_or_else(|| match reader.end() {
            Ok(ending) => format!("{ending:?}"),
            Err(failure) => failure.class.name().to_owned(),
        });
        assert_eq!(format!("{} {end}", seen.join(" ")), expected, "{events:?}");
    }

    const ROLE: &str = r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#;
    const TEXT: &str = r#"{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}"#;
    const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    const DONE: &str = "[DONE]";

    #[test]
    fn complete_streams() {
        check(true, &[ROLE, TEXT, STOP, USAGE, DONE], "+ +c + - +d Sent");
        check(false, &[ROLE, TEXT, STOP, USAGE, DONE], "+ +c + + +d Sent");
        check(true, &[TEXT, STOP], "+c + Add");
        check(true, &[TEXT, DONE], "+c +d Sent");
        check(true, &[TEXT, STOP, DONE, TEXT, DONE], "+c + +d - - Sent");
        check(true, &[ROLE, STOP, USAGE, DONE], "+ + - +d Sent");
        let tool = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0}]}}]}"#;
        check(true, &[tool, STOP, DONE], "+c + +d Sent");
        let reasoning = r#"{"choices":[{"delta":{"content":null,"reasoning_content":"x"}}]}"#;
        check(true, &[reasoning, STOP, DONE], "+c + +d Sent");
        let azure = r#"{"choices":[],"prompt_filter_results":[]}"#;
        check(true, &[azure, TEXT, STOP, DONE], "+ +c + +d Sent");
        let text = r#"{"choices":[{"text":"x","index":0,"finish_reason":"length"}]}"#;
        check(true, &[text, DONE], "+c +d Sent");
    }

    #[test]
    fn broken_streams() {
        check(true, &[ROLE, TEXT], "+ +c truncated");
        check(true, &[], " truncated");
        check(true, &[ROLE], "+ truncated");
        check(true, &[DONE], "+d empty");
        check(true, &[ROLE, STOP, DONE], "+ + +d empty");
        let second = r#"{"choices":[{"index":1,"delta":{"content":"x"}}]}"#;
        check(true, &[TEXT, second, STOP], "+c +c + truncated");
        check(true, &[r#"{"error":{"code":"rate_limit_exceeded"}}"#], " rate_limit");
        check(true, &[TEXT, r#"{"error":{"message":"boom"}}"#], "+c server");
        check(true, &["<html>"], " malformed");
        let gave_up = r#"{"choices":[{"finish_reason":"insufficient_system_resource"}]}"#;
        check(true, &[TEXT, gave_up], "+c overloaded");
    }

    #[test]
    fn an_error_instead_of_an_event_is_seen() {
        let minimax = r#"{"choices":null,"base_resp":{"status_code":1002,"status_msg":"m"}}"#;
        check(true, &[minimax], " rate_limit");
        check(true, &[r#"{"code":"Throttling.RateQuota","message":"m"}"#], " rate_limit");
        check(true, &[TEXT, r#"{"object":"error","message":"m","code":400}"#], "+c bad_request");
        check(
            true,
            &[r#"[{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}]"#],
            " overloaded",
        );
        check(
            true,
            &[r#"{"choices":[{"finish_reason":"error","error":{"code":429}}]}"#],
            " rate_limit",
        );
        check(true, &[TEXT, r#"{"choices":[{"finish_reason":"error"}]}"#], "+c server");
        // What goes well may say so, and what is not known is no error.
        let well = r#"{"choices":[],"code":0,"message":"ok","base_resp":{"status_code":0}}"#;
        let odd = r#"{"type":"ping","message":"still here"}"#;
        check(true, &[well, odd, TEXT, STOP, DONE], "+ + +c + +d Sent");
        let last =
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"base_resp":{"status_code":1027}}"#;
        check(true, &[TEXT, last, DONE], "+c + +d Sent");
    }

    /// The output tokens that a stream is evidence of.
    fn check_usage(events: &[&str], expected: Option<u64>) {
        let mut reader = StreamReader::new(true);
        for data in events {
            let data = (*data).to_owned();
            let event = Event { raw: data.clone().into(), name: None, data: Some(data.into()) };
            reader.read(&event).unwrap();
        }
        assert_eq!(reader.usage().map(|usage| usage.output), expected, "{events:?}");
    }

    #[test]
    fn only_a_final_usage_is_evidence() {
        let usage = |n: u64| {
            format!(r#"{{"choices":[],"usage":{{"prompt_tokens":5,"completion_tokens":{n}}}}}"#)
        };
        let (one, two, three) = (usage(1), usage(2), usage(3));
        let nonsense = r#"{"choices":[],"usage":{"prompt_tokens":-5}}"#;
        let with_text = TEXT.replace(
            r#"{"choices""#,
            r#"{"usage":{"prompt_tokens":5,"completion_tokens":4},"choices""#,
        );
        check_usage(&[TEXT, STOP], None);
        check_usage(&[TEXT, STOP, &two], Some(2));
        check_usage(&[TEXT, STOP, &usage(0)], None);
        let zeros = r#"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#;
        check_usage(&[zeros, TEXT, STOP, &two], Some(2));
        check_usage(&[zeros, TEXT, STOP], None);
        check_usage(&[TEXT, &two, STOP], Some(2));
        check_usage(&[&one, &two, &three], Some(3));
        check_usage(&[TEXT, &three, &one], Some(3));
        check_usage(&[&with_text, &with_text, STOP], Some(4));
        // What came after it is not in it.
        check_usage(&[&one, TEXT, STOP], None);
        check_usage(&[&one, TEXT, STOP, &two], Some(2));
        // Who once says what cannot be true is not believed again.
        check_usage(&[TEXT, nonsense], None);
        check_usage(&[TEXT, &two, nonsense], None);
        check_usage(&[TEXT, nonsense, &two], None);
    }
}
