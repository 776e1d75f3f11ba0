//! A streamed answer to an OpenAI client.

use serde::Serialize;

use super::wire::{
    Function, ThinkingBlock, Thoughts, ToolCall, UsageObject, answer_id, finish_reason,
    in_functions, on_one_line,
};
use crate::dialect::Usage;
use crate::dialect::chat::{Event, Finish};

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: &'a [Choice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Report>,
}

/// The `usage` of a chunk: null in all but the last, where the client asked for it.
#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    NotYet(()),
    Final(UsageObject),
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_blocks: Option<[ThinkingBlock<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[ToolCall<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Function<'a>>,
}

/// Writes a stream as `chat.completion.chunk` events.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "five facts, independent of each other")]
pub struct StreamWriter {
    id: String,
    alias: String,
    created_s: u64,
    wants_usage: bool,
    calls_functions: bool,
    began: bool,
    finished: bool,
    usage: Option<Usage>,
    thoughts: SignedThoughts,
    /// The open call, while it has no arguments yet.
    bare_call: Option<usize>,
    has_calls: bool,
}

/// Thoughts that wait for the rest of their signature, and how many have been sent.
#[derive(Debug, Default)]
struct SignedThoughts {
    text: String,
    signature: String,
    sent: usize,
}

impl StreamWriter {
    /// A writer for one stream. `alias` is the model's name as the client knows it, `created_s` the
    /// time in seconds since 1970; `wants_usage` is whether the client asked for the usage chunk.
    pub fn new(alias: &str, created_s: u64, wants_usage: bool) -> Self {
        Self {
            id: answer_id("", created_s),
            alias: alias.to_owned(),
            created_s,
            wants_usage,
            calls_functions: false,
            began: false,
            finished: false,
            usage: None,
            thoughts: SignedThoughts::default(),
            bare_call: None,
            has_calls: false,
        }
    }

    /// For a client that gets a call as `function_call`, or not.
    #[must_use]
    pub fn with_functions(self, calls_functions: bool) -> Self {
        Self { calls_functions, ..self }
    }

    /// What one event is on the wire: no, one or several complete events; for a sign of life, a
    /// comment. The usage is kept for [`Self::end`].
    pub fn write(&mut self, event: &Event) -> String {
        let mut out = String::new();
        match event {
            Event::Start { id, usage, .. } => {
                self.id = answer_id(id, self.created_s);
                self.count(*usage);
                self.begin(&mut out);
                return out;
            }
            Event::Usage(usage) => {
                self.count(Some(*usage));
                return out;
            }
            // Before the first chunk, the client waits for a status; after it, for a sign.
            Event::Ping if self.began => return ": ping\n\n".to_owned(),
            Event::Ping => return out,
            _ => self.begin(&mut out),
        }
        match event {
            Event::Finish { finish, .. } => self.finish(*finish, &mut out),
            Event::BlockEnd => self.end_block(&mut out),
            _ => self.grow(event, &mut out),
        }
        out
    }

    /// The stream's end: a finish where none was sent, the usage where it was asked for and is known,
    /// and `[DONE]`.
    pub fn end(&mut self) -> String {
        let mut out = String::new();
        self.begin(&mut out);
        self.finish(Finish::Stop, &mut out);
        if let (true, Some(usage)) = (self.wants_usage, self.usage) {
            out.push_str(&self.event(&[], Some(Report::Final(usage.into()))));
        }
        out.push_str("data: [DONE]\n\n");
        out
    }

    fn count(&mut self, usage: Option<Usage>) {
        self.usage = match (self.usage, usage) {
            (Some(before), Some(later)) => Some(before.or_more(later)),
            (before, later) => later.or(before),
        };
    }

    fn begin(&mut self, out: &mut String) {
        if !self.began {
            self.began = true;
            let role = Some("assistant");
            self.delta(Delta { role, content: Some(""), ..Delta::default() }, out);
        }
    }

    /// What a block has more of.
    fn grow(&mut self, event: &Event, out: &mut String) {
        let mut delta = Delta::default();
        match event {
            Event::Text(text) if !text.is_empty() => delta.content = Some(text),
            Event::Refusal(words) if !words.is_empty() => delta.refusal = Some(words),
            Event::Thinking(text) if !text.is_empty() => {
                self.thoughts.text.push_str(text);
                delta.reasoning_content = Some(text);
            }
            Event::Signature(signature) => {
                self.thoughts.signature.push_str(signature);
                return;
            }
            Event::RedactedThinking(data) => {
                self.end_thoughts(out);
                self.send_thoughts(Thoughts::RedactedThinking { data }, out);
                return;
            }
            Event::ToolStart { index, id, name, signature } => {
                self.has_calls = true;
                self.bare_call = Some(*index);
                delta.tool_calls = Some([ToolCall {
                    index: Some(*index),
                    id: Some(id),
                    r#type: Some("function"),
                    function: Function { name: Some(name), arguments: "" },
                    extra_content: signature.as_deref().and_then(on_one_line),
                }]);
            }
            Event::ToolArguments { index, piece } if !piece.is_empty() => {
                self.bare_call = None;
                delta.tool_calls = Some([arguments(*index, piece)]);
            }
            _ => return,
        }
        self.delta(delta, out);
    }

    fn end_block(&mut self, out: &mut String) {
        self.end_thoughts(out);
        if let Some(index) = self.bare_call.take() {
            // Clients parse the arguments, also when the model gave none.
            let tool_calls = Some([arguments(index, "{}")]);
            self.delta(Delta { tool_calls, ..Delta::default() }, out);
        }
    }

    /// Sends the thoughts that ended as one block, if they are signed. Unsigned ones went out as
    /// `reasoning_content`, and nobody wants them back.
    fn end_thoughts(&mut self, out: &mut String) {
        let text = std::mem::take(&mut self.thoughts.text);
        let signature = std::mem::take(&mut self.thoughts.signature);
        if !signature.is_empty() {
            let thoughts = Thoughts::Thinking { thinking: &text, signature: &signature };
            self.send_thoughts(thoughts, out);
        }
    }

    fn send_thoughts(&mut self, thoughts: Thoughts<'_>, out: &mut String) {
        let index = Some(self.thoughts.sent);
        self.thoughts.sent += 1;
        let thinking_blocks = Some([ThinkingBlock { index, thoughts }]);
        self.delta(Delta { thinking_blocks, ..Delta::default() }, out);
    }

    fn finish(&mut self, finish: Finish, out: &mut String) {
        if self.finished {
            return;
        }
        self.end_block(out);
        self.finished = true;
        let reason = finish_reason(finish, self.has_calls);
        let reason = if self.calls_functions { in_functions(reason) } else { reason };
        self.choice(Delta::default(), Some(reason), out);
    }

    fn delta(&self, delta: Delta<'_>, out: &mut String) {
        self.choice(delta, None, out);
    }

    fn choice(&self, mut delta: Delta<'_>, finish_reason: Option<&'static str>, out: &mut String) {
        if let Some([call]) = delta.tool_calls.take_if(|_| self.calls_functions) {
            // There is a place for one.
            if call.index.is_some_and(|index| index > 0) {
                return;
            }
            delta.function_call = Some(call.function);
        }
        let choice = Choice { index: 0, delta, logprobs: None, finish_reason };
        let report = self.wants_usage.then_some(Report::NotYet(()));
        out.push_str(&self.event(&[choice], report));
    }

    fn event(&self, choices: &[Choice<'_>], usage: Option<Report>) -> String {
        let chunk = Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created_s,
            model: &self.alias,
            choices,
            usage,
        };
        // Strings, numbers and JSON always serialize.
        format!("data: {}\n\n", serde_json::to_string(&chunk).unwrap_or_default())
    }
}

fn arguments(index: usize, piece: &str) -> ToolCall<'_> {
    let function = Function { name: None, arguments: piece };
    ToolCall { index: Some(index), function, ..ToolCall::default() }
}
