//! The codec of `application/vnd.amazon.eventstream`: bytes in, messages out, whatever way the
//! bytes were cut.
//!
//! A message is a prelude (the length of the message, the length of its headers, their CRC-32, four
//! bytes each), the headers, the payload, and the CRC-32 of all that; numbers are big-endian. AWS
//! describes it under "Event stream encoding" (Amazon Transcribe Developer Guide, and the Smithy
//! specification), and allows 128 KiB of headers. It allows far larger payloads than a chat needs.

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};

use crate::failure::{Class, Failure};

/// The largest message that is accepted, in bytes.
pub const MOST_MESSAGE_BYTES: usize = 4 << 20;

const MOST_HEADER_BYTES: usize = 128 << 10;
const PRELUDE_BYTES: usize = 12;
const CRC_BYTES: usize = 4;

/// One message: the headers that say what it is, and its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// `:message-type`: `event`, `exception` or `error`.
    pub message_type: Option<String>,
    /// `:event-type`, of an event.
    pub event_type: Option<String>,
    /// `:exception-type`, of an exception.
    pub exception_type: Option<String>,
    /// `:error-code`, of an error.
    pub error_code: Option<String>,
    /// `:error-message`, of an error.
    pub error_message: Option<String>,
    /// `:content-type`, of the payload.
    pub content_type: Option<String>,
    /// What it says.
    pub payload: Bytes,
}

/// Why the bytes are no messages. What follows cannot be read either: nobody knows where the next
/// message begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadFrame {
    /// A length that is impossible, or larger than what is accepted.
    Length,
    /// The prelude is not what was sent.
    PreludeChecksum,
    /// The message is not what was sent.
    MessageChecksum,
    /// The headers cannot be read.
    Headers,
    /// The bytes ended inside a message.
    CutOff,
}

impl From<BadFrame> for Failure {
    fn from(frame: BadFrame) -> Self {
        let (class, why) = match frame {
            BadFrame::Length => (Class::Malformed, "a message has an impossible length"),
            BadFrame::PreludeChecksum => (Class::Malformed, "a message's prelude is damaged"),
            BadFrame::MessageChecksum => (Class::Malformed, "a message is damaged"),
            BadFrame::Headers => (Class::Malformed, "a message's headers cannot be read"),
            BadFrame::CutOff => (Class::Truncated, "the stream ended inside a message"),
        };
        Self::answer(class, why)
    }
}

/// Reads messages from chunks of bytes.
#[derive(Debug, Default)]
pub struct Reader {
    buffer: BytesMut,
    broken: Option<BadFrame>,
    ended: bool,
}

impl Reader {
    /// Adds bytes as they came from the wire.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.broken.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Says that no more bytes will come, so that a message that is not complete never will be.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether [`Self::end`] was called.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The next message that is complete.
    ///
    /// # Errors
    /// When the bytes are no message; from then on always the same.
    pub fn next_message(&mut self) -> Result<Option<Message>, BadFrame> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let next = self.cut_message();
        if let Err(broken) = next {
            self.broken = Some(broken);
            self.buffer = BytesMut::new();
        }
        next
    }

    fn cut_message(&mut self) -> Result<Option<Message>, BadFrame> {
        let Some(prelude) = Prelude::read(&self.buffer)? else { return self.wait() };
        if self.buffer.len() < prelude.total {
            return self.wait();
        }
        let mut message = self.buffer.split_to(prelude.total).freeze();
        let mut checksum = message.split_off(prelude.total.saturating_sub(CRC_BYTES));
        if take_u32(&mut checksum) != Some(crc32(&message)) {
            return Err(BadFrame::MessageChecksum);
        }
        let mut headers = message.split_off(PRELUDE_BYTES);
        let payload = headers.split_off(prelude.headers);
        read_headers(headers, payload).map(Some).ok_or(BadFrame::Headers)
    }

    fn wait(&self) -> Result<Option<Message>, BadFrame> {
        if self.ended && !self.buffer.is_empty() { Err(BadFrame::CutOff) } else { Ok(None) }
    }
}

/// The lengths of a message, and of its headers, in bytes.
struct Prelude {
    total: usize,
    headers: usize,
}

