//! A provider's error body, in whichever of the shapes that OpenAI-compatible servers use.

use serde_json::Value;

use crate::failure::ProviderError;

/// The longest message that is kept, in bytes.
const MOST_MESSAGE_BYTES: usize = 1_024;

/// Reads an error body: OpenAI's envelope, one in an array, a bare object, or a bare text in
/// `error`. Of anything else, as a proxy's HTML, nothing is kept.
pub fn read_error(body: &[u8]) -> ProviderError {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return ProviderError::default() };
    let value = value.get(0).unwrap_or(&value);
    let error = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
    if let Some(message) = error.as_str() {
        return ProviderError { message: clean(message), ..ProviderError::default() };
    }
    let text = |name: &str| {
        error.get(name).and_then(|value| match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    ProviderError {
        message: clean(&text("message").or_else(|| text("detail")).unwrap_or_default()),
        kind: text("type").map(|kind| clean(&kind)),
        code: text("code").map(|code| clean(&code)),
        param: text("param").map(|param| clean(&param)),
    }
}

/// A text without control characters, without what looks like a credential, and not too long.
pub(in crate::dialect) fn clean(text: &str) -> String {
    let mut clean = String::new();
    for run in text.split_inclusive(|c| !may_be_in_a_credential(c)) {
        let word = run.trim_end_matches(|c| !may_be_in_a_credential(c));
        let after = run.get(word.len()..).unwrap_or_default();
        clean.push_str(if looks_like_a_credential(word) { "[redacted]" } else { word });
        for c in after.chars() {
            match c {
                c if c.is_whitespace() && clean.ends_with(' ') => {}
                c if c.is_whitespace() => clean.push(' '),
                c if c.is_control() => {}
                c => clean.push(c),
            }
        }
        if clean.len() > MOST_MESSAGE_BYTES {
            clean.truncate(clean.floor_char_boundary(MOST_MESSAGE_BYTES));
            clean.push('…');
            break;
        }
    }
    clean.trim().to_owned()
}

fn may_be_in_a_credential(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*')
}

fn looks_like_a_credential(word: &str) -> bool {
    let prefixed = ["sk-", "sk_", "tg-", "AKIA", "AIza", "eyJ", "ak-"]
        .iter()
        .any(|prefix| word.starts_with(prefix) && word.len() > prefix.len() + 2);
    let dense = word.len() >= 32 && word.contains(|c: char| c.is_ascii_digit());
    prefixed || dense
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, message: &str, code: Option<&str>) {
        let error = read_error(body.as_bytes());
        assert_eq!((error.message.as_str(), error.code.as_deref()), (message, code), "{body}");
    }

    #[test]
    fn every_shape_of_error_is_read() {
        check(r#"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#, "m", Some("c"));
        check(r#"[{"error":{"code":429,"message":"m","status":"S"}}]"#, "m", Some("429"));
        check(r#"{"object":"error","message":"m","type":"t","code":400}"#, "m", Some("400"));
        check(r#"{"code":"Throttling","message":"m","request_id":"r"}"#, "m", Some("Throttling"));
        check(r#"{"error":"m"}"#, "m", None);
        check(r#"{"detail":"m"}"#, "m", None);
        check("<html>no</html>", "", None);
        check("", "", None);
        check("[]", "", None);
    }

    #[test]
    fn messages_are_clean_and_short() {
        let echo = "Incorrect API key provided: sk-abcd***wxyz. See https://example.com.";
        let body = serde_json::json!({"error": {"message": echo}}).to_string();
        check(&body, "Incorrect API key provided: [redacted]. See https://example.com.", None);
        let glued = "bad key:sk-proj-abcdefghijklmnopqrstuvwxyz0123456789, token=\"eyJabc\"";
        let body = serde_json::json!({"error": {"message": glued}}).to_string();
        check(&body, "bad key:[redacted], token=\"[redacted]\"", None);
        let long = serde_json::json!({"error": {"message": "word ".repeat(1_000)}}).to_string();
        assert!(read_error(long.as_bytes()).message.len() < MOST_MESSAGE_BYTES + 8);
        let dense = serde_json::json!({"error": {"message": "数".repeat(1_000)}}).to_string();
        assert_eq!(
            read_error(dense.as_bytes()).message.chars().count(),
            MOST_MESSAGE_BYTES / 3 + 1
        );
        check(r#"{"error":{"message":"a\u0000\n\tb"}}"#, "a b", None);
    }
}
