//! A whole answer of an OpenAI-compatible provider.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::blocks::call_id;
use super::said::{CallPiece, Ended, Kind, Said, stop_text};
use crate::dialect::Operation;
use crate::dialect::chat::{Answer, Block};
use crate::dialect::openai::answer::{malformed, read_answer as check_answer};
use crate::failure::{Class, Failure};

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Option<Said<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    matched_stop: Option<&'a RawValue>,
}

/// Reads an answer that came with a success status. Of several choices only the first is read. What
/// has no place in an [`Answer`], such as sound, annotations and token probabilities, is left out.
///
/// # Errors
/// A failure when it is no answer: not JSON, an error, nothing in it, all of it filtered, given up,
/// or with a call of a tool that has no name.
pub fn read_answer(body: &[u8]) -> Result<Answer, Failure> {
    let usage = check_answer(Operation::ChatCompletions, body)?;
    let completion: Completion<'_> =
        serde_json::from_slice(body).map_err(|error| malformed("the answer", &error))?;
    let mut answer = Answer {
        id: completion.id.unwrap_or_default().into_owned(),
        model: completion.model.unwrap_or_default().into_owned(),
        usage,
        ..Answer::default()
    };
    let Some(choice) = completion.choices.into_iter().flatten().next() else { return Ok(answer) };
    let said = choice.message.unwrap_or_default();
    let mut ended = Ended {
        reason: choice.finish_reason.map(Cow::into_owned),
        stop_text: stop_text([choice.stop_reason, choice.matched_stop]),
        ..Ended::default()
    };
    for (kind, text) in said.words() {
        ended.has_refusal |= kind == Kind::Refusal;
        answer.blocks.push(match kind {
            Kind::Thinking => Block::Thinking { text, signature: None },
            Kind::Text => Block::Text { text, cache: None },
            Kind::Refusal => Block::Refusal(text),
        });
    }
    let calls = said.tool_calls.unwrap_or_default();
    let legacy = said.function_call.map(CallPiece::from).filter(|_| calls.is_empty());
    for (index, call) in calls.iter().chain(legacy.as_ref()).enumerate() {
        ended.has_calls = true;
        answer.blocks.push(read_call(call, &answer.id, index)?);
    }
    (answer.finish, answer.stop_sequence) = ended.meaning();
    Ok(answer)
}

fn read_call(call: &CallPiece<'_>, answer_id: &str, index: usize) -> Result<Block, Failure> {
    if call.name().is_empty() {
        return Err(Failure::answer(Class::Malformed, "a call of a tool has no name"));
    }
    let id = match call.id() {
        "" => call_id(answer_id, index),
        id => id.to_owned(),
    };
    Ok(Block::ToolUse {
        id,
        name: call.name().to_owned(),
        arguments: call.arguments(),
        signature: call.signature().map(ToOwned::to_owned),
        cache: None,
    })
}
