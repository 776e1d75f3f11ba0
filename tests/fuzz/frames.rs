//! AWS's event streams: the codec on noise, and on frames whose checksums were mended after the
//! mutation, so that what is behind the checksums is tried too.

use tollgate::dialect::event_stream::{BadFrame, Message, Reader};

use super::corpus::{golden, kept};
use super::cuts::however_cut;
use super::decoders::frames_of_lines;
use super::engine::Target;

pub(super) const TARGET: Target = Target {
    name: "event_stream",
    corpus: || {
        let golden = golden("dialects/converse/stream");
        let streams = golden.iter().map(|lines| frames_of_lines(lines));
        kept("event_stream").into_iter().chain(streams).collect()
    },
    inputs: 300,
    check: |bytes| {
        however_cut(bytes, read);
        check_mended(&mended(bytes, Lengths::AsTheyAre));
        check_mended(&mended(bytes, Lengths::Mended));
    },
};

/// The messages, and why there are no more.
pub(super) fn read(chunks: &[&[u8]]) -> (Vec<Message>, Option<BadFrame>) {
    let mut reader = Reader::default();
    let mut messages = Vec::new();
    let mut take = |reader: &mut Reader| loop {
        match reader.next_message() {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return None,
            Err(broken) => return Some(broken),
        }
    };
    for chunk in chunks {
        reader.push(chunk);
        take(&mut reader);
    }
    reader.end();
    let broken = take(&mut reader);
    (messages, broken)
}

/// The messages are those of the frames up to the first that is none, with all of their payload.
fn check_mended(stream: &[u8]) {
    let (messages, broken) = however_cut(stream, read);
    let mut rest = stream;
    for message in &messages {
        let total = number(rest, 0).unwrap();
        let headers = number(rest, 4).unwrap();
        assert_eq!(message.payload, rest[12 + headers..total - 4], "a payload");
        for text in [&message.message_type, &message.event_type, &message.exception_type] {
            let inside = text.as_ref().is_none_or(|text| {
                text.is_empty()
                    || rest[12..12 + headers].windows(text.len()).any(|w| w == text.as_bytes())
            });
            assert!(inside, "{text:?} is in no header");
        }
        rest = &rest[total..];
    }
    assert_eq!(broken.is_none(), rest.is_empty(), "{broken:?} with {} bytes left", rest.len());
    assert_ne!(broken, Some(BadFrame::MessageChecksum));
}

#[derive(Clone, Copy)]
enum Lengths {
    /// Where they are impossible, they stay so.
    AsTheyAre,
    /// Every frame ends where it says, or where the bytes end.
    Mended,
}

/// The same bytes with the right checksums.
fn mended(bytes: &[u8], lengths: Lengths) -> Vec<u8> {
    let mut stream = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while rest.len() >= 16 {
        let (mut total, mut headers) = (number(rest, 0).unwrap(), number(rest, 4).unwrap());
        if matches!(lengths, Lengths::Mended) {
            total = total.clamp(16, rest.len());
            headers = headers.min(total - 16);
        }
        let lengths = [total, headers].map(|length| u32::try_from(length).unwrap().to_be_bytes());
        let length = total.clamp(16, rest.len());
        let (frame, behind) = rest.split_at(length);
        stream.extend(framed(&lengths.concat(), &frame[12..length - 4]));
        rest = behind;
    }
    stream.extend(rest);
    stream
}

/// A frame: its lengths, which may be wrong, its inside, and the checksums of both.
fn framed(lengths: &[u8], inside: &[u8]) -> Vec<u8> {
    let mut frame = lengths.to_vec();
    frame.extend(crc32(&frame).to_be_bytes());
    frame.extend(inside);
    frame.extend(crc32(&frame).to_be_bytes());
    frame
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(bytes)).ok()
}

/// A frame with headers of type text.
pub(super) fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut inside = Vec::new();
    for (name, value) in headers {
        let value = &value[..value.floor_char_boundary(60_000)];
        inside.push(u8::try_from(name.len()).unwrap());
        inside.extend(name.as_bytes());
        inside.push(7);
        inside.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        inside.extend(value.as_bytes());
    }
    let headers = inside.len();
    inside.extend(payload);
    let lengths = [inside.len() + 16, headers];
    framed(&lengths.map(|length| u32::try_from(length).unwrap().to_be_bytes()).concat(), &inside)
}

/// Bit by bit, as the polynomial has it: not the way in which the codec does it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
        }
    }
    !crc
}

/// The mending would find nothing, were its own frames refused.
#[test]
fn frames_that_were_mended_are_read() {
    let whole = frame(&[(":event-type", "messageStop"), ("x", "y")], b"{}");
    let mut damaged = whole.clone();
    damaged[8] ^= 1;
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(read(&[&damaged]).1, Some(BadFrame::PreludeChecksum));
    assert_eq!(mended(&damaged, Lengths::AsTheyAre), whole);
    assert_eq!(mended(&damaged, Lengths::Mended), whole);
    let (messages, broken) = read(&[&whole]);
    assert_eq!((messages.len(), broken), (1, None));
    assert_eq!(messages[0].event_type.as_deref(), Some("messageStop"));
}
