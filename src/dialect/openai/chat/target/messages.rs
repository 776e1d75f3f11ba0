//! The messages of a request.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::request::Target;
use super::turn::{write_assistant, write_user};
use crate::dialect::call_ids::CallIds;
use crate::dialect::chat::{Block, Chat, Dropped, Format, Media, MediaKind, Role, Source};

#[derive(Default, Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_call_id: Option<String>,
    pub(super) content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCall<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Text(String),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl<'a> },
    InputAudio { input_audio: InputAudio<'a> },
    File { file: File<'a> },
}

#[derive(Serialize)]
pub(super) struct ImageUrl<'a> {
    url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct InputAudio<'a> {
    data: &'a str,
    format: &'a str,
}

#[derive(Serialize)]
pub(super) struct File<'a> {
    filename: &'a str,
    file_data: String,
}

#[derive(Serialize)]
pub(super) struct ToolCall<'a> {
    pub(super) id: String,
    pub(super) r#type: &'static str,
    pub(super) function: Function<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extra_content: Option<Cow<'a, RawValue>>,
}

#[derive(Serialize)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
}

/// The longest id of a call that OpenAI takes.
const MOST_ID_CHARS: usize = 40;

/// The system's words as one message, then the conversation.
pub(super) fn write_messages<'a>(
    chat: &'a Chat,
    to: &Target<'a>,
    dropped: &mut Dropped,
) -> Vec<Message<'a>> {
    let mut messages = Vec::with_capacity(chat.turns.len() + 1);
    let mut ids = CallIds::new(|_| true, MOST_ID_CHARS);
    messages.extend(write_system(&chat.system, "system", to, None, dropped));
    if let (Some(Format::Schema { schema, .. }), false) = (&chat.format, to.takes_schemas) {
        tell_schema(schema, to, &mut messages);
    }
    for turn in &chat.turns {
        let place = format!("messages[{}].content", turn.at);
        let name = turn.name.as_deref();
        match turn.role {
            Role::System => messages.extend(write_system(&turn.blocks, &place, to, name, dropped)),
            Role::User => write_user(turn, &place, &mut ids, &mut messages, dropped),
            Role::Assistant => {
                if let Some(message) = write_assistant(turn, &place, to, &mut ids, dropped) {
                    add_assistant(message, &mut messages);
                }
            }
        }
    }
    if let Some(last) = chat.turns.last().filter(|turn| turn.role == Role::Assistant)
        && !last.blocks.is_empty()
    {
        // The model answers anew; it does not go on where the words end.
        dropped.note(format!("messages[{}].prefill", last.at));
    }
    messages
}

/// Tells the model in words what its answer must fit. `DeepSeek` wants the word JSON in a conversation
/// that is to be answered in it ("JSON Output").
fn tell_schema<'a>(schema: &RawValue, to: &Target<'a>, messages: &mut Vec<Message<'a>>) {
    let words = format!("Answer with a JSON object that fits this JSON schema: {schema}");
    match messages.last_mut().map(|system| &mut system.content) {
        Some(Some(Content::Text(text))) => *text = paragraphs(&[text.as_str(), words.as_str()]),
        _ => messages.push(Message {
            role: to.system_role,
            content: Some(Content::Text(words)),
            ..Message::default()
        }),
    }
}

/// Several turns of the model in a row are one message, for the results of all its calls must follow
/// it.
fn add_assistant<'a>(message: Message<'a>, messages: &mut Vec<Message<'a>>) {
    let last = messages.last_mut().filter(|last| last.role == message.role && last.name.is_none());
    let Some(last) = last.filter(|_| message.name.is_none()) else {
        return messages.push(message);
    };
    last.content = match (last.content.take(), message.content) {
        (Some(Content::Text(before)), Some(Content::Text(after))) => {
            Some(Content::Text(before + &after))
        }
        (before, after) => after.or(before),
    };
    last.refusal = message.refusal.or(last.refusal);
    last.reasoning_content = match (last.reasoning_content.take(), message.reasoning_content) {
        (Some(before), Some(after)) if !after.trim().is_empty() => Some(before + &after),
        (before, after) => before.or(after),
    };
    last.tool_calls.extend(message.tool_calls);
}

fn write_system<'a>(
    blocks: &'a [Block],
    place: &str,
    to: &Target<'a>,
    name: Option<&'a str>,
    dropped: &mut Dropped,
) -> Option<Message<'a>> {
    let mut texts = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        match block {
            Block::Text { text, cache } => {
                note_cache(cache.as_deref(), dropped);
                texts.push(text.as_str());
            }
            _ => dropped.note(format!("{place}[{at}]")),
        }
    }
    let content = Some(Content::Text(paragraphs(&texts)));
    (!texts.is_empty()).then(|| Message {
        role: to.system_role,
        name,
        content,
        ..Message::default()
    })
}

/// Texts as one, with an empty line in between: several compatible servers take no parts.
pub(super) fn paragraphs(texts: &[&str]) -> String {
    texts.join("\n\n")
}

/// Providers of this dialect cache by themselves, or not at all.
pub(super) fn note_cache(mark: Option<&RawValue>, dropped: &mut Dropped) {
    if mark.is_some() {
        dropped.note("cache_control");
    }
}

/// Media as a part. None where the dialect has none for it: files in another provider's store,
/// documents and sounds behind a URL.
pub(super) fn write_media<'a>(media: &'a Media, dropped: &mut Dropped) -> Option<Part<'a>> {
    note_cache(media.cache.as_deref(), dropped);
    match (media.kind, &media.source) {
        (MediaKind::Image, Source::Data { media_type, base64 }) => {
            let url = Cow::Owned(format!("data:{media_type};base64,{base64}"));
            Some(Part::ImageUrl { image_url: ImageUrl { url, detail: media.detail.as_deref() } })
        }
        (MediaKind::Image, Source::Url(url)) => {
            let url = Cow::Borrowed(url.as_str());
            Some(Part::ImageUrl { image_url: ImageUrl { url, detail: media.detail.as_deref() } })
        }
        (MediaKind::Audio, Source::Data { media_type, base64 }) => {
            let subtype = media_type.strip_prefix("audio/").unwrap_or(media_type);
            let format = match subtype {
                "mpeg" | "mp3" => "mp3",
                "wav" | "x-wav" | "wave" => "wav",
                other => other,
            };
            Some(Part::InputAudio { input_audio: InputAudio { data: base64, format } })
        }
        (MediaKind::Document, Source::Data { media_type, base64 }) => {
            let filename = media.name.as_deref().unwrap_or("document.pdf");
            let file_data = format!("data:{media_type};base64,{base64}");
            Some(Part::File { file: File { filename, file_data } })
        }
        (MediaKind::Document, Source::Text(text)) => {
            let text = match &media.name {
                Some(name) => Cow::Owned(format!("{name}\n\n{text}")),
                None => Cow::Borrowed(text.as_str()),
            };
            Some(Part::Text { text })
        }
        (_, Source::File(_))
        | (MediaKind::Audio | MediaKind::Document, Source::Url(_))
        | (MediaKind::Image | MediaKind::Audio, Source::Text(_)) => None,
    }
}
