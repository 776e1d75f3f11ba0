//! Fields with a simple value: those that steer sampling, and who the user is.

use serde_json::value::RawValue;

use crate::dialect::chat::{Chat, Dropped};
use crate::dialect::refuse::refuse_several_choices;
use crate::refusal::Refusal;

/// What is written of them.
#[derive(Debug, Default)]
pub(super) struct Sampling<'a> {
    pub(super) temperature: Option<&'a RawValue>,
    pub(super) top_p: Option<&'a RawValue>,
    pub(super) top_k: Option<&'a RawValue>,
    pub(super) user_id: Option<String>,
    pub(super) service_tier: Option<&'static str>,
}

/// The least `top_p` that goes with thinking ("Extended thinking", "Feature compatibility").
const LEAST_TOP_P: f64 = 0.95;
/// The longest `metadata.user_id`, in characters.
const MOST_USER_ID: usize = 256;

/// Writes the fields that Claude knows and notes the others, but not those that ask for nothing
/// (`presence_penalty: 0`). A `temperature` or a `top_p` of 1 is Claude's default, and newer models
/// take no other: it is not sent.
///
/// # Errors
/// When a number is none, or more than one answer is asked for.
pub(super) fn sampling<'a>(
    chat: &'a Chat,
    thinks: bool,
    takes_sampling: bool,
    dropped: &mut Dropped,
) -> Result<Sampling<'a>, Refusal> {
    let mut written = Sampling::default();
    for (name, json) in &chat.knobs {
        let json = json.as_ref();
        match name.as_str() {
            // The first are written below; the last is about the client's own stream.
            "temperature" | "top_p" | "top_k" | "stream_options" => {}
            // The newer name of the two comes first.
            "user" if written.user_id.is_some() => dropped.note(name),
            "user" | "safety_identifier" => {
                let user = serde_json::from_str::<String>(json.get()).ok();
                match user.filter(|user| user.chars().count() <= MOST_USER_ID) {
                    Some(user) => written.user_id = Some(user),
                    None => dropped.note(name),
                }
            }
            "service_tier" => match json.get() {
                r#""auto""# => written.service_tier = Some("auto"),
                r#""default""# => written.service_tier = Some("standard_only"),
                _ => dropped.note(name),
            },
            _ if asks_nothing(name, json.get()) => {}
            "n" => return Err(refuse_several_choices()),
            _ => dropped.note(name),
        }
    }
    let free = !thinks && takes_sampling;
    if let Some((json, value)) = number(chat, "temperature")? {
        // More than 1 is as much as there is: the default.
        if value > 1.0 || (value < 1.0 && !free) {
            dropped.note("temperature");
        } else if value < 1.0 {
            written.temperature = Some(json);
        }
    }
    if let Some((json, value)) = number(chat, "top_p")? {
        // Newer models take one of the two only.
        let fits =
            takes_sampling && written.temperature.is_none() && (!thinks || value >= LEAST_TOP_P);
        match fits {
            _ if value >= 1.0 => {}
            true => written.top_p = Some(json),
            false => dropped.note("top_p"),
        }
    }
    if let Some((json, _)) = number(chat, "top_k")? {
        if free {
            written.top_k = Some(json);
        } else {
            dropped.note("top_k");
        }
    }
    Ok(written)
}

fn number<'a>(chat: &'a Chat, name: &str) -> Result<Option<(&'a RawValue, f64)>, Refusal> {
    let Some(json) = chat.knobs.get(name) else { return Ok(None) };
    match serde_json::from_str::<f64>(json.get()) {
        Ok(value) => Ok(Some((json, value))),
        Err(_) => Err(super::expected::expected(name, "a number", json.get())),
    }
}

/// Whether a value is the one that a field has anyway.
fn asks_nothing(name: &str, json: &str) -> bool {
    (matches!(json, "null" | "false" | "{}" | "[]" | "\"\"") && name != "web_search_options")
        || (name == "n" && json == "1")
        || (name.ends_with("_penalty") && serde_json::from_str::<f64>(json).is_ok_and(|n| n == 0.0))
}
