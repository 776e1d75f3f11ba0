//! A stream of another dialect as Anthropic's events.

use serde::Serialize;

use super::client_answer::{Content, WireUsage, finish_of};
use super::signed_ids::told;
use super::target_tools::input;
use super::wire::stop_reason;
use crate::dialect::Usage;
use crate::dialect::chat::{Event, Finish};

/// Writes the events of one answer. Every event has its name, for Anthropic's SDKs skip those that
/// have none.
#[derive(Debug)]
pub struct StreamWriter {
    alias: String,
    started: bool,
    ended: bool,
    /// The index of the open block, or of the next.
    index: usize,
    open: Option<Open>,
    /// What the open thoughts are signed with, until all of it is there: Anthropic's SDKs keep the
    /// last `signature_delta` alone.
    signature: String,
    has_refused: bool,
    finish: Finish,
    stop_sequence: Option<String>,
    usage: Usage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    Tool,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Out<'a> {
    MessageStart { message: Started<'a> },
    ContentBlockStart { index: usize, content_block: Content<'a> },
    ContentBlockDelta { index: usize, delta: Delta<'a> },
    ContentBlockStop { index: usize },
    MessageDelta { delta: Ended<'a>, usage: WireUsage },
    MessageStop,
    Ping,
}

#[derive(Serialize)]
struct Started<'a> {
    id: &'a str,
    r#type: &'a str,
    role: &'a str,
    model: &'a str,
    content: [(); 0],
    stop_reason: Option<&'a str>,
    stop_sequence: Option<&'a str>,
    usage: WireUsage,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "the wire's names")]
enum Delta<'a> {
    TextDelta { text: &'a str },
    ThinkingDelta { thinking: &'a str },
    SignatureDelta { signature: &'a str },
    InputJsonDelta { partial_json: &'a str },
}

#[derive(Serialize)]
struct Ended<'a> {
    stop_reason: &'a str,
    stop_sequence: Option<&'a str>,
}

impl Out<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop => "message_stop",
            Self::Ping => "ping",
        }
    }

    fn push_to(&self, out: &mut String) {
        // Strings and numbers always serialize.
        let data = serde_json::to_string(self).unwrap_or_default();
        for part in ["event: ", self.name(), "\ndata: ", &data, "\n\n"] {
            out.push_str(part);
        }
    }
}

impl StreamWriter {
    /// A writer of an answer under the name that the client asked for.
    pub fn new(alias: &str) -> Self {
        Self {
            alias: alias.to_owned(),
            started: false,
            ended: false,
            index: 0,
            open: None,
            signature: String::new(),
            has_refused: false,
            finish: Finish::Stop,
            stop_sequence: None,
            usage: Usage::default(),
        }
    }

    /// The bytes of an event; often none, sometimes several events. Thoughts without a signature
    /// keep the empty one that their block began with.
    pub fn write(&mut self, event: &Event) -> String {
        let mut out = String::new();
        match event {
            Event::Start { id, usage, .. } => {
                self.add_usage(*usage);
                self.start(id, &mut out);
            }
            Event::Text(text) => self.text(text, &mut out),
            Event::Refusal(text) => {
                self.has_refused = true;
                self.text(text, &mut out);
            }
            Event::Thinking(thinking) if !thinking.is_empty() => {
                self.open(Open::Thinking, &mut out);
                self.delta(Delta::ThinkingDelta { thinking }, &mut out);
            }
            Event::Signature(signature) if !signature.is_empty() => {
                self.open(Open::Thinking, &mut out);
                self.signature.push_str(signature);
            }
            Event::RedactedThinking(data) => {
                self.close(&mut out);
                self.begin(Content::RedactedThinking { data }, &mut out);
                self.stop(&mut out);
            }
            Event::ToolStart { id, name, signature, .. } => {
                self.close(&mut out);
                let id = told(id, signature.as_deref());
                self.begin(Content::ToolUse { id, name, input: input("{}") }, &mut out);
                self.open = Some(Open::Tool);
            }
            // Arguments outside of a call would be nobody's.
            Event::ToolArguments { piece, .. } if !piece.is_empty() => {
                if self.open == Some(Open::Tool) {
                    self.delta(Delta::InputJsonDelta { partial_json: piece }, &mut out);
                }
            }
            Event::BlockEnd => self.close(&mut out),
            Event::Finish { finish, stop_sequence } => {
                self.close(&mut out);
                self.finish = *finish;
                self.stop_sequence.clone_from(stop_sequence);
            }
            Event::Usage(usage) => self.add_usage(Some(*usage)),
            Event::Ping => Out::Ping.push_to(&mut out),
            Event::Thinking(_) | Event::Signature(_) | Event::ToolArguments { .. } => {}
        }
        out
    }

    /// The end of an answer that is whole: the open block's end, the stop reason with the usage,
    /// which some providers report last, and `message_stop`. Written once.
    pub fn end(&mut self) -> String {
        let mut out = String::new();
        if self.ended {
            return out;
        }
        self.ended = true;
        self.start("", &mut out);
        self.close(&mut out);
        let finish = finish_of(self.finish, self.has_refused);
        let delta = Ended {
            stop_reason: stop_reason(finish),
            stop_sequence: self.stop_sequence.as_deref(),
        };
        Out::MessageDelta { delta, usage: self.usage.into() }.push_to(&mut out);
        Out::MessageStop.push_to(&mut out);
        out
    }

    fn add_usage(&mut self, usage: Option<Usage>) {
        self.usage = usage.map_or(self.usage, |usage| self.usage.or_more(usage));
    }

    /// Begins the message, if nothing has yet.
    fn start(&mut self, id: &str, out: &mut String) {
        if self.started {
            return;
        }
        self.started = true;
        let message = Started {
            id,
            r#type: "message",
            role: "assistant",
            model: &self.alias,
            content: [],
            stop_reason: None,
            stop_sequence: None,
            usage: self.usage.into(),
        };
        Out::MessageStart { message }.push_to(out);
    }

    fn text(&mut self, text: &str, out: &mut String) {
        if !text.is_empty() {
            self.open(Open::Text, out);
            self.delta(Delta::TextDelta { text }, out);
        }
    }

    /// Makes sure that a block of this kind is open.
    fn open(&mut self, kind: Open, out: &mut String) {
        if self.open == Some(kind) {
            return;
        }
        self.close(out);
        let content = match kind {
            Open::Thinking => Content::Thinking { thinking: "", signature: "" },
            Open::Text | Open::Tool => Content::Text { text: "" },
        };
        self.begin(content, out);
        self.open = Some(kind);
    }

    fn begin(&mut self, content_block: Content<'_>, out: &mut String) {
        self.start("", out);
        Out::ContentBlockStart { index: self.index, content_block }.push_to(out);
    }

    fn delta(&self, delta: Delta<'_>, out: &mut String) {
        Out::ContentBlockDelta { index: self.index, delta }.push_to(out);
    }

    fn close(&mut self, out: &mut String) {
        let signature = std::mem::take(&mut self.signature);
        if !signature.is_empty() {
            self.delta(Delta::SignatureDelta { signature: &signature }, out);
        }
        if self.open.take().is_some() {
            self.stop(out);
        }
    }

    fn stop(&mut self, out: &mut String) {
        Out::ContentBlockStop { index: self.index }.push_to(out);
        self.index += 1;
    }
}
