//! A client's request as a target gets it: its own bytes with a few edits where the dialects are
//! equal, and translated where they are not.

use bytes::Bytes;

use super::anthropic::{self, MessagesCall, Thinking};
use super::chat::{Chat, Dropped};
use super::openai::chat::ReasoningStyle;
use super::{Call, Dialect, Edit, Operation, Reading, Telling, Vendor, converse, openai};
use crate::failure::{Class, Failure, ProviderError, Sent};
use crate::refusal::Refusal;

/// What is special about a target.
#[derive(Clone, Copy, Debug)]
pub struct Encoding<'a> {
    /// The vendor's row.
    pub vendor: &'a Vendor,
    /// The model name there.
    pub upstream_model: &'a str,
    /// Whether usage is asked for in streams.
    pub stream_usage: bool,
    /// The cap to set on the output of one choice where one is needed and the caller gave none.
    pub default_output_tokens: u64,
    /// Whether the key's limits rely on the output cap.
    pub binds_cost: bool,
    /// How an OpenAI-compatible target is told to think, if not as its vendor.
    pub reasoning: Option<ReasoningStyle>,
    /// What a Claude model understands of thinking, if not what its name says.
    pub thinking: Option<Thinking>,
    /// Whether a field that the target cannot take is a failure, and not only named.
    pub is_strict: bool,
    /// The time, in seconds since 1970.
    pub now_s: u64,
}

/// A request for a target.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// What the target is asked to do, in its own dialect; a translated chat is `Messages` at
    /// Converse too, which has no operations.
    pub operation: Operation,
    /// The body.
    pub body: Bytes,
    /// Headers that belong to it.
    pub headers: Vec<(&'static str, String)>,
    /// What of the client's request has no place in it.
    pub dropped: Dropped,
    /// How the answer is read.
    pub reading: Reading,
}

impl Call {
    /// The request for a target.
    ///
    /// # Errors
    /// [`Class::Unsupported`] when the target's dialect cannot say what is asked, or not all of it
    /// and the encoding is strict: another target may.
    pub fn encode(&self, encoding: &Encoding<'_>) -> Result<Encoded, Failure> {
        match (self, encoding.vendor.dialect) {
            (Self::OpenAi(call), Dialect::OpenAi) => Ok(openai_as_it_came(call, encoding)),
            (Self::Anthropic(call), Dialect::Anthropic) => Ok(Encoded {
                operation: call.operation,
                body: call.encode(encoding.upstream_model),
                headers: call.headers.clone(),
                dropped: Dropped::default(),
                reading: Reading::AsItCame { operation: call.operation, hides_usage: false },
            }),
            (Self::OpenAi(call), to) => {
                if call.operation != Operation::ChatCompletions {
                    let what = call.operation.name();
                    return Err(unsupported(None, &format!("{what} are not to be had there")));
                }
                let alias = call.alias.clone();
                let (created_s, wants_usage) = (encoding.now_s, call.wants_usage);
                let calls_functions = call.calls_functions;
                let telling = Telling::OpenAi { alias, created_s, wants_usage, calls_functions };
                translate(openai::chat::read_request(call.text()), to, telling, encoding)
            }
            (Self::Anthropic(call), to) => {
                if (call.operation, to) == (Operation::CountTokens, Dialect::Converse) {
                    return count_at_bedrock(call, encoding);
                }
                if call.operation == Operation::CountTokens {
                    return Err(unsupported(None, "tokens are not counted there"));
                }
                let telling = Telling::Anthropic { alias: call.alias.clone() };
                let chat = read_messages(call.text(), call.has_beta());
                translate(chat, to, telling, encoding)
            }
        }
    }
}

fn openai_as_it_came(call: &openai::Call, encoding: &Encoding<'_>) -> Encoded {
    let body = call.encode(&openai::Encoding {
        vendor: encoding.vendor,
        upstream_model: encoding.upstream_model,
        stream_usage: encoding.stream_usage,
        default_output_tokens: encoding.default_output_tokens,
        binds_cost: encoding.binds_cost,
    });
    let (operation, hides_usage) = (call.operation, call.hides_usage());
    Encoded {
        operation,
        body,
        headers: vec![],
        dropped: Dropped::default(),
        reading: Reading::AsItCame { operation, hides_usage },
    }
}

