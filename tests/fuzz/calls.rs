//! Clients' requests as they go through: what the gateway reads of them is what they say, and what
//! it changes is all that changes.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::Value;
use tollgate::dialect::anthropic::{MessagesCall, count_request};
use tollgate::dialect::openai::{Call, Encoding};
use tollgate::dialect::{Object, Operation, VENDORS};

use super::engine::Target;
use super::requests::{accepted, anthropic_requests, check_refusal, openai_requests};

pub(super) const OPENAI: Target = Target {
    name: "openai_call",
    corpus: openai_requests,
    inputs: 2_000,
    check: |body| {
        let Some(text) = accepted(body) else { return };
        for operation in OPERATIONS {
            match Call::parse(operation, Bytes::copy_from_slice(text.as_bytes())) {
                Ok(call) => check_openai(&call, &text),
                Err(refusal) => check_refusal(&refusal),
            }
        }
    },
};

pub(super) const ANTHROPIC: Target = Target {
    name: "anthropic_call",
    corpus: anthropic_requests,
    inputs: 4_000,
    check: |body| {
        let Some(text) = accepted(body) else { return };
        for parse in [MessagesCall::parse, MessagesCall::parse_count] {
            match parse(Bytes::copy_from_slice(text.as_bytes())) {
                Ok(call) => check_anthropic(&call, &text),
                Err(refusal) => check_refusal(&refusal),
            }
        }
    },
};

const OPERATIONS: [Operation; 3] =
    [Operation::ChatCompletions, Operation::Completions, Operation::Embeddings];

/// The body as everybody reads it; nothing where not everybody can.
fn whole(text: &str, alias: &str, stream: bool) -> Option<Value> {
    let valid = serde_json::from_str::<IgnoredAny>(text);
    assert!(valid.is_ok(), "{valid:?}: accepted and no JSON");
    let whole: Value = serde_json::from_str(text).ok()?;
    assert_eq!(whole["model"], alias);
    assert_eq!(whole["stream"] == true, stream);
    Some(whole)
}

fn check_openai(call: &Call, text: &str) {
    let says_stream = Object::parse(text).unwrap().value("stream") == Some("true");
    assert!(call.stream == says_stream || call.operation == Operation::Embeddings);
    let size = call.size;
    assert!(size.text_bytes <= u64::try_from(text.len()).unwrap());
    assert!(call.choices > 0);
    if let Some(whole) = whole(text, &call.alias, says_stream) {
        let length = |name: &str| {
            let elements = whole[name].as_array().map_or(0, Vec::len);
            u64::try_from(elements).unwrap()
        };
        if call.operation == Operation::ChatCompletions {
            assert_eq!(size.messages, length("messages"));
        }
        assert_eq!(size.tools, length("tools") + length("functions"));
        assert!(size.media == 0 || call.operation == Operation::ChatCompletions);
    }
    for vendor in &VENDORS {
        for (upstream_model, binds_cost) in
            [(call.alias.as_str(), false), ("a \"new\" name", false), ("other", true)]
        {
            let encoding = Encoding {
                vendor,
                upstream_model,
                stream_usage: vendor.stream_usage,
                default_output_tokens: 77,
                binds_cost,
            };
            let changed = String::from_utf8(call.encode(&encoding).to_vec()).unwrap();
            let may: &[&str] = if binds_cost {
                &["model", "stream_options", "max_tokens", "max_completion_tokens"]
            } else {
                &["model", "stream_options"]
            };
            check_changed(text, &changed, upstream_model, may);
            if binds_cost && call.operation == Operation::ChatCompletions {
                let capped = Object::parse(&changed).unwrap();
                let fields = [vendor.output_cap, "max_tokens"];
                let is_capped = |field: &&str| capped.value(field).is_some();
                assert!(fields.iter().any(is_capped), "{} has no cap: {changed}", vendor.name);
            }
        }
    }
}

fn check_anthropic(call: &MessagesCall, text: &str) {
    let says_stream = Object::parse(text).unwrap().value("stream") == Some("true");
    assert!(call.stream == says_stream || !call.stream);
    assert_eq!(call.text(), text);
    count_request(call);
    if let Some(whole) = whole(text, &call.alias, says_stream) {
        let length = |name: &str| whole[name].as_array().map_or(0, Vec::len);
        let system = usize::from(!whole["system"].is_null());
        assert_eq!(call.size.messages, u64::try_from(length("messages") + system).unwrap());
        assert_eq!(call.size.tools, u64::try_from(length("tools")).unwrap());
    }
    let same = call.encode(&call.alias);
    assert_eq!(same, text.as_bytes());
    let changed = String::from_utf8(call.encode("a \"new\" name").to_vec()).unwrap();
    check_changed(text, &changed, "a \"new\" name", &["model"]);
}

/// The model is there under its other name; but for that and what may change besides, every member
/// has its place and its bytes.
fn check_changed(text: &str, changed: &str, model: &str, may: &[&str]) {
    let (before, after) = (Object::parse(text).unwrap(), Object::parse(changed).unwrap());
    let name = after.value("model").map(serde_json::from_str::<String>);
    assert_eq!(name.unwrap().unwrap(), model);
    let kept = |object: &Object<'_>| -> Vec<(String, String)> {
        let members = object.members().filter(|(name, _)| !may.contains(name));
        members.map(|(name, json)| (name.to_owned(), json.to_owned())).collect()
    };
    assert_eq!(kept(&before), kept(&after));
    for name in may {
        assert!(after.count(name) <= 1, "'{name}' twice: {changed}");
    }
}
