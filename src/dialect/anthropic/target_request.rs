//! A conversation as a request to a Claude model.

use serde::Serialize;
use serde_json::value::RawValue;

use super::model::{Claude, Thinks};
use super::schema::fitted;
use super::target_blocks::{BlockWriter, Part};
use super::target_sampling::sampling;
use super::target_thinking::{Thinking, WireThinking, plan};
use super::target_tools::{Choice, WireTool, tools};
use super::target_turns::{Message, turns};
use crate::dialect::chat::{Chat, Dropped, Format};
use crate::refusal::Refusal;

/// What must be known of a Claude model to write a request for it.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its name at the provider.
    pub model: &'a str,
    /// The cap on all output, thinking included, in tokens, when the caller gave none: Anthropic
    /// requires one.
    pub max_tokens_default: u64,
    /// Whether the answer is streamed from there, whatever the client asked for.
    pub stream: bool,
    /// What it understands of thinking.
    pub thinking: Thinking,
    /// Whether it takes `output_config.format` and `strict` tools ("Structured outputs"); older
    /// models and some clouds do not.
    pub schemas: bool,
    /// Whether it takes `temperature`, `top_p` and `top_k`; newer models refuse all but the defaults.
    pub sampling: bool,
}

impl<'a> Target<'a> {
    /// The target for a model, by its name as Anthropic's API and the clouds spell it. A name that is
    /// no Claude's is of a vendor with an endpoint like Anthropic's: `DeepSeek` ("Anthropic API"),
    /// `Qwen` (Model Studio, "Anthropic-compatible Messages"), `Kimi`, `GLM` and `MiniMax` take
    /// `thinking` with a budget, which some pass over, and `temperature`; none knows
    /// `output_config.format`.
    pub fn of(model: &'a str, max_tokens_default: u64, stream: bool) -> Self {
        let claude = Claude::named(model);
        let thinking = match claude.map(Claude::thinks) {
            Some(Thinks::Never) => Thinking::None,
            Some(Thinks::ByBudget) | None => Thinking::Budget,
            // Budgets are deprecated where both are known ("Adaptive thinking").
            Some(Thinks::BothWays | Thinks::Adaptively) => Thinking::Adaptive,
        };
        let schemas = claude.is_some_and(|claude| claude.is_since(SCHEMAS_SINCE));
        let sampling = claude.is_none_or(Claude::samples);
        Self { model, max_tokens_default, stream, thinking, schemas, sampling }
    }

    /// Whether it can be made to call a tool.
    pub(super) fn can_be_forced(&self) -> bool {
        Claude::named(self.model).is_none_or(Claude::can_be_forced)
    }

    /// With another thinking than the name tells, where one is configured.
    #[must_use]
    pub fn with_thinking(self, thinking: Option<Thinking>) -> Self {
        Self { thinking: thinking.unwrap_or(self.thinking), ..self }
    }
}

/// The first version with structured outputs ("Structured outputs on the Claude Developer Platform").
const SCHEMAS_SINCE: (u32, u32) = (4, 1);

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Part<'a>>,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<WireThinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Serialize)]
struct OutputConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<WireFormat>,
}

#[derive(Serialize)]
struct WireFormat {
    r#type: &'static str,
    schema: Box<RawValue>,
}

#[derive(Serialize)]
struct Metadata {
    user_id: String,
}

/// Writes the body of `POST /v1/messages`, and names the fields that it has no place for in the
/// words of OpenAI's clients: `seed`, `logprobs`, `logit_bias`, penalties, `response_format` where
/// the model takes no schemas, audio, files in another store, thoughts that nobody signed. What is
/// changed is named too: a `temperature` above 1, numbers that do not go with thinking
/// (`temperature`, `top_p`, `top_k`), `reasoning_effort` where thinking is not possible.
///
/// Not named is what means the same there: turns of one speaker are joined, the results of tools
/// stand first, ids of calls are put in Anthropic's alphabet, texts without a visible character are
/// left out.
///
/// # Errors
/// A refusal when nothing is left to send, a number is none, or more than one answer is asked for.
pub fn write_request(chat: &Chat, target: &Target<'_>) -> Result<(String, Dropped), Refusal> {
    let claude = Claude::named(target.model);
    let mut writer = BlockWriter::new(claude.is_some(), chat.dropped.clone());
    // A schema and words to go on from exclude each other ("Structured outputs").
    let is_formatted = target.schemas && matches!(chat.format, Some(Format::Schema { .. }));
    let takes_prefill = claude.is_none_or(Claude::takes_prefill) && !is_formatted;
    let turns = turns(chat, takes_prefill, &mut writer)?;
    let mut dropped = writer.dropped;
    let (tools, tool_choice) = tools(chat, target, &mut dropped);
    let forced = tool_choice.as_ref().is_some_and(Choice::is_forced);
    let max_tokens = chat.max_output_tokens.unwrap_or(target.max_tokens_default);
    let plan = plan(chat, target, max_tokens, forced, &turns, &mut dropped);
    let thinks = plan.thinking.as_ref().is_some_and(WireThinking::is_on);
    let numbers = sampling(chat, thinks, target.sampling, &mut dropped)?;
    let format = format(chat, target, &mut dropped);
    let has_output_config = plan.effort.is_some() || format.is_some();
    let request = Request {
        model: target.model,
        max_tokens,
        system: turns.system,
        messages: turns.messages,
        tools,
        tool_choice,
        thinking: plan.thinking,
        output_config: has_output_config.then_some(OutputConfig { effort: plan.effort, format }),
        stop_sequences: stop_sequences(chat, &mut dropped),
        temperature: numbers.temperature,
        top_p: numbers.top_p,
        top_k: numbers.top_k,
        metadata: numbers.user_id.map(|user_id| Metadata { user_id }),
        service_tier: numbers.service_tier,
        stream: target.stream,
    };
    // Strings, numbers and JSON that was read always serialize.
    Ok((serde_json::to_string(&request).unwrap_or_default(), dropped))
}

/// The documented way to a schema is `output_config.format` ("Structured outputs"). Any JSON object
/// at all cannot be asked for. What the API would refuse of a schema is taken out of it, so that the
/// answer fits the rest.
fn format(chat: &Chat, target: &Target<'_>, dropped: &mut Dropped) -> Option<WireFormat> {
    match chat.format.as_ref()? {
        Format::Schema { schema, description, .. } if target.schemas => {
            if description.is_some() {
                dropped.note("response_format.json_schema.description");
            }
            let (schema, taken_out) = fitted(schema);
            for keyword in taken_out {
                dropped.note(format!("response_format.json_schema.schema.{keyword}"));
            }
            Some(WireFormat { r#type: "json_schema", schema })
        }
        _ => {
            dropped.note("response_format");
            None
        }
    }
}

/// The API refuses stop sequences of white space alone.
fn stop_sequences<'a>(chat: &'a Chat, dropped: &mut Dropped) -> Vec<&'a str> {
    let texts = chat.stop.iter().map(String::as_str);
    let texts: Vec<_> = texts.filter(|text| !text.trim().is_empty()).collect();
    if texts.len() < chat.stop.len() {
        dropped.note("stop");
    }
    texts
}
