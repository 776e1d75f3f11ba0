//! The short form of a whole chat, and of its turns.

use serde_json::{Map, Value, json};

use super::block_form::{block_of, blocks_form};
use super::json_form::{list_of, maybe_text_of, object, raw_form, raw_of, text_of};
use super::setting_form::{
    choice_form, choice_of, format_form, format_of, reasoning_form, reasoning_of, tool_form,
    tool_of,
};
use crate::dialect::chat::{Chat, Dropped, Knobs, Role, Turn};

const ROLES: [(&str, Role); 3] =
    [("user", Role::User), ("assistant", Role::Assistant), ("system", Role::System)];

/// The number of the client's message is shown where it is not that of the turn.
fn turn_form((number, turn): (usize, &Turn)) -> Value {
    let (role, _) = ROLES.into_iter().find(|(_, role)| *role == turn.role).unwrap();
    let mut form = Map::new();
    form.insert(role.to_owned(), blocks_form(&turn.blocks));
    form.extend(turn.name.as_ref().map(|name| ("name".to_owned(), json!(name))));
    form.extend((turn.at != number).then(|| ("at".to_owned(), json!(turn.at))));
    Value::Object(form)
}

fn turn_of((number, form): (usize, &Value)) -> Turn {
    let (name, role) = ROLES.into_iter().find(|(role, _)| form.get(role).is_some()).unwrap();
    let blocks = list_of(&form[name], block_of);
    let at = form["at"].as_u64().map_or(number, |at| usize::try_from(at).unwrap());
    Turn { role, blocks, name: maybe_text_of(&form["name"]), at }
}

pub(super) fn chat_form(chat: &Chat) -> Value {
    let knobs: Map<String, Value> =
        chat.knobs.iter().map(|(name, json)| (name.clone(), raw_form(Some(json)))).collect();
    object(json!({
        "system": blocks_form(&chat.system),
        "turns": chat.turns.iter().enumerate().map(turn_form).collect::<Vec<_>>(),
        "tools": chat.tools.iter().map(tool_form).collect::<Vec<_>>(),
        "tool_choice": chat.tool_choice.as_ref().map(choice_form),
        "parallel_tools": chat.parallel_tools,
        "max_output_tokens": chat.max_output_tokens,
        "stop": chat.stop,
        "reasoning": chat.reasoning.as_ref().map(reasoning_form),
        "format": chat.format.as_ref().map(format_form),
        "knobs": (!knobs.is_empty()).then_some(knobs),
        "stream": chat.stream.then_some(true),
        "dropped": chat.dropped.fields(),
    }))
}

pub(super) fn chat_of(form: &Value) -> Chat {
    let knobs = form["knobs"].as_object().cloned().unwrap_or_default();
    let knobs: Knobs =
        knobs.into_iter().map(|(name, json)| (name, raw_of(&json).unwrap())).collect();
    let chat = Chat {
        system: list_of(&form["system"], block_of),
        turns: form["turns"].as_array().into_iter().flatten().enumerate().map(turn_of).collect(),
        tools: list_of(&form["tools"], tool_of),
        tool_choice: choice_of(&form["tool_choice"]),
        parallel_tools: form["parallel_tools"].as_bool(),
        max_output_tokens: form["max_output_tokens"].as_u64(),
        stop: list_of(&form["stop"], text_of),
        reasoning: reasoning_of(&form["reasoning"]),
        format: format_of(&form["format"]),
        knobs,
        stream: form["stream"] == json!(true),
        dropped: Dropped::default(),
    };
    for name in form.as_object().unwrap().keys() {
        assert!(chat_form(&chat).get(name).is_some(), "nobody reads '{name}': {form}");
    }
    chat
}