fn count_at_bedrock(call: &MessagesCall, encoding: &Encoding<'_>) -> Result<Encoded, Failure> {
    let target = converse::Target { model: encoding.upstream_model, max_tokens_default: None };
    // A conversation has a cap on its answer, which a request to count one has not.
    let capped = call.object().edited(&[Edit::Set("max_tokens", "1".to_owned())]);
    let chat = read_messages(&capped, call.has_beta());
    let counted = chat.and_then(|chat| converse::count_request(&chat, &target));
    let (body, dropped) = counted.map_err(|refusal| refused(&refusal))?;
    let operation = Operation::CountTokens;
    Ok(Encoded {
        operation,
        body: body.into(),
        headers: vec![],
        dropped,
        reading: Reading::Counted,
    })
}

fn read_messages(text: &str, has_beta: bool) -> Result<Chat, Refusal> {
    let mut chat = anthropic::read_request(text)?;
    if has_beta {
        chat.dropped.note("anthropic-beta");
    }
    Ok(chat)
}

fn translate(
    chat: Result<Chat, Refusal>,
    to: Dialect,
    telling: Telling,
    encoding: &Encoding<'_>,
) -> Result<Encoded, Failure> {
    let chat = chat.map_err(|refusal| refused(&refusal))?;
    let (operation, body, dropped) = match to {
        Dialect::OpenAi => {
            let (body, dropped) =
                openai::chat::write_request(&chat, &openai_target(&chat, encoding));
            (Operation::ChatCompletions, body, dropped)
        }
        Dialect::Anthropic => {
            let target = anthropic_target(&chat, encoding);
            let written = anthropic::write_request(&chat, &target);
            let (body, dropped) = written.map_err(|refusal| refused(&refusal))?;
            (Operation::Messages, body, dropped)
        }
        Dialect::Converse => {
            let target = converse::Target {
                model: encoding.upstream_model,
                max_tokens_default: encoding.binds_cost.then_some(encoding.default_output_tokens),
            };
            let written = converse::write_request(&chat, &target);
            let (body, dropped) = written.map_err(|refusal| refused(&refusal))?;
            let is_anthropic = matches!(telling, Telling::Anthropic { .. });
            let dropped = if is_anthropic { anthropic::in_its_words(&dropped) } else { dropped };
            (Operation::Messages, body, dropped)
        }
    };
    if let Some(field) = dropped.fields().first().filter(|_| encoding.is_strict) {
        return Err(unsupported(Some(field), &format!("'{field}' has no place there")));
    }
    let headers = match to {
        Dialect::Anthropic => anthropic::headers(),
        Dialect::OpenAi | Dialect::Converse => vec![],
    };
    let reading = Reading::Translated { from: to, to: telling };
    Ok(Encoded { operation, body: body.into(), headers, dropped, reading })
}

fn openai_target<'a>(chat: &Chat, encoding: &Encoding<'a>) -> openai::chat::Target<'a> {
    let vendor = encoding.vendor;
    openai::chat::Target {
        model: encoding.upstream_model,
        stream: chat.stream,
        stream_usage: encoding.stream_usage,
        output_cap_field: vendor.output_cap,
        system_role: "system",
        reasoning: encoding.reasoning.unwrap_or(vendor.reasoning),
        sends_reasoning_content: vendor.sends_reasoning_content,
        signed_calls: vendor.signed_calls,
        takes_schemas: vendor.takes_schemas,
        takes_top_k: vendor.takes_top_k,
        most_stops: vendor.most_stops,
    }
}

fn anthropic_target<'a>(chat: &Chat, encoding: &Encoding<'a>) -> anthropic::Target<'a> {
    let (model, most) = (encoding.upstream_model, encoding.default_output_tokens);
    anthropic::Target::of(model, most, chat.stream).with_thinking(encoding.thinking)
}

/// A request that the translation refuses: another target may take it as it is.
fn refused(refusal: &Refusal) -> Failure {
    unsupported(refusal.param(), &refusal.message())
}

fn unsupported(param: Option<&str>, message: &str) -> Failure {
    let error = ProviderError {
        message: message.to_owned(),
        param: param.map(str::to_owned),
        ..ProviderError::default()
    };
    let failure = Failure::new(Class::Unsupported, Sent::Unbilled, "it cannot be said there");
    Failure { error: Some(Box::new(error)), ..failure }
}
