//! A client's request in its own dialect, read as far as the gateway needs.

use bytes::Bytes;
use http::HeaderMap;

use super::anthropic::MessagesCall;
use super::{Object, Operation, openai};
use crate::quota::InputSize;
use crate::refusal::Refusal;

/// A request of a client.
#[derive(Clone, Debug)]
pub enum Call {
    /// One of OpenAI's operations.
    OpenAi(openai::Call),
    /// One of Anthropic's.
    Anthropic(MessagesCall),
}

impl Call {
    /// Reads a request.
    ///
    /// # Errors
    /// A refusal that names the field and what was expected.
    pub fn parse(operation: Operation, headers: &HeaderMap, body: Bytes) -> Result<Self, Refusal> {
        let messages = match operation {
            Operation::Messages => MessagesCall::parse(body)?,
            Operation::CountTokens => MessagesCall::parse_count(body)?,
            Operation::ChatCompletions | Operation::Completions | Operation::Embeddings => {
                return openai::Call::parse(operation, body).map(Self::OpenAi);
            }
        };
        messages.with_headers(headers).map(Self::Anthropic)
    }

    /// What is asked for.
    pub fn operation(&self) -> Operation {
        match self {
            Self::OpenAi(call) => call.operation,
            Self::Anthropic(call) => call.operation,
        }
    }

    /// The model name that the client sent.
    pub fn alias(&self) -> &str {
        match self {
            Self::OpenAi(call) => &call.alias,
            Self::Anthropic(call) => &call.alias,
        }
    }

    /// Whether the answer is to be streamed.
    pub fn stream(&self) -> bool {
        match self {
            Self::OpenAi(call) => call.stream,
            Self::Anthropic(call) => call.stream,
        }
    }

    /// How many answers with output are generated.
    pub fn choices(&self) -> u64 {
        match self {
            Self::OpenAi(call) if call.operation == Operation::Embeddings => 0,
            Self::OpenAi(call) => call.choices,
            Self::Anthropic(_) => 1,
        }
    }

    /// The cap on the output of one choice: the caller's, or else a target's default.
    pub fn output_cap(&self, default_output_tokens: u64) -> u64 {
        match self {
            Self::OpenAi(call) => call.output_cap(default_output_tokens),
            Self::Anthropic(call) => call.max_tokens,
        }
    }

    /// How large the input is.
    pub fn size(&self) -> &InputSize {
        match self {
            Self::OpenAi(call) => &call.size,
            Self::Anthropic(call) => &call.size,
        }
    }

    /// The end user that the request names.
    pub fn user(&self) -> Option<String> {
        let json = match self {
            Self::OpenAi(call) => call.object().value("user"),
            Self::Anthropic(call) => {
                let metadata = call.object().value("metadata")?;
                Object::parse(metadata).ok()?.value("user_id")
            }
        };
        serde_json::from_str(json?).ok()
    }

    /// Why no size bounds what the request costs, if none does.
    pub fn unbounded(&self) -> Option<String> {
        match self {
            Self::OpenAi(_) => None,
            Self::Anthropic(call) => call.unbounded(),
        }
    }
}
