//! Translated streams: what a decoder reads is written for each client's dialect, and says the same
//! when it is read there.

use serde_json::Value;
use tollgate::dialect::chat::Event;
use tollgate::dialect::{anthropic, openai};
use tollgate::failure::{Class, Failure};
use tollgate::refusal::Refusal;

use super::decoders::{
    Decoded, anthropic_streams, converse_streams, decode_anthropic, decode_converse, decode_openai,
    frames_of_lines, openai_streams, read_anthropic, read_openai,
};
use super::engine::Target;
use super::events::Said;
use super::sse;

pub(super) const OPENAI: Target = Target {
    name: "translated_openai_stream",
    corpus: openai_streams,
    inputs: 1_000,
    check: |bytes| check(&decode_openai(&[bytes])),
};

pub(super) const ANTHROPIC: Target = Target {
    name: "translated_anthropic_stream",
    corpus: anthropic_streams,
    inputs: 1_200,
    check: |bytes| check(&decode_anthropic(&[bytes])),
};

pub(super) const CONVERSE: Target = Target {
    name: "translated_converse_stream",
    corpus: converse_streams,
    inputs: 1_200,
    check: |lines| check(&decode_converse(&[&frames_of_lines(lines)])),
};

fn check(decoded: &Decoded) {
    check_openai(decoded);
    check_anthropic(decoded);
}

fn check_openai(decoded: &Decoded) {
    let mut writer = openai::chat::StreamWriter::new("alias", 1, true);
    let written: String = decoded.events.iter().map(|event| writer.write(event)).collect();
    let Err(failure) = &decoded.end else {
        let written = written + &writer.end();
        check_openai_grammar(&written);
        let direct = read_openai(&[written.as_bytes()], false);
        let again = decode_openai(&[written.as_bytes()]);
        return check_said(&decoded.events, &direct.end, &again, false);
    };
    let event = openai::error_event(&Refusal::cut(failure), "req-1");
    let broken = [written.as_bytes(), &event].concat();
    assert!(read_openai(&[&broken], false).end.is_err(), "an error that nobody sees");
}

fn check_anthropic(decoded: &Decoded) {
    let mut writer = anthropic::StreamWriter::new("alias");
    let written: String = decoded.events.iter().map(|event| writer.write(event)).collect();
    let Err(failure) = &decoded.end else {
        let written = written + &writer.end();
        check_anthropic_grammar(&written);
        let direct = read_anthropic(&[written.as_bytes()]);
        let again = decode_anthropic(&[written.as_bytes()]);
        return check_said(&decoded.events, &direct.end, &again, true);
    };
    let event = anthropic::error_event(&Refusal::cut(failure), "req-1");
    let broken = [written.as_bytes(), &event].concat();
    assert!(read_anthropic(&[&broken]).end.is_err(), "an error that nobody sees");
}

/// What was read again says the same. Where nothing was said that every dialect has a place for, the
/// other dialect may find that there is nothing in it.
fn check_said(events: &[Event], end: &Result<(), Failure>, again: &Decoded, joins_words: bool) {
    let said = Said::by(events);
    if !said.is_something() {
        let fits = |end: &Result<(), Failure>| {
            end.as_ref().is_ok_and(|()| true)
                || end
                    .as_ref()
                    .is_err_and(|f| matches!(f.class, Class::Empty | Class::ContentPolicy))
        };
        return assert!(fits(end) && fits(&again.end), "{end:?} and {:?}", again.end);
    }
    assert_eq!(*end, Ok(()), "what was written does not end well");
    if !said.has_proper_calls() {
        return;
    }
    assert_eq!(again.end, Ok(()), "what was written cannot be read");
    let found = Said::by(&again.events);
    assert_eq!(found.thoughts, said.thoughts);
    assert_eq!(found.words, said.words);
    if !joins_words {
        assert_eq!((&found.text, &found.refusal), (&said.text, &said.refusal));
    }
    assert_eq!(found.calls_as_written(), said.calls_as_written());
}

/// The data of a stream's events.
fn data(written: &str) -> Vec<(Option<String>, String)> {
    let events = sse::read(&[written.as_bytes()]);
    let events = events.into_iter().filter_map(|(_, name, data)| Some((name, data?)));
    events.map(|(name, data)| (name, String::from_utf8(data).unwrap())).collect()
}

/// The role first; one finish, and nothing behind it but the usage; `[DONE]` at the end.
fn check_openai_grammar(written: &str) {
    let mut events = data(written);
    assert_eq!(events.pop(), Some((None, "[DONE]".to_owned())));
    let chunks: Vec<Value> =
        events.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
    let mut finished = false;
    for (at, chunk) in chunks.iter().enumerate() {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        let Some(choice) = chunk["choices"].get(0) else {
            assert!(at + 1 == chunks.len() && chunk["usage"].is_object(), "{chunk}");
            continue;
        };
        assert!(!finished, "something behind the finish: {written}");
        assert_eq!(choice["delta"]["role"] == "assistant", at == 0, "{written}");
        finished = choice["finish_reason"].is_string();
    }
    assert!(finished, "no finish: {written}");
}

/// The start, blocks one after the other with numbers from 0, the delta with the reason, the stop.
fn check_anthropic_grammar(written: &str) {
    let events = data(written);
    let (mut open, mut begun) = (None, 0);
    let last = events.len().saturating_sub(1);
    for (at, (name, data)) in events.iter().enumerate() {
        let data: Value = serde_json::from_str(data).unwrap();
        let kind = data["type"].as_str().unwrap();
        assert_eq!(name.as_deref(), Some(kind));
        let index = data["index"].as_u64();
        let fits = match kind {
            "ping" => true,
            "message_start" => begun == 0 && open.is_none(),
            "content_block_start" => {
                let fits = open.is_none() && index == Some(begun);
                (open, begun) = (index, begun + 1);
                fits
            }
            "content_block_delta" => open.is_some() && open == index,
            "content_block_stop" => open.take() == index && index.is_some(),
            "message_delta" => open.is_none() && data["delta"]["stop_reason"].is_string(),
            "message_stop" => at == last,
            _ => false,
        };
        assert!(fits, "event {at} of {written}");
    }
    let count =
        |kind: &str| events.iter().filter(|(name, _)| name.as_deref() == Some(kind)).count();
    let once = ["message_start", "message_delta", "message_stop"].map(count);
    assert_eq!(once, [1, 1, 1], "{written}");
}
