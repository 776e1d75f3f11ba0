//! The content blocks of an Anthropic client's request.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::expected::{expected, missing, read};
use super::signed_ids::untold;
use crate::dialect::chat::{Block, Dropped, Media, MediaKind, Source};
use crate::refusal::Refusal;

/// Where the reader stands, and what it leaves out.
pub(super) struct Place<'d> {
    pub(super) name: String,
    pub(super) dropped: &'d mut Dropped,
}

impl Place<'_> {
    /// A place inside this one.
    fn inside(&mut self, suffix: &str) -> Place<'_> {
        Place { name: format!("{}{suffix}", self.name), dropped: self.dropped }
    }

    fn field(&self, field: &str) -> String {
        format!("{}.{field}", self.name)
    }

    fn need<T>(&self, value: Option<T>, field: &str) -> Result<T, Refusal> {
        value.ok_or_else(|| missing(&self.field(field)))
    }

    /// A text that fits, or what it should have been.
    fn fit(
        &self,
        text: Option<String>,
        field: &str,
        what: &str,
        fits: fn(&str) -> bool,
    ) -> Result<String, Refusal> {
        let text = self.need(text, field)?;
        let got = if text.is_empty() { "\"\"" } else { &text };
        if fits(&text) { Ok(text) } else { Err(expected(&self.field(field), what, got)) }
    }

    fn word(&self, text: Option<String>, field: &str) -> Result<String, Refusal> {
        self.fit(text, field, "a string that is not empty", |text| !text.is_empty())
    }

    fn note(&mut self, field: &str) {
        let name = self.field(field);
        self.dropped.note(name);
    }
}

/// Every member that a known block may have. What a block must have is checked where it is read.
#[derive(Deserialize)]
struct WireBlock<'a> {
    r#type: Option<String>,
    text: Option<String>,
    id: Option<String>,
    name: Option<String>,
    tool_use_id: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    data: Option<String>,
    title: Option<String>,
    is_error: Option<bool>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    citations: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    transformations: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Kind {
    r#type: Option<String>,
}

/// Types of blocks that other dialects know too. Others stay as they are.
const KNOWN: [&str; 7] =
    ["text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"];

/// Reads content: a string, or an array of blocks. An empty string is no block.
pub(super) fn content(json: &str, place: &mut Place<'_>) -> Result<Vec<Block>, Refusal> {
    if json.starts_with('"') {
        let text: String = read(json, &place.name, "a string or an array of blocks")?;
        return Ok(if text.is_empty() { vec![] } else { vec![Block::Text { text, cache: None }] });
    }
    let items: Vec<&RawValue> = read(json, &place.name, "a string or an array of blocks")?;
    let mut blocks = Vec::with_capacity(items.len());
    for (index, json) in items.into_iter().enumerate() {
        read_block(json, &mut place.inside(&format!("[{index}]")), &mut blocks)?;
    }
    Ok(blocks)
}

fn read_block(
    json: &RawValue,
    place: &mut Place<'_>,
    blocks: &mut Vec<Block>,
) -> Result<(), Refusal> {
    let Kind { r#type: kind } = read(json.get(), &place.name, "a content block")?;
    let kind = place.need(kind, "type")?;
    if !KNOWN.contains(&kind.as_str()) {
        blocks.push(Block::Other { kind, json: json.to_owned() });
        return Ok(());
    }
    let wire: WireBlock<'_> = read(json.get(), &place.name, &format!("a {kind} block"))?;
    let cache = wire.cache_control.map(RawValue::to_owned);
    blocks.push(match wire.r#type.as_deref().unwrap_or_default() {
        "text" => Block::Text { text: place.need(wire.text, "text")?, cache },
        "image" | "document" => return read_media(wire, place, blocks),
        "tool_use" => {
            let id = place.word(wire.id, "id")?;
            let (id, signature) = untold(&id);
            Block::ToolUse {
                id,
                name: place.word(wire.name, "name")?,
                arguments: place.need(wire.input, "input")?.get().to_owned(),
                signature,
                cache,
            }
        }
        "tool_result" => Block::ToolResult {
            id: untold(&place.word(wire.tool_use_id, "tool_use_id")?).0,
            content: wire
                .content
                .map(|json| content(json.get(), &mut place.inside(".content")))
                .transpose()?
                .unwrap_or_default(),
            is_error: wire.is_error.unwrap_or(false),
            cache,
        },
        "thinking" => Block::Thinking {
            text: place.need(wire.thinking, "thinking")?,
            signature: wire.signature.filter(|signature| !signature.is_empty()),
        },
        _ => Block::RedactedThinking(place.need(wire.data, "data")?),
    });
    Ok(())
}

#[derive(Deserialize)]
struct WireSource<'a> {
    r#type: Option<String>,
    media_type: Option<String>,
    data: Option<String>,
    url: Option<String>,
    file_id: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// An image or a document. One that is made of blocks becomes these blocks.
fn read_media(
    wire: WireBlock<'_>,
    place: &mut Place<'_>,
    blocks: &mut Vec<Block>,
) -> Result<(), Refusal> {
    let is_image = wire.r#type.as_deref() == Some("image");
    let unknown = [
        ("citations", wire.citations),
        ("context", wire.context),
        ("transformations", wire.transformations),
    ];
    for (name, _) in unknown.into_iter().filter(|(_, value)| value.is_some()) {
        place.note(name);
    }
    let json = place.need(wire.source, "source")?.get();
    let mut inside = place.inside(".source");
    let source: WireSource<'_> = read(json, &inside.name, "a source")?;
    let source = match source.r#type.as_deref() {
        Some("base64") => Source::Data {
            media_type: inside.fit(
                source.media_type,
                "media_type",
                "a media type",
                Source::is_type,
            )?,
            base64: inside.word(source.data, "data")?,
        },
        Some("url") => Source::Url(inside.fit(source.url, "url", "an http(s) URL", is_url)?),
        Some("file") => Source::File(inside.need(source.file_id, "file_id")?),
        Some("text") if !is_image => Source::Text(inside.need(source.data, "data")?),
        Some("content") if !is_image => {
            let json = inside.need(source.content, "content")?.get();
            blocks.extend(content(json, &mut inside.inside(".content"))?);
            return Ok(());
        }
        other => {
            let known =
                if is_image { "base64, url or file" } else { "base64, text, content, url or file" };
            return Err(expected(&inside.field("type"), known, other.unwrap_or("null")));
        }
    };
    let kind = if is_image { MediaKind::Image } else { MediaKind::Document };
    let cache = wire.cache_control.map(RawValue::to_owned);
    blocks.push(Block::Media(Media { kind, source, detail: None, name: wire.title, cache }));
    Ok(())
}

fn is_url(text: &str) -> bool {
    let begins =
        |start: &str| text.get(..start.len()).is_some_and(|t| t.eq_ignore_ascii_case(start));
    begins("https://") || begins("http://")
}
