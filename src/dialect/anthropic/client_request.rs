//! A request of an Anthropic client as a conversation, for a target of another dialect.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::client_blocks::{Place, content};
use super::client_settings::{
    read_format, read_reasoning, read_service_tier, read_tool_choice, read_tools,
};
use super::expected::{boolean, expected, max_tokens, missing, parse_body, read};
use crate::dialect::Object;
use crate::dialect::chat::{Block, Chat, Role, Turn};
use crate::refusal::Refusal;

/// Fields that are read here, and `betas`, which asks for nothing by itself.
const KNOWN: [&str; 18] = [
    "model",
    "max_tokens",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "metadata",
    "service_tier",
    "stream",
    "betas",
    "anthropic_version",
];

/// Reads the body of `POST /v1/messages`. Fields that a conversation has no place for are in
/// [`Chat::dropped`] by their names: `container`, `mcp_servers`, `context_management`,
/// `thinking.display`, `tools[0].input_examples`, and whatever is new. `metadata.user_id` becomes
/// `user`, and `service_tier` gets OpenAI's words.
///
/// # Errors
/// A refusal that names the field (`messages[0].content[1].source`) and what was expected.
pub fn read_request(body: &str) -> Result<Chat, Refusal> {
    let object = parse_body(body)?;
    let mut chat = Chat {
        max_output_tokens: Some(max_tokens(&object)?),
        stream: boolean(&object, "stream")?,
        ..Chat::default()
    };
    for name in object.names().filter(|name| !KNOWN.contains(name)) {
        if object.value(name).is_some() {
            chat.dropped.note(name);
        }
    }
    if let Some(json) = object.value("system") {
        chat.system = read_content(json, "system", &mut chat)?;
    }
    read_turns(&object, &mut chat)?;
    read_tools(&object, &mut chat)?;
    read_tool_choice(&object, &mut chat)?;
    read_reasoning(&object, &mut chat)?;
    read_format(&object, &mut chat)?;
    if let Some(json) = object.value("stop_sequences") {
        chat.stop = read(json, "stop_sequences", "an array of strings")?;
    }
    read_knobs(&object, &mut chat)?;
    Ok(chat)
}

#[derive(Deserialize)]
struct Message<'a> {
    role: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

fn read_turns(object: &Object<'_>, chat: &mut Chat) -> Result<(), Refusal> {
    let json = object.value("messages").ok_or_else(|| missing("messages"))?;
    let messages: Vec<Message<'_>> = read(json, "messages", "an array of messages")?;
    for (index, message) in messages.iter().enumerate() {
        let place = format!("messages[{index}]");
        let role = match message.role.as_deref() {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            Some("system") => Role::System,
            other => {
                let name = format!("{place}.role");
                return Err(expected(&name, "user, assistant or system", other.unwrap_or("null")));
            }
        };
        let name = format!("{place}.content");
        let json = message.content.ok_or_else(|| missing(&name))?.get();
        let blocks = read_content(json, &name, chat)?;
        chat.turns.push(Turn { role, blocks, name: None, at: index });
    }
    Ok(())
}

fn read_content(json: &str, name: &str, chat: &mut Chat) -> Result<Vec<Block>, Refusal> {
    content(json, &mut Place { name: name.to_owned(), dropped: &mut chat.dropped })
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
}

/// Fields with a simple value, which keep their JSON.
fn read_knobs(object: &Object<'_>, chat: &mut Chat) -> Result<(), Refusal> {
    for name in ["temperature", "top_p", "top_k"] {
        if let Some(json) = object.value(name) {
            read::<f64>(json, name, "a number")?;
            chat.knobs.insert(name.to_owned(), read(json, name, "a number")?);
        }
    }
    if let Some(json) = object.value("metadata") {
        let metadata: Metadata<'_> = read(json, "metadata", "an object")?;
        if let Some(user) = metadata.user_id {
            read::<String>(user.get(), "metadata.user_id", "a string")?;
            chat.knobs.insert("user".to_owned(), user.to_owned());
        }
    }
    read_service_tier(object, chat)
}
