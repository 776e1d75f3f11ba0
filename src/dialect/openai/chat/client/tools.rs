//! The tools of a request, and whether they may be called.

use std::collections::HashSet;

use super::field::{Fields, Value};
use crate::dialect::chat::{Chat, Knobs, Tool, ToolChoice};
use crate::refusal::Refusal;

/// Reads `tools`, `tool_choice` and `parallel_tool_calls`, and what stood in their place before:
/// `functions` and `function_call`.
pub(super) fn read_tools(fields: &Fields<'_, '_>, chat: &mut Chat) -> Result<(), Refusal> {
    if let Some(value) = fields.get("functions") {
        for function in value.list()?.values() {
            chat.tools.push(read_function(&function.object()?, &mut chat.knobs)?);
        }
    }
    if let Some(value) = fields.get("tools") {
        for tool in value.list()?.values() {
            chat.tools.push(read_tool(tool, &mut chat.knobs)?);
        }
    }
    if let Some(value) = fields.get("function_call") {
        chat.tool_choice = Some(legacy_choice(value)?);
    }
    if let Some(value) = fields.get("tool_choice") {
        chat.tool_choice = Some(read_choice(value, &mut chat.tools)?);
    }
    chat.parallel_tools = fields.flag("parallel_tool_calls")?;
    if fields.get("functions").is_some() && fields.get("tools").is_none() {
        // A `function_call` is one.
        chat.parallel_tools = Some(false);
    }
    Ok(())
}

fn read_tool(value: Value<'_, '_>, knobs: &mut Knobs) -> Result<Tool, Refusal> {
    let wire = value.object()?;
    let kind = wire.need("type", "'function'")?.word()?;
    if kind != "function" {
        return Ok(Tool::Other { kind, json: value.raw() });
    }
    wire.carry_others(&["type", "function", "cache_control"], knobs);
    let tool = read_function(&wire.need("function", "an object")?.object()?, knobs)?;
    let mark = wire.cache()?;
    Ok(match tool {
        Tool::Function { name, description, parameters, strict, cache } => {
            Tool::Function { name, description, parameters, strict, cache: cache.or(mark) }
        }
        other @ Tool::Other { .. } => other,
    })
}

fn read_function(wire: &Fields<'_, '_>, knobs: &mut Knobs) -> Result<Tool, Refusal> {
    let known = ["name", "description", "parameters", "strict", "cache_control"];
    wire.carry_others(&known, knobs);
    let parameters = match wire.get("parameters") {
        Some(schema) if !schema.is_object() => return Err(schema.refuse("a JSON schema")),
        schema => schema.map(|schema| schema.raw()),
    };
    Ok(Tool::Function {
        name: wire.need("name", "the function's name")?.word()?,
        description: wire.text("description")?,
        parameters,
        strict: wire.flag("strict")?,
        cache: wire.cache()?,
    })
}

const MODES: [(&str, Mode); 3] =
    [("none", Mode::None), ("auto", Mode::Auto), ("required", Mode::Required)];

#[derive(Clone, Copy)]
enum Mode {
    None,
    Auto,
    Required,
}

impl From<Mode> for ToolChoice {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::None => Self::None,
            Mode::Auto => Self::Auto,
            Mode::Required => Self::Required,
        }
    }
}

fn read_choice(value: Value<'_, '_>, tools: &mut Vec<Tool>) -> Result<ToolChoice, Refusal> {
    if value.is_text() {
        return value.one_of(&MODES).map(Into::into);
    }
    let what = "none, auto, required or an object that names a tool";
    let Ok(wire) = value.object() else { return Err(value.refuse(what)) };
    let kind = wire.need("type", "'function' or 'allowed_tools'")?;
    match kind.text()?.as_str() {
        kind @ ("function" | "custom") => named(&wire, kind).map(ToolChoice::Named),
        "allowed_tools" => {
            let inner = wire.need("allowed_tools", "an object")?.object()?;
            allow_only(&inner, tools)
        }
        _ => Err(kind.refuse("'function' or 'allowed_tools'")),
    }
}

fn named(wire: &Fields<'_, '_>, kind: &str) -> Result<String, Refusal> {
    let what = "an object with the tool's name";
    wire.need(kind, what)?.object()?.need("name", "the tool's name")?.word()
}

/// No other dialect can list tools and forbid some of them, so those that are not allowed are left
/// out. The model answers as it would have, only a cached prompt is another one.
fn allow_only(wire: &Fields<'_, '_>, tools: &mut Vec<Tool>) -> Result<ToolChoice, Refusal> {
    let mode = wire.need("mode", "'auto' or 'required'")?;
    let mode = mode.one_of(&[("auto", Mode::Auto), ("required", Mode::Required)])?;
    let mut allowed = HashSet::new();
    for value in wire.need("tools", "an array of tools")?.list()?.values() {
        let tool = value.object()?;
        let kind = tool.need("type", "a tool's type")?.word()?;
        match kind.as_str() {
            "function" | "custom" => allowed.insert(named(&tool, &kind)?),
            _ => allowed.insert(kind),
        };
    }
    tools.retain(|tool| match tool {
        Tool::Function { name, .. } => allowed.contains(name),
        Tool::Other { kind, json } => {
            allowed.contains(kind) || custom_name(json.get()).is_some_and(|n| allowed.contains(&n))
        }
    });
    Ok(mode.into())
}

/// The name of a custom tool.
fn custom_name(json: &str) -> Option<String> {
    named(&Value::body(json).object().ok()?, "custom").ok()
}

fn legacy_choice(value: Value<'_, '_>) -> Result<ToolChoice, Refusal> {
    if value.is_text() {
        let modes = [("none", Mode::None), ("auto", Mode::Auto)];
        return value.one_of(&modes).map(Into::into);
    }
    let Ok(wire) = value.object() else {
        return Err(value.refuse("none, auto or an object that names a function"));
    };
    wire.need("name", "the function's name")?.word().map(ToolChoice::Named)
}
