//! A request to an OpenAI-compatible provider.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::messages::{Message, write_messages};
use super::reasoning::{ReasoningStyle, beside_forced_tools, write_reasoning};
use super::strict::strictness;
use crate::dialect::chat::{Chat, Dropped, Format, Knobs, Tool, ToolChoice};
use crate::dialect::{Edit, Object};

/// What a request must be for one target.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what a vendor knows, each by itself")]
pub struct Target<'a> {
    /// The model's name there.
    pub model: &'a str,
    /// Whether the answer is to be streamed, whatever the client asked for.
    pub stream: bool,
    /// Whether the provider knows `stream_options.include_usage`.
    pub stream_usage: bool,
    /// The field that caps all output of one choice: `max_completion_tokens` or `max_tokens`.
    pub output_cap_field: &'static str,
    /// Who the operator is: `system` or `developer`.
    pub system_role: &'static str,
    /// How the vendor takes reasoning.
    pub reasoning: ReasoningStyle,
    /// Whether it wants the thoughts of earlier turns back as `reasoning_content`. DeepSeek's V4
    /// refuses a conversation without them, its R1 refused one with them.
    pub sends_reasoning_content: bool,
    /// What it does with the signatures of calls.
    pub signed_calls: SignedCalls,
    /// Whether it knows `response_format` with a schema.
    pub takes_schemas: bool,
    /// Whether it knows `top_k`. OpenAI refuses fields that it does not know.
    pub takes_top_k: bool,
    /// How many texts may end the answer: 4 at OpenAI, 16 at DeepSeek.
    pub most_stops: usize,
}

/// What a provider does with what a call was signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedCalls {
    /// It signs none and may refuse the field.
    Unknown,
    /// It may be one that signs.
    Kept,
    /// It refuses a call without (Gemini, "Thought signatures").
    Needed,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(flatten)]
    fields: Knobs,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct ToolObject<'a> {
    r#type: &'static str,
    function: FunctionObject<'a>,
}

#[derive(Serialize)]
struct FunctionObject<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Cow<'a, RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat<'a> {
    JsonObject,
    JsonSchema { json_schema: NamedSchema<'a> },
}

#[derive(Serialize)]
struct NamedSchema<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    schema: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// Writes a chat as the body of a request, and says what of it has no place there, in the words of
/// Anthropic's dialect: `tools[2]`, `messages[1].content[0]`. The numbers are those of
/// [`Chat::turns`] and of the blocks of a turn.
///
/// What is said in another way is not noted, with one exception: a number of tokens to think with
/// that becomes a word or a switch. A schema that OpenAI would not take as strict is sent as one that
/// is only aimed at, and noted: the answer may not fit it.
pub fn write_request(chat: &Chat, to: &Target<'_>) -> (String, Dropped) {
    let mut dropped = chat.dropped.clone();
    let messages = write_messages(chat, to, &mut dropped);
    let tools = write_tools(&chat.tools, &mut dropped);
    let tool_choice = write_choice(chat.tool_choice.as_ref(), &tools, &mut dropped);
    let mut fields = Knobs::new();
    write_knobs(&chat.knobs, to, &mut fields, &mut dropped);
    if let Some(tokens) = chat.max_output_tokens {
        fields.insert(to.output_cap_field.to_owned(), number(tokens));
    }
    let is_forced = matches!(chat.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    let reasoning = if is_forced && tool_choice.is_some() {
        beside_forced_tools(to.reasoning, chat.reasoning.as_ref(), &mut dropped)
    } else {
        chat.reasoning.clone()
    };
    if let Some(reasoning) = &reasoning {
        write_reasoning(to.reasoning, reasoning, &mut fields, &mut dropped);
    }
    for at in to.most_stops..chat.stop.len() {
        dropped.note(format!("stop_sequences[{at}]"));
    }
    let response_format = chat.format.as_ref().map(|format| write_format(format, to, &mut dropped));
    let request = Request {
        model: to.model,
        messages,
        tool_choice,
        // True is the default, and some models refuse to be told.
        parallel_tool_calls: chat.parallel_tools.filter(|may| !may && !tools.is_empty()),
        tools,
        response_format,
        stop: chat.stop.get(..to.most_stops).unwrap_or(&chat.stop),
        fields,
        stream: to.stream.then_some(true),
        stream_options: (to.stream && to.stream_usage)
            .then_some(StreamOptions { include_usage: true }),
    };
    // Strings, numbers and JSON always serialize.
    (serde_json::to_string(&request).unwrap_or_default(), dropped)
}

fn write_tools<'a>(tools: &'a [Tool], dropped: &mut Dropped) -> Vec<ToolObject<'a>> {
    let mut written = Vec::with_capacity(tools.len());
    for (at, tool) in tools.iter().enumerate() {
        match tool {
            Tool::Function { name, description, parameters, strict, cache } => {
                if cache.is_some() {
                    dropped.note("cache_control");
                }
                let kept = strictness(*strict, parameters.as_deref());
                if kept != *strict {
                    dropped.note(format!("tools[{at}].strict"));
                }
                let function = FunctionObject {
                    name,
                    description: description.as_deref(),
                    parameters: parameters.as_deref().map(with_properties),
                    strict: kept,
                };
                written.push(ToolObject { r#type: "function", function });
            }
            Tool::Other { .. } => dropped.note(format!("tools[{at}]")),
        }
    }
    written
}

/// Parameters as OpenAI takes them: an object must say its properties, also when it has none ("object
/// schema missing properties").
fn with_properties(schema: &RawValue) -> Cow<'_, RawValue> {
    let Ok(members) = Object::parse(schema.get()) else { return Cow::Borrowed(schema) };
    if members.value("type") != Some("\"object\"") || members.value("properties").is_some() {
        return Cow::Borrowed(schema);
    }
    let edited = members.edited(&[Edit::Set("properties", "{}".to_owned())]);
    RawValue::from_string(edited).map_or(Cow::Borrowed(schema), Cow::Owned)
}

/// A choice among tools that are not there is refused by OpenAI.
fn write_choice(
    choice: Option<&ToolChoice>,
    tools: &[ToolObject<'_>],
    dropped: &mut Dropped,
) -> Option<Box<RawValue>> {
    let choice = choice?;
    let is_there = match choice {
        ToolChoice::Named(wanted) => tools.iter().any(|tool| tool.function.name == wanted),
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Required => !tools.is_empty(),
    };
    if !is_there {
        // Without tools the model cannot call one anyway.
        if matches!(choice, ToolChoice::Required | ToolChoice::Named(_)) {
            dropped.note("tool_choice");
        }
        return None;
    }
    Some(match choice {
        ToolChoice::Auto => text("auto"),
        ToolChoice::None => text("none"),
        ToolChoice::Required => text("required"),
        ToolChoice::Named(name) => raw(&json!({"type": "function", "function": {"name": name}})),
    })
}

/// Where there are no schemas the answer is some JSON, and the schema is told in words: see
/// [`write_messages`].
fn write_format<'a>(
    format: &'a Format,
    to: &Target<'_>,
    dropped: &mut Dropped,
) -> ResponseFormat<'a> {
    match format {
        Format::Json => ResponseFormat::JsonObject,
        Format::Schema { .. } if !to.takes_schemas => {
            dropped.note("output_config.format.schema");
            ResponseFormat::JsonObject
        }
        Format::Schema { name, description, schema, strict } => {
            let name = schema_name(name.as_deref());
            let description = description.as_deref();
            let kept = strictness(*strict, Some(schema));
            if kept != *strict {
                dropped.note("output_config.format.schema");
            }
            let json_schema = NamedSchema { name, description, schema, strict: kept };
            ResponseFormat::JsonSchema { json_schema }
        }
    }
}

