//! The short forms of a chat's settings: tools, which to use, reasoning, the answer's format.

use serde_json::{Value, json};

use super::json_form::{maybe_text_of, object, raw_form, raw_of, text_of};
use crate::dialect::chat::{Effort, Format, Reasoning, Tool, ToolChoice};

pub(super) fn tool_form(tool: &Tool) -> Value {
    object(match tool {
        Tool::Function { name, description, parameters, strict, cache } => json!({"function": name,
            "description": description, "parameters": raw_form(parameters.as_deref()),
            "strict": strict, "cache": raw_form(cache.as_deref())}),
        Tool::Other { kind, json } => json!({"other": kind, "json": raw_form(Some(json))}),
    })
}

pub(super) fn tool_of(form: &Value) -> Tool {
    if let Some(kind) = form["other"].as_str() {
        return Tool::Other { kind: kind.to_owned(), json: raw_of(&form["json"]).unwrap() };
    }
    Tool::Function {
        name: text_of(&form["function"]),
        description: maybe_text_of(&form["description"]),
        parameters: raw_of(&form["parameters"]),
        strict: form["strict"].as_bool(),
        cache: raw_of(&form["cache"]),
    }
}

pub(super) fn choice_form(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({"named": name}),
    }
}

pub(super) fn choice_of(form: &Value) -> Option<ToolChoice> {
    match form.as_str() {
        Some("auto") => Some(ToolChoice::Auto),
        Some("none") => Some(ToolChoice::None),
        Some("required") => Some(ToolChoice::Required),
        _ => maybe_text_of(&form["named"]).map(ToolChoice::Named),
    }
}

const EFFORTS: [(&str, Effort); 6] = [
    ("minimal", Effort::Minimal),
    ("low", Effort::Low),
    ("medium", Effort::Medium),
    ("high", Effort::High),
    ("extra_high", Effort::ExtraHigh),
    ("max", Effort::Max),
];

pub(super) fn reasoning_form(reasoning: &Reasoning) -> Value {
    let word = |effort: Effort| EFFORTS.iter().find(|(_, e)| *e == effort).unwrap().0;
    match reasoning {
        Reasoning::Off => json!("off"),
        Reasoning::Adaptive { effort } => json!({"adaptive": effort.map(word)}),
        Reasoning::Effort(effort) => json!({"effort": word(*effort)}),
        Reasoning::Budget(tokens) => json!({"budget": tokens}),
    }
}

pub(super) fn reasoning_of(form: &Value) -> Option<Reasoning> {
    let effort = |form: &Value| {
        EFFORTS.iter().find(|(word, _)| form.as_str() == Some(word)).map(|(_, effort)| *effort)
    };
    match form {
        Value::Null => None,
        Value::String(_) => Some(Reasoning::Off),
        _ => Some(match (effort(&form["effort"]), form["budget"].as_u64()) {
            (Some(effort), _) => Reasoning::Effort(effort),
            (_, Some(tokens)) => Reasoning::Budget(tokens),
            _ => Reasoning::Adaptive { effort: effort(&form["adaptive"]) },
        }),
    }
}

pub(super) fn format_form(format: &Format) -> Value {
    match format {
        Format::Json => json!("json"),
        Format::Schema { name, description, schema, strict } => object(json!({"name": name,
            "description": description, "schema": raw_form(Some(schema)), "strict": strict})),
    }
}

pub(super) fn format_of(form: &Value) -> Option<Format> {
    let schema = raw_of(&form["schema"]);
    match schema {
        None => form.is_string().then_some(Format::Json),
        Some(schema) => Some(Format::Schema {
            name: maybe_text_of(&form["name"]),
            description: maybe_text_of(&form["description"]),
            schema,
            strict: form["strict"].as_bool(),
        }),
    }
}
