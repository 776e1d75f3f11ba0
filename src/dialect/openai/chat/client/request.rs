//! A chat request of an OpenAI client.

use super::field::{Fields, Value};
use super::messages::read_messages;
use super::reasoning::read_reasoning;
use super::tools::read_tools;
use crate::dialect::chat::{Chat, Format, Knobs};
use crate::refusal::Refusal;

/// Fields that have a place of their own in a [`Chat`], or are the gateway's business.
const PLACED: [&str; 17] = [
    "model",
    "messages",
    "stream",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "parallel_tool_calls",
    "max_completion_tokens",
    "max_tokens",
    "stop",
    "response_format",
    "reasoning_effort",
    "reasoning",
    "thinking",
    "enable_thinking",
    "thinking_budget",
];

/// What the value of a knob must look like.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Integer,
    Flag,
    Text,
    Object,
    List,
}

/// The knobs of OpenAI's API reference, and `top_k`, which many servers take.
const KNOBS: [(&str, Kind); 23] = [
    ("temperature", Kind::Number),
    ("top_p", Kind::Number),
    ("presence_penalty", Kind::Number),
    ("frequency_penalty", Kind::Number),
    ("top_k", Kind::Number),
    ("seed", Kind::Number),
    ("n", Kind::Integer),
    ("top_logprobs", Kind::Integer),
    ("logprobs", Kind::Flag),
    ("store", Kind::Flag),
    ("user", Kind::Text),
    ("service_tier", Kind::Text),
    ("verbosity", Kind::Text),
    ("safety_identifier", Kind::Text),
    ("prompt_cache_key", Kind::Text),
    ("prompt_cache_retention", Kind::Text),
    ("logit_bias", Kind::Object),
    ("metadata", Kind::Object),
    ("prediction", Kind::Object),
    ("audio", Kind::Object),
    ("web_search_options", Kind::Object),
    ("stream_options", Kind::Object),
    ("modalities", Kind::List),
];

/// Reads the body of a chat request.
///
/// Fields without a place in a [`Chat`], those of messages, parts and tools included, come as knobs:
/// top-level fields by their name, others by their place without numbers (`messages[].audio`). The
/// writer of the target's dialect notes those that it does not know.
///
/// # Errors
/// [`Refusal::InvalidField`] names the field that is not what OpenAI's API takes, and what was
/// expected; [`Refusal::InvalidBody`] is for what is no object.
pub fn read_request(body: &str) -> Result<Chat, Refusal> {
    let fields = Value::body(body).object().map_err(|_| Refusal::InvalidBody {
        message: "The body must be a JSON object.".to_owned(),
    })?;
    let mut chat = Chat::default();
    read_messages(&fields, &mut chat)?;
    read_tools(&fields, &mut chat)?;
    chat.max_output_tokens = output_cap(&fields)?;
    chat.stop = stop(&fields)?;
    chat.reasoning = read_reasoning(&fields, &mut chat.knobs)?;
    chat.format = format(&fields, &mut chat.knobs)?;
    chat.stream = fields.flag("stream")?.unwrap_or(false);
    read_knobs(&fields, &mut chat.knobs)?;
    Ok(chat)
}

/// The newer field counts where both are given: it is the one that caps everything.
fn output_cap(fields: &Fields<'_, '_>) -> Result<Option<u64>, Refusal> {
    let older = fields.integer("max_tokens")?;
    Ok(fields.integer("max_completion_tokens")?.or(older))
}

fn stop(fields: &Fields<'_, '_>) -> Result<Vec<String>, Refusal> {
    let Some(value) = fields.get("stop") else { return Ok(vec![]) };
    if value.is_text() {
        return Ok(vec![value.text()?]);
    }
    if !value.is_list() {
        return Err(value.refuse("a string or an array of strings"));
    }
    value.list()?.values().map(|text| text.text()).collect()
}

fn format(fields: &Fields<'_, '_>, knobs: &mut Knobs) -> Result<Option<Format>, Refusal> {
    let Some(value) = fields.get("response_format") else { return Ok(None) };
    let wire = value.object()?;
    let what = "'text', 'json_object' or 'json_schema'";
    let kind = wire.need("type", what)?;
    match kind.text()?.as_str() {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::Json)),
        "json_schema" => {
            let schema = wire.need("json_schema", "an object with the schema")?.object()?;
            let body = schema.need("schema", "a JSON schema")?;
            if !body.is_object() {
                return Err(body.refuse("a JSON schema"));
            }
            schema.carry_others(&["name", "description", "schema", "strict"], knobs);
            Ok(Some(Format::Schema {
                name: schema.text("name")?,
                description: schema.text("description")?,
                schema: body.raw(),
                strict: schema.flag("strict")?,
            }))
        }
        _ => Err(kind.refuse(what)),
    }
}

fn read_knobs(fields: &Fields<'_, '_>, knobs: &mut Knobs) -> Result<(), Refusal> {
    for (name, kind) in KNOBS {
        let Some(value) = fields.get(name) else { continue };
        let (fits, what) = match kind {
            Kind::Number => (value.is_number(), "a number"),
            Kind::Integer => (value.integer().is_ok(), "an integer of 0 or more"),
            Kind::Flag => (value.flag().is_ok(), "true or false"),
            Kind::Text => (value.is_text(), "a string"),
            Kind::Object => (value.is_object(), "an object"),
            Kind::List => (value.is_list(), "an array"),
        };
        if !fits {
            return Err(value.refuse(what));
        }
        knobs.insert(name.to_owned(), value.raw());
    }
    let others = fields.members().map(|(name, _)| name).filter(|name| !PLACED.contains(name));
    for name in others {
        if let Some(value) = fields.get(name) {
            knobs.entry(name.to_owned()).or_insert_with(|| value.raw());
        }
    }
    Ok(())
}
