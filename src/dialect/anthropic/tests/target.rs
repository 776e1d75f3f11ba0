//! Anthropic's targets whose client speaks another dialect.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;
use serde_json::value::RawValue;

use super::lines::{end_line, failure_line, refusal_line, usage_line};
use super::{Input, check, files, pretty};
use crate::dialect::anthropic::{
    Decoder, StreamWriter, Target, Thinking, read_answer_chat, read_request, write_request,
};
use crate::dialect::chat::{
    Block, Chat, Effort, Event, Format, Media, MediaKind, Reasoning, Source, Tool,
};
use crate::dialect::sse::tests::read;
use crate::refusal::Refusal;

#[test]
fn conversations_become_requests() {
    check("target_request", target_request);
}

fn target_request(input: &mut Input) -> String {
    let chat = match chat_of(input) {
        Ok(chat) => chat,
        Err(refusal) => return refusal_line(&refusal),
    };
    let thinking = input.take("thinking").map(|word| Thinking::named(&word).unwrap());
    let model = input.take("model");
    let target = match &model {
        Some(model) => Target::of(model, 4096, chat.stream).with_thinking(thinking),
        None => Target {
            model: "claude-target",
            max_tokens_default: 4096,
            stream: chat.stream,
            thinking: thinking.unwrap_or(Thinking::None),
            schemas: !input.is("schemas", "no"),
            sampling: !input.is("sampling", "no"),
        },
    };
    match write_request(&chat, &target) {
        Ok((body, dropped)) => format!("dropped {:?}\n\n{}", dropped.fields(), pretty(&body)),
        Err(refusal) => refusal_line(&refusal),
    }
}

#[test]
fn what_a_model_takes_is_known_by_its_name() {
    let check = |model: &str, thinking: Thinking, schemas: bool, sampling: bool| {
        let target = Target::of(model, 4096, true);
        let found = (target.thinking, target.schemas, target.sampling);
        assert_eq!(found, (thinking, schemas, sampling), "{model}");
        assert_eq!((target.model, target.max_tokens_default, target.stream), (model, 4096, true));
        assert_eq!(target.with_thinking(None).thinking, thinking, "{model}");
        assert_eq!(target.with_thinking(Some(Thinking::None)).thinking, Thinking::None);
    };
    check("claude-3-5-sonnet-20241022", Thinking::None, false, true);
    check("claude-3-7-sonnet-latest", Thinking::Budget, false, true);
    check("claude-opus-4-20250514", Thinking::Budget, false, true);
    check("claude-opus-4-1", Thinking::Budget, true, true);
    check("claude-sonnet-4-5-20250929", Thinking::Budget, true, true);
    check("claude-sonnet-4-5@20250929", Thinking::Budget, true, true);
    check("claude-opus-4-6", Thinking::Adaptive, true, true);
    check("claude-opus-4-7", Thinking::Adaptive, true, false);
    check("claude-fable-5", Thinking::Adaptive, true, false);
    check("claude-mythos-preview", Thinking::Adaptive, true, false);
    check("claude-sonnet-latest", Thinking::Adaptive, true, false);
    for other in ["deepseek-v4", "kimi-k2", "glm-4.6", "qwen3-max", "MiniMax-M2"] {
        check(other, Thinking::Budget, false, true);
    }
}

#[test]
fn the_configuration_has_a_word_for_every_thinking() {
    let words: Vec<_> = Thinking::WORDS.iter().map(|word| Thinking::named(word)).collect();
    assert_eq!(words, [Thinking::None, Thinking::Budget, Thinking::Adaptive].map(Some));
    assert_eq!(Thinking::named("Budget"), None);
}

/// A conversation in Anthropic's words, with settings for what only others say.
fn chat_of(input: &mut Input) -> Result<Chat, Refusal> {
    let mut chat = read_request(input.body())?;
    for turn in &mut chat.turns {
        foreign(&mut turn.blocks);
    }
    if let Some(knobs) = input.take("knobs") {
        chat.knobs.extend(serde_json::from_str::<BTreeMap<_, Box<RawValue>>>(&knobs).unwrap());
    }
    if let Some(words) = input.take("reasoning") {
        chat.reasoning = Some(reasoning_of(&words));
    }
    if input.is("max_tokens", "none") {
        chat.max_output_tokens = None;
    }
    if input.is("format", "json") {
        chat.format = Some(Format::Json);
    }
    if let Some(name) = input.take("speaker") {
        chat.turns[0].name = Some(name);
    }
    if input.is("no_schema", "yes") {
        for tool in &mut chat.tools {
            if let Tool::Function { parameters, .. } = tool {
                *parameters = None;
            }
        }
    }
    Ok(chat)
}

