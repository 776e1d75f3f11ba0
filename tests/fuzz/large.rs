//! Hostile sizes, for which mutations are too small: bodies and events that are made of as many
//! pieces as fit. What is done with them must grow with their length, and not with its square.

use std::time::Duration;

use tokio::time::Instant;
use tollgate::dialect::chat::Chat;
use tollgate::dialect::{anthropic, converse, openai};
use tollgate::failure::Failure;

use super::decoders::{decode_anthropic, decode_openai};
use super::requests::{anthropic_targets, converse_targets, openai_targets};

/// A twentieth of the largest body, of whose pieces the square is seen.
const BYTES: usize = 300 << 10;
/// In a debug build, on a machine with much else to do: it takes less than half a second.
const MOST: Duration = Duration::from_secs(5);

/// `before`, as many of `piece` as fit with commas in between, and `after`. `#` in a piece becomes
/// its number, in letters that neither an id nor a name may have.
fn check(read: fn(&str), before: &str, piece: &str, after: &str) {
    let mut text = before.to_owned();
    for number in 0_u32.. {
        if text.len() > BYTES {
            break;
        }
        if number > 0 {
            text.push(',');
        }
        let odd = |digit: u8| char::from_u32(0x400 + u32::from(digit));
        let number: String = format!("{number:05x}").bytes().filter_map(odd).collect();
        text.push_str(&piece.replace('#', &number));
    }
    text.push_str(after);
    let start = Instant::now();
    read(&text);
    let took = start.elapsed();
    assert!(took < MOST, "{took:?} for {before}{piece}{after}");
}

/// Writes a conversation for a target of each dialect.
fn write(chat: &Chat) {
    let (body, dropped) = openai::chat::write_request(chat, &openai_targets()[0]);
    assert!(body.len() + dropped.fields().len() < 16 * BYTES);
    // They refuse what they cannot send.
    let _ = anthropic::write_request(chat, &anthropic_targets()[0]);
    let _ = converse::write_request(chat, &converse_targets()[0]);
}

fn from_openai(body: &str) {
    write(&openai::chat::read_request(body).unwrap());
}

fn from_anthropic(body: &str) {
    write(&anthropic::read_request(body).unwrap());
}

const OPENAI: &str = r#"{"messages":[{"role":"user","content":"a"}"#;

#[test]
fn requests_of_openai_in_many_pieces() {
    let user = r#"{"messages":[{"role":"user","content":["#;
    check(from_openai, user, r#"{"type":"a"}"#, "]}]}");
    let file = r#"{"type":"file","file":{"file_data":"data:application/pdf;base64,AA=="}}"#;
    check(from_openai, user, file, "]}]}");
    let named = r##"{"role":"user","content":"a","name":"#"}"##;
    check(from_openai, r#"{"messages":["#, named, "]}");
    let assistant = r#"{"messages":[{"role":"assistant","tool_calls":["#;
    let call = r##"{"id":"#","function":{"name":"#","arguments":"{}"}}"##;
    check(from_openai, assistant, call, "]}]}");
    let tools = format!(r#"{OPENAI}],"tools":["#);
    check(from_openai, &tools, r##"{"type":"#"}"##, "]}");
    let function = r##"{"type":"function","function":{"name":"#"}}"##;
    check(from_openai, &tools, function, "]}");
}

#[test]
fn requests_of_anthropic_in_many_pieces() {
    let user = r#"{"max_tokens":9,"messages":[{"role":"user","content":["#;
    check(from_anthropic, user, r#"{"type":"a"}"#, "]}]}");
    check(from_anthropic, user, r##"{"type":"#"}"##, "]}]}");
    let result = r##"{"type":"tool_result","tool_use_id":"#"}"##;
    check(from_anthropic, user, result, "]}]}");
    let document = r#"{"type":"document","source":{"type":"text","data":"a"}}"#;
    check(from_anthropic, user, document, "]}]}");
    let assistant = r#"{"max_tokens":9,"messages":[{"role":"assistant","content":["#;
    let call = r##"{"type":"tool_use","id":"#","name":"#","input":{}}"##;
    check(from_anthropic, assistant, call, "]}]}");
    let tools = r#"{"max_tokens":9,"messages":[],"tools":["#;
    let tool = r##"{"name":"#","input_schema":{},"strict":true,"input_examples":[1]}"##;
    check(from_anthropic, tools, tool, "]}");
}

fn ended(end: &Result<(), Failure>) {
    assert!(end.is_err(), "a stream without an end");
}

#[test]
fn events_in_many_pieces() {
    let openai = |text: &str| ended(&decode_openai(&[text.as_bytes()]).end);
    let call = r##"{"id":"#","function":{"name":"f","arguments":"{}"}}"##;
    check(openai, r#"data: {"choices":[{"delta":{"tool_calls":["#, call, "]}}]}\n\n");
    check(openai, r#"data: {"choices":["#, r#"{"delta":{"content":"a"}}"#, "]}\n\n");
    // The comma in between is a field that nobody knows.
    check(openai, "", "\ndata: \n", "\n\n");
    let anthropic = |text: &str| ended(&decode_anthropic(&[text.as_bytes()]).end);
    check(anthropic, "", "\ndata:{\"type\":\"ping\"}\n\n", "");
}
