//! Decoders of streams, fed through their codec: the same however the bytes were cut, in an order
//! that means something, and with every letter of the text.

use serde_json::Value;
use tollgate::dialect::chat::Event;
use tollgate::dialect::{Usage, anthropic, converse, event_stream, openai, sse};
use tollgate::failure::Failure;

use super::corpus::{golden, golden_output, kept};
use super::cuts::in_some_pieces;
use super::engine::Target;
use super::events::{Said, check_closed, check_failure, check_order};
use super::frames::frame;

pub(super) const OPENAI: Target = Target {
    name: "openai_stream",
    corpus: openai_streams,
    inputs: 1_200,
    check: |bytes| {
        let decoded = check(bytes, decode_openai);
        let direct = in_some_pieces(bytes, |chunks| read_openai(chunks, true));
        check_direct(&decoded, &direct);
        let shown = read_openai(&[bytes], false);
        assert_eq!((&shown.usage, &shown.end), (&direct.usage, &direct.end), "hidden, and shown");
        check_text(bytes, &decoded, openai_text);
    },
};

pub(super) const ANTHROPIC: Target = Target {
    name: "anthropic_stream",
    corpus: anthropic_streams,
    inputs: 1_000,
    check: |bytes| {
        let decoded = check(bytes, decode_anthropic);
        check_direct(&decoded, &in_some_pieces(bytes, read_anthropic));
        check_text(bytes, &decoded, anthropic_text);
    },
};

pub(super) const CONVERSE: Target = Target {
    name: "converse_stream",
    corpus: converse_streams,
    inputs: 1_200,
    check: |lines| {
        let decoded = check(&frames_of_lines(lines), decode_converse);
        if decoded.end.is_ok() {
            // What comes behind the end is nobody's.
            let lines = lines.split(|byte| *byte == b'\n');
            let lines = lines.take_while(|line| !line.starts_with(b"messageStop "));
            // What the whole parser refuses may be in a member that nobody reads.
            if let Some(text) = lines.map(converse_text).collect::<Option<String>>() {
                assert_eq!(Said::by(&decoded.events).text, text);
            }
        }
    },
};

pub(super) fn openai_streams() -> Vec<Vec<u8>> {
    [
        kept("openai_stream"),
        golden("openai/streams"),
        golden("dialects/openai/target_stream"),
        golden_output("dialects/openai/client_stream", ".sse"),
    ]
    .concat()
}

pub(super) fn anthropic_streams() -> Vec<Vec<u8>> {
    [
        kept("anthropic_stream"),
        golden("dialects/anthropic/meter_stream"),
        golden("dialects/anthropic/target_stream"),
        golden_output("dialects/anthropic/client_stream", ".out.txt"),
    ]
    .concat()
}

/// A line is a message: what it is, and its payload. So a person can read it, and a mutation need
/// not know of checksums.
pub(super) fn converse_streams() -> Vec<Vec<u8>> {
    let line = |line: &str| -> String {
        let message: Value = serde_json::from_str(line).unwrap();
        let types = ["event-type", "exception-type", "error-code"];
        let kind = types.iter().find_map(|name| message[name].as_str()).unwrap_or("error");
        let payload = &message["payload"];
        let payload = payload.as_str().map_or_else(|| payload.to_string(), str::to_owned);
        format!("{kind} {payload}\n")
    };
    let golden = golden("dialects/converse/stream");
    let lines = |text: &[u8]| -> Vec<u8> {
        let text = std::str::from_utf8(text).unwrap();
        text.lines().map(line).collect::<String>().into_bytes()
    };
    kept("converse_stream").into_iter().chain(golden.iter().map(|text| lines(text))).collect()
}

/// The frames of a stream that is written in lines.
pub(super) fn frames_of_lines(lines: &[u8]) -> Vec<u8> {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.flat_map(frame_of_line).collect()
}

