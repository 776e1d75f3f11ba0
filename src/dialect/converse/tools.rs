//! Tools: `toolConfig`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::history::{History, cache_point, object};
use super::model::Model;
use super::wire::{Choice, Schema, Tool, ToolConfig};
use crate::dialect::anthropic::schema::fits;
use crate::dialect::chat::{self, Chat, Dropped, ToolChoice};
use crate::dialect::{Edit, Object};
use crate::refusal::Refusal;

/// The longest name of a tool, in bytes (`ToolSpecification.name`).
const MOST_NAME_BYTES: usize = 64;

/// Writes the tools. Converse refuses a history with calls when no tool is declared: then tools that
/// must not be called are declared all the same, and tools that were called and are not declared any
/// more get a declaration that says nothing but their name.
///
/// # Errors
/// A refusal of a tool whose name or schema Converse does not take.
pub(super) fn write<'a>(
    chat: &'a Chat,
    model: Model,
    history: &History<'a>,
    dropped: &mut Dropped,
) -> Result<Option<ToolConfig<'a>>, Refusal> {
    let has_calls = !history.called.is_empty();
    if chat.parallel_tools == Some(false) && !chat.tools.is_empty() {
        dropped.note("parallel_tool_calls");
    }
    let mut tools = Vec::new();
    if chat.tool_choice == Some(ToolChoice::None) && !has_calls {
        return Ok(None);
    }
    for (at, tool) in chat.tools.iter().enumerate() {
        push(tool, &format!("tools[{at}]"), model, &mut tools, dropped)?;
    }
    if tools.is_empty() {
        tools.extend(history.called.iter().map(|name| Tool::ToolSpec {
            name,
            description: None,
            input_schema: Schema { json: Cow::Owned(object(&[("type", "object")])) },
            strict: None,
        }));
    }
    let tool_choice = match &chat.tool_choice {
        None => None,
        Some(ToolChoice::Auto) if tools.is_empty() => None,
        Some(ToolChoice::Auto) => Some(Choice::Auto {}),
        // It may still call one.
        Some(ToolChoice::Required | ToolChoice::Named(_))
            if !tools.is_empty() && !model.can_be_forced() =>
        {
            dropped.note("tool_choice");
            Some(Choice::Auto {})
        }
        Some(ToolChoice::Required) if !chat.tools.is_empty() && !tools.is_empty() => {
            Some(Choice::Any {})
        }
        Some(ToolChoice::Named(name)) if !tools.is_empty() => Some(Choice::Tool { name }),
        // Nothing can be called that must be, or what must not be called is there.
        Some(_) => {
            dropped.note("tool_choice");
            None
        }
    };
    Ok((!tools.is_empty()).then_some(ToolConfig { tools, tool_choice }))
}

fn push<'a>(
    tool: &'a chat::Tool,
    place: &str,
    model: Model,
    tools: &mut Vec<Tool<'a>>,
    dropped: &mut Dropped,
) -> Result<(), Refusal> {
    let chat::Tool::Function { name, description, parameters, strict, cache } = tool else {
        dropped.note(place);
        return Ok(());
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !(1..=MOST_NAME_BYTES).contains(&name.len()) || !name.bytes().all(allowed) {
        let message = "This model takes names of tools with 1 to 64 letters, digits, '_' and '-'.";
        return Err(Refusal::field(format!("{place}.name"), message));
    }
    let json = schema(parameters.as_deref()).ok_or_else(|| {
        let message = "The schema of a tool's parameters must be an object.";
        Refusal::field(format!("{place}.parameters"), message)
    })?;
    let wished = *strict == Some(true);
    let kept = wished && model.takes_schemas() && fits(parameters.as_deref());
    if wished && !kept {
        dropped.note(format!("{place}.strict"));
    }
    tools.push(Tool::ToolSpec {
        name,
        description: description.as_deref().filter(|text| !text.trim().is_empty()),
        input_schema: Schema { json },
        strict: kept.then_some(true),
    });
    match cache {
        Some(mark) if model.caches_tools() => {
            tools.push(Tool::CachePoint(cache_point(mark, model)));
        }
        Some(_) => dropped.note(format!("{place}.cache_control")),
        None => {}
    }
    Ok(())
}

/// A schema of parameters, with the type that Converse wants at its top. Nothing unless it is an
/// object.
fn schema(parameters: Option<&RawValue>) -> Option<Cow<'_, RawValue>> {
    let Some(parameters) = parameters.filter(|json| json.get() != "null") else {
        return Some(Cow::Owned(object(&[("type", "object")])));
    };
    let members = Object::parse(parameters.get()).ok()?;
    if members.value("type").is_some() {
        return Some(Cow::Borrowed(parameters));
    }
    let typed = members.edited(&[Edit::Set("type", "\"object\"".to_owned())]);
    RawValue::from_string(typed).ok().map(Cow::Owned)
}
