//! What is written can be read again, by OpenAI's SDKs and by ourselves, and means the same.

use serde_json::{Value, json};

use super::answer_form::answer_of;
use super::block_form::blocks_form;
use crate::dialect::Usage;
use crate::dialect::chat::{Answer, Block, Event};
use crate::dialect::openai::chat::{StreamWriter, read_request, write_answer};

/// A client that puts the deltas together as OpenAI's SDKs do has the message of the whole answer.
#[test]
fn a_stream_put_together_is_the_whole_answer() {
    let answer = answer_of(&json!({"id": "msg_1", "finish": "tool_use", "blocks": [
        {"thinking": "First.", "signature": "c2ln"},
        {"redacted_thinking": "xyz"},
        {"thinking": "Second.", "signature": "bmF0"},
        {"text": "Look:"},
        {"call": "look", "id": "a", "arguments": "{\"at\":1}", "signature": {"google": {"s": "x"}}},
        {"call": "now", "id": "b", "arguments": ""},
    ]}));
    let whole: Value = serde_json::from_str(&write_answer(&answer, "m", 1, false)).unwrap();
    let mut writer = StreamWriter::new("m", 1, false);
    let start = Event::Start { id: "msg_1".to_owned(), model: "x".to_owned(), usage: None };
    let mut stream = writer.write(&start);
    let mut calls = 0;
    for block in &answer.blocks {
        for event in events_of_block(block, &mut calls) {
            stream += &writer.write(&event);
        }
    }
    stream += &writer.end();
    let mut message = json!({});
    for data in stream.split("data: ").filter(|data| data.starts_with('{')) {
        let chunk: Value = serde_json::from_str(data).unwrap();
        accumulate(&mut message, &chunk["choices"][0]["delta"]);
    }
    let mut expected = whole["choices"][0]["message"].clone();
    expected.as_object_mut().unwrap().remove("refusal");
    for (list, index) in [("thinking_blocks", 3), ("tool_calls", 2)] {
        for at in 0..index {
            expected[list][at]["index"] = json!(at);
        }
    }
    assert_eq!(message, expected);
}

/// One piece for each letter of text.
fn events_of_block(block: &Block, calls: &mut usize) -> Vec<Event> {
    let letters = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
    let mut events: Vec<Event> = match block {
        Block::Text { text, .. } => letters(text).into_iter().map(Event::Text).collect(),
        Block::Thinking { text, signature } => {
            let pieces = letters(text).into_iter().map(Event::Thinking);
            pieces.chain(signature.clone().map(Event::Signature)).collect()
        }
        Block::RedactedThinking(data) => vec![Event::RedactedThinking(data.clone())],
        Block::ToolUse { id, name, arguments, signature, .. } => {
            let index = *calls;
            *calls += 1;
            let signature = signature.as_ref().map(|json| json.get().to_owned());
            let (id, name) = (id.clone(), name.clone());
            let start = Event::ToolStart { index, id, name, signature };
            let pieces = letters(arguments);
            let pieces = pieces.into_iter().map(|piece| Event::ToolArguments { index, piece });
            std::iter::once(start).chain(pieces).collect()
        }
        other => panic!("{other:?}"),
    };
    events.push(Event::BlockEnd);
    events
}

/// What OpenAI's SDKs do with a delta (openai-python, `lib/streaming/_deltas.py`): texts are
/// joined, elements of lists found by their `index`, `index` and `type` replaced.
fn accumulate(whole: &mut Value, delta: &Value) {
    for (name, more) in delta.as_object().unwrap() {
        let slot = &mut whole[name];
        match more {
            _ if slot.is_null() || name == "index" || name == "type" => *slot = more.clone(),
            Value::String(more) => {
                let text = slot.as_str().unwrap().to_owned() + more;
                *slot = json!(text);
            }
            Value::Array(elements) => {
                for element in elements {
                    let at = usize::try_from(element["index"].as_u64().unwrap()).unwrap();
                    let known = slot.as_array_mut().unwrap();
                    if known.len() == at {
                        known.push(element.clone());
                    } else {
                        accumulate(&mut known[at], element);
                    }
                }
            }
            Value::Object(_) => accumulate(slot, more),
            other => panic!("{other}"),
        }
    }
}

/// Thoughts with their signatures, calls with theirs: what the model said is what it gets to see
/// again, over several turns.
#[test]
fn what_a_client_sends_back_is_what_the_model_said() {
    let said = [
        json!([
            {"thinking": "Where?", "signature": "c2ln"},
            {"redacted_thinking": "xyz"},
            {"text": "Let me look."},
            {"call": "look", "id": "a", "arguments": "{\"at\":1}"},
            {"call": "look", "id": "b", "arguments": "{}", "signature": {"google": {"s": "x"}}},
        ]),
        json!([{"thinking": "There.", "signature": "bmF0"}, {"call": "now", "id": "c", "arguments": "{}"}]),
        json!([{"thinking": "Unsigned."}, {"text": "Done."}]),
        json!([{"refusal": "No."}]),
    ];
    let mut messages = vec![json!({"role": "user", "content": "Go"})];
    for blocks in &said {
        let answer = answer_of(&json!({"finish": "stop", "blocks": blocks}));
        let written: Value = serde_json::from_str(&write_answer(&answer, "m", 1, false)).unwrap();
        messages.push(written["choices"][0]["message"].clone());
    }
    let chat = read_request(&json!({"messages": messages}).to_string()).unwrap();
    assert!(chat.knobs.is_empty(), "{:?}", chat.knobs);
    let read: Vec<Value> = chat.turns.iter().skip(1).map(|t| blocks_form(&t.blocks)).collect();
    assert_eq!(read, said);
}

#[test]
fn usage_comes_back_as_it_was() {
    let usage = Usage {
        input_uncached: 5,
        cache_read: 7,
        cache_write: 11,
        output: 13,
        reasoning: 2,
        ..Usage::default()
    };
    let answer = Answer { usage: Some(usage), ..Answer::default() };
    let written: Value = serde_json::from_str(&write_answer(&answer, "m", 1, false)).unwrap();
    assert_eq!(Usage::from_openai(&written["usage"].to_string()), Some(usage));
}
