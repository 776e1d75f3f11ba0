//! The README's tables of what is passed, translated, dropped or refused are what the code does.
//! `TOLLGATE_UPDATE_GOLDEN=1` writes them.

mod fields;

use std::fs;
use std::path::Path;

use bytes::Bytes;
use fields::{ANTHROPIC_FIELDS, Field, OPENAI_FIELDS};
use http::HeaderMap;
use serde_json::{Value, json};
use tollgate::dialect::{Call, Encoding, Operation, Vendor};
use tollgate::settings::variable;

/// A column: its head, the vendor, and a model of it.
type Column = (&'static str, &'static str, &'static str);

const FOR_OPENAI_CLIENTS: [Column; 4] = [
    ("Claude 4.5", "anthropic", "claude-sonnet-4-5"),
    ("Claude 4.7 and later", "anthropic", "claude-opus-4-7"),
    ("Claude 4.5 at Bedrock", "bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("Nova at Bedrock", "bedrock", "us.amazon.nova-2-lite-v1:0"),
];

const FOR_ANTHROPIC_CLIENTS: [Column; 7] = [
    ("`openai`, `azure`", "openai", "gpt-5"),
    ("`deepseek`", "deepseek", "deepseek-v4"),
    ("`dashscope`", "dashscope", "qwen3-max"),
    ("`volcengine`", "volcengine", "ep-1"),
    ("`gemini`", "gemini", "gemini-3-pro"),
    ("`openai-compatible`", "openai-compatible", "m"),
    ("Claude 4.5 at `bedrock`", "bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
];

#[test]
fn the_tables_are_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let before = fs::read_to_string(&path).unwrap();
    let openai = table(Operation::ChatCompletions, &OPENAI_FIELDS, &FOR_OPENAI_CLIENTS);
    let anthropic = table(Operation::Messages, &ANTHROPIC_FIELDS, &FOR_ANTHROPIC_CLIENTS);
    let after = replaced(&before, "openai clients", &openai);
    let after = replaced(&after, "anthropic clients", &anthropic);
    if variable("TOLLGATE_UPDATE_GOLDEN").is_some() {
        fs::write(&path, after).unwrap();
        return;
    }
    assert!(before == after, "README.md has other tables than:\n\n{openai}\n{anthropic}");
}

/// The text with another table between the marks of its name.
pub(crate) fn replaced(text: &str, name: &str, table: &str) -> String {
    let mark = |word: &str| format!("<!-- {word} of the table for {name} -->\n");
    let (begin, end) = (mark("begin"), mark("end"));
    let (before, rest) = text.split_once(&begin).expect("the table's begin");
    let (_, after) = rest.split_once(&end).expect("the table's end");
    format!("{before}{begin}{table}{end}{after}")
}

fn table(operation: Operation, fields: &[Field], columns: &[Column]) -> String {
    let heads: Vec<_> = columns.iter().map(|(head, ..)| *head).collect();
    let mut lines = vec![format!("| field | {} |", heads.join(" | "))];
    lines.push(format!("|---|{}", "---|".repeat(columns.len())));
    for (name, json) in fields {
        let cells = columns.iter().map(|column| cell(operation, json, column));
        lines.push(format!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | ")));
    }
    lines.join("\n") + "\n"
}

/// What becomes of a field that is added to the least request.
fn cell(operation: Operation, fields: &str, (_, vendor, model): &Column) -> String {
    let mut request = json!({"model": "a", "messages": [{"role": "user", "content": "Hi"}]});
    if operation == Operation::Messages {
        request["max_tokens"] = 4_096.into();
    }
    let fields: Value = serde_json::from_str(fields).unwrap();
    request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let body = Bytes::from(request.to_string());
    let call = Call::parse(operation, &HeaderMap::new(), body).expect("a request that is one");
    let vendor = Vendor::named(vendor).unwrap();
    let encoded = call.encode(&Encoding {
        vendor,
        upstream_model: model,
        stream_usage: vendor.stream_usage,
        default_output_tokens: 4_096,
        binds_cost: false,
        reasoning: None,
        thinking: None,
        is_strict: false,
        now_s: 0,
    });
    match encoded {
        Ok(encoded) if encoded.dropped.is_empty() => "yes".to_owned(),
        Ok(_) => "dropped".to_owned(),
        Err(_) => "refused".to_owned(),
    }
}
