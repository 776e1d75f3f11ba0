//! The short form of a stream's events.

use serde_json::{Value, json};

use super::answer_form::{finish_form, finish_of, usage_form, usage_of};
use super::json_form::{object, text_of};
use crate::dialect::chat::Event;

pub(super) fn event_form(event: &Event) -> Value {
    match event {
        Event::Start { id, model, usage } => {
            object(json!({"start": id, "model": model, "usage": usage.as_ref().map(usage_form)}))
        }
        Event::Text(text) => json!({"text": text}),
        Event::Thinking(text) => json!({"thinking": text}),
        Event::Signature(signature) => json!({"signature": signature}),
        Event::RedactedThinking(data) => json!({"redacted_thinking": data}),
        Event::Refusal(words) => json!({"refusal": words}),
        Event::ToolStart { index, id, name, signature } => {
            object(json!({"call": name, "index": index, "id": id, "signature": signature}))
        }
        Event::ToolArguments { index, piece } => json!({"arguments": piece, "index": index}),
        Event::BlockEnd => json!("block_end"),
        Event::Finish { finish, stop_sequence } => {
            object(json!({"finish": finish_form(*finish), "stop_sequence": stop_sequence}))
        }
        Event::Usage(usage) => json!({"usage": usage_form(usage)}),
        Event::Ping => json!("ping"),
    }
}

pub(super) fn event_of(form: &Value) -> Event {
    type Make = fn(String) -> Event;
    let index = || usize::try_from(form["index"].as_u64().unwrap()).unwrap();
    let text = |name: &str| form.get(name).map(text_of);
    match form.as_str() {
        Some("block_end") => return Event::BlockEnd,
        Some("ping") => return Event::Ping,
        Some(other) => panic!("{other}"),
        None => {}
    }
    if let Some(id) = text("start") {
        let model = text("model").unwrap_or_default();
        return Event::Start { id, model, usage: form.get("usage").map(usage_of) };
    }
    if let Some(name) = text("call") {
        let signature = text("signature");
        return Event::ToolStart { index: index(), id: text_of(&form["id"]), name, signature };
    }
    if let Some(piece) = text("arguments") {
        return Event::ToolArguments { index: index(), piece };
    }
    if let Some(finish) = form.get("finish") {
        return Event::Finish { finish: finish_of(finish), stop_sequence: text("stop_sequence") };
    }
    let words: [(&str, Make); 5] = [
        ("text", Event::Text),
        ("thinking", Event::Thinking),
        ("signature", Event::Signature),
        ("redacted_thinking", Event::RedactedThinking),
        ("refusal", Event::Refusal),
    ];
    let found = words.iter().find_map(|(name, make)| text(name).map(make));
    found.unwrap_or_else(|| Event::Usage(usage_of(&form["usage"])))
}
