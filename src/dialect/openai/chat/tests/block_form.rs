//! The short form of blocks: their kind is the name of a member.

use serde_json::{Value, json};

use super::json_form::{list_of, maybe_text_of, object, raw_form, raw_of, text_of};
use crate::dialect::chat::{Block, CacheMark, Media, MediaKind, Source};

pub(super) fn blocks_form(blocks: &[Block]) -> Value {
    blocks.iter().map(block_form).collect()
}

fn block_form(block: &Block) -> Value {
    let cache = |mark: &CacheMark| raw_form(mark.as_deref());
    object(match block {
        Block::Text { text, cache: mark } => json!({"text": text, "cache": cache(mark)}),
        Block::Media(media) => media_form(media),
        Block::ToolUse { id, name, arguments, signature, cache: mark } => json!({"call": name,
            "id": id, "arguments": arguments, "signature": raw_form(signature.as_deref()),
            "cache": cache(mark)}),
        Block::ToolResult { id, content, is_error, cache: mark } => {
            json!({"result_of": id, "content": blocks_form(content),
                "is_error": is_error.then_some(true), "cache": cache(mark)})
        }
        Block::Thinking { text, signature } => json!({"thinking": text, "signature": signature}),
        Block::RedactedThinking(data) => json!({"redacted_thinking": data}),
        Block::Refusal(words) => json!({"refusal": words}),
        Block::Other { kind, json } => json!({"other": kind, "json": raw_form(Some(json))}),
    })
}

fn media_form(media: &Media) -> Value {
    let kind = match media.kind {
        MediaKind::Image => "image",
        MediaKind::Audio => "audio",
        MediaKind::Document => "document",
    };
    let source = match &media.source {
        Source::Data { media_type, base64 } => json!({"type": media_type, "base64": base64}),
        Source::Url(url) => json!({"url": url}),
        Source::File(id) => json!({"file": id}),
        Source::Text(text) => json!({"text": text}),
    };
    json!({"media": kind, "source": source, "detail": media.detail, "name": media.name,
        "cache": raw_form(media.cache.as_deref())})
}

pub(super) fn block_of(form: &Value) -> Block {
    let cache = raw_of(&form["cache"]);
    let has = |name: &str| form.get(name).is_some();
    if has("media") {
        return Block::Media(media_of(form));
    }
    if has("call") {
        return Block::ToolUse {
            id: text_of(&form["id"]),
            name: text_of(&form["call"]),
            arguments: text_of(&form["arguments"]),
            signature: raw_of(&form["signature"]),
            cache,
        };
    }
    if has("result_of") {
        return Block::ToolResult {
            id: text_of(&form["result_of"]),
            content: list_of(&form["content"], block_of),
            is_error: form["is_error"] == json!(true),
            cache,
        };
    }
    if has("thinking") {
        let signature = maybe_text_of(&form["signature"]);
        return Block::Thinking { text: text_of(&form["thinking"]), signature };
    }
    if has("redacted_thinking") {
        return Block::RedactedThinking(text_of(&form["redacted_thinking"]));
    }
    if has("refusal") {
        return Block::Refusal(text_of(&form["refusal"]));
    }
    if has("other") {
        let json = raw_of(&form["json"]).unwrap();
        return Block::Other { kind: text_of(&form["other"]), json };
    }
    Block::Text { text: text_of(&form["text"]), cache }
}

fn media_of(form: &Value) -> Media {
    let source = &form["source"];
    let (url, file, text) = (&source["url"], &source["file"], &source["text"]);
    Media {
        kind: match form["media"].as_str().unwrap() {
            "image" => MediaKind::Image,
            "audio" => MediaKind::Audio,
            _ => MediaKind::Document,
        },
        source: match (url.as_str(), file.as_str(), text.as_str()) {
            (Some(url), ..) => Source::Url(url.to_owned()),
            (_, Some(id), _) => Source::File(id.to_owned()),
            (.., Some(text)) => Source::Text(text.to_owned()),
            _ => Source::Data {
                media_type: text_of(&source["type"]),
                base64: text_of(&source["base64"]),
            },
        },
        detail: maybe_text_of(&form["detail"]),
        name: maybe_text_of(&form["name"]),
        cache: raw_of(&form["cache"]),
    }
}
