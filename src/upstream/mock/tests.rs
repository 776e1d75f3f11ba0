//! What the mock puts on the wire, as transcripts in tables.

use std::fmt::Write;

use serde_json::{Deserializer, Value, json};

use super::{Answer, Class, End, MockSettings, Operation, Wire, respond, schema, words};
use Operation::{ChatCompletions as Chat, Completions, Embeddings};

/// Fails unless the answer to one case of `cases.txt` is the transcript below it.
fn check(case: &str) {
    let (head, expected) = case.split_once('\n').unwrap();
    let (operation, given) = head.split_once(' ').unwrap();
    let operation = match operation {
        "chat" => Chat,
        "completions" => Completions,
        "embeddings" => Embeddings,
        other => panic!("{other}"),
    };
    let given: Vec<Value> = Deserializer::from_str(given).into_iter().map(Result::unwrap).collect();
    let (settings, fields) = match &*given {
        [fields] => (paced(), fields),
        [given, fields] => (settings(given), fields),
        _ => panic!("{head}"),
    };
    let body = body(operation, fields);
    let wire = respond(&settings, operation, body.as_bytes());
    let hash = format!("{:016x}", words::hash(body.as_bytes()));
    assert_eq!(transcript(&wire).replace(&hash, "HASH"), expected.trim(), "{head}");
}

fn settings(given: &Value) -> MockSettings {
    MockSettings {
        fail: given.get("fail").and_then(Value::as_str).map(|name| Class::named(name).unwrap()),
        retry_after_s: given.get("retry_after_s").and_then(Value::as_u64),
        reply: given.get("reply").and_then(Value::as_str).map(str::to_owned),
        ..paced()
    }
}

fn paced() -> MockSettings {
    MockSettings { latency_ms: 40, token_ms: 5, ..MockSettings::default() }
}

fn failing(class: Class) -> MockSettings {
    MockSettings { fail: Some(class), ..paced() }
}

/// The least request of `operation`, with `fields` over it.
fn body(operation: Operation, fields: &Value) -> String {
    let mut request = match operation {
        Chat => {
            json!({ "model": "m", "messages": [{ "role": "user", "content": "hello big world" }] })
        }
        Completions => json!({ "model": "m", "prompt": "hello world" }),
        Embeddings => json!({ "model": "m", "input": "hello world" }),
        other => panic!("the mock speaks OpenAI, and not {other:?}"),
    };
    request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    request.to_string()
}

fn answer(settings: &MockSettings, operation: Operation, body: &str) -> Answer {
    match respond(settings, operation, body.as_bytes()) {
        Wire::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// A line for the head, one for each chunk (equal ones in a row are counted), and one for an end
/// that is none.
fn transcript(wire: &Wire) -> String {
    let answer = match wire {
        Wire::Answer(answer) => answer,
        other => return format!("{other:?}"),
    };
    let header = |name| {
        answer.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str())
    };
    let content_type = header("content-type").unwrap().trim_end_matches("; charset=utf-8");
    let wait = header("retry-after").map(|wait| format!(" retry-after {wait}")).unwrap_or_default();
    let mut told = format!("{} {content_type} +{}{wait}", answer.status, answer.head_delay_ms);
    for equal in answer.chunks.chunk_by(|one, next| one == next) {
        let chunk = equal.first().unwrap();
        write!(
            told,
            "\n+{} {}",
            chunk.delay_ms,
            summary(std::str::from_utf8(&chunk.bytes).unwrap())
        )
        .unwrap();
        if equal.len() > 1 {
            write!(told, " x{}", equal.len()).unwrap();
        }
    }
    if answer.end != End::Complete {
        write!(told, "\n{:?}", answer.end).unwrap();
    }
    told
}

/// JSON in short; anything else as it is.
fn summary(text: &str) -> String {
    let data = text.strip_prefix("data: ").unwrap_or(text);
    let Ok(Value::Object(json)) = serde_json::from_str(data) else { return text.trim().to_owned() };
    if let Some(error) = json.get("error") {
        let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or("-");
        return format!("error {} {} {}", field("type"), field("code"), field("param"));
    }
    assert_eq!(json.get("model").unwrap(), "m");
    let mut told: Vec<String> = Vec::new();
    for choice in json.get("choices").or_else(|| json.get("data")).unwrap().as_array().unwrap() {
        let said = ["delta", "message", "text", "embedding"]
            .iter()
            .find_map(|name| choice.get(name))
            .unwrap();
        let finish = choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default();
        told.push(
            format!("#{} {} {finish}", choice.get("index").unwrap(), without_nulls(said))
                .trim()
                .to_owned(),
        );
    }
    match json.get("usage") {
        None => {}
        Some(Value::Null) => told.push("usage null".to_owned()),
        Some(usage) => told.push(usage_in_short(usage)),
    }
    told.join(", ")
}

fn without_nulls(said: &Value) -> String {
    let Value::Object(fields) = said else { return said.to_string() };
    let fields = fields.iter().filter(|(name, value)| !value.is_null() || *name == "content");
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect()).to_string()
}

