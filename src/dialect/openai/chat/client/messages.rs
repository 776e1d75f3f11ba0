//! The messages of a request.

use std::collections::{HashMap, VecDeque};

use serde_json::json;
use serde_json::value::RawValue;

use super::field::{Fields, Value};
use super::parts::{ContentOf, mark_last, read_content};
use crate::dialect::chat::{Block, Chat, Knobs, Role, Turn};
use crate::refusal::Refusal;

#[derive(Clone, Copy)]
enum Speaker {
    System,
    User,
    Assistant,
    Tool,
    Function,
}

const SPEAKERS: [(&str, Speaker); 6] = [
    ("system", Speaker::System),
    ("developer", Speaker::System),
    ("user", Speaker::User),
    ("assistant", Speaker::Assistant),
    ("tool", Speaker::Tool),
    ("function", Speaker::Function),
];

/// Reads `messages`. System and developer messages at the beginning are the system's words, later
/// ones are turns, each result of a tool too. A message of the assistant that says nothing is left
/// out.
pub(super) fn read_messages(fields: &Fields<'_, '_>, chat: &mut Chat) -> Result<(), Refusal> {
    let list = fields.need("messages", "an array of messages")?.list()?;
    if list.is_empty() {
        return Err(Refusal::field("messages", "'messages' must have at least one message."));
    }
    let calls = HashMap::new();
    let mut conversation = Conversation { chat, calls, at: 0 };
    for (at, value) in list.values().enumerate() {
        conversation.at = at;
        conversation.read(&value.object()?)?;
    }
    Ok(())
}

struct Conversation<'c> {
    chat: &'c mut Chat,
    /// The ids of functions that were called the old way and have no result yet, by name.
    calls: HashMap<String, VecDeque<String>>,
    /// Which message is read.
    at: usize,
}

impl Conversation<'_> {
    fn read(&mut self, wire: &Fields<'_, '_>) -> Result<(), Refusal> {
        let role = wire.need("role", "a role, such as 'user'")?;
        let speaker = role.one_of(&SPEAKERS)?;
        match speaker {
            Speaker::System => self.read_system(wire),
            Speaker::User => {
                wire.carry_others(&["role", "content", "name", "cache_control"], self.knobs());
                let mut blocks = read_content(&need_content(wire)?, ContentOf::User, self.knobs())?;
                mark_last(&mut blocks, wire.cache()?);
                self.say(Role::User, blocks, wire.text("name")?);
                Ok(())
            }
            Speaker::Assistant => self.read_assistant(wire),
            Speaker::Tool => {
                // The name of the tool stands in the call already.
                let known = ["role", "content", "tool_call_id", "name", "cache_control"];
                wire.carry_others(&known, self.knobs());
                let id = wire.need("tool_call_id", "the id of a call")?.word()?;
                let result = self.read_result(wire, id)?;
                self.say(Role::User, vec![result], None);
                Ok(())
            }
            Speaker::Function => {
                wire.carry_others(&["role", "content", "name"], self.knobs());
                let id = self.answered(&wire.need("name", "the function's name")?)?;
                let result = self.read_result(wire, id)?;
                self.say(Role::User, vec![result], None);
                Ok(())
            }
        }
    }

    fn knobs(&mut self) -> &mut Knobs {
        &mut self.chat.knobs
    }

    fn say(&mut self, role: Role, blocks: Vec<Block>, name: Option<String>) {
        self.chat.turns.push(Turn { role, blocks, name, at: self.at });
    }

    fn read_system(&mut self, wire: &Fields<'_, '_>) -> Result<(), Refusal> {
        let leads = self.chat.turns.is_empty();
        // Words before the conversation have no speaker: the name is carried like what is unknown.
        let known: &[&str] = if leads {
            &["role", "content", "cache_control"]
        } else {
            &["role", "content", "cache_control", "name"]
        };
        wire.carry_others(known, self.knobs());
        let mut blocks = read_content(&need_content(wire)?, ContentOf::System, self.knobs())?;
        mark_last(&mut blocks, wire.cache()?);
        let name = wire.text("name")?;
        if leads {
            self.chat.system.append(&mut blocks);
        } else {
            self.say(Role::System, blocks, name);
        }
        Ok(())
    }

    fn read_assistant(&mut self, wire: &Fields<'_, '_>) -> Result<(), Refusal> {
        wire.carry_others(&OF_ASSISTANT, self.knobs());
        let mut blocks = read_thoughts(wire)?;
        if let Some(content) = wire.get("content") {
            blocks.append(&mut read_content(&content, ContentOf::Assistant, self.knobs())?);
        }
        if let Some(words) = wire.text("refusal")?.filter(|words| !words.is_empty()) {
            blocks.push(Block::Refusal(words));
        }
        if let Some(calls) = wire.get("tool_calls") {
            for call in calls.list()?.values() {
                blocks.push(read_call(&call.object()?, self.knobs())?);
            }
        }
        if let Some(call) = wire.get("function_call") {
            blocks.push(self.read_legacy_call(&call.object()?)?);
        }
        mark_last(&mut blocks, wire.cache()?);
        if !blocks.is_empty() {
            self.say(Role::Assistant, blocks, wire.text("name")?);
        }
        Ok(())
    }

    /// A call without an id gets one, so that its result finds it.
    fn read_legacy_call(&mut self, wire: &Fields<'_, '_>) -> Result<Block, Refusal> {
        let name = wire.need("name", "the function's name")?.word()?;
        let arguments = wire.need("arguments", "a string of JSON")?.text()?;
        let id = format!("call_of_turn_{}", self.chat.turns.len());
        self.calls.entry(name.clone()).or_default().push_back(id.clone());
        Ok(Block::ToolUse { id, name, arguments, signature: None, cache: None })
    }

    fn answered(&mut self, name: &Value<'_, '_>) -> Result<String, Refusal> {
        let word = name.word()?;
        let id = self.calls.get_mut(&word).and_then(VecDeque::pop_front);
        id.ok_or_else(|| name.refuse("the name of a function that was called before"))
    }

    fn read_result(&mut self, wire: &Fields<'_, '_>, id: String) -> Result<Block, Refusal> {
        let content = read_content(&need_content(wire)?, ContentOf::Tool, self.knobs())?;
        Ok(Block::ToolResult { id, content, is_error: false, cache: wire.cache()? })
    }
}

