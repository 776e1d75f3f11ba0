//! Tools for a Claude model, and the names of their calls.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::value::RawValue;

use super::schema::fits;
use super::target_request::Target;
use crate::dialect::call_ids::CallIds;
use crate::dialect::chat::{Block, Chat, Dropped, Tool, ToolChoice};
use crate::dialect::{Edit, Object};

/// A schema that any arguments fit.
const ANYTHING: &str = r#"{"type":"object","properties":{}}"#;

#[derive(Serialize)]
pub(super) struct WireTool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: Box<RawValue>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    strict: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Choice<'a> {
    Auto {
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        disable_parallel_tool_use: bool,
    },
    Any {
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        disable_parallel_tool_use: bool,
    },
    Tool {
        name: &'a str,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        disable_parallel_tool_use: bool,
    },
    None,
}

impl Choice<'_> {
    /// Whether the model has to call a tool.
    pub(super) fn is_forced(&self) -> bool {
        matches!(self, Self::Any { .. } | Self::Tool { .. })
    }
}

/// The tools and the choice among them. A conversation with calls in it must define tools even when
/// it allows no more (the API: "Requests which include `tool_use` or `tool_result` blocks must define
/// tools"), so these get the tools that were called, and a choice of none.
pub(super) fn tools<'a>(
    chat: &'a Chat,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> (Vec<WireTool<'a>>, Option<Choice<'a>>) {
    let tools: Vec<_> = chat
        .tools
        .iter()
        .enumerate()
        .filter_map(|(index, tool)| write_tool(index, tool, target, dropped))
        .collect();
    let is_forced = matches!(chat.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    if tools.is_empty() {
        if is_forced {
            dropped.note("tool_choice");
        }
        let called = called_tools(chat);
        let choice = (!called.is_empty()).then_some(Choice::None);
        return (called, choice);
    }
    let disable_parallel_tool_use = chat.parallel_tools == Some(false);
    let choice = match &chat.tool_choice {
        // The model that cannot be made to call a tool may still do so.
        Some(_) if is_forced && !target.can_be_forced() => {
            dropped.note("tool_choice");
            Some(Choice::Auto { disable_parallel_tool_use })
        }
        None if disable_parallel_tool_use => Some(Choice::Auto { disable_parallel_tool_use }),
        None => None,
        Some(ToolChoice::Auto) => Some(Choice::Auto { disable_parallel_tool_use }),
        Some(ToolChoice::Required) => Some(Choice::Any { disable_parallel_tool_use }),
        Some(ToolChoice::Named(name)) => Some(Choice::Tool { name, disable_parallel_tool_use }),
        Some(ToolChoice::None) => Some(Choice::None),
    };
    (tools, choice)
}

fn write_tool<'a>(
    index: usize,
    tool: &'a Tool,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Option<WireTool<'a>> {
    let Tool::Function { name, description, parameters, strict, cache } = tool else {
        dropped.note(format!("tools[{index}]"));
        return None;
    };
    let wished = *strict == Some(true);
    let strict = wished && target.schemas && fits(parameters.as_deref());
    if wished && !strict {
        dropped.note(format!("tools[{index}].function.strict"));
    }
    Some(WireTool {
        name,
        description: description.as_deref().filter(|text| !text.is_empty()),
        input_schema: schema(parameters.as_deref()),
        strict,
        cache_control: cache.as_deref(),
    })
}

fn called_tools(chat: &Chat) -> Vec<WireTool<'_>> {
    let mut names = HashSet::new();
    let blocks = chat.turns.iter().flat_map(|turn| &turn.blocks);
    let called = blocks.filter_map(|block| match block {
        Block::ToolUse { name, .. } if names.insert(name) => Some(WireTool {
            name,
            description: None,
            input_schema: schema(None),
            strict: false,
            cache_control: None,
        }),
        _ => None,
    });
    called.collect()
}

/// A tool's schema. Its type must be said, and must be an object ("Tool use").
fn schema(parameters: Option<&RawValue>) -> Box<RawValue> {
    let json = parameters.map_or(ANYTHING, RawValue::get);
    match Object::parse(json) {
        Ok(object) if object.value("type").is_none() => {
            raw(object.edited(&[Edit::Set("type", r#""object""#.to_owned())]))
        }
        _ => raw(json.to_owned()),
    }
}

/// The arguments of a call as the object that the wire wants. Models write them, so they may be
/// wrong: what is no object stands in one, as text, under `arguments`.
pub(super) fn input(arguments: &str) -> Box<RawValue> {
    let text = arguments.trim();
    if text.is_empty() {
        return raw("{}".to_owned());
    }
    let is_object = text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok();
    let json = if is_object {
        text.to_owned()
    } else {
        format!(r#"{{"arguments":{}}}"#, serde_json::Value::from(arguments))
    };
    raw(json)
}

/// JSON that was read before, or was just written.
fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Ids of calls in Anthropic's alphabet (`^[a-zA-Z0-9_-]+$`). How long one may be is not said.
pub(super) fn call_ids() -> CallIds {
    CallIds::new(is_of_an_id, usize::MAX)
}

/// Whether an id may have this letter.
pub(super) fn is_of_an_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}