impl Prelude {
    /// Reads the prelude at the beginning of some bytes; nothing when it is not complete. Its
    /// checksum comes first: a length that was damaged on the way would be waited for.
    fn read(bytes: &[u8]) -> Result<Option<Self>, BadFrame> {
        let Some((prelude, _)) = bytes.split_first_chunk::<PRELUDE_BYTES>() else {
            return Ok(None);
        };
        let [t0, t1, t2, t3, h0, h1, h2, h3, crc @ ..] = *prelude;
        if crc32(&[t0, t1, t2, t3, h0, h1, h2, h3]) != u32::from_be_bytes(crc) {
            return Err(BadFrame::PreludeChecksum);
        }
        let length = |bytes: [u8; 4]| {
            usize::try_from(u32::from_be_bytes(bytes)).map_err(|_| BadFrame::Length)
        };
        let (total, headers) = (length([t0, t1, t2, t3])?, length([h0, h1, h2, h3])?);
        let room = total.checked_sub(PRELUDE_BYTES + CRC_BYTES).ok_or(BadFrame::Length)?;
        if total > MOST_MESSAGE_BYTES || headers > room || headers > MOST_HEADER_BYTES {
            return Err(BadFrame::Length);
        }
        Ok(Some(Self { total, headers }))
    }
}

/// Reads all headers; nothing when they make no sense, or when one that decides is there twice.
fn read_headers(mut headers: Bytes, payload: Bytes) -> Option<Message> {
    let mut message = Message { payload, ..Message::default() };
    while !headers.is_empty() {
        let length = usize::from(take_u8(&mut headers)?);
        let name = take(&mut headers, length)?;
        let kind = take_u8(&mut headers)?;
        let value = take_value(&mut headers, kind)?;
        let place = match name.as_ref() {
            b":message-type" => &mut message.message_type,
            b":event-type" => &mut message.event_type,
            b":exception-type" => &mut message.exception_type,
            b":error-code" => &mut message.error_code,
            b":error-message" => &mut message.error_message,
            b":content-type" => &mut message.content_type,
            _ => continue,
        };
        if kind != STRING || place.is_some() {
            return None;
        }
        *place = Some(String::from_utf8(value.to_vec()).ok()?);
    }
    Some(message)
}

/// The type of a header whose value is text.
const STRING: u8 = 7;

/// The bytes of a header's value, by its type: true, false, a byte, a short, an integer, a long,
/// bytes, text, a timestamp, a UUID.
fn take_value(headers: &mut Bytes, kind: u8) -> Option<Bytes> {
    let length = match kind {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        6 | STRING => {
            let bytes = take(headers, 2)?;
            usize::from(u16::from_be_bytes(bytes.as_ref().try_into().ok()?))
        }
        9 => 16,
        _ => return None,
    };
    take(headers, length)
}

