//! The content of a message: a text, or parts.

use super::field::{Fields, Value};
use crate::dialect::chat::{Block, CacheMark, Knobs, Media, MediaKind, Source};
use crate::refusal::Refusal;

/// Whose content it is, which decides what may be in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentOf {
    /// Text only.
    System,
    User,
    /// Text and refusals; an empty text stands for no content.
    Assistant,
    /// As the user's; OpenAI takes text only, other providers images too. An empty text stands for
    /// no content.
    Tool,
}

/// Reads a content.
pub(super) fn read_content(
    value: &Value<'_, '_>,
    whose: ContentOf,
    knobs: &mut Knobs,
) -> Result<Vec<Block>, Refusal> {
    let mut blocks = Vec::new();
    if value.is_text() {
        blocks.push(Block::Text { text: value.text()?, cache: None });
    } else if value.is_list() {
        for part in value.list()?.values() {
            blocks.push(read_part(part, whose, knobs)?);
        }
    } else {
        return Err(value.refuse("a string or an array of parts"));
    }
    if matches!(whose, ContentOf::Assistant | ContentOf::Tool) {
        let is_empty = |block: &Block| matches!(block, Block::Text { text, .. } if text.is_empty());
        blocks.retain(|block| !is_empty(block));
    }
    Ok(blocks)
}

/// Sets a message's mark on its last block that can have one.
pub(super) fn mark_last(blocks: &mut [Block], mark: CacheMark) {
    let slot = blocks.iter_mut().rev().find_map(|block| match block {
        Block::Text { cache, .. }
        | Block::ToolUse { cache, .. }
        | Block::ToolResult { cache, .. } => Some(cache),
        Block::Media(media) => Some(&mut media.cache),
        Block::Thinking { .. }
        | Block::RedactedThinking(_)
        | Block::Refusal(_)
        | Block::Other { .. } => None,
    });
    if let (Some(slot), Some(mark)) = (slot, mark) {
        slot.get_or_insert(mark);
    }
}

fn read_part(value: Value<'_, '_>, whose: ContentOf, knobs: &mut Knobs) -> Result<Block, Refusal> {
    let wire = value.object()?;
    let kind_value = wire.need("type", "the part's type")?;
    let kind = kind_value.word()?;
    match (whose, kind.as_str()) {
        (_, "text") => {
            wire.carry_others(&["type", "text", "cache_control"], knobs);
            Ok(Block::Text { text: wire.need("text", "a string")?.text()?, cache: wire.cache()? })
        }
        (ContentOf::System, _) => Err(kind_value.refuse("'text'")),
        (ContentOf::Assistant, "refusal") => {
            Ok(Block::Refusal(wire.need("refusal", "a string")?.text()?))
        }
        (_, "image_url" | "input_audio" | "file") => {
            wire.carry_others(&["type", kind.as_str(), "cache_control"], knobs);
            let inner = wire.need(&kind, "an object")?.object()?;
            let media = match kind.as_str() {
                "image_url" => read_image(&inner, knobs)?,
                "input_audio" => read_audio(&inner, knobs)?,
                _ => read_file(&inner, knobs)?,
            };
            Ok(Block::Media(Media { cache: wire.cache()?, ..media }))
        }
        _ => Ok(Block::Other { json: value.raw(), kind }),
    }
}

fn media(kind: MediaKind, source: Source) -> Media {
    Media { kind, source, detail: None, name: None, cache: None }
}

fn read_image(wire: &Fields<'_, '_>, knobs: &mut Knobs) -> Result<Media, Refusal> {
    wire.carry_others(&["url", "detail"], knobs);
    let what = "an http(s) URL, or a data URL with the image in base64";
    let value = wire.need("url", what)?;
    let url = value.text()?;
    let lower = url.get(..8).unwrap_or(&url).to_ascii_lowercase();
    let source = if lower.starts_with("http://") || lower.starts_with("https://") {
        Source::Url(url)
    } else {
        data_url(&url).ok_or_else(|| value.refuse(what))?
    };
    Ok(Media { detail: wire.text("detail")?, ..media(MediaKind::Image, source) })
}

fn read_audio(wire: &Fields<'_, '_>, knobs: &mut Knobs) -> Result<Media, Refusal> {
    wire.carry_others(&["data", "format"], knobs);
    let base64 = wire.need("data", "the sound in base64")?.word()?;
    let format = wire.need("format", "'wav' or 'mp3'")?.word()?;
    // The name of the type is MPEG's; that of the file format is not.
    let subtype = if format == "mp3" { "mpeg" } else { format.as_str() };
    let source = Source::Data { media_type: format!("audio/{subtype}"), base64 };
    Ok(media(MediaKind::Audio, source))
}

fn read_file(wire: &Fields<'_, '_>, knobs: &mut Knobs) -> Result<Media, Refusal> {
    wire.carry_others(&["file_data", "file_id", "filename"], knobs);
    let name = wire.text("filename")?;
    let what = "a data URL with the file in base64";
    let Some(value) = wire.get("file_data") else {
        let id = wire.need("file_id", "a file's id, unless there is file_data")?.word()?;
        return Ok(Media { name, ..media(MediaKind::Document, Source::File(id)) });
    };
    let source = data_url(&value.text()?).ok_or_else(|| value.refuse(what))?;
    let kind = match &source {
        Source::Data { media_type, .. } if media_type.starts_with("image/") => MediaKind::Image,
        Source::Data { media_type, .. } if media_type.starts_with("audio/") => MediaKind::Audio,
        _ => MediaKind::Document,
    };
    Ok(Media { name, ..media(kind, source) })
}

/// What is in a `data:` URL with base64 and a media type (RFC 2397). Parameters of the type, as a
/// character set, are left out: no provider takes them. `image/jpg` is not a type, but clients
/// write it.
fn data_url(url: &str) -> Option<Source> {
    let (scheme, rest) = url.split_at_checked(5)?;
    let (head, base64) = rest.split_once(',')?;
    let (head, encoding) = head.rsplit_once(';')?;
    let media_type = head.split(';').next()?.trim().to_ascii_lowercase();
    let is_data = scheme.eq_ignore_ascii_case("data:")
        && encoding.trim().eq_ignore_ascii_case("base64")
        && Source::is_type(&media_type)
        && !base64.is_empty();
    let media_type = if media_type == "image/jpg" { "image/jpeg".to_owned() } else { media_type };
    is_data.then(|| Source::Data { media_type, base64: base64.to_owned() })
}
