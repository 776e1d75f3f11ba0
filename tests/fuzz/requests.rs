//! Clients' requests, read as conversations and written for targets of every dialect.

use bytes::Bytes;
use http::HeaderMap;
use serde::de::IgnoredAny;
use serde_json::Value;
use tollgate::dialect::chat::{Chat, Dropped};
use tollgate::dialect::openai::chat::ReasoningStyle;
use tollgate::dialect::{Object, Operation, anthropic, converse, openai};
use tollgate::ingress::accept_body;
use tollgate::refusal::Refusal;

use super::corpus::{golden, kept};
use super::engine::Target;

pub(super) const OPENAI: Target = Target {
    name: "openai_request",
    corpus: openai_requests,
    inputs: 4_000,
    check: |body| {
        check(body, openai::chat::read_request, |body| {
            openai::Call::parse(Operation::ChatCompletions, body).is_ok()
        });
    },
};

pub(super) const ANTHROPIC: Target = Target {
    name: "anthropic_request",
    corpus: anthropic_requests,
    inputs: 4_000,
    check: |body| {
        check(body, anthropic::read_request, |body| anthropic::MessagesCall::parse(body).is_ok());
    },
};

pub(super) fn openai_requests() -> Vec<Vec<u8>> {
    let golden = [golden("openai/requests"), golden("dialects/openai/client_request")];
    [kept("openai_request"), golden.concat()].concat()
}

pub(super) fn anthropic_requests() -> Vec<Vec<u8>> {
    let golden = [golden("dialects/anthropic/client_request"), golden("dialects/anthropic/call")];
    [kept("anthropic_request"), golden.concat()].concat()
}

/// A body is read as a call first: what that refuses needs no translation.
fn check(body: &[u8], read: fn(&str) -> Result<Chat, Refusal>, passes: fn(Bytes) -> bool) {
    let Some(text) = accepted(body) else { return };
    match read(&text) {
        Ok(_) if !passes(text.clone().into()) => {}
        Ok(chat) => {
            // What cannot be JSON for everybody may pass, but is not made here.
            let is_clean = serde_json::from_str::<Value>(&text).is_ok();
            check_targets(&chat, text.len(), is_clean);
        }
        Err(refusal) => check_refusal(&refusal),
    }
}

/// A body as the readers get it: they rely on what was checked before them.
pub(super) fn accepted(body: &[u8]) -> Option<String> {
    let body = accept_body(&HeaderMap::new(), Ok(Bytes::copy_from_slice(body))).ok()?;
    String::from_utf8(body.to_vec()).ok()
}

/// A refusal can be shown: it is short, and on one line.
pub(super) fn check_refusal(refusal: &Refusal) {
    let (message, param) = (refusal.message(), refusal.param().unwrap_or_default());
    assert!(message.len() + param.len() < 2_000, "{} bytes: {message}", message.len());
    assert_eq!(refusal.shape().status, 400, "{message}");
}

/// What an input may grow by.
const MOST_GROWTH: usize = 8;
const MOST_ADDED: usize = 4_096;

fn check_targets(chat: &Chat, length: usize, is_clean: bool) {
    let written = |name: &str, (body, dropped): (String, Dropped)| {
        let sum = body.len() + dropped.fields().iter().map(String::len).sum::<usize>();
        assert!(sum <= MOST_GROWTH * length + MOST_ADDED, "{name}: {sum} bytes of {length}");
        let valid = if is_clean {
            serde_json::from_str::<Value>(&body).map(drop)
        } else {
            serde_json::from_str::<IgnoredAny>(&body).map(drop)
        };
        assert_eq!(valid.map_err(|error| error.to_string()), Ok(()), "{name}: {body}");
        let object = Object::parse(&body).unwrap();
        let twice = object.names().find(|name| object.count(name) > 1);
        assert_eq!(twice, None, "{name}: {body}");
        assert!(object.value("messages").is_some(), "{name}: {body}");
        body
    };
    for target in openai_targets() {
        let body = written("openai", openai::chat::write_request(chat, &target));
        let again = openai::chat::read_request(&body);
        assert!(is_empty(&body) || again.is_ok(), "{again:?}: {body}");
    }
    for target in anthropic_targets() {
        match anthropic::write_request(chat, &target) {
            Ok(found) => {
                let body = written("anthropic", found);
                let again = anthropic::read_request(&body);
                assert!(again.is_ok(), "{again:?}: {body}");
            }
            Err(refusal) => check_refusal(&refusal),
        }
    }
    for target in converse_targets() {
        match converse::write_request(chat, &target) {
            Ok(found) => drop(written(target.model, found)),
            Err(refusal) => check_refusal(&refusal),
        }
    }
}

/// A conversation in which nobody says anything stays one, for the provider to refuse.
fn is_empty(body: &str) -> bool {
    Object::parse(body).unwrap().value("messages") == Some("[]")
}

pub(super) fn openai_targets() -> [openai::chat::Target<'static>; 3] {
    let target = openai::chat::Target {
        model: "target-model",
        stream: false,
        stream_usage: true,
        output_cap_field: "max_completion_tokens",
        system_role: "developer",
        reasoning: ReasoningStyle::OpenAi,
        sends_reasoning_content: false,
        takes_top_k: false,
        signed_calls: openai::chat::SignedCalls::Unknown,
        takes_schemas: true,
        most_stops: 4,
    };
    [
        target,
        openai::chat::Target {
            stream: true,
            output_cap_field: "max_tokens",
            system_role: "system",
            reasoning: ReasoningStyle::DeepSeek,
            sends_reasoning_content: true,
            takes_schemas: false,
            most_stops: 16,
            ..target
        },
        openai::chat::Target {
            reasoning: ReasoningStyle::DashScope,
            takes_top_k: true,
            signed_calls: openai::chat::SignedCalls::Needed,
            most_stops: 0,
            ..target
        },
    ]
}

pub(super) fn anthropic_targets() -> [anthropic::Target<'static>; 3] {
    let target = anthropic::Target {
        model: "target-model",
        max_tokens_default: 4_096,
        stream: true,
        thinking: anthropic::Thinking::Budget,
        schemas: true,
        sampling: true,
    };
    [
        target,
        anthropic::Target { thinking: anthropic::Thinking::Adaptive, sampling: false, ..target },
        anthropic::Target { thinking: anthropic::Thinking::None, schemas: false, ..target },
    ]
}

pub(super) fn converse_targets() -> [converse::Target<'static>; 5] {
    [
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "us.anthropic.claude-opus-4-7",
        "us.amazon.nova-2-lite-v1:0",
        "openai.gpt-oss-120b-1:0",
        "meta.llama3-3-70b-instruct-v1:0",
    ]
    .map(|model| converse::Target { model, max_tokens_default: Some(4_096) })
}
