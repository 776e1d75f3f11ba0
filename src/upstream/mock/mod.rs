//! The mock provider: what an OpenAI-compatible server would put on the wire, made from the request
//! alone.
//!
//! It knows nothing of sockets, clocks or the gateway: it says which bytes come after which delay,
//! and whoever plays the network does the waiting. So everything behind a real provider is
//! exercised behind this one.

mod chat;
mod completions;
mod embeddings;
mod faults;
mod input;
mod request;
mod schema;
#[cfg(test)]
mod tests;
mod words;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::config::MockSettings;
use crate::dialect::Operation;
use crate::failure::Class;

/// The answer of the mock, as a server would put it on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// The connection could not be made: nothing was sent.
    Refused,
    /// Nothing ever comes; only a timeout of the gateway ends it.
    Hangs {
        /// False when even the connection hangs, true when the head of the answer does.
        connected: bool,
    },
    /// A head came, and then what its chunks and its end say.
    Answer(Answer),
}

/// A head, its timed body, and how the body ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Lower-case names; no `content-length`, as the body may not arrive whole.
    pub headers: Vec<(&'static str, String)>,
    /// Milliseconds from the request to the head.
    pub head_delay_ms: u64,
    /// The body in the pieces in which it arrives; one SSE event a piece when streamed.
    pub chunks: Vec<Chunk>,
    /// What comes after the last chunk.
    pub end: End,
}

/// Bytes that arrive together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Milliseconds after the chunk before it, or after the head.
    pub delay_ms: u64,
    /// Never empty.
    pub bytes: Bytes,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As HTTP says that it should.
    Complete,
    /// The connection is reset.
    Reset,
    /// Silence for ever on an open connection.
    Stalls,
}

/// Answers `body`, the request as the provider received it. The same arguments give the same
/// answer.
#[must_use]
pub fn respond(settings: &MockSettings, operation: Operation, body: &[u8]) -> Wire {
    let context = Context { settings, seed: words::hash(body) };
    if let Some(wire) = settings.fail.and_then(|class| faults::instead(class, &context)) {
        return wire;
    }
    let draft = match operation {
        // The mock speaks OpenAI: whatever else a client asks for comes translated.
        Operation::ChatCompletions | Operation::Messages | Operation::CountTokens => {
            chat::draft(&context, body)
        }
        Operation::Completions => completions::draft(&context, body),
        Operation::Embeddings => embeddings::draft(&context, body),
    };
    match (draft, settings.fail) {
        (Ok(draft), None) => Wire::Answer(context.sound(draft)),
        (Ok(draft), Some(class)) => faults::spoil(class, &context, draft),
        (Err(problem), _) => Wire::Answer(faults::unreadable(&problem, &context)),
    }
}

/// Unix seconds that every answer claims to be made at.
const CREATED: u64 = 1_700_000_000;
const FINGERPRINT: &str = "fp_mock";
const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";

/// What is the same for everything said in answer to one request.
struct Context<'a> {
    settings: &'a MockSettings,
    /// A hash of the body: all that looks random in an answer comes from it.
    seed: u64,
}

/// A sound answer, before any fault touches it.
enum Draft {
    /// A JSON document, and the tokens it took to make.
    Plain { document: Value, tokens: u64 },
    /// SSE events, in the three parts that a fault can fall between.
    Stream { opening: Vec<Bytes>, content: Vec<Bytes>, closing: Vec<Bytes> },
}

impl Context<'_> {
    /// The identifier of the answer, as `chatcmpl-mock-0123456789abcdef`.
    fn id(&self, prefix: &str) -> String {
        format!("{prefix}-mock-{:016x}", self.seed)
    }

    /// True when the provider is to answer well-formed nothing.
    fn empty(&self) -> bool {
        self.settings.fail == Some(Class::Empty)
    }

    fn sound(&self, draft: Draft) -> Answer {
        match draft {
            Draft::Plain { document, tokens } => {
                let mut answer =
                    self.answer(200, JSON, vec![now(document.to_string())], End::Complete);
                // A server that does not stream sends nothing, not even the head, until the last
                // token is made.
                let making_ms = self.settings.token_ms.saturating_mul(tokens);
                answer.head_delay_ms = answer.head_delay_ms.saturating_add(making_ms);
                answer
            }
            Draft::Stream { opening, content, closing } => {
                let mut chunks: Vec<Chunk> = opening.into_iter().map(now).collect();
                chunks
                    .extend(content.into_iter().map(|bytes| after(self.settings.token_ms, bytes)));
                chunks.extend(closing.into_iter().map(now));
                self.answer(200, EVENT_STREAM, chunks, End::Complete)
            }
        }
    }

    fn answer(&self, status: u16, content_type: &str, chunks: Vec<Chunk>, end: End) -> Answer {
        let headers =
            vec![("content-type", content_type.to_owned()), ("x-request-id", self.id("req"))];
        Answer { status, headers, head_delay_ms: self.settings.latency_ms, chunks, end }
    }
}

fn now(bytes: impl Into<Bytes>) -> Chunk {
    after(0, bytes)
}

fn after(delay_ms: u64, bytes: impl Into<Bytes>) -> Chunk {
    Chunk { delay_ms, bytes: bytes.into() }
}

/// One SSE event.
fn event(data: &Value) -> Bytes {
    Bytes::from(format!("data: {data}\n\n"))
}

/// The terminal of every stream.
fn done() -> Bytes {
    Bytes::from_static(b"data: [DONE]\n\n")
}

/// Tokens in and out; `completion` includes `reasoning`.
#[derive(Clone, Copy)]
struct Usage {
    prompt: u64,
    completion: u64,
    reasoning: u64,
}

impl Usage {
    fn json(self) -> Value {
        json!({
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt.saturating_add(self.completion),
            "prompt_tokens_details": { "cached_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": self.reasoning },
        })
    }
}
