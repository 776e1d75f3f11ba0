//! Server-sent events: the codec against the standard's own way of saying it.

use tollgate::dialect::sse::{EventTooLarge, MOST_EVENT_BYTES, Reader};

use super::corpus::{golden, golden_output, kept};
use super::cuts::however_cut;
use super::engine::Target;

pub(super) const TARGET: Target = Target {
    name: "sse",
    corpus: || {
        [
            kept("sse"),
            golden("openai/streams"),
            golden("dialects/openai/target_stream"),
            golden("dialects/anthropic/meter_stream"),
            golden_output("dialects/openai/client_stream", ".sse"),
        ]
        .concat()
    },
    inputs: 600,
    check: |bytes| check(bytes, read),
};

/// An event: its bytes, its name and its data.
pub(super) type Read = (Vec<u8>, Option<String>, Option<Vec<u8>>);

/// Everything up to the end.
pub(super) fn read(chunks: &[&[u8]]) -> Vec<Read> {
    let mut reader = Reader::default();
    let mut events = Vec::new();
    let mut take = |reader: &mut Reader| {
        while let Some(event) = reader.next_event().expect("no event is too large") {
            events.push((event.raw.to_vec(), event.name, event.data.map(|data| data.to_vec())));
        }
    };
    for chunk in chunks {
        reader.push(chunk);
        take(&mut reader);
    }
    reader.end();
    take(&mut reader);
    events
}

pub(super) fn check(bytes: &[u8], read: fn(&[&[u8]]) -> Vec<Read>) {
    let events = however_cut(bytes, read);
    let found: Vec<_> = events.iter().map(|(_, name, data)| (name.clone(), data.clone())).collect();
    assert_eq!(found, expected(bytes));
    let raw: Vec<u8> = events.iter().flat_map(|(raw, ..)| raw.clone()).collect();
    let written = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect()
    };
    assert_eq!(written(&raw), written(without_bom(bytes)), "a byte was lost, or came from nowhere");
    for (raw, name, data) in events {
        assert!(ends_with_an_empty_line(&raw), "{:?} is still open", String::from_utf8_lossy(&raw));
        // A mark that is not at the beginning would be one for whoever reads the event by itself.
        if without_bom(&raw).len() == raw.len() {
            assert_eq!(read(&[&raw]), [(raw.clone(), name, data)]);
        }
    }
}

fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

fn ends_with_an_empty_line(raw: &[u8]) -> bool {
    let line = raw.strip_suffix(b"\r\n").or_else(|| raw.strip_suffix(b"\n"));
    let line = line.or_else(|| raw.strip_suffix(b"\r")).unwrap_or_default();
    matches!(line.last(), Some(b'\r' | b'\n'))
}

/// The names and data of the events in a stream (HTML standard, "Interpreting an event stream"),
/// except that the last one needs no empty line and that one without data counts too.
fn expected(bytes: &[u8]) -> Vec<(Option<String>, Option<Vec<u8>>)> {
    let mut lines = vec![Vec::new()];
    let mut bytes = without_bom(bytes).iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' {
                    bytes.next_if_eq(&b'\n');
                }
                lines.push(Vec::new());
            }
            byte => lines.last_mut().unwrap().push(byte),
        }
    }
    let blocks = lines.split(Vec::is_empty).filter(|block| !block.is_empty());
    blocks.map(expected_event).collect()
}

fn expected_event(lines: &[Vec<u8>]) -> (Option<String>, Option<Vec<u8>>) {
    let (mut name, mut data) = (None, Vec::new());
    for line in lines {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (field, value) = (parts.next().unwrap(), parts.next().unwrap_or_default());
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => name = Some(String::from_utf8_lossy(value).into_owned()),
            b"data" => data.push(value),
            _ => {}
        }
    }
    (name, (!data.is_empty()).then(|| data.join(b"\n".as_slice())))
}

/// The first event of a stream that comes in chunks of this length.
fn first(stream: &[u8], length: usize) -> Result<usize, EventTooLarge> {
    let mut reader = Reader::default();
    let mut held = 0;
    for chunk in stream.chunks(length) {
        reader.push(chunk);
        held += chunk.len();
        if let Some(event) = reader.next_event()? {
            return Ok(event.raw.len());
        }
        assert!(held <= MOST_EVENT_BYTES, "{held} bytes are held");
    }
    reader.end();
    Ok(reader.next_event()?.map_or(0, |event| event.raw.len()))
}

/// Mutations are too small to see it.
#[test]
fn an_event_that_is_too_large_is_refused_however_it_comes() {
    for end in ["\n\n", "\r\n\r\n"] {
        for over in [0, 1, 2] {
            let length = MOST_EVENT_BYTES + over - 1;
            let text = "x".repeat(length - end.len() - 6);
            let stream = format!("data: {text}{end}data: y\n\n");
            let expected = if over > 1 { Err(EventTooLarge) } else { Ok(length) };
            for cut in [stream.len(), length - 1, 65_521] {
                assert_eq!(first(stream.as_bytes(), cut), expected, "{length} bytes by {cut}");
            }
        }
    }
}
