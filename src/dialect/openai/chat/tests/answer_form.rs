//! The short forms of how an answer ends: whole answers, their usage, failures.

use serde_json::{Value, json};

use super::block_form::{block_of, blocks_form};
use super::json_form::{list_of, maybe_text_of, object};
use crate::dialect::Usage;
use crate::dialect::chat::{Answer, Finish};
use crate::failure::Failure;

const FINISHES: [(&str, Finish); 6] = [
    ("stop", Finish::Stop),
    ("stop_sequence", Finish::StopSequence),
    ("length", Finish::Length),
    ("tool_use", Finish::ToolUse),
    ("refused", Finish::Refused),
    ("paused", Finish::Paused),
];

pub(super) fn finish_form(finish: Finish) -> &'static str {
    FINISHES.iter().find(|(_, known)| *known == finish).unwrap().0
}

pub(super) fn finish_of(form: &Value) -> Finish {
    FINISHES.iter().find(|(name, _)| form.as_str() == Some(name)).unwrap().1
}

pub(super) fn usage_form(usage: &Usage) -> Value {
    let Usage { input_uncached, cache_read, cache_write, output, reasoning, .. } = usage;
    json!({"input_uncached": input_uncached, "cache_read": cache_read, "cache_write": cache_write,
        "output": output, "reasoning": reasoning})
}

pub(super) fn usage_of(form: &Value) -> Usage {
    let tokens = |name: &str| form[name].as_u64().unwrap_or(0);
    Usage {
        input_uncached: tokens("input_uncached"),
        cache_read: tokens("cache_read"),
        cache_write: tokens("cache_write"),
        cache_write_1h: 0,
        output: tokens("output"),
        reasoning: tokens("reasoning"),
    }
}

pub(super) fn answer_form(answer: &Answer) -> Value {
    object(json!({"id": answer.id, "model": answer.model, "blocks": blocks_form(&answer.blocks),
        "finish": finish_form(answer.finish), "stop_sequence": answer.stop_sequence,
        "usage": answer.usage.as_ref().map(usage_form)}))
}

pub(super) fn answer_of(form: &Value) -> Answer {
    Answer {
        id: maybe_text_of(&form["id"]).unwrap_or_default(),
        model: maybe_text_of(&form["model"]).unwrap_or_default(),
        blocks: list_of(&form["blocks"], block_of),
        finish: finish_of(&form["finish"]),
        stop_sequence: maybe_text_of(&form["stop_sequence"]),
        usage: form.get("usage").map(usage_of),
    }
}

pub(super) fn failure_form(failure: &Failure) -> Value {
    json!({"failure": failure.class.name(), "detail": failure.detail,
        "provider_says": failure.error.as_ref().map(|error| error.message.clone())})
}
