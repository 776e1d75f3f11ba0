//! How a target's answer becomes the client's: as it came, or told anew.

use bytes::Bytes;

use super::answer_stream::AnswerStream;
use super::{Dialect, Operation, Usage, anthropic, converse, openai};
use crate::failure::Failure;

/// How the answer to one request is read and told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Both sides speak the same: its bytes stay as they are.
    AsItCame {
        /// What was asked for.
        operation: Operation,
        /// Whether the usage chunk of a stream is kept from the client.
        hides_usage: bool,
    },
    /// A count of Bedrock's for a client of Anthropic's.
    Counted,
    /// They do not.
    Translated {
        /// What the target speaks.
        from: Dialect,
        /// What the client gets.
        to: Telling,
    },
}

/// How a translated answer is told to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// As a chat completion.
    OpenAi {
        /// The model's name as the client knows it.
        alias: String,
        /// When it was made, in seconds since 1970.
        created_s: u64,
        /// Whether the client asked for the usage chunk of a stream.
        wants_usage: bool,
        /// Whether the client knows a call as `function_call`.
        calls_functions: bool,
    },
    /// As a message.
    Anthropic {
        /// The model's name as the client knows it.
        alias: String,
    },
}

impl Telling {
    /// The answer's id: the provider's, or else `otherwise`, as the client's SDKs know ids.
    pub(super) fn answer_id(&self, provider_id: &str, otherwise: &str) -> String {
        let id = if provider_id.is_empty() { otherwise } else { provider_id };
        match self {
            // Its writers put OpenAI's own prefix before it.
            Self::OpenAi { .. } => id.to_owned(),
            Self::Anthropic { .. } if id.starts_with("msg_") => id.to_owned(),
            Self::Anthropic { .. } => format!("msg_{id}"),
        }
    }
}

/// A whole answer, ready for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its body.
    pub body: Bytes,
    /// What the provider says it used.
    pub usage: Option<Usage>,
}

impl Reading {
    /// What the client speaks.
    pub fn client(&self) -> Dialect {
        match self {
            Self::AsItCame { operation, .. } => operation.dialect(),
            Self::Translated { to: Telling::OpenAi { .. }, .. } => Dialect::OpenAi,
            Self::Counted | Self::Translated { to: Telling::Anthropic { .. }, .. } => {
                Dialect::Anthropic
            }
        }
    }

    /// Whether a `content-type` is that of the target's streams.
    pub fn is_stream(&self, content_type: &str) -> bool {
        let expected = match self {
            Self::Translated { from: Dialect::Converse, .. } => {
                "application/vnd.amazon.eventstream"
            }
            _ => "text/event-stream",
        };
        content_type.to_ascii_lowercase().starts_with(expected)
    }

    /// Reads a whole answer that came with a success status. `answer_id` names it where the provider
    /// does not.
    ///
    /// # Errors
    /// A failure when it is no answer at all.
    pub fn whole(&self, body: Bytes, answer_id: &str) -> Result<Whole, Failure> {
        match self {
            Self::AsItCame { operation: Operation::CountTokens, .. } => {
                anthropic::read_count(&body)?;
                Ok(Whole { body, usage: Some(Usage::default()) })
            }
            Self::Counted => {
                let body = anthropic::count_answer(converse::read_count(&body)?).into();
                Ok(Whole { body, usage: Some(Usage::default()) })
            }
            Self::AsItCame { operation: Operation::Messages, .. } => {
                let usage = anthropic::read_answer(&body)?;
                Ok(Whole { body, usage })
            }
            Self::AsItCame { operation, .. } => {
                let usage = openai::read_answer(*operation, &body)?;
                Ok(Whole { body, usage })
            }
            Self::Translated { from, to } => {
                let mut answer = match from {
                    Dialect::OpenAi => openai::chat::read_answer(&body)?,
                    Dialect::Anthropic => anthropic::read_answer_chat(&body)?,
                    Dialect::Converse => converse::read_answer(&body)?,
                };
                answer.id = to.answer_id(&answer.id, answer_id);
                let body = match to {
                    Telling::OpenAi { alias, created_s, calls_functions, .. } => {
                        openai::chat::write_answer(&answer, alias, *created_s, *calls_functions)
                    }
                    Telling::Anthropic { alias } => anthropic::write_answer(&answer, alias),
                };
                Ok(Whole { body: body.into(), usage: answer.usage })
            }
        }
    }

    /// A reader of a streamed answer.
    pub fn stream(&self, answer_id: &str) -> AnswerStream {
        AnswerStream::new(self, answer_id)
    }
}