/// `in+out`, and of the output the reasoning in brackets.
fn usage_in_short(usage: &Value) -> String {
    let number = |path: &str| usage.pointer(path).and_then(Value::as_u64).unwrap_or_default();
    let (input, output) = (number("/prompt_tokens"), number("/completion_tokens"));
    assert_eq!(number("/total_tokens"), input + output);
    let reasoning = number("/completion_tokens_details/reasoning_tokens");
    if reasoning == 0 {
        format!("usage {input}+{output}")
    } else {
        format!("usage {input}+{output}({reasoning})")
    }
}

#[test]
fn answers_on_the_wire() {
    let cases: Vec<&str> = include_str!("cases.txt").split("\n> ").skip(1).collect();
    assert!(cases.len() > 60);
    for case in cases {
        // What follows a case up to the next may end in a title.
        check(case.split("\n#").next().unwrap());
    }
}

/// An error is the same whatever was asked, and however badly.
#[test]
fn faults_instead_of_an_answer_are_the_same_everywhere() {
    for (class, _) in Class::ALL {
        let [one, two, three] = [Chat, Completions, Embeddings]
            .map(|operation| respond(&failing(class), operation, b"?"));
        assert!(one == two && two == three, "{class:?}");
    }
}

#[test]
fn a_broken_plain_answer_is_half_of_the_sound_one() {
    let body = body(Chat, &json!({}));
    let sound = answer(&paced(), Chat, &body);
    let whole = &sound.chunks.first().unwrap().bytes;
    for (class, end) in [(Class::TimeoutIdle, End::Stalls), (Class::Truncated, End::Reset)] {
        let broken = answer(&failing(class), Chat, &body);
        let half = &broken.chunks.first().unwrap().bytes;
        assert!(whole.starts_with(half) && half.len() == whole.len() / 2);
        assert_eq!(broken, Answer { end, chunks: broken.chunks.clone(), ..sound.clone() });
    }
}