/// Blocks that Anthropic's wire does not have and other clients send.
fn foreign(blocks: &mut [Block]) {
    for block in blocks {
        if let Block::ToolResult { content, .. } = block {
            foreign(content);
        }
        let Block::Other { kind, json } = &*block else { continue };
        let value: Value = serde_json::from_str(json.get()).unwrap();
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let media =
            |kind, source| Media { kind, source, detail: text("detail"), name: None, cache: None };
        let data =
            || Source::Data { media_type: "audio/wav".to_owned(), base64: "UklG".to_owned() };
        *block = match kind.as_str() {
            "x_refusal" => Block::Refusal(text("text").unwrap()),
            "x_audio" => Block::Media(media(MediaKind::Audio, data())),
            "x_image" => Block::Media(media(MediaKind::Image, Source::Url(text("url").unwrap()))),
            "x_call" => Block::ToolUse {
                id: text("id").unwrap(),
                name: text("name").unwrap(),
                arguments: text("arguments").unwrap(),
                signature: None,
                cache: None,
            },
            _ => continue,
        };
    }
}

fn reasoning_of(words: &str) -> Reasoning {
    let effort = |name: &str| match name {
        "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::ExtraHigh,
        "max" => Effort::Max,
        other => panic!("{other}"),
    };
    match words.split_once(' ').unwrap_or((words, "")) {
        ("off", _) => Reasoning::Off,
        ("budget", tokens) => Reasoning::Budget(tokens.parse().unwrap()),
        ("adaptive", "") => Reasoning::Adaptive { effort: None },
        ("adaptive", name) => Reasoning::Adaptive { effort: Some(effort(name)) },
        ("effort", name) => Reasoning::Effort(effort(name)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn messages_become_answers() {
    check("target_answer", target_answer);
}

fn target_answer(input: &mut Input) -> String {
    let answer = match read_answer_chat(input.body().as_bytes()) {
        Ok(answer) => answer,
        Err(failure) => return failure_line(&failure),
    };
    let mut out = format!("{} by {}\n", answer.id, answer.model);
    for block in &answer.blocks {
        writeln!(out, "{block:?}").unwrap();
    }
    writeln!(out, "{:?} {:?}", answer.finish, answer.stop_sequence).unwrap();
    out + &usage_line(answer.usage)
}

#[test]
fn anthropics_streams_become_events_however_they_were_cut() {
    check("target_stream", target_stream);
}

fn target_stream(input: &mut Input) -> String {
    let mut decoder = Decoder::new();
    let mut out = String::new();
    for event in &input.events() {
        match decoder.read(event) {
            Ok(events) => events.iter().for_each(|event| writeln!(out, "{event:?}").unwrap()),
            Err(failure) => return out + &failure_line(&failure),
        }
    }
    out += &end_line(decoder.end());
    out + &usage_line(decoder.usage())
}

/// What was written by one face is read by the other: thoughts, calls and usage survive.
#[test]
fn a_stream_that_is_decoded_and_written_again_says_the_same() {
    for path in files("target_stream") {
        if !path.to_str().unwrap().ends_with(".in.txt") {
            continue;
        }
        let first = decode(Input::read(&path).payload.as_bytes());
        let Some(first) = first else { continue };
        let mut writer = StreamWriter::new("claude-alias");
        let mut again: String = first.iter().map(|event| writer.write(event)).collect();
        again += &writer.end();
        let second = decode(again.as_bytes()).unwrap();
        let meaning = |events: &[Event]| -> (Vec<Event>, Option<Event>) {
            let is_usage = |event: &&Event| matches!(event, Event::Usage(_));
            let kept = events.iter().filter(|event| {
                let silent = matches!(event, Event::Ping | Event::Start { .. } | Event::BlockEnd);
                !silent && !is_usage(event)
            });
            // The end has the last of several reports.
            (kept.cloned().collect(), events.iter().rfind(is_usage).cloned())
        };
        assert_eq!(meaning(&second), meaning(&first), "{path:?}");
    }
}

/// The events of a stream that is whole.
fn decode(bytes: &[u8]) -> Option<Vec<Event>> {
    let mut decoder = Decoder::new();
    let mut events = Vec::new();
    for event in read(&[bytes]) {
        events.extend(decoder.read(&event).ok()?);
    }
    decoder.end().ok().map(|_| events)
}