fn frame_of_line(line: &[u8]) -> Vec<u8> {
    let (kind, payload) = word_and_rest(line);
    let kind = String::from_utf8_lossy(kind);
    let payload_is_json = (":content-type", "application/json");
    match kind.as_ref() {
        kind if kind.ends_with("Exception") => frame(
            &[(":message-type", "exception"), (":exception-type", kind), payload_is_json],
            payload,
        ),
        kind if kind.contains("rror") => {
            let words = String::from_utf8_lossy(payload);
            let headers =
                [(":message-type", "error"), (":error-code", kind), (":error-message", &words)];
            frame(&headers, b"")
        }
        kind => {
            let headers = [(":message-type", "event"), (":event-type", kind), payload_is_json];
            frame(&headers, payload)
        }
    }
}

fn word_and_rest(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    (&line[..end], line.get(end + 1..).unwrap_or_default())
}

/// What a stream means, as far as it could be read, and how it ended.
#[derive(Debug, PartialEq)]
pub(super) struct Decoded {
    pub(super) events: Vec<Event>,
    pub(super) usage: Option<Usage>,
    pub(super) end: Result<(), Failure>,
}

pub(super) fn decode_openai(chunks: &[&[u8]]) -> Decoded {
    let (mut decoder, mut events) = (openai::chat::Decoder::new(), Vec::new());
    let end = each_event(chunks, |event| {
        events.extend(decoder.read(event)?);
        Ok(())
    });
    let end = end.and_then(|()| {
        events.extend(decoder.end()?);
        Ok(())
    });
    Decoded { events, usage: decoder.usage(), end }
}

pub(super) fn decode_anthropic(chunks: &[&[u8]]) -> Decoded {
    let (mut decoder, mut events) = (anthropic::Decoder::new(), Vec::new());
    let end = each_event(chunks, |event| {
        events.extend(decoder.read(event)?);
        Ok(())
    });
    let end = end.and_then(|()| decoder.end().map(drop));
    Decoded { events, usage: decoder.usage(), end }
}

pub(super) fn decode_converse(chunks: &[&[u8]]) -> Decoded {
    let (mut decoder, mut events) = (converse::Decoder::default(), Vec::new());
    let mut reader = event_stream::Reader::default();
    let mut read = |reader: &mut event_stream::Reader| -> Result<(), Failure> {
        while let Some(message) = reader.next_message()? {
            events.extend(decoder.read(&message)?);
        }
        Ok(())
    };
    let mut end = Ok(());
    for chunk in chunks {
        reader.push(chunk);
        end = end.and_then(|()| read(&mut reader));
    }
    reader.end();
    let end = end.and_then(|()| read(&mut reader)).and_then(|()| decoder.end());
    Decoded { events, usage: None, end }
}

/// Gives every event of a stream to somebody, up to the first that fails.
fn each_event(
    chunks: &[&[u8]],
    mut read: impl FnMut(&sse::Event) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut reader = sse::Reader::default();
    let mut take = |reader: &mut sse::Reader| {
        while let Some(event) = reader.next_event().expect("no event is too large") {
            read(&event)?;
        }
        Ok(())
    };
    for chunk in chunks {
        reader.push(chunk);
        take(&mut reader)?;
    }
    reader.end();
    take(&mut reader)
}

/// What every decoder owes, whatever the bytes.
fn check(bytes: &[u8], decode: impl Fn(&[&[u8]]) -> Decoded) -> Decoded {
    let decoded = in_some_pieces(bytes, decode);
    check_order(&decoded.events);
    match &decoded.end {
        Ok(()) => check_closed(&decoded.events),
        Err(failure) => check_failure(failure),
    }
    decoded
}

/// What is known of a stream that goes through as it is.
#[derive(Debug, PartialEq)]
pub(super) struct Direct {
    usage: Option<Usage>,
    pub(super) end: Result<(), Failure>,
    has_content: bool,
}

pub(super) fn read_openai(chunks: &[&[u8]], hides_usage: bool) -> Direct {
    let mut reader = openai::StreamReader::new(hides_usage);
    let mut steps = Steps::default();
    let end = each_event(chunks, |event| reader.read(event).map(|step| steps.add(&step)));
    let end = end.and_then(|()| reader.end());
    let end = end.map(|ending| assert_eq!(ending == openai::Ending::Sent, steps.done));
    Direct { usage: reader.usage(), end, has_content: steps.has_content }
}

