//! A whole answer: what the gateway must know of it. Its bytes go to the client unchanged.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::errors::read_error;
use crate::dialect::{Operation, Usage, classify};
use crate::failure::{Class, Failure, ProviderError};

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Option<Content<'a>>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    finish_reason: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// The fields of a message or a delta that are content, in any vendor's spelling.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow)]
    function_call: Option<&'a RawValue>,
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
}

impl Content<'_> {
    /// Whether any of them says something.
    pub(super) fn says_something(&self) -> bool {
        [
            self.content,
            self.reasoning_content,
            self.reasoning,
            self.refusal,
            self.tool_calls,
            self.function_call,
            self.audio,
        ]
        .into_iter()
        .flatten()
        .any(says_something)
    }
}

/// Whether a value is more than null, empty text or an empty list.
pub(super) fn says_something(value: &RawValue) -> bool {
    !matches!(value.get(), "null" | "\"\"" | "[]" | "{}")
}

/// Whether a value in the place of an error is one. Some proxies say `"error": false`.
pub(super) fn is_error(value: &RawValue) -> bool {
    says_something(value) && !matches!(value.get(), "false" | "0")
}

/// The finish reason of an answer that the provider's content filter ended.
pub(super) const FILTERED: &str = "content_filter";

/// A finish reason that is no reason: the provider gave up (DeepSeek, API reference).
pub(super) const GAVE_UP: &str = "insufficient_system_resource";

/// A finish reason that is none either (Mistral; `OpenRouter`, with the error beside it).
pub(super) const FAILED: &str = "error";

/// Reads an answer that came with a success status: its usage, if it reports one that can be true.
///
/// # Errors
/// A failure when it is no answer at all: not JSON, an error, or nothing in it.
pub fn read_answer(operation: Operation, body: &[u8]) -> Result<Option<Usage>, Failure> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Failure::answer(Class::Malformed, "the answer is not UTF-8"))?;
    let answer: Answer<'_> = serde_json::from_str(text)
        .map_err(|error| told(body).unwrap_or_else(|| malformed("the answer", &error)))?;
    if answer.error.is_some_and(is_error) {
        return Err(inner_error(body));
    }
    let usage = answer.usage.and_then(|usage| Usage::from_openai(usage.get()));
    if operation == Operation::Embeddings {
        let has_data = answer.data.is_some_and(says_something);
        return if has_data { Ok(usage) } else { Err(told(body).unwrap_or_else(empty)) };
    }
    let choices = answer.choices.unwrap_or_default();
    if let Some(error) = choices.iter().find_map(|choice| choice.error.filter(|e| is_error(e))) {
        return Err(inner_error(error.get().as_bytes()));
    }
    if choices.iter().any(|choice| choice.finish_reason.as_deref() == Some(FAILED)) {
        return Err(failed());
    }
    if choices.iter().any(|choice| choice.finish_reason.as_deref() == Some(GAVE_UP)) {
        return Err(gave_up());
    }
    if is_filtered_whole(&choices) {
        return Err(filtered());
    }
    let says = |choice: &Choice<'_>| {
        choice.message.as_ref().is_some_and(Content::says_something)
            || choice.text.is_some_and(says_something)
    };
    let has_output = usage.is_some_and(|usage| usage.output > 0);
    if choices.iter().any(says) {
        // Content without output is a report that cannot be true.
        return Ok(usage.filter(|_| has_output));
    }
    // An empty text for which the provider bills output is a model that had nothing to say.
    let is_silent = has_output && !choices.is_empty();
    if is_silent { Ok(usage) } else { Err(told(body).unwrap_or_else(empty)) }
}

