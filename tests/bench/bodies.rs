//! The requests: plain ones of a size, streamed ones, and hostile ones.

use serde_json::json;

/// Text as people write it, with what JSON escapes.
const PROSE: &str = "The quick \"brown\" fox said:\n\tnaïve façade, 42 jumps — over the lazy dog. ";

/// A chat of about so many bytes.
pub(crate) fn chat(model: &str, bytes: usize) -> String {
    let stream = model.contains("events");
    let message = |text: &str| json!({ "role": "user", "content": text });
    let mut messages = vec![message("You are terse.")];
    let mut left = bytes.saturating_sub(160);
    while left > 0 {
        // Messages are of a kilobyte, as those of a long conversation are.
        let text = PROSE.repeat(left.min(1_000).div_ceil(PROSE.len()));
        left = left.saturating_sub(text.len() + 40);
        messages.push(message(&text));
    }
    json!({ "model": model, "messages": messages, "temperature": 0.7, "max_tokens": 100, "stream": stream })
        .to_string()
}

/// Bodies of 5.9 MB that are nothing but tiny tokens, each in another place.
pub(crate) fn hostile() -> Vec<(&'static str, String)> {
    const BYTES: usize = 5_900_000;
    let fill = |before: &str, token: &str, after: &str| {
        let count = (BYTES - before.len() - after.len()) / (token.len() + 1);
        let tokens = vec![token; count].join(",");
        format!(r#"{{"model":"plain",{before}{tokens}{after}}}"#)
    };
    let messages = r#""messages":[{"role":"user","content":"x"}]"#;
    let members = |before: &str, after: &str| {
        let members: Vec<String> = (0..BYTES / 11).map(|n| format!("\"{n:06x}\":0")).collect();
        format!(r#"{{"model":"plain",{messages}{before}{}{after}}}"#, members.join(","))
    };
    vec![
        ("numbers", fill(&format!(r#"{messages},"x":["#), "1", "]")),
        ("arrays", fill(&format!(r#"{messages},"x":["#), "[]", "]")),
        ("members", members(r#","x":{"#, "}")),
        ("fields", members(",", "")),
        ("messages", fill(r#""messages":["#, r#"{"role":"user","content":""}"#, "]")),
        ("empty messages", fill(r#""messages":["#, "{}", "]")),
        (
            "parts",
            fill(
                r#""messages":[{"role":"user","content":["#,
                r#"{"type":"text","text":""}"#,
                "]}]",
            ),
        ),
        ("empty parts", fill(r#""messages":[{"role":"user","content":["#, "{}", "]}]")),
        ("tools", fill(&format!(r#"{messages},"tools":["#), "{}", "]")),
    ]
}
