//! Proof that the fuzzer finds something: targets that are broken on purpose, each of which must
//! fail within an ordinary run, and a report from which the input can be had again.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use tollgate::dialect::Object;
use tollgate::dialect::chat::Event;

use super::corpus::{hash, unescaped};
use super::decoders::{self, decode_openai};
use super::engine::{Found, Most, Target, run, search, search_for};
use super::mutate::Dice;
use super::sse::{self, Read};
use super::{SEED, object};

/// What the target fails on, in no more inputs than its model gets.
fn found(model: &Target, name: &'static str, check: fn(&[u8])) -> (Target, Found) {
    let target = Target { name, check, ..*model };
    let found = search(&target, SEED, Most::Inputs(model.inputs));
    let found = found.unwrap_or_else(|| panic!("nobody noticed that {name} is broken"));
    assert!(run(&target, &found.input).is_err(), "{name}: not by the input that is reported");
    (target, found)
}

/// Takes a CRLF for two line ends where it was cut.
fn read_splitting_crlf(chunks: &[&[u8]]) -> Vec<Read> {
    let joined: Vec<Vec<u8>> = chunks
        .iter()
        .map(|chunk| {
            let text = chunk.split(|byte| *byte == b'\r').collect::<Vec<_>>();
            let lines = text.iter().enumerate().map(|(at, line)| match (at, line) {
                (0, line) => line.to_vec(),
                (_, [b'\n', ..]) => line.to_vec(),
                (_, line) => [b"\n", *line].concat(),
            });
            lines.collect::<Vec<_>>().concat()
        })
        .collect();
    sse::read(&joined.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// Loses what the stream's end leaves without an empty line.
fn read_losing_the_last(chunks: &[&[u8]]) -> Vec<Read> {
    let mut events = sse::read(chunks);
    let is_closed = chunks.concat().ends_with(b"\n\n");
    events.truncate(events.len() - usize::from(!is_closed && !events.is_empty()));
    events
}

#[test]
fn a_broken_codec_is_noticed() {
    let model = &sse::TARGET;
    let (target, crlf) = found(model, "crlf", |bytes| sse::check(bytes, read_splitting_crlf));
    assert!(crlf.input.windows(2).any(|bytes| bytes == b"\r\n"), "{:?}", crlf.input);
    assert!(crlf.input.len() < 30, "not made small: {:?}", crlf.input);
    found(model, "the_last", |bytes| sse::check(bytes, read_losing_the_last));
    reported(&target, &crlf);
}

/// A report has all that is needed to see it again.
fn reported(target: &Target, found: &Found) {
    let report = found.report(target, SEED);
    let first = report.lines().next().unwrap();
    assert!(first.contains("'crlf'") && first.contains(&SEED.to_string()), "{report}");
    assert!(report.contains("panicked at tests/fuzz/"), "{report}");
    let path = report.split_whitespace().find(|word| word.contains("/fuzz/crlf/")).unwrap();
    assert!(path.contains(&format!("{:016x}", hash(&found.input))), "{path}");
    assert_eq!(unescaped(&fs::read(PathBuf::from(path)).unwrap()), found.input);
}

#[test]
fn a_broken_editor_is_noticed() {
    found(&object::TARGET, "comma", |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let Ok(object) = Object::parse(text) else { return };
        let mut dice = Dice::new(hash(bytes));
        object::check_edit(text, &object, &mut dice, |object, edits| {
            let edited = object.edited(edits);
            let adds = object.names().next().is_none() && edited.contains('"');
            if adds { edited.replacen('{', "{,", 1) } else { edited }
        });
    });
}

/// A corpus with nothing strange in it: all that is must come from mutations.
fn plain_stream() -> Vec<Vec<u8>> {
    let chunk = |choice: &str| format!("data: {{\"choices\":[{{{choice}}}]}}\n\n");
    let text = chunk(r#""index":0,"delta":{"content":"Hello"}"#);
    let call = r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#;
    let call = chunk(&format!(r#""index":0,"delta":{{"tool_calls":[{call}]}}"#));
    let stop = chunk(r#""index":0,"delta":{},"finish_reason":"tool_calls""#);
    vec![[text.as_str(), &call, &stop, "data: [DONE]\n\n"].concat().into_bytes()]
}

/// They need an input that is still read after the mutation, and means something else.
#[test]
fn broken_decoders_are_noticed() {
    let model = Target { corpus: plain_stream, ..decoders::OPENAI };
    found(&model, "unescaped", |bytes| {
        for text in texts(bytes) {
            assert!(serde_json::from_str::<String>(&format!("\"{text}\"")).is_ok(), "{text}");
        }
    });
    found(&model, "inside_a_letter", |bytes| {
        for text in texts(bytes) {
            assert!(text.is_char_boundary(1), "{text}");
        }
    });
    found(&model, "nameless_calls", |bytes| {
        for event in decode_openai(&[bytes]).events {
            assert!(!matches!(event, Event::ToolStart { id, .. } if id == "call__0"), "made up");
        }
    });
}

fn texts(bytes: &[u8]) -> Vec<String> {
    let text = |event| if let Event::Text(text) = event { Some(text) } else { None };
    decode_openai(&[bytes]).events.into_iter().filter_map(text).collect()
}

#[test]
fn what_never_ends_is_noticed() {
    let target = Target {
        name: "endless",
        check: |_| loop {
            thread::park();
        },
        ..sse::TARGET
    };
    let found = search_for(&target, SEED, Most::Inputs(1), Duration::from_millis(100)).unwrap();
    assert_eq!(found.why, "it does not end");
}
