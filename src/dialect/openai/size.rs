//! The size of a request's input, as far as it bounds tokens, without building it in memory.

use crate::dialect::elements::{NotAnArray, each};
use crate::dialect::refuse::expected;
use crate::dialect::skip::{Cursor, string};
use crate::dialect::{Object, Operation};
use crate::quota::InputSize;
use crate::refusal::Refusal;

/// Counts messages, tools and media parts; text is all bytes that are not media.
pub(super) fn size_of(
    operation: Operation,
    object: &Object<'_>,
    body_bytes: usize,
) -> Result<InputSize, Refusal> {
    let mut size = InputSize { text_bytes: as_u64(body_bytes), ..InputSize::default() };
    let input = operation.input_field();
    let Some(json) = object.value(input) else {
        return Err(Refusal::field(input, format!("'{input}' is missing.")));
    };
    match operation {
        Operation::ChatCompletions => {
            Cursor::new(json)
                .array(|message| count_message(message, &mut size))
                .ok_or_else(|| expected(input, "an array", json))?;
        }
        _ => {
            size.messages = prompts(operation, object)?;
        }
    }
    for name in ["tools", "functions"] {
        if let Some(json) = object.value(name) {
            each(json, |_| size.tools += 1).map_err(|_| expected(name, "an array", json))?;
        }
    }
    Ok(size)
}

/// How many prompts a batch has; a conversation is one.
pub(super) fn prompts(operation: Operation, object: &Object<'_>) -> Result<u64, Refusal> {
    let input = operation.input_field();
    let Some(json) = object.value(input) else { return Ok(1) };
    if operation == Operation::ChatCompletions || json.starts_with('"') {
        return Ok(1);
    }
    let (mut texts, mut tokens) = (0, false);
    each(json, |item| match item.as_bytes().first() {
        Some(b'"' | b'[' | b'{') => texts += 1,
        _ => tokens = true,
    })
    .map_err(|NotAnArray| expected(input, "a string or an array", json))?;
    Ok(if tokens { 1 } else { texts.max(1) })
}

fn count_message(message: &mut Cursor<'_>, size: &mut InputSize) -> Option<()> {
    size.messages += 1;
    let [content] = message.fields(["content"])?.values.unwrap_or_default();
    if let Some(content) = content.filter(|json| json.starts_with('[')) {
        Cursor::new(content).array(|part| count_part(part, size))?;
    }
    Some(())
}

fn count_part(part: &mut Cursor<'_>, size: &mut InputSize) -> Option<()> {
    let part = part.fields(["type"])?;
    let [kind] = part.values.unwrap_or_default();
    if !matches!(kind.and_then(string).as_deref(), Some("text" | "refusal")) {
        size.media += 1;
        size.text_bytes = size.text_bytes.saturating_sub(as_u64(part.text.len()));
    }
    Some(())
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(operation: Operation, body: &str, messages: u64, media: u64, choices: u64) {
        let object = Object::parse(body).unwrap();
        let size = size_of(operation, &object, body.len()).unwrap();
        assert_eq!((size.messages, size.media), (messages, media), "{body}");
        assert_eq!(prompts(operation, &object).unwrap(), choices, "{body}");
    }

    #[test]
    fn messages_parts_and_prompts_are_counted() {
        use Operation::{ChatCompletions, Completions, Embeddings};
        check(ChatCompletions, r#"{"messages":[]}"#, 0, 0, 1);
        check(ChatCompletions, r#"{"messages":[{"content":"a"},{"content":null},{}]}"#, 3, 0, 1);
        let parts = r#"{"messages":[{"content":[{"type":"text","text":"a"},
            {"type":"image_url","image_url":{"url":"data:"}},{"type":"input_audio"},{}]}]}"#;
        check(ChatCompletions, parts, 1, 3, 1);
        check(Completions, r#"{"prompt":"a"}"#, 1, 0, 1);
        check(Completions, r#"{"prompt":["a","b"]}"#, 2, 0, 2);
        check(Completions, r#"{"prompt":[1,2,3]}"#, 1, 0, 1);
        check(Completions, r#"{"prompt":[[1],[2]]}"#, 2, 0, 2);
        check(Embeddings, r#"{"input":[]}"#, 1, 0, 1);
    }

    #[test]
    fn the_bytes_of_media_are_not_text() {
        let image = format!(
            r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{}"}}}}"#,
            "A".repeat(10_000)
        );
        let body = format!(r#"{{"messages":[{{"content":[{image}]}}]}}"#);
        let object = Object::parse(&body).unwrap();
        let size = size_of(Operation::ChatCompletions, &object, body.len()).unwrap();
        assert_eq!(size.text_bytes, as_u64(body.len() - image.len()));
    }
}