fn take(bytes: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

fn take_u8(bytes: &mut Bytes) -> Option<u8> {
    take(bytes, 1)?.first().copied()
}

fn take_u32(bytes: &mut Bytes) -> Option<u32> {
    Some(u32::from_be_bytes(take(bytes, 4)?.as_ref().try_into().ok()?))
}

/// The CRC-32 of Ethernet and zip: reflected, polynomial 0x04C11DB7.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let [low, ..] = crc.to_le_bytes();
        let entry = CRC_TABLE.get(usize::from(low ^ byte)).copied().unwrap_or_default();
        (crc >> 8) ^ entry
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// What each byte does to a checksum.
static CRC_TABLE: LazyLock<[u32; 256]> = LazyLock::new(|| {
    let mut bytes = 0..;
    [(); 256].map(|()| {
        let shift = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
        (0..8).fold(bytes.next().unwrap_or_default(), shift)
    })
});

#[cfg(test)]
pub(in crate::dialect) mod tests {
    use super::*;

    /// A message with these headers, each of type text.
    pub(in crate::dialect) fn encode(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, value) in headers {
            bytes.push(u8::try_from(name.len()).unwrap());
            bytes.extend(name.as_bytes());
            bytes.push(STRING);
            bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            bytes.extend(value.as_bytes());
        }
        frame(&bytes, payload)
    }

    fn frame(headers: &[u8], payload: &[u8]) -> Vec<u8> {
        let total = u32::try_from(headers.len() + payload.len() + 16).unwrap();
        let mut bytes = prelude(total, u32::try_from(headers.len()).unwrap());
        bytes.extend(headers);
        bytes.extend(payload);
        let checksum = crc32(&bytes);
        bytes.extend(checksum.to_be_bytes());
        bytes
    }

    fn prelude(total: u32, headers: u32) -> Vec<u8> {
        let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
        let checksum = crc32(&bytes);
        bytes.extend(checksum.to_be_bytes());
        bytes
    }

    fn read(chunks: &[&[u8]]) -> Result<Vec<Message>, BadFrame> {
        let mut reader = Reader::default();
        let mut messages = Vec::new();
        for chunk in chunks {
            reader.push(chunk);
            while let Some(message) = reader.next_message()? {
                messages.push(message);
            }
        }
        reader.end();
        while let Some(message) = reader.next_message()? {
            messages.push(message);
        }
        Ok(messages)
    }

    fn stream() -> Vec<u8> {
        let event = [
            (":event-type", "contentBlockDelta"),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ];
        let error = [(":message-type", "error"), (":error-code", "c"), (":error-message", "é")];
        let exception = [(":exception-type", "throttlingException"), ("x", "y")];
        [
            encode(&event, b"{\"delta\":{\"text\":\"hi\"}}"),
            encode(&error, b""),
            encode(&[], b""),
            encode(&exception, b"{}"),
        ]
        .concat()
    }

    /// Numbers that look random and are the same every time (xorshift64*).
    fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
        let mut state = seed;
        move |below| {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            let number = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
            usize::try_from(number).unwrap() % below
        }
    }

    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    /// The empty message and the one with a header of type integer, as AWS's encoders write them.
    #[test]
    fn known_frames() {
        let empty = [0, 0, 0, 0x10, 0, 0, 0, 0, 5, 0xC2, 0x48, 0xEB, 0x7D, 0x98, 0xC8, 0xFF];
        assert_eq!(read(&[&empty]), Ok(vec![Message::default()]));
        assert_eq!(encode(&[], b""), empty);
        let integer = [
            b"\x00\x00\x00\x2D\x00\x00\x00\x10\x41\xC4\x24\xB8\x0Aevent-type\x04\x00\x00\xA0\x0C"
                .as_slice(),
            b"{'foo':'bar'}\x36\xF4\x80\xA0",
        ]
        .concat();
        let payload = Bytes::from_static(b"{'foo':'bar'}");
        assert_eq!(read(&[&integer]), Ok(vec![Message { payload, ..Message::default() }]));
    }

    #[test]
    fn every_type_of_header_is_passed_over() {
        let mut headers = Vec::new();
        let values: [(u8, &[u8]); 10] = [
            (0, b""),
            (1, b""),
            (2, b"1"),
            (3, b"12"),
            (4, b"1234"),
            (5, b"12345678"),
            (6, b"\0\x03abc"),
            (7, b"\0\x02hi"),
            (8, b"12345678"),
            (9, b"1234567890123456"),
        ];
        for (kind, value) in values {
            headers.extend([1, b'h', kind]);
            headers.extend(value);
        }
        headers.extend(b"\x0b:event-type\x07\0\x01e");
        let event_type = Some("e".to_owned());
        let message = Message { event_type, payload: "p".into(), ..Message::default() };
        assert_eq!(read(&[&frame(&headers, b"p")]), Ok(vec![message]));
    }

    #[test]
    fn headers_that_make_no_sense() {
        let mut wrong: Vec<Vec<u8>> = vec![
            b"\x01h\x0a".into(),
            b"\x01h\x07\0\x09hi".into(),
            b"\x09h".into(),
            b"\x01h".into(),
            b"\x01h\x04abc".into(),
            b"\x01h\x07\0".into(),
            b"\x0b:event-type\x00".into(),
            b"\x0b:event-type\x07\0\x01\xFF".into(),
        ];
        wrong.push(b"\x0b:event-type\x07\0\x01e".repeat(2));
        for headers in wrong {
            assert_eq!(read(&[&frame(&headers, b"")]), Err(BadFrame::Headers), "{headers:?}");
        }
    }

    #[test]
    fn every_way_of_cutting_gives_the_same() {
        let stream = stream();
        let whole = read(&[&stream]).unwrap();
        assert_eq!(whole.len(), 4);
        assert_eq!(whole[0].event_type.as_deref(), Some("contentBlockDelta"));
        assert_eq!(whole[1].error_message.as_deref(), Some("é"));
        assert_eq!(whole[3].exception_type.as_deref(), Some("throttlingException"));
        for cut in 0..=stream.len() {
            let (a, b) = stream.split_at(cut);
            assert_eq!(read(&[a, b]).as_ref(), Ok(&whole), "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(&bytes), Ok(whole));
    }

    #[test]
    fn random_messages_come_back() {
        let mut below = numbers(7);
        for _ in 0..500 {
            let mut text = |most: usize| -> String {
                (0..below(most))
                    .map(|_| char::from(b' ' + u8::try_from(below(90)).unwrap()))
                    .collect()
            };
            let (kind, other, payload) = (text(40), text(300), text(2_000));
            let headers = [(":exception-type", kind.as_str()), ("other", other.as_str())];
            let bytes = encode(&headers, payload.as_bytes());
            let expected = Message {
                exception_type: Some(kind.clone()),
                payload: payload.clone().into(),
                ..Message::default()
            };
            let (a, b) = bytes.split_at(below(bytes.len()));
            assert_eq!(read(&[a, b]), Ok(vec![expected]));
        }
    }

    #[test]
    fn no_damage_goes_unnoticed() {
        let stream = encode(&[(":event-type", "messageStop")], b"{\"stopReason\":\"end_turn\"}");
        for bit in 0..stream.len() * 8 {
            let mut damaged = stream.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&[&damaged]).is_err(), "bit {bit}");
        }
        let mut below = numbers(11);
        for _ in 0..20_000 {
            let mut damaged = stream.clone();
            for _ in 0..=below(6) {
                let at = below(damaged.len());
                damaged[at] = u8::try_from(below(256)).unwrap();
            }
            assert!(damaged == stream || read(&[&damaged]).is_err(), "{damaged:?}");
        }
        for length in 1..stream.len() {
            assert_eq!(read(&[&stream[..length]]), Err(BadFrame::CutOff), "{length} bytes");
        }
    }

    #[test]
    fn noise_is_refused() {
        let mut below = numbers(13);
        for length in 12..2_000 {
            let noise: Vec<u8> = (0..length).map(|_| u8::try_from(below(256)).unwrap()).collect();
            assert_eq!(read(&[&noise]), Err(BadFrame::PreludeChecksum));
        }
        assert_eq!(read(&[b"<html>no</html>"]), Err(BadFrame::PreludeChecksum));
    }

    /// With a right checksum, so that only the lengths are wrong. None of them is waited for.
    #[test]
    fn hostile_lengths_are_refused_at_once() {
        let most = u32::try_from(MOST_MESSAGE_BYTES).unwrap();
        for (total, headers) in [
            (0, 0),
            (15, 0),
            (16, 1),
            (u32::MAX, 0),
            (most + 1, 0),
            (most, u32::MAX),
            (most, (128 << 10) + 1),
            (100, 85),
        ] {
            let mut reader = Reader::default();
            reader.push(&prelude(total, headers));
            assert_eq!(reader.next_message(), Err(BadFrame::Length), "{total} {headers}");
        }
        let mut reader = Reader::default();
        reader.push(&prelude(most, 128 << 10));
        assert_eq!(reader.next_message(), Ok(None));
    }

    #[test]
    fn what_is_broken_stays_broken_and_keeps_nothing() {
        let mut reader = Reader::default();
        reader.push(&[0; 12]);
        assert_eq!(reader.next_message(), Err(BadFrame::PreludeChecksum));
        reader.push(&stream());
        assert_eq!(reader.next_message(), Err(BadFrame::PreludeChecksum));
        assert!(reader.buffer.is_empty());
        assert_eq!(Failure::from(BadFrame::CutOff).class, Class::Truncated);
        assert_eq!(Failure::from(BadFrame::Length).class, Class::Malformed);
    }
}
