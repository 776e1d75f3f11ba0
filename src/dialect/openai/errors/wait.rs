//! How long an error's body asks to wait: in a field of its own, or only in its sentence.

use std::time::Duration;

use serde_json::Value;

/// No provider is believed when it asks for more than a day.
const MOST_MS: u64 = 86_400_000;

/// How deep the fields are searched.
const MOST_DEPTH: u8 = 8;

/// Fields with a wait, and what one of them is in milliseconds. Google says `"27s"` in the
/// `RetryInfo` of its `details`; Hugging Face says how long a model takes to load.
const FIELDS: [(&str, f64); 8] = [
    ("retryDelay", 1_000.0),
    ("retry_after_ms", 1.0),
    ("retry_after", 1_000.0),
    ("retryAfter", 1_000.0),
    ("retry_after_seconds", 1_000.0),
    ("retryAfterSeconds", 1_000.0),
    ("resets_in_seconds", 1_000.0),
    ("estimated_time", 1_000.0),
];

/// What stands before a wait in a sentence: OpenAI and Groq ("Please try again in 6m0s"), Azure
/// ("Please retry after 12 seconds"), Gemini ("Please retry in 58.8s"), Moonshot ("please try again
/// after 1 seconds"), and proxies.
const LEADS: [&str; 8] = [
    "try again in ",
    "try again after ",
    "retry after ",
    "retry in ",
    "resets in ",
    "reset after ",
    "available in ",
    "please wait ",
];

/// Units by their names, and their milliseconds.
const UNITS: [(&[&str], f64); 5] = [
    (&["ms", "millisecond", "milliseconds"], 1.0),
    (&["s", "sec", "secs", "second", "seconds"], 1_000.0),
    (&["m", "min", "mins", "minute", "minutes"], 60_000.0),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600_000.0),
    (&["d", "day", "days"], 86_400_000.0),
];

/// The wait in a field of this value, or of one inside it, in milliseconds.
pub(super) fn in_fields(value: &Value) -> Option<u64> {
    search(value, 0)
}

fn search(value: &Value, depth: u8) -> Option<u64> {
    if depth > MOST_DEPTH {
        return None;
    }
    match value {
        Value::Object(object) => {
            let own = FIELDS.iter().find_map(|(name, factor)| wait(object.get(*name)?, *factor));
            own.or_else(|| object.values().find_map(|inner| search(inner, depth + 1)))
        }
        Value::Array(items) => items.iter().find_map(|item| search(item, depth + 1)),
        _ => None,
    }
}

fn wait(value: &Value, factor: f64) -> Option<u64> {
    match value {
        Value::Number(number) => capped(number.as_f64()? * factor),
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => capped(number * factor),
            Err(_) => duration(text),
        },
        _ => None,
    }
}

/// The wait that a sentence asks for, in milliseconds.
pub(super) fn in_words(message: &str) -> Option<u64> {
    let message = message.to_ascii_lowercase();
    LEADS.iter().find_map(|lead| {
        let after = message.match_indices(lead).map(|(at, _)| message.get(at + lead.len()..));
        after.flatten().find_map(duration)
    })
}

/// The duration that a text begins with: `1.2s`, `6m0s`, `12 seconds`, `6hr 29min`.
fn duration(text: &str) -> Option<u64> {
    let mut rest = text.trim_start();
    let mut sum: Option<f64> = None;
    while let Some((number, after)) = number(rest) {
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let Some((_, ms)) = UNITS.iter().find(|(names, _)| names.contains(&unit)) else { break };
        sum = Some(sum.unwrap_or(0.0) + number * ms);
        rest = after.trim_start();
    }
    capped(sum?)
}

/// The number that a text begins with, and what follows it. A full stop is no part of it.
fn number(text: &str) -> Option<(f64, &str)> {
    let whole = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let after = text.get(whole..)?;
    let fraction = after.strip_prefix('.').map_or(0, |digits| {
        let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if length == 0 { 0 } else { length + 1 }
    });
    let (number, rest) = text.split_at_checked(whole + fraction)?;
    Some((number.parse().ok()?, rest))
}

fn capped(ms: f64) -> Option<u64> {
    let wait = Duration::try_from_secs_f64(ms / 1_000.0).ok()?;
    u64::try_from(wait.as_millis()).ok().map(|ms| ms.min(MOST_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_from_sentences() {
        for (message, expected) in [
            ("Limit 500. Please try again in 120ms. Visit", Some(120)),
            ("Please try again in 1.2s.", Some(1_200)),
            ("Please try again in 20s.", Some(20_000)),
            ("Please try again in 6m0s", Some(360_000)),
            ("Please try again in 7m12.5s. Need more", Some(432_500)),
            ("Please try again in 1h12m0s", Some(4_320_000)),
            ("Please retry after 12 seconds.", Some(12_000)),
            ("Please retry after 1 second.", Some(1_000)),
            ("please retry after 86400 seconds", Some(MOST_MS)),
            ("please try again in 3 days", Some(MOST_MS)),
            ("Rate limit is exceeded. Try again in 43 seconds.", Some(43_000)),
            ("model: gemini-3-flash\nPlease retry in 58.217843437s.", Some(58_217)),
            ("max RPM: 3, please try again after 1 seconds", Some(1_000)),
            ("Weekly usage limit reached. Resets in 6hr 29min.", Some(23_340_000)),
            ("Try again in a moment. Please wait 20 seconds", Some(20_000)),
            ("Please try again in 0s", Some(0)),
            ("Please try again in 5", None),
            ("Please try again in 5 bananas", None),
            ("Please try again later.", None),
            ("retry after ", None),
            ("wait in 5s", None),
            ("Please try again in 99999999999999999999999999999999d", None),
            ("", None),
        ] {
            assert_eq!(in_words(message), expected, "{message}");
        }
    }

    #[test]
    fn waits_are_read_from_fields() {
        for (json, expected) in [
            (r#"[{"error":{"details":[{"links":[]},{"retryDelay":"27s"}]}}]"#, Some(27_000)),
            (r#"{"details":[{"retryDelay":"0.847655010s"}]}"#, Some(847)),
            (r#"{"error":"loading","estimated_time":20.5}"#, Some(20_500)),
            (r#"{"error":{"metadata":{"retry_after_seconds":3}}}"#, Some(3_000)),
            (r#"{"retry_after":"7"}"#, Some(7_000)),
            (r#"{"retry_after_ms":15}"#, Some(15)),
            (r#"{"retry_after":null,"retryAfter":1}"#, Some(1_000)),
            (r#"{"retry_after":-1}"#, None),
            (r#"{"retry_after":"soon"}"#, None),
            (r#"{"retry_after":[1]}"#, None),
        ] {
            let value: Value = serde_json::from_str(json).unwrap();
            assert_eq!(in_fields(&value), expected, "{json}");
        }
    }
}