fn need_content<'a, 's>(wire: &'s Fields<'a, '_>) -> Result<Value<'a, 's>, Refusal> {
    wire.need("content", "a string or an array of parts")
}

/// `parsed` is what OpenAI's SDKs add: their own reading of the content.
const OF_ASSISTANT: [&str; 11] = [
    "role",
    "content",
    "name",
    "refusal",
    "tool_calls",
    "function_call",
    "reasoning_content",
    "reasoning",
    "thinking_blocks",
    "cache_control",
    "parsed",
];

/// The thoughts that the client sends back: the signed ones if there are any, for the plain ones
/// are the same again; `reasoning` is what newer vLLM calls `reasoning_content`.
fn read_thoughts(wire: &Fields<'_, '_>) -> Result<Vec<Block>, Refusal> {
    let mut blocks = Vec::new();
    if let Some(list) = wire.get("thinking_blocks") {
        for value in list.list()?.values() {
            blocks.push(read_thinking_block(&value.object()?)?);
        }
    }
    let plain = wire.text("reasoning_content")?.filter(|text| !text.is_empty());
    let plain = plain.or(wire.text("reasoning")?).filter(|text| !text.is_empty());
    if let (true, Some(text)) = (blocks.is_empty(), plain) {
        blocks.push(Block::Thinking { text, signature: None });
    }
    Ok(blocks)
}

fn read_thinking_block(wire: &Fields<'_, '_>) -> Result<Block, Refusal> {
    let kinds = [("thinking", true), ("redacted_thinking", false)];
    let is_readable = wire.need("type", "'thinking' or 'redacted_thinking'")?.one_of(&kinds)?;
    if !is_readable {
        return Ok(Block::RedactedThinking(wire.need("data", "the redacted thoughts")?.text()?));
    }
    Ok(Block::Thinking {
        text: wire.need("thinking", "the thoughts")?.text()?,
        signature: wire.text("signature")?.filter(|signature| !signature.is_empty()),
    })
}

/// A call of a function, or of a custom tool: its input is free text, which becomes the argument
/// `input`. Some servers leave the type out, or empty, and clients send that back.
fn read_call(wire: &Fields<'_, '_>, knobs: &mut Knobs) -> Result<Block, Refusal> {
    let known = ["id", "type", "index", "function", "custom", "extra_content", "cache_control"];
    wire.carry_others(&known, knobs);
    let id = wire.need("id", "the call's id")?.word()?;
    let kinds = [("function", "function"), ("", "function"), ("custom", "custom")];
    let kind = wire.get("type").map(|kind| kind.one_of(&kinds)).transpose()?.unwrap_or("function");
    let called = wire.need(kind, "an object with name and arguments")?.object()?;
    let name = called.need("name", "the tool's name")?.word()?;
    let arguments = if kind == "custom" {
        json!({"input": called.need("input", "a string")?.text()?}).to_string()
    } else {
        called.need("arguments", "a string of JSON")?.text()?
    };
    let signature: Option<Box<RawValue>> = wire.get("extra_content").map(|value| value.raw());
    Ok(Block::ToolUse { id, name, arguments, signature, cache: wire.cache()? })
}