/// OpenAI wants a name, of at most 64 letters, digits, `_` and `-`.
fn schema_name(name: Option<&str>) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = name.unwrap_or_default().chars().take(64).map(fits).collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// Knobs that every OpenAI-compatible provider knows or passes over.
const KNOWN: [&str; 19] = [
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "n",
    "top_logprobs",
    "logprobs",
    "store",
    "user",
    "verbosity",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "logit_bias",
    "prediction",
    "audio",
    "modalities",
    "web_search_options",
];

fn write_knobs(knobs: &Knobs, to: &Target<'_>, fields: &mut Knobs, dropped: &mut Dropped) {
    for (name, value) in knobs {
        match name.as_str() {
            "top_k" if !to.takes_top_k => dropped.note(name),
            "metadata" => write_metadata(value, fields, dropped),
            "service_tier" => write_tier(value, fields, dropped),
            // It is about the client's stream, not the provider's.
            "stream_options" => {}
            known if known == "top_k" || KNOWN.contains(&known) => {
                fields.insert(name.clone(), value.clone());
            }
            _ => dropped.note(name),
        }
    }
}

/// Anthropic's `metadata` says who the user is, which is a field of its own here.
fn write_metadata(value: &RawValue, fields: &mut Knobs, dropped: &mut Dropped) {
    type Metadata<'a> = std::collections::BTreeMap<String, &'a RawValue>;
    let Ok(metadata) = serde_json::from_str::<Metadata<'_>>(value.get()) else {
        return dropped.note("metadata");
    };
    for (name, value) in metadata {
        match name.as_str() {
            "user_id" if value.get().starts_with('"') => {
                fields.entry("user".to_owned()).or_insert_with(|| value.to_owned());
            }
            "user_id" if value.get() == "null" => {}
            _ => dropped.note(format!("metadata.{name}")),
        }
    }
}

/// Anthropic's `standard_only` is OpenAI's `default`.
fn write_tier(value: &RawValue, fields: &mut Knobs, dropped: &mut Dropped) {
    let tier: Option<String> = serde_json::from_str(value.get()).ok();
    let tier = match tier.as_deref() {
        Some("standard_only") => "default",
        Some(tier @ ("auto" | "default" | "flex" | "priority")) => tier,
        _ => return dropped.note("service_tier"),
    };
    fields.insert("service_tier".to_owned(), text(tier));
}

/// A value as JSON.
pub(super) fn raw(value: &impl Serialize) -> Box<RawValue> {
    // Strings and numbers always serialize.
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

pub(super) fn text(value: &str) -> Box<RawValue> {
    raw(&value)
}

pub(super) fn number(value: u64) -> Box<RawValue> {
    raw(&value)
}