/// Whether the provider's content filter has left nothing of the answer.
fn is_filtered_whole(choices: &[Choice<'_>]) -> bool {
    !choices.is_empty()
        && choices.iter().all(|choice| {
            choice.finish_reason.as_deref() == Some(FILTERED)
                && !choice.message.as_ref().is_some_and(Content::says_something)
                && !choice.text.is_some_and(says_something)
        })
}

/// An error inside an answer that began with a success status.
pub(in crate::dialect) fn inner_error(body: &[u8]) -> Failure {
    failure(read_error(body))
}

/// The failure that a body tells of in the place of an answer, if it does: `MiniMax`'s `base_resp`,
/// DashScope's `{code, message}`, an array, an event. It has a code; a sentence alone may be
/// anything.
pub(in crate::dialect) fn told(body: &[u8]) -> Option<Failure> {
    let error = read_error(body);
    error.code.is_some().then(|| failure(error))
}

fn failure(error: ProviderError) -> Failure {
    let class = classify(None, &error);
    let retry_after_ms = error.retry_after_ms;
    let failure = Failure::answer(class, "an error inside a success");
    Failure { retry_after_ms, error: Some(error.into()), ..failure }
}

/// What cannot be read, and where. Never the parser's own words: they quote what it read, and a
/// failure's detail is logged.
pub(super) fn malformed(what: &str, error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let detail = format!("{what} is not what was asked for, at line {line} column {column}");
    Failure::answer(Class::Malformed, detail)
}

pub(super) fn empty() -> Failure {
    Failure::answer(Class::Empty, "the answer has no content")
}

pub(super) fn filtered() -> Failure {
    Failure::answer(Class::ContentPolicy, "the provider's filter left nothing of the answer")
}

pub(super) fn failed() -> Failure {
    Failure::answer(Class::Server, "the provider says that its answer failed")
}

pub(super) fn gave_up() -> Failure {
    Failure::answer(Class::Overloaded, GAVE_UP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(operation: Operation, body: &str, expected: Result<bool, Class>) {
        let found = read_answer(operation, body.as_bytes());
        let found = found.map(|usage| usage.is_some()).map_err(|failure| failure.class);
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn answers_and_what_only_looks_like_one() {
        use Operation::{ChatCompletions as Chat, Completions, Embeddings};
        let usage = r#""usage":{"prompt_tokens":1,"completion_tokens":1}"#;
        let choice = |content: &str| {
            format!(
                r#"{{"choices":[{{"message":{{"content":{content}}},"finish_reason":"stop"}}],{usage}}}"#
            )
        };
        check(Chat, &choice("\"hi\""), Ok(true));
        check(Chat, &choice("\"\""), Ok(true));
        check(Chat, r#"{"choices":[{"message":{"content":"hi"}}]}"#, Ok(false));
        check(
            Chat,
            r#"{"choices":[{"message":{"tool_calls":[{}]}}],"usage":{"prompt_tokens":-1}}"#,
            Ok(false),
        );
        check(Completions, r#"{"choices":[{"text":"hi"}]}"#, Ok(false));
        check(
            Embeddings,
            r#"{"data":[{"embedding":[1]}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#,
            Ok(true),
        );
        check(Embeddings, r#"{"data":[]}"#, Err(Class::Empty));
        check(Chat, r#"{"choices":[]}"#, Err(Class::Empty));
        check(Chat, r#"{"choices":[{"message":{"content":""}}]}"#, Err(Class::Empty));
        check(Chat, "{}", Err(Class::Empty));
        check(Chat, "", Err(Class::Malformed));
        check(Chat, "\n\n", Err(Class::Malformed));
        check(Chat, "<html>", Err(Class::Malformed));
        check(Chat, r#"{"choices":[{"message":"#, Err(Class::Malformed));
        check(Chat, r#"{"error":{"code":"rate_limit_exceeded"}}"#, Err(Class::RateLimit));
        check(
            Chat,
            r#"{"choices":[{"finish_reason":"insufficient_system_resource","message":{"content":"a"}}]}"#,
            Err(Class::Overloaded),
        );
    }

    #[test]
    fn an_error_instead_of_an_answer_is_not_only_empty() {
        use Operation::{ChatCompletions as Chat, Embeddings};
        let base_resp = |code: u64| {
            format!(r#"{{"choices":null,"base_resp":{{"status_code":{code},"status_msg":"m"}}}}"#)
        };
        check(Chat, &base_resp(1008), Err(Class::UpstreamQuota));
        check(Chat, &base_resp(1002), Err(Class::RateLimit));
        check(Chat, &base_resp(0), Err(Class::Empty));
        check(Chat, r#"{"code":"InvalidApiKey","message":"m"}"#, Err(Class::UpstreamAuth));
        check(Chat, r#"{"code":"Throttling.RateQuota","message":"m"}"#, Err(Class::RateLimit));
        check(Chat, r#"[{"error":{"code":429,"message":"m"}}]"#, Err(Class::RateLimit));
        check(Chat, r#"{"error":{"code":502,"message":"m"},"user_id":"u"}"#, Err(Class::Server));
        check(
            Chat,
            r#"{"choices":[{"error":{"code":429},"message":{"content":"a"}}]}"#,
            Err(Class::RateLimit),
        );
        check(
            Chat,
            r#"{"choices":[{"finish_reason":"error","message":{"content":""}}]}"#,
            Err(Class::Server),
        );
        check(
            Embeddings,
            r#"{"base_resp":{"status_code":1004,"status_msg":"m"}}"#,
            Err(Class::UpstreamAuth),
        );
        check(Chat, r#"{"code":200,"message":"ok","data":null}"#, Err(Class::Empty));
        check(Chat, r#"{"message":"m"}"#, Err(Class::Empty));
        check(
            Chat,
            "data: {\"code\":\"Arrearage\",\"message\":\"m\"}\n\n",
            Err(Class::UpstreamQuota),
        );
        // What goes well may say so.
        let good = r#""choices":[{"message":{"content":"hi"}}]"#;
        check(Chat, &format!(r#"{{"error":false,{good}}}"#), Ok(false));
        check(Chat, &format!(r#"{{"error":null,"code":200,"message":"ok",{good}}}"#), Ok(false));
        let warned = r#""base_resp":{"status_code":0,"status_msg":"unknown field \"x\""}"#;
        check(Chat, &format!("{{{good},{warned}}}"), Ok(false));
        let flagged = r#""base_resp":{"status_code":1027,"status_msg":"output new_sensitive"}"#;
        check(Chat, &format!("{{{good},{flagged}}}"), Ok(false));
    }
}
