//! The blocks of a conversation as Anthropic's content blocks.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::target_tools::{call_ids, input};
use crate::dialect::base64::decoded_text;
use crate::dialect::call_ids::CallIds;
use crate::dialect::chat::{Block, Dropped, Media, MediaKind, Source};

/// A content block of a request.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part<'a> {
    Text {
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    Image {
        source: WireSource<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    Document {
        source: WireSource<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    RedactedThinking {
        data: &'a str,
    },
    ToolUse {
        id: String,
        name: &'a str,
        input: Box<RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    ToolResult {
        tool_use_id: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Self>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum WireSource<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Url { url: &'a str },
    Text { media_type: &'a str, data: Cow<'a, str> },
}

impl Part<'_> {
    pub(super) fn is_result(&self) -> bool {
        matches!(self, Self::ToolResult { .. })
    }

    pub(super) fn is_thinking(&self) -> bool {
        matches!(self, Self::Thinking { .. } | Self::RedactedThinking { .. })
    }
}

/// Writes blocks; what cannot be written is noted in the words of OpenAI's clients.
pub(super) struct BlockWriter {
    ids: CallIds,
    /// Whether thoughts must be signed: Claude refuses others, and who only speaks its dialect may
    /// sign none.
    signs: bool,
    pub(super) dropped: Dropped,
}

impl BlockWriter {
    /// A writer for a model that signs its thoughts, or not, with what has no place already.
    pub(super) fn new(signs: bool, dropped: Dropped) -> Self {
        Self { ids: call_ids(), signs, dropped }
    }

    pub(super) fn parts<'a>(&mut self, blocks: &'a [Block]) -> Vec<Part<'a>> {
        blocks.iter().filter_map(|block| self.part(block)).collect()
    }

    fn part<'a>(&mut self, block: &'a Block) -> Option<Part<'a>> {
        Some(match block {
            Block::Text { text, cache } => {
                if written(text).is_none() && cache.is_some() {
                    return self.drop("messages[].content[].cache_control");
                }
                return written(text)
                    .map(|text| Part::Text { text, cache_control: cache.as_deref() });
            }
            Block::Refusal(text) => {
                return written(text).map(|text| Part::Text { text, cache_control: None });
            }
            Block::Media(media) => return self.media(media),
            Block::ToolUse { id, name, arguments, signature, cache } => {
                if signature.is_some() {
                    self.dropped.note("messages[].tool_calls[].extra_content");
                }
                Part::ToolUse {
                    id: self.ids.call(id),
                    name,
                    input: input(arguments),
                    cache_control: cache.as_deref(),
                }
            }
            Block::ToolResult { id, content, is_error, cache } => Part::ToolResult {
                tool_use_id: self.ids.result(id),
                content: self.parts(content),
                is_error: *is_error,
                cache_control: cache.as_deref(),
            },
            Block::Thinking { text, signature: Some(signature) } if !signature.is_empty() => {
                Part::Thinking { thinking: text, signature }
            }
            Block::Thinking { text, .. } if !self.signs => {
                Part::Thinking { thinking: text, signature: "" }
            }
            // Nobody at Anthropic signed it: it would be refused.
            Block::Thinking { .. } => return self.drop("messages[].reasoning_content"),
            Block::RedactedThinking(data) => Part::RedactedThinking { data },
            Block::Other { kind, .. } => {
                return self.drop(&format!("messages[].content[].{kind}"));
            }
        })
    }

    fn media<'a>(&mut self, media: &'a Media) -> Option<Part<'a>> {
        let cache_control = media.cache.as_deref();
        if media.detail.as_deref().is_some_and(|detail| detail != "auto") {
            self.dropped.note("messages[].content[].image_url.detail");
        }
        let source = match (media.kind, &media.source) {
            (MediaKind::Audio, _) => return self.drop("messages[].content[].input_audio"),
            // A file in another provider's store.
            (_, Source::File(_)) => return self.drop("messages[].content[].file.file_id"),
            (_, Source::Url(url)) => WireSource::Url { url },
            (MediaKind::Document, Source::Text(data)) => {
                WireSource::Text { media_type: "text/plain", data: written(data)?.into() }
            }
            // Text goes as text, whatever kind of text it is.
            (MediaKind::Document, Source::Data { media_type, base64 })
                if media_type.starts_with("text/") =>
            {
                let text = decoded_text(base64).filter(|text| written(text).is_some());
                let Some(text) = text else {
                    return self.drop("messages[].content[].file.file_data");
                };
                WireSource::Text { media_type: "text/plain", data: text.into() }
            }
            (MediaKind::Image, Source::Data { media_type, .. })
                if !IMAGES.contains(&media_type.as_str()) =>
            {
                return self.drop("messages[].content[].image_url");
            }
            // PDF is the only kind of document that goes as base64 ("PDF support").
            (MediaKind::Document, Source::Data { media_type, .. })
                if media_type != "application/pdf" =>
            {
                return self.drop("messages[].content[].file.file_data");
            }
            (_, Source::Data { media_type, base64 }) => {
                WireSource::Base64 { media_type, data: base64 }
            }
            (MediaKind::Image, Source::Text(_)) => {
                return self.drop("messages[].content[].image_url");
            }
        };
        Some(match media.kind {
            MediaKind::Document => {
                Part::Document { source, title: media.name.as_deref(), cache_control }
            }
            _ => Part::Image { source, cache_control },
        })
    }

    fn drop<'a>(&mut self, name: &str) -> Option<Part<'a>> {
        self.dropped.note(name);
        None
    }
}

/// The kinds of images that the API takes ("Vision").
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// A text that has something to read: the API refuses blocks that are empty or only white space
/// ("text content blocks must contain non-whitespace text").
fn written(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.trim().is_empty())
}