#[test]
fn a_refusal_does_not_quote_the_prompt() {
    let refusal = answer(&paced(), Chat, r#"{"model":"m","messages":"my secret"}"#);
    assert!(!format!("{refusal:?}").contains("secret"));
}

#[test]
fn filled_schemas() {
    for (schema, expected) in [
        (r"{}", r#""mock""#),
        (r"true", r#""mock""#),
        (r#"{"type":"string"}"#, r#""mock""#),
        (r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"integer"}}}"##, "1"),
        (r#"{"$ref":"https://example.com/a"}"#, r#""mock""#),
        (r##"{"$ref":"#"}"##, "null"),
        (r##"{"type":"array","items":{"$ref":"#"}}"##, "[[[[[[[]]]]]]]"),
        (r#"{"const":{"a":1},"type":"string"}"#, r#"{"a":1}"#),
        (r#"{"enum":["red","green"]}"#, r#""red""#),
        (r#"{"type":"integer"}"#, "1"),
        (r#"{"type":"integer","minimum":18}"#, "18"),
        (r#"{"type":"number","maximum":0.5}"#, "0.5"),
        (r#"{"type":"number","maximum":5}"#, "1"),
        (r#"{"type":"boolean"}"#, "true"),
        (r#"{"type":["null","string"]}"#, "null"),
        (r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#, "1"),
        (r#"{"type":"array"}"#, "[]"),
        (r#"{"items":{"type":"array","items":{"type":"boolean"}}}"#, "[[true]]"),
        (r#"{"type":"object"}"#, "{}"),
        (r#"{"properties":{"a":{},"b":{}},"required":["b"]}"#, r#"{"b":"mock"}"#),
        (
            r#"{"properties":{"a":{},"b":{"properties":{"c":{"type":"null"}}}}}"#,
            r#"{"a":"mock","b":{"c":null}}"#,
        ),
        (r#"{"properties":{},"required":["x"]}"#, r#"{"x":"mock"}"#),
    ] {
        assert_eq!(
            schema::fill(&serde_json::from_str(schema).unwrap()).to_string(),
            expected,
            "{schema}"
        );
    }
}

#[test]
fn tokens_are_their_text() {
    let word = "é".repeat(100);
    let texts = [
        "",
        " ",
        "a",
        " a ",
        "a  b\n",
        "日本語 テキスト",
        &word,
        &" ".repeat(200),
        &format!("{word} b {word}\t"),
    ];
    let counts = [0, 1, 1, 1, 2, 2, 4, 4, 9];
    for (text, count) in texts.into_iter().zip(counts) {
        let tokens: Vec<&str> = words::tokens(text).collect();
        assert_eq!(tokens.concat(), text);
        assert_eq!(words::count(text), count, "{tokens:?}");
        assert!(tokens.iter().all(|token| !token.is_empty() && token.len() <= 64));
    }
}

#[test]
fn vectors_have_length_one() {
    for dimensions in [1, 8, 1536, 262_144] {
        let answer =
            answer(&paced(), Embeddings, &body(Embeddings, &json!({ "dimensions": dimensions })));
        let json: Value = serde_json::from_slice(&answer.chunks.first().unwrap().bytes).unwrap();
        let vector = json.pointer("/data/0/embedding").and_then(Value::as_array).unwrap();
        let square: f64 = vector.iter().map(|number| number.as_f64().unwrap().powi(2)).sum();
        assert_eq!(vector.len(), dimensions);
        assert!((square - 1.0).abs() < 1e-3, "{dimensions}: {square}");
    }
}

/// A schema that doubles with each of its references, to 2^40 values of 10 KB.
#[test]
fn a_schema_cannot_explode() {
    let mut definitions = json!({ "40": { "const": "x".repeat(10_000) } });
    for level in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/{}", level + 1) });
        let pair = json!({ "properties": { "a": next, "b": next } });
        definitions.as_object_mut().unwrap().insert(level.to_string(), pair);
    }
    for entry in [0, 20, 35] {
        let reference = format!("#/$defs/{entry}");
        let filled = schema::fill(&json!({ "$ref": reference, "$defs": definitions }));
        assert!(filled.to_string().len() < 1_000_000);
    }
}

/// A request may be large, and ask for a lot of it back; what comes is bounded all the same.
#[test]
fn answers_are_bounded() {
    for text in ["word ".repeat(100_000), "é".repeat(500_000)] {
        let schema = json!({ "properties": { "a": { "const": text } } });
        let said = json!([{ "role": "user", "content": text }]);
        let format = json!({ "type": "json_schema", "json_schema": { "schema": schema } });
        let tools = json!([{ "function": { "name": "f", "parameters": schema } }]);
        for (operation, fields) in [
            (Chat, json!({ "n": 128, "stream": true, "messages": said })),
            (Chat, json!({ "response_format": format })),
            (Chat, json!({ "n": 2, "tools": tools })),
            (Completions, json!({ "n": 128, "echo": true, "prompt": text })),
        ] {
            let answer = answer(&paced(), operation, &body(operation, &fields));
            let bytes: usize = answer.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
            assert!(answer.status == 200 && bytes < 2_000_000, "{operation:?}: {bytes}");
        }
    }
}

/// Any bytes, any class: the same answer twice, no panic, no empty chunk.
#[test]
fn every_request_has_one_answer() {
    let streamed = body(Chat, &json!({ "stream": true }));
    let bodies: [&[u8]; 6] =
        [b"", b"null", b"[1]", b"{\"model\":\"m\"}", b"\xff\xfe", streamed.as_bytes()];
    let slow = MockSettings { latency_ms: u64::MAX, token_ms: u64::MAX, ..paced() };
    for settings in Class::ALL.map(|(class, _)| failing(class)).into_iter().chain([paced(), slow]) {
        for operation in [Chat, Completions, Embeddings] {
            for body in bodies {
                let wire = respond(&settings, operation, body);
                assert_eq!(wire, respond(&settings, operation, body));
                if let Wire::Answer(answer) = wire {
                    assert!(answer.chunks.iter().all(|chunk| !chunk.bytes.is_empty()));
                }
            }
        }
    }
}
