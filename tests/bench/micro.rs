//! Micro-benchmarks of what every request or every event passes through, so that a regression is
//! seen before it reaches a function: `cargo bench -p tollgate-bench --bench micro [NAME]`.

mod bodies;

use std::sync::LazyLock;

use bytes::Bytes;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use http::HeaderMap;
use serde_json::json;
use tollgate::config::{Config, Document, Strictness};
use tollgate::dialect::{
    Call, Dialect, Encoding, Object, Operation, Reading, Telling, Vendor, event_stream, sse,
    take_alternatives,
};
use tollgate::quota::{Terms, demand};
use tollgate::routing::{Plan, Usable};

/// The sizes of bodies.
const SIZES: [usize; 2] = [1 << 10, 100 << 10];

/// How many events a stream has.
const EVENTS: usize = 1_000;

/// What a provider's bytes come in.
const PIECE_BYTES: usize = 16 << 10;

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn shallow_parse(bencher: Bencher, bytes: usize) {
    let body = bodies::chat("gpt-5", bytes);
    let bencher = bencher.counter(BytesCount::new(body.len()));
    bencher.bench(|| Object::parse(black_box(&body)).map(|object| object.count("model")));
}

#[divan::bench(args = SIZES)]
fn list_of_the_request(bencher: Bencher, bytes: usize) {
    let body = Bytes::from(bodies::chat("gpt-5", bytes));
    let bencher = bencher.counter(BytesCount::new(body.len()));
    bencher.bench(|| take_alternatives(black_box(body.clone())).is_ok());
}

#[divan::bench(args = SIZES)]
fn read_chat(bencher: Bencher, bytes: usize) {
    read(bencher, Operation::ChatCompletions, bodies::chat("gpt-5", bytes));
}

#[divan::bench(args = SIZES)]
fn read_messages(bencher: Bencher, bytes: usize) {
    read(bencher, Operation::Messages, bodies::chat("claude-sonnet-4-5", bytes));
}

#[divan::bench(args = bodies::hostile().into_iter().map(|(name, _)| name), sample_count = 5)]
fn read_hostile(bencher: Bencher, name: &str) {
    let body = bodies::hostile().into_iter().find(|(known, _)| *known == name);
    read(bencher, Operation::ChatCompletions, body.unwrap_or_default().1);
}

fn read(bencher: Bencher, operation: Operation, body: String) {
    let body = Bytes::from(body);
    let bencher = bencher.counter(BytesCount::new(body.len()));
    bencher.bench(|| call(operation, body.clone()).is_some());
}

fn call(operation: Operation, body: Bytes) -> Option<Call> {
    Call::parse(operation, &HeaderMap::new(), black_box(body)).ok()
}

#[divan::bench(args = SIZES)]
fn bound(bencher: Bencher, bytes: usize) {
    let call = call(Operation::ChatCompletions, bodies::chat("gpt-5", bytes).into());
    let call = call.expect("a chat");
    let terms = || Terms {
        target: "openai/gpt-5",
        media_tokens: None,
        bytes_per_token: 3,
        output_tokens: 4096,
        added_tokens: 64,
        price: None,
    };
    bencher.bench(|| demand(black_box(call.size()), 1, [terms()].into_iter()));
}

#[divan::bench(args = SIZES)]
fn edit_in_place(bencher: Bencher, bytes: usize) {
    encode(bencher, "openai", bytes);
}

#[divan::bench(args = SIZES)]
fn encode_for_anthropic(bencher: Bencher, bytes: usize) {
    encode(bencher, "anthropic", bytes);
}

#[divan::bench(args = SIZES)]
fn encode_for_bedrock(bencher: Bencher, bytes: usize) {
    encode(bencher, "bedrock", bytes);
}

fn encode(bencher: Bencher, vendor: &str, bytes: usize) {
    let call = call(Operation::ChatCompletions, bodies::chat("m", bytes).into()).expect("a chat");
    let encoding = Encoding {
        vendor: Vendor::named(vendor).expect("a vendor"),
        upstream_model: "another-model",
        stream_usage: true,
        default_output_tokens: 4096,
        binds_cost: true,
        reasoning: None,
        thinking: None,
        is_strict: false,
        now_s: 1_790_000_000,
    };
    bencher.bench(|| black_box(&call).encode(&encoding).is_ok());
}

#[divan::bench]
fn sse_codec(bencher: Bencher) {
    let stream = openai_stream();
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        let mut reader = sse::Reader::default();
        let mut events = 0;
        for piece in stream.chunks(PIECE_BYTES) {
            reader.push(piece);
            while let Ok(Some(_)) = reader.next_event() {
                events += 1;
            }
        }
        events
    });
}

#[divan::bench]
fn event_stream_codec(bencher: Bencher) {
    let stream = converse_stream();
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        let mut reader = event_stream::Reader::default();
        let mut messages = 0;
        for piece in stream.chunks(PIECE_BYTES) {
            reader.push(piece);
            while let Ok(Some(_)) = reader.next_message() {
                messages += 1;
            }
        }
        messages
    });
}

#[divan::bench]
fn stream_of_openai(bencher: Bencher) {
    let operation = Operation::ChatCompletions;
    stream(bencher, &Reading::AsItCame { operation, hides_usage: true }, &openai_stream());
}

#[divan::bench]
fn stream_of_anthropic(bencher: Bencher) {
    let operation = Operation::Messages;
    stream(bencher, &Reading::AsItCame { operation, hides_usage: false }, &anthropic_stream());
}

#[divan::bench]
fn stream_of_openai_for_anthropic(bencher: Bencher) {
    let to = Telling::Anthropic { alias: "a".to_owned() };
    stream(bencher, &Reading::Translated { from: Dialect::OpenAi, to }, &openai_stream());
}