pub(super) fn read_anthropic(chunks: &[&[u8]]) -> Direct {
    let mut reader = anthropic::StreamReader::new();
    let mut steps = Steps::default();
    let end = each_event(chunks, |event| reader.read(event).map(|step| steps.add(&step)));
    let end = end.and_then(|()| reader.end());
    let end = end.map(|ending| assert!(ending == openai::Ending::Sent && steps.done));
    Direct { usage: reader.usage(), end, has_content: steps.has_content }
}

#[derive(Default)]
struct Steps {
    has_content: bool,
    done: bool,
}

impl Steps {
    fn add(&mut self, step: &openai::Step) {
        assert!(!(self.done && step.forward), "something goes through behind the end");
        assert!(!step.content || (step.forward && step.progress), "{step:?}");
        self.has_content |= step.content;
        self.done |= step.done;
    }
}

/// A decoder judges usage and ends as the reader does that lets the same bytes through; it reads
/// more of them, and so may fail where the other does not.
fn check_direct(decoded: &Decoded, direct: &Direct) {
    if decoded.end.is_ok() || direct.end.is_err() {
        let class =
            |end: &Result<(), Failure>| end.as_ref().map_err(|failure| failure.class).copied();
        if decoded.end.is_ok() {
            assert_eq!(class(&direct.end), Ok(()));
            assert_eq!(decoded.usage, direct.usage);
            let said = Said::by(&decoded.events).is_something();
            assert!(direct.has_content || !said, "content that nobody saw");
        } else {
            assert!(decoded.end.is_err());
        }
    }
    if let Err(failure) = &direct.end {
        check_failure(failure);
    }
}

/// Every letter of text on the wire is told, in its order. `text` is the text of one event's data;
/// nothing where this cannot be said so simply.
fn check_text(bytes: &[u8], decoded: &Decoded, text: fn(&Value, &mut String) -> Option<()>) {
    if decoded.end.is_err() {
        return;
    }
    let (mut expected, mut is_simple, mut done) = (String::new(), true, false);
    each_event(&[bytes], |event| {
        let data = event.data.as_deref().unwrap_or_default();
        done |= data.trim_ascii() == b"[DONE]";
        // A sign of life by its name is no more than that, whatever is in it.
        if !done && !data.is_empty() && event.name.as_deref() != Some("ping") {
            // What is too deep for this parser is no text either.
            let data: Value = serde_json::from_slice(data).unwrap_or_default();
            is_simple &= data.is_object() && text(&data, &mut expected).is_some();
            done |= data["type"] == "message_stop";
        }
        Ok(())
    })
    .unwrap();
    if is_simple {
        assert_eq!(Said::by(&decoded.events).text, expected);
    }
}

fn openai_text(data: &Value, text: &mut String) -> Option<()> {
    for choice in data["choices"].as_array().map(Vec::as_slice).unwrap_or_default() {
        match (choice["index"].as_u64(), &choice["delta"]["content"]) {
            (Some(1..), _) | (_, Value::Null) => {}
            (_, Value::String(piece)) => text.push_str(piece),
            // Parts, or what is no content.
            _ => return None,
        }
    }
    Some(())
}

fn anthropic_text(data: &Value, text: &mut String) -> Option<()> {
    let (delta, block) = (&data["delta"], &data["content_block"]);
    match data["type"].as_str()? {
        "content_block_start" => match block["type"].as_str()? {
            "text" => text.push_str(block["text"].as_str()?),
            "thinking" | "redacted_thinking" | "tool_use" => {}
            // Its deltas are its own.
            _ => return None,
        },
        "content_block_delta" if delta["type"] == "text_delta" => {
            text.push_str(delta["text"].as_str()?);
        }
        // What comes behind the end is nobody's.
        "message_delta" if !delta["stop_reason"].is_null() => return None,
        _ => {}
    }
    Some(())
}

/// The text in a line.
fn converse_text(line: &[u8]) -> Option<String> {
    let (kind, payload) = word_and_rest(line);
    if kind != b"contentBlockDelta" {
        return Some(String::new());
    }
    let payload: Value = serde_json::from_slice(payload).ok()?;
    Some(payload["delta"]["text"].as_str().unwrap_or_default().to_owned())
}
