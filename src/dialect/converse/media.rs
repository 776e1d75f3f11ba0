//! Images, sounds and documents.

use std::collections::{HashMap, HashSet};

use super::wire::{Attachment, Bytes, Piece};
use crate::dialect::chat::{Dropped, Media, MediaKind, Source};
use crate::refusal::Refusal;

/// The longest name of a document, in characters (`DocumentBlock.name`).
const MOST_NAME_CHARS: usize = 200;

/// The names of documents: unique in a request, or Bedrock refuses it.
#[derive(Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    /// The last number that was tried for a name: a request may have a great many documents of one.
    numbers: HashMap<String, u32>,
}

impl Names {
    /// A name that holds only what a name may: letters, digits, single spaces, hyphens, parentheses
    /// and square brackets.
    fn make(&mut self, wanted: Option<&str>) -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-()[]".contains(c);
        let words: String =
            wanted.unwrap_or_default().chars().map(|c| if allowed(c) { c } else { ' ' }).collect();
        let words: Vec<&str> = words.split_whitespace().collect();
        let name: String = words.join(" ").chars().take(MOST_NAME_CHARS - 8).collect();
        let name = if name.is_empty() { "document".to_owned() } else { name };
        let mut unique = name.clone();
        while !self.taken.insert(unique.clone()) {
            let number = self.numbers.entry(name.clone()).or_insert(1);
            *number = number.saturating_add(1);
            unique = format!("{name} {number}");
        }
        unique
    }
}

/// Writes media that stands at `place`.
///
/// # Errors
/// A refusal when it is not in the request itself, for Converse fetches nothing but from S3, which
/// is not for clients to name: the gateway's own permissions would be used. Or when it is of a kind
/// that Converse does not take. To leave it out would be to answer another question.
pub(super) fn write<'a>(
    media: &'a Media,
    place: &str,
    names: &mut Names,
    dropped: &mut Dropped,
) -> Result<Piece<'a>, Refusal> {
    if media.detail.as_deref().is_some_and(|detail| detail != "auto") {
        dropped.note(format!("{place}.detail"));
    }
    match (&media.source, media.kind) {
        (Source::Data { media_type, base64 }, kind) => {
            let format = format_of(kind, media_type).ok_or_else(|| {
                Refusal::field(place, format!("This model takes no {}.", shown(media_type)))
            })?;
            let name = named(media, names);
            let attachment = Attachment { format, name, source: Bytes::Bytes(base64) };
            Ok(match kind {
                MediaKind::Image => Piece::Image(attachment),
                MediaKind::Audio => Piece::Audio(attachment),
                MediaKind::Document => Piece::Document(attachment),
            })
        }
        (Source::Text(text), MediaKind::Document) => {
            let (name, source) = (named(media, names), Bytes::Text(text));
            Ok(Piece::Document(Attachment { format: "txt", name, source }))
        }
        (Source::Url(_) | Source::File(_) | Source::Text(_), _) => {
            let message =
                "This model's provider fetches no files: send the data itself, in base64.";
            Err(Refusal::field(place, message))
        }
    }
}

fn named(media: &Media, names: &mut Names) -> Option<String> {
    (media.kind == MediaKind::Document).then(|| names.make(media.name.as_deref()))
}

/// A media type as an error shows it: its beginning, if it looks like one.
fn shown(media_type: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "/.+-".contains(*c);
    let shown: String = media_type.chars().take_while(allowed).take(80).collect();
    if shown.is_empty() { "media without a type".to_owned() } else { shown }
}

/// Converse's word for a media type.
fn format_of(kind: MediaKind, media_type: &str) -> Option<&'static str> {
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known: &[(&str, &str)] = match kind {
        MediaKind::Image => &IMAGES,
        MediaKind::Audio => &SOUNDS,
        MediaKind::Document => &DOCUMENTS,
    };
    known.iter().find(|(name, _)| *name == media_type).map(|(_, format)| *format)
}

const IMAGES: [(&str, &str); 5] = [
    ("image/png", "png"),
    ("image/jpeg", "jpeg"),
    ("image/jpg", "jpeg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
];

const SOUNDS: [(&str, &str); 14] = [
    ("audio/wav", "wav"),
    ("audio/x-wav", "wav"),
    ("audio/wave", "wav"),
    ("audio/mp3", "mp3"),
    ("audio/mpeg", "mp3"),
    ("audio/flac", "flac"),
    ("audio/opus", "opus"),
    ("audio/ogg", "ogg"),
    ("audio/aac", "aac"),
    ("audio/mp4", "mp4"),
    ("audio/m4a", "m4a"),
    ("audio/x-m4a", "m4a"),
    ("audio/webm", "webm"),
    ("audio/pcm", "pcm"),
];

const DOCUMENTS: [(&str, &str); 9] = [
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_allowed_and_unique() {
        let mut names = Names::default();
        let mut check = |wanted: Option<&str>, expected: &str| {
            assert_eq!(names.make(wanted), expected, "{wanted:?}");
        };
        check(Some("Report_2026 (final)  [v2].pdf"), "Report 2026 (final) [v2] pdf");
        check(Some("Report 2026 (final) [v2].pdf"), "Report 2026 (final) [v2] pdf 2");
        check(None, "document");
        check(Some("../../..."), "document 2");
        check(Some("报告"), "document 3");
        check(Some(&"x".repeat(500)), &"x".repeat(192));
        check(Some(&"x".repeat(500)), &format!("{} 2", "x".repeat(192)));
    }
}
