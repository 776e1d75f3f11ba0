//! How an Anthropic client wants to be answered: tools, thinking, format.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::expected::{expected, integer, missing, read};
use crate::dialect::Object;
use crate::dialect::chat::{Chat, Effort, Format, Reasoning, Tool, ToolChoice};
use crate::refusal::Refusal;

/// What a tool of the client has that a function has no place for.
const ONLY_HERE: [&str; 4] =
    ["allowed_callers", "defer_loading", "eager_input_streaming", "input_examples"];

#[derive(Deserialize)]
struct WireTool<'a> {
    r#type: Option<String>,
    name: Option<String>,
    description: Option<String>,
    #[serde(borrow)]
    input_schema: Option<&'a RawValue>,
    strict: Option<bool>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

pub(super) fn read_tools(object: &Object<'_>, chat: &mut Chat) -> Result<(), Refusal> {
    let Some(json) = object.value("tools") else { return Ok(()) };
    let tools: Vec<&RawValue> = read(json, "tools", "an array")?;
    for (index, json) in tools.into_iter().enumerate() {
        let place = format!("tools[{index}]");
        let tool: WireTool<'_> = read(json.get(), &place, "a tool")?;
        if let Some(kind) = tool.r#type.filter(|kind| kind != "custom") {
            chat.tools.push(Tool::Other { kind, json: json.to_owned() });
            continue;
        }
        let fields = Object::parse(json.get()).map_err(|_| expected(&place, "a tool", ""))?;
        for name in ONLY_HERE.into_iter().filter(|name| fields.value(name).is_some()) {
            chat.dropped.note(format!("{place}.{name}"));
        }
        chat.tools.push(Tool::Function {
            name: word(tool.name, &format!("{place}.name"))?,
            description: tool.description,
            parameters: Some(schema(tool.input_schema, &format!("{place}.input_schema"))?),
            strict: tool.strict,
            cache: tool.cache_control.map(RawValue::to_owned),
        });
    }
    Ok(())
}

#[derive(Deserialize)]
struct Choice {
    r#type: Option<String>,
    name: Option<String>,
    disable_parallel_tool_use: Option<bool>,
}

pub(super) fn read_tool_choice(object: &Object<'_>, chat: &mut Chat) -> Result<(), Refusal> {
    let Some(json) = object.value("tool_choice") else { return Ok(()) };
    let choice: Choice = read(json, "tool_choice", "an object")?;
    chat.tool_choice = Some(match (choice.r#type.as_deref(), choice.name) {
        (Some("auto"), _) => ToolChoice::Auto,
        (Some("any"), _) => ToolChoice::Required,
        (Some("none"), _) => ToolChoice::None,
        (Some("tool"), name) => ToolChoice::Named(word(name, "tool_choice.name")?),
        (other, _) => {
            let other = other.unwrap_or("null");
            return Err(expected("tool_choice.type", "auto, any, tool or none", other));
        }
    });
    chat.parallel_tools = choice.disable_parallel_tool_use.map(|disabled| !disabled);
    Ok(())
}

#[derive(Deserialize)]
struct WireThinking<'a> {
    r#type: Option<String>,
    #[serde(borrow)]
    budget_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    display: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct OutputConfig<'a> {
    effort: Option<String>,
    #[serde(borrow)]
    format: Option<WireFormat<'a>>,
}

#[derive(Deserialize)]
struct WireFormat<'a> {
    r#type: Option<String>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

fn output_config<'a>(object: &Object<'a>) -> Result<OutputConfig<'a>, Refusal> {
    let json = object.value("output_config");
    json.map_or_else(
        || Ok(OutputConfig::default()),
        |json| read(json, "output_config", "an object"),
    )
}

