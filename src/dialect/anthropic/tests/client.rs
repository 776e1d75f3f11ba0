//! Anthropic's clients whose target speaks another dialect.

use std::fmt::Write;

use super::lines::refusal_line;
use super::{Input, check, pretty};
use crate::dialect::Usage;
use crate::dialect::anthropic::{StreamWriter, read_request, write_answer};
use crate::dialect::chat::{Answer, Block, Chat, Event, Finish};

#[test]
fn clients_requests_become_conversations() {
    check("client_request", client_request);
}

fn client_request(input: &mut Input) -> String {
    match read_request(input.body()) {
        Ok(chat) => chat_lines(&chat),
        Err(refusal) => refusal_line(&refusal),
    }
}

fn chat_lines(chat: &Chat) -> String {
    let mut out = String::new();
    for block in &chat.system {
        writeln!(out, "system: {block:?}").unwrap();
    }
    for turn in &chat.turns {
        for block in &turn.blocks {
            writeln!(out, "{:?}: {block:?}", turn.role).unwrap();
        }
    }
    for tool in &chat.tools {
        writeln!(out, "{tool:?}").unwrap();
    }
    writeln!(out, "tool choice {:?}, parallel {:?}", chat.tool_choice, chat.parallel_tools)
        .unwrap();
    writeln!(out, "at most {:?}, stop {:?}", chat.max_output_tokens, chat.stop).unwrap();
    writeln!(out, "reasoning {:?}, stream {}", chat.reasoning, chat.stream).unwrap();
    writeln!(out, "format {:?}", chat.format).unwrap();
    for (name, json) in &chat.knobs {
        writeln!(out, "{name}: {json}").unwrap();
    }
    writeln!(out, "dropped {:?}", chat.dropped.fields()).unwrap();
    out
}

#[test]
fn answers_become_messages() {
    check("client_answer", client_answer);
}

fn client_answer(input: &mut Input) -> String {
    let mut answer = Answer { id: "chatcmpl-1".to_owned(), ..Answer::default() };
    for line in input.payload.lines() {
        let block = match event_of(line) {
            Event::Text(text) => Block::Text { text, cache: None },
            Event::Thinking(text) => Block::Thinking { text, signature: None },
            Event::Signature(signed) => {
                let Some(Block::Thinking { signature, .. }) = answer.blocks.last_mut() else {
                    panic!("{line}");
                };
                *signature = Some(signed);
                continue;
            }
            Event::RedactedThinking(data) => Block::RedactedThinking(data),
            Event::Refusal(text) => Block::Refusal(text),
            Event::ToolStart { id, name, signature, .. } => {
                let signature = signature.map(|json| serde_json::from_str(&json).unwrap());
                Block::ToolUse { id, name, arguments: String::new(), signature, cache: None }
            }
            Event::ToolArguments { piece, .. } => {
                let Some(Block::ToolUse { arguments, .. }) = answer.blocks.last_mut() else {
                    panic!("{line}");
                };
                *arguments = piece;
                continue;
            }
            Event::Finish { finish, stop_sequence } => {
                (answer.finish, answer.stop_sequence) = (finish, stop_sequence);
                continue;
            }
            Event::Usage(usage) => {
                answer.usage = Some(usage);
                continue;
            }
            other => panic!("{other:?}"),
        };
        answer.blocks.push(block);
    }
    pretty(&write_answer(&answer, "claude-alias"))
}

#[test]
fn events_become_anthropics_streams() {
    check("client_stream", client_stream);
}

fn client_stream(input: &mut Input) -> String {
    let mut writer = StreamWriter::new("claude-alias");
    let mut out: String = input.payload.lines().map(|line| writer.write(&event_of(line))).collect();
    out += &writer.end();
    assert_eq!(writer.end(), "", "ended twice");
    out
}

/// A line of a neutral answer or stream: a word, and what belongs to it as JSON.
fn event_of(line: &str) -> Event {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let text = || serde_json::from_str::<String>(rest).unwrap();
    let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
    match word {
        "start" => Event::Start {
            id: first.to_owned(),
            model: "gpt-5".to_owned(),
            usage: (!second.is_empty()).then(|| usage_of(second)),
        },
        "text" => Event::Text(text()),
        "thinking" => Event::Thinking(text()),
        "signature" => Event::Signature(text()),
        "redacted" => Event::RedactedThinking(text()),
        "refusal" => Event::Refusal(text()),
        "tool" => {
            // What it is signed with stands behind its name.
            let (name, signature) =
                second.split_once(' ').map_or((second, None), |(name, json)| (name, Some(json)));
            let (id, name) = (first.to_owned(), name.to_owned());
            Event::ToolStart { index: 0, id, name, signature: signature.map(str::to_owned) }
        }
        "arguments" => Event::ToolArguments { index: 0, piece: text() },
        "end" => Event::BlockEnd,
        "finish" => Event::Finish {
            finish: finish_named(first),
            stop_sequence: (!second.is_empty()).then(|| serde_json::from_str(second).unwrap()),
        },
        "usage" => Event::Usage(usage_of(rest)),
        "ping" => Event::Ping,
        other => panic!("{other}"),
    }
}

fn finish_named(name: &str) -> Finish {
    match name {
        "stop" => Finish::Stop,
        "stop_sequence" => Finish::StopSequence,
        "length" => Finish::Length,
        "tool_use" => Finish::ToolUse,
        "refused" => Finish::Refused,
        "paused" => Finish::Paused,
        other => panic!("{other}"),
    }
}

/// Six figures.
fn usage_of(text: &str) -> Usage {
    let figures: Vec<u64> = text.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
    let [input_uncached, cache_read, cache_write, cache_write_1h, output, reasoning] = figures[..]
    else {
        panic!("{text}");
    };
    Usage { input_uncached, cache_read, cache_write, cache_write_1h, output, reasoning }
}