#[divan::bench]
fn stream_of_anthropic_for_openai(bencher: Bencher) {
    let from = Dialect::Anthropic;
    stream(bencher, &Reading::Translated { from, to: to_openai() }, &anthropic_stream());
}

#[divan::bench]
fn stream_of_bedrock_for_openai(bencher: Bencher) {
    let from = Dialect::Converse;
    stream(bencher, &Reading::Translated { from, to: to_openai() }, &converse_stream());
}

fn to_openai() -> Telling {
    let (created_s, wants_usage, calls_functions) = (1_790_000_000, true, false);
    Telling::OpenAi { alias: "a".to_owned(), created_s, wants_usage, calls_functions }
}

/// Reads a whole stream, piece by piece as it comes.
fn stream(bencher: Bencher, reading: &Reading, bytes: &[u8]) {
    let read = || {
        let mut stream = reading.stream("answer-1");
        let mut told = 0;
        for piece in bytes.chunks(PIECE_BYTES) {
            stream.push(piece);
            while let Some(step) = stream.next_step().expect("a good stream") {
                told += step.bytes.len();
            }
        }
        stream.close();
        told + stream.end().expect("a whole stream").len()
    };
    bencher.counter(ItemsCount::new(EVENTS)).bench(read);
}

#[divan::bench]
fn whole_answer_of_openai(bencher: Bencher) {
    let answer = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "finish_reason": "stop",
                      "message": { "role": "assistant", "content": "word ".repeat(200) } }],
        "usage": { "prompt_tokens": 200, "completion_tokens": 200, "total_tokens": 400 },
    });
    let answer = Bytes::from(answer.to_string());
    let operation = Operation::ChatCompletions;
    let reading = Reading::AsItCame { operation, hides_usage: false };
    bencher.bench(|| reading.whole(black_box(answer.clone()), "answer-1").is_ok());
}

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let mut text = "providers: { a: { vendor: mock }, b: { vendor: mock }, c: { vendor: mock } }\n\
                    routes:\n"
        .to_owned();
    for number in 0..100 {
        text += &format!(
            "  - {{ match: \"model-{number}-*\", targets: [{{ provider: a, weight: 9 }}, \
             {{ provider: b, weight: 1 }}], fallback: [{{ provider: c }}] }}\n"
        );
    }
    let document = Document::parse(&text).expect("YAML");
    document.read(Strictness::Strict).expect("a good document").0
});

#[divan::bench]
fn route_of_100(bencher: Bencher) {
    let routes = &CONFIG.routes;
    bencher.bench(|| routes.find(black_box("model-99-large")).is_some());
}

#[divan::bench]
fn plan(bencher: Bencher) {
    let route = CONFIG.routes.find("model-50-large").expect("a route");
    bencher.bench(|| Plan::new(route, black_box(1 << 40), |_| Usable::Yes).candidates.len());
}

fn openai_stream() -> Vec<u8> {
    let event = |delta: &str, finish: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\
             \"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\
             \"finish_reason\":{finish}}}]}}\n\n"
        )
    };
    let mut stream = event(r#"{"content":" word"}"#, "null").repeat(EVENTS);
    stream += &event("{}", r#""stop""#);
    stream += "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"choices\":[],\
               \"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1000,\"total_tokens\":1001}}\n\n\
               data: [DONE]\n\n";
    stream.into_bytes()
}

fn anthropic_stream() -> Vec<u8> {
    let event = |data: serde_json::Value| {
        format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
    };
    let start = json!({ "type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": null, "usage": { "input_tokens": 10, "output_tokens": 1 } } });
    let block = json!({ "type": "content_block_start", "index": 0,
                        "content_block": { "type": "text", "text": "" } });
    let delta = json!({ "type": "content_block_delta", "index": 0,
                        "delta": { "type": "text_delta", "text": " word" } });
    let end = json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" },
                      "usage": { "output_tokens": 1000 } });
    let stream = [
        event(start),
        event(block),
        event(delta).repeat(EVENTS),
        event(json!({ "type": "content_block_stop", "index": 0 })),
        event(end),
        event(json!({ "type": "message_stop" })),
    ];
    stream.concat().into_bytes()
}

fn converse_stream() -> Vec<u8> {
    let delta = json!({ "contentBlockIndex": 0, "delta": { "text": " word" }, "p": "abcd" });
    let usage = json!({ "usage": { "inputTokens": 1, "outputTokens": 2, "totalTokens": 3 } });
    [
        frame("messageStart", &json!({ "role": "assistant" })),
        frame("contentBlockDelta", &delta).repeat(EVENTS),
        frame("contentBlockStop", &json!({ "contentBlockIndex": 0 })),
        frame("messageStop", &json!({ "stopReason": "end_turn" })),
        frame("metadata", &usage),
    ]
    .concat()
}

/// A message of an event stream.
fn frame(event: &str, payload: &serde_json::Value) -> Vec<u8> {
    let mut inside = Vec::new();
    for (name, value) in [(":event-type", event), (":message-type", "event")] {
        inside.push(u8::try_from(name.len()).expect("a short name"));
        inside.extend(name.as_bytes());
        inside.push(7);
        inside.extend(u16::try_from(value.len()).expect("a short value").to_be_bytes());
        inside.extend(value.as_bytes());
    }
    let headers = inside.len();
    inside.extend(payload.to_string().as_bytes());
    let mut frame = Vec::new();
    for length in [inside.len() + 16, headers] {
        frame.extend(u32::try_from(length).expect("a short message").to_be_bytes());
    }
    frame.extend(crc32(&frame).to_be_bytes());
    frame.extend(inside);
    frame.extend(crc32(&frame).to_be_bytes());
    frame
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(u32::MAX, byte)
}