/// `thinking` and `output_config.effort`. Of a thinking that is off or has a budget, the effort
/// says nothing that another dialect could take beside it.
pub(super) fn read_reasoning(object: &Object<'_>, chat: &mut Chat) -> Result<(), Refusal> {
    let effort = output_config(object)?.effort.map(|name| effort(&name)).transpose()?;
    let Some(json) = object.value("thinking") else {
        chat.reasoning = effort.map(Reasoning::Effort);
        return Ok(());
    };
    let thinking: WireThinking<'_> = read(json, "thinking", "an object")?;
    if thinking.display.is_some() {
        chat.dropped.note("thinking.display");
    }
    let reasoning = match thinking.r#type.as_deref() {
        Some("disabled") => Reasoning::Off,
        Some("enabled") => {
            let name = "thinking.budget_tokens";
            let budget = thinking.budget_tokens.ok_or_else(|| missing(name))?;
            Reasoning::Budget(integer(budget.get(), name, u64::MAX)?)
        }
        Some("adaptive") => Reasoning::Adaptive { effort },
        // Thinking between the calls of tools only: no other dialect draws that line.
        Some("between_tools") => {
            chat.dropped.note("thinking.type");
            Reasoning::Adaptive { effort }
        }
        other => {
            let known = "adaptive, between_tools, enabled or disabled";
            return Err(expected("thinking.type", known, other.unwrap_or("null")));
        }
    };
    if effort.is_some() && !matches!(reasoning, Reasoning::Adaptive { .. }) {
        chat.dropped.note("output_config.effort");
    }
    chat.reasoning = Some(reasoning);
    Ok(())
}

fn effort(name: &str) -> Result<Effort, Refusal> {
    Ok(match name {
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::ExtraHigh,
        "max" => Effort::Max,
        other => {
            return Err(expected("output_config.effort", "low, medium, high, xhigh or max", other));
        }
    })
}

/// `output_config.format`, or `output_format` as it was called first. Anthropic keeps to the schema
/// exactly ("Structured outputs"), so that is what the client expects.
pub(super) fn read_format(object: &Object<'_>, chat: &mut Chat) -> Result<(), Refusal> {
    let (place, format) = match (output_config(object)?.format, object.value("output_format")) {
        (Some(format), _) => ("output_config.format", format),
        (None, Some(json)) => ("output_format", read(json, "output_format", "an object")?),
        (None, None) => return Ok(()),
    };
    if format.r#type.as_deref() != Some("json_schema") {
        let name = format!("{place}.type");
        return Err(expected(&name, "json_schema", format.r#type.as_deref().unwrap_or("null")));
    }
    let schema = schema(format.schema, &format!("{place}.schema"))?;
    chat.format =
        Some(Format::Schema { name: None, description: None, schema, strict: Some(true) });
    Ok(())
}

fn word(text: Option<String>, name: &str) -> Result<String, Refusal> {
    let text = text.ok_or_else(|| missing(name))?;
    if text.is_empty() {
        return Err(expected(name, "a string that is not empty", "\"\""));
    }
    Ok(text)
}

/// A JSON schema, which is an object: no target takes another.
fn schema(json: Option<&RawValue>, name: &str) -> Result<Box<RawValue>, Refusal> {
    let json = json.ok_or_else(|| missing(name))?;
    if !json.get().starts_with('{') {
        return Err(expected(name, "a JSON schema", json.get()));
    }
    Ok(json.to_owned())
}

/// `service_tier`: Anthropic's `standard_only` is OpenAI's `default`, and `auto` is the same.
pub(super) fn read_service_tier(object: &Object<'_>, chat: &mut Chat) -> Result<(), Refusal> {
    let Some(json) = object.value("service_tier") else { return Ok(()) };
    let tier: String = read(json, "service_tier", "a string")?;
    let tier = match tier.as_str() {
        "auto" => r#""auto""#,
        "standard_only" => r#""default""#,
        _ => return Err(expected("service_tier", "auto or standard_only", json)),
    };
    chat.knobs.insert("service_tier".to_owned(), read(tier, "service_tier", "a string")?);
    Ok(())
}
