//! Golden files: `tests/golden/dialects/converse/{request,answer,stream,error}/NAME.in.json` and
//! what comes out of it; `TOLLGATE_UPDATE_GOLDEN=1` writes what comes out.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::{Decoder, Target, path, read_answer, read_error, write_request};
use crate::dialect::Usage;
use crate::dialect::chat::{
    Answer, Block, CacheMark, Chat, Dropped, Effort, Event, Format, Media, MediaKind, Reasoning,
    Role, Source, Tool, ToolChoice, Turn,
};
use crate::dialect::event_stream::Reader;
use crate::dialect::event_stream::tests::encode;
use crate::failure::{Failure, ProviderError};
use crate::settings::variable;

/// Every case of a kind gives what its file says.
fn check(kind: &str, least: usize, output: fn(&str) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/dialects/converse");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder.join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.to_str().unwrap().ends_with(".in.json"));
    cases.sort();
    assert!(cases.len() >= least, "{} cases of {kind}", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let found = output(&fs::read_to_string(&case).unwrap());
        let expected = case.to_str().unwrap().replace(".in.json", ".out.json");
        if variable("TOLLGATE_UPDATE_GOLDEN").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{expected}:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn chats_become_requests() {
    check("request", 30, |input| {
        let input: Value = serde_json::from_str(input).unwrap();
        let model = input["model"].as_str().unwrap_or("anthropic.claude-3-haiku-20240307-v1:0");
        let to = Target { model, max_tokens_default: input["max_tokens_default"].as_u64() };
        let chat = read_chat(&input["chat"]);
        pretty(&match write_request(&chat, &to) {
            Ok((body, dropped)) => json!({
                "path": path(model, chat.stream),
                "body": serde_json::from_str::<Value>(&body).unwrap(),
                "dropped": dropped.fields(),
            }),
            Err(refusal) => json!({ "param": refusal.param(), "refused": refusal.message() }),
        })
    });
}

#[test]
fn answers_are_understood() {
    check("answer", 12, |input| {
        pretty(&match read_answer(input.as_bytes()) {
            Ok(answer) => show_answer(&answer),
            Err(failure) => show_failure(&failure),
        })
    });
}

/// A line is a message: its headers without their colons, and its payload.
#[test]
fn streams_are_understood_however_they_were_cut() {
    check("stream", 12, |input| {
        let frames: Vec<u8> = input.lines().flat_map(frame).collect();
        let whole = show_stream(&[&frames]);
        let bytes: Vec<&[u8]> = frames.chunks(1).collect();
        assert_eq!(show_stream(&bytes), whole, "byte by byte");
        whole
    });
}

#[test]
fn errors_have_their_class() {
    check("error", 12, |input| {
        let input: Value = serde_json::from_str(input).unwrap();
        let status = u16::try_from(input["status"].as_u64().unwrap()).unwrap();
        let body = input["body"].as_str().map_or_else(|| input["body"].to_string(), str::to_owned);
        let (class, error) = read_error(status, input["header"].as_str(), body.as_bytes());
        pretty(&json!({ "class": class.name(), "error": show_error(&error) }))
    });
}

/// A body is written as a person would: the order of members is that of their names.
#[test]
fn what_came_as_json_keeps_its_bytes() {
    let schema = "{\"type\":\"object\",\"properties\":{\"z\":{},\"a\":{\"maximum\":1.0e3}}}";
    let chat = Chat {
        turns: vec![Turn {
            role: Role::User,
            blocks: vec![Block::Text { text: "hi".to_owned(), cache: None }],
            name: None,
            at: 0,
        }],
        tools: vec![Tool::Function {
            name: "t".to_owned(),
            description: None,
            parameters: Some(RawValue::from_string(schema.to_owned()).unwrap()),
            strict: None,
            cache: None,
        }],
        knobs: [("temperature".to_owned(), to_raw_value(&0.30).unwrap())].into(),
        ..Chat::default()
    };
    let to = Target { model: "anthropic.claude-opus-4-1", max_tokens_default: Some(9) };
    let (body, _) = write_request(&chat, &to).unwrap();
    assert_eq!(
        body,
        format!(
            "{{\"messages\":[{{\"role\":\"user\",\"content\":[{{\"text\":\"hi\"}}]}}],\
             \"inferenceConfig\":{{\"maxTokens\":9,\"temperature\":0.3}},\
             \"toolConfig\":{{\"tools\":[{{\"toolSpec\":{{\"name\":\"t\",\
             \"inputSchema\":{{\"json\":{schema}}}}}}}]}}}}"
        )
    );
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

/// Reads the notation of a chat in these files: the fields of [`Chat`], blocks by their kind.
fn read_chat(input: &Value) -> Chat {
    let number = |name: &str| input[name].as_u64();
    Chat {
        system: read_blocks(&input["system"]),
        turns: numbered(&input["turns"], |at, turn| Turn {
            role: match turn["role"].as_str().unwrap() {
                "user" => Role::User,
                "assistant" => Role::Assistant,
                "system" => Role::System,
                other => panic!("{other}"),
            },
            blocks: read_blocks(&turn["blocks"]),
            name: text(&turn["name"]),
            at,
        }),
        tools: list(&input["tools"], read_tool),
        tool_choice: input["tool_choice"].as_str().map(|choice| match choice {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            name => ToolChoice::Named(name.to_owned()),
        }),
        parallel_tools: input["parallel_tools"].as_bool(),
        max_output_tokens: number("max_output_tokens"),
        stop: list(&input["stop"], |stop| text(stop).unwrap()),
        reasoning: read_reasoning(&input["reasoning"]),
        format: read_format(&input["format"]),
        knobs: match &input["knobs"] {
            Value::Object(knobs) => knobs
                .iter()
                .map(|(name, json)| (name.clone(), to_raw_value(json).unwrap()))
                .collect(),
            _ => [].into(),
        },
        stream: input["stream"].as_bool().unwrap_or(false),
        dropped: Dropped::default(),
    }
}

fn list<T>(input: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    input.as_array().into_iter().flatten().map(read).collect()
}

fn numbered<T>(input: &Value, read: impl Fn(usize, &Value) -> T) -> Vec<T> {
    let items = input.as_array().into_iter().flatten().enumerate();
    items.map(|(at, item)| read(at, item)).collect()
}

fn text(input: &Value) -> Option<String> {
    input.as_str().map(str::to_owned)
}

fn raw(input: &Value) -> Option<Box<RawValue>> {
    (!input.is_null()).then(|| to_raw_value(input).unwrap())
}

fn read_blocks(input: &Value) -> Vec<Block> {
    list(input, read_block)
}

/// A text stands for itself; anything else is `{kind: what it is}`, with `cache` beside it.
fn read_block(input: &Value) -> Block {
    let cache: CacheMark = raw(&input["cache"]);
    if let Some(text) = text(input).or_else(|| text(&input["text"])) {
        return Block::Text { text, cache };
    }
    let (kind, of) = input.as_object().unwrap().iter().find(|(name, _)| *name != "cache").unwrap();
    let said = |name: &str| text(&of[name]).unwrap_or_default();
    match kind.as_str() {
        "image" => read_media(MediaKind::Image, of, cache),
        "audio" => read_media(MediaKind::Audio, of, cache),
        "document" => read_media(MediaKind::Document, of, cache),
        "tool_use" => Block::ToolUse {
            id: said("id"),
            name: said("name"),
            arguments: said("arguments"),
            signature: None,
            cache,
        },
        "tool_result" => Block::ToolResult {
            id: said("id"),
            content: read_blocks(&of["content"]),
            is_error: of["is_error"].as_bool().unwrap_or(false),
            cache,
        },
        "thinking" => Block::Thinking { text: said("text"), signature: text(&of["signature"]) },
        "redacted" => Block::RedactedThinking(text(of).unwrap()),
        "refusal" => Block::Refusal(text(of).unwrap()),
        kind => Block::Other { kind: kind.to_owned(), json: to_raw_value(of).unwrap() },
    }
}

fn read_media(kind: MediaKind, of: &Value, cache: CacheMark) -> Block {
    let source = match (text(&of["url"]), text(&of["file"]), text(&of["plain"])) {
        (Some(url), ..) => Source::Url(url),
        (_, Some(file), _) => Source::File(file),
        (.., Some(plain)) => Source::Text(plain),
        _ => Source::Data {
            media_type: text(&of["type"]).unwrap(),
            base64: text(&of["base64"]).unwrap(),
        },
    };
    let (detail, name) = (text(&of["detail"]), text(&of["name"]));
    Block::Media(Media { kind, source, detail, name, cache })
}

fn read_tool(input: &Value) -> Tool {
    match text(&input["other"]) {
        Some(kind) => Tool::Other { kind, json: to_raw_value(input).unwrap() },
        None => Tool::Function {
            name: text(&input["name"]).unwrap(),
            description: text(&input["description"]),
            parameters: raw(&input["parameters"]),
            strict: input["strict"].as_bool(),
            cache: raw(&input["cache"]),
        },
    }
}

fn read_reasoning(input: &Value) -> Option<Reasoning> {
    let effort = |input: &Value| {
        let known = [
            ("minimal", Effort::Minimal),
            ("low", Effort::Low),
            ("medium", Effort::Medium),
            ("high", Effort::High),
            ("xhigh", Effort::ExtraHigh),
            ("max", Effort::Max),
        ];
        known.iter().find(|(name, _)| input.as_str() == Some(name)).map(|(_, effort)| *effort)
    };
    match (input, &input["adaptive"]) {
        (Value::Null, _) => None,
        (Value::Number(budget), _) => budget.as_u64().map(Reasoning::Budget),
        (Value::String(off), _) if off == "off" => Some(Reasoning::Off),
        (Value::String(_), _) => effort(input).map(Reasoning::Effort),
        (_, adaptive) => Some(Reasoning::Adaptive { effort: effort(adaptive) }),
    }
}

fn read_format(input: &Value) -> Option<Format> {
    match (input, raw(&input["schema"])) {
        (Value::Null, _) => None,
        (_, None) => Some(Format::Json),
        (_, Some(schema)) => Some(Format::Schema {
            name: text(&input["name"]),
            description: text(&input["description"]),
            schema,
            strict: input["strict"].as_bool(),
        }),
    }
}

fn show_answer(answer: &Answer) -> Value {
    json!({
        "blocks": answer.blocks.iter().map(show_block).collect::<Vec<_>>(),
        "finish": format!("{:?}", answer.finish),
        "stop_sequence": answer.stop_sequence,
        "usage": answer.usage.map(show_usage),
    })
}

fn show_block(block: &Block) -> Value {
    match block {
        Block::Text { text, .. } => json!({ "text": text }),
        Block::ToolUse { id, name, arguments, .. } => {
            json!({ "tool_use": { "id": id, "name": name, "arguments": arguments } })
        }
        Block::Thinking { text, signature } => {
            json!({ "thinking": { "text": text, "signature": signature } })
        }
        Block::RedactedThinking(data) => json!({ "redacted": data }),
        Block::Other { kind, json } => json!({ "other": kind, "json": json.get() }),
        Block::Media(media) => json!({ "media": format!("{:?}", media.source) }),
        other => panic!("{other:?}"),
    }
}

fn show_usage(usage: Usage) -> Value {
    let mut shown = json!({
        "input_uncached": usage.input_uncached,
        "cache_read": usage.cache_read,
        "cache_write": usage.cache_write,
        "output": usage.output,
    });
    if usage.cache_write_1h > 0 {
        shown["cache_write_1h"] = usage.cache_write_1h.into();
    }
    shown
}

fn show_failure(failure: &Failure) -> Value {
    json!({
        "failure": failure.class.name(),
        "detail": failure.detail,
        "error": failure.error.as_deref().map(show_error),
    })
}

fn show_error(error: &ProviderError) -> Value {
    json!({ "kind": error.kind, "message": error.message })
}

fn frame(line: &str) -> Vec<u8> {
    let message: Map<String, Value> = serde_json::from_str(line).unwrap();
    let headers: Vec<(String, &str)> = message
        .iter()
        .filter(|(name, _)| *name != "payload")
        .map(|(name, value)| (format!(":{name}"), value.as_str().unwrap()))
        .collect();
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let payload = message.get("payload").map_or_else(String::new, Value::to_string);
    encode(&headers, payload.as_bytes())
}

fn show_stream(chunks: &[&[u8]]) -> String {
    let (mut reader, mut decoder) = (Reader::default(), Decoder::default());
    let mut lines = String::new();
    let mut say = |value: &Value| lines = format!("{lines}{value}\n");
    for chunk in chunks {
        reader.push(chunk);
        while let Some(message) = reader.next_message().unwrap() {
            match decoder.read(&message) {
                Ok(events) => events.iter().for_each(|event| say(&show_event(event))),
                Err(failure) => {
                    say(&show_failure(&failure));
                    return lines;
                }
            }
        }
    }
    reader.end();
    assert_eq!(reader.next_message(), Ok(None));
    say(&decoder.end().map_or_else(|failure| show_failure(&failure), |()| json!("end")));
    lines
}

fn show_event(event: &Event) -> Value {
    match event {
        Event::Start { .. } => json!("start"),
        Event::Text(text) => json!({ "text": text }),
        Event::Thinking(text) => json!({ "thinking": text }),
        Event::Signature(signature) => json!({ "signature": signature }),
        Event::RedactedThinking(data) => json!({ "redacted": data }),
        Event::Refusal(text) => json!({ "refusal": text }),
        Event::ToolStart { index, id, name, .. } => json!({ "tool": [index, id, name] }),
        Event::ToolArguments { index, piece } => json!({ "arguments": [index, piece] }),
        Event::BlockEnd => json!("block end"),
        Event::Finish { finish, stop_sequence } => {
            json!({ "finish": format!("{finish:?}"), "stop_sequence": stop_sequence })
        }
        Event::Usage(usage) => json!({ "usage": show_usage(*usage) }),
        Event::Ping => json!("ping"),
    }
}
