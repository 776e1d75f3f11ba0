//! The codec of server-sent events: bytes in, events out, whatever way the bytes were cut.
//!
//! It follows the HTML standard's event stream grammar: lines end in LF, CR or CRLF; a byte order
//! mark at the start is skipped; an empty line ends an event; `data` lines are joined by LF; lines
//! that begin with a colon are comments. Beyond the standard, an event that the stream's end leaves
//! without its empty line is still delivered, because providers do that.

use bytes::{Bytes, BytesMut};

/// The largest event that is accepted, in bytes.
pub const MOST_EVENT_BYTES: usize = 4 << 20;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its bytes as they came, with the empty line that ends it; where the stream's end left that
    /// out, it is added.
    pub raw: Bytes,
    /// The `event` field.
    pub name: Option<String>,
    /// The `data` lines joined; nothing when the event has none, as a comment.
    pub data: Option<Bytes>,
}

/// An event is larger than [`MOST_EVENT_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLarge;

/// Reads events from chunks of bytes.
#[derive(Debug, Default)]
pub struct Reader {
    buffer: BytesMut,
    /// How far the buffer was searched for the end of the event at its start.
    searched: usize,
    /// Whether the line that the search stands in has bytes.
    line_has_bytes: bool,
    begun: bool,
    ended: bool,
}

impl Reader {
    /// Adds bytes as they came from the wire.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that no more bytes will come, so that what is left is an event too.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether [`Self::end`] was called.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The next event that is complete.
    ///
    /// # Errors
    /// When an event is too large to be true.
    pub fn next_event(&mut self) -> Result<Option<Event>, EventTooLarge> {
        if !self.skip_bom() {
            return Ok(None);
        }
        while let Some(length) = self.event_end() {
            self.searched = 0;
            self.line_has_bytes = false;
            if length > MOST_EVENT_BYTES {
                return Err(EventTooLarge);
            }
            let raw = self.buffer.split_to(length).freeze();
            if raw.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
                return Ok(Some(parse(closed(raw))));
            }
        }
        if self.buffer.len() > MOST_EVENT_BYTES { Err(EventTooLarge) } else { Ok(None) }
    }

    /// Skips a byte order mark; false while it cannot be told yet whether there is one.
    fn skip_bom(&mut self) -> bool {
        if self.begun {
            return true;
        }
        if self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer) && !self.ended {
            return false;
        }
        if self.buffer.starts_with(BOM) {
            let _ = self.buffer.split_to(BOM.len());
        }
        self.begun = true;
        true
    }

    /// Where the event at the buffer's start ends, behind its empty line.
    fn event_end(&mut self) -> Option<usize> {
        loop {
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'\r', b'\n', rest) else {
                self.line_has_bytes |= !rest.is_empty();
                self.searched = self.buffer.len();
                return (self.ended && self.searched > 0).then_some(self.searched);
            };
            let line_is_empty = found == 0 && !self.line_has_bytes;
            let length = match (rest.get(found), rest.get(found + 1)) {
                (Some(b'\r'), Some(b'\n')) => 2,
                (Some(b'\r'), None) if !self.ended => {
                    // The LF of a CRLF may be on its way. Waiting for it keeps the result the same
                    // for every way of cutting the bytes.
                    self.line_has_bytes |= found > 0;
                    self.searched += found;
                    return None;
                }
                _ => 1,
            };
            self.searched += found + length;
            self.line_has_bytes = false;
            if line_is_empty {
                return Some(self.searched);
            }
        }
    }
}

/// An event with the empty line at its end, whether it came or not.
fn closed(raw: Bytes) -> Bytes {
    let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    let mut ends = raw.iter().rev().take_while(is_end);
    let missing: &[u8] = match (ends.next(), ends.next(), ends.next()) {
        (None, ..) => b"\n\n",
        // Behind a CR, an LF would be the rest of the same line end.
        (Some(b'\r'), None, _) => b"\r",
        // One line end, which may be a CRLF.
        (Some(_), None, _) | (Some(b'\n'), Some(b'\r'), None) => b"\n",
        _ => return raw,
    };
    [&raw, missing].concat().into()
}

fn parse(raw: Bytes) -> Event {
    let mut name = None;
    let mut data: Vec<&[u8]> = Vec::new();
    for line in lines(&raw) {
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let value = line.get(colon + 1..).unwrap_or_default();
                let value = value.strip_prefix(b" ").unwrap_or(value);
                (line.get(..colon).unwrap_or_default(), value)
            }
            None => (line, Default::default()),
        };
        match field {
            b"data" => data.push(value),
            b"event" => name = Some(String::from_utf8_lossy(value).into_owned()),
            _ => {}
        }
    }
    let data = match data.as_slice() {
        [] => None,
        [line] => Some(raw.slice_ref(line)),
        lines => Some(lines.join(&b'\n').into()),
    };
    Event { raw, name, data }
}

fn lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut begin = 0;
    let ends = memchr::memchr2_iter(b'\r', b'\n', raw).chain([raw.len()]);
    let lines = ends.filter_map(move |end| raw.get(std::mem::replace(&mut begin, end + 1)..end));
    // CRLF yields an empty line in between, which has no field and so no effect.
    lines.filter(|line| !line.is_empty())
}

#[cfg(test)]
pub(in crate::dialect) mod tests {
    use super::*;

    pub(in crate::dialect) fn read(chunks: &[&[u8]]) -> Vec<Event> {
        let mut reader = Reader::default();
        let mut events = Vec::new();
        for chunk in chunks {
            reader.push(chunk);
            while let Some(event) = reader.next_event().unwrap() {
                events.push(event);
            }
        }
        reader.end();
        while let Some(event) = reader.next_event().unwrap() {
            events.push(event);
        }
        events
    }

    /// The events, the same for every way of cutting the bytes in two, and byte by byte. A decoder
    /// sees nothing but these, and so need not be tried with every cut.
    pub(in crate::dialect) fn read_however_cut(stream: &[u8]) -> Vec<Event> {
        let whole = read(&[stream]);
        let shown = String::from_utf8_lossy(stream);
        for cut in 0..=stream.len() {
            let (a, b) = stream.split_at(cut);
            assert_eq!(read(&[a, b]), whole, "{shown:?} cut at {cut}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(&bytes), whole, "{shown:?} byte by byte");
        whole
    }

    /// The expected events as `name|data`, with `-` for what is absent.
    fn check(stream: &str, expected: &[&str]) {
        let whole = read_however_cut(stream.as_bytes());
        let text = |event: &Event| {
            let data = event.data.as_ref().map(|data| String::from_utf8_lossy(data).into_owned());
            let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            format!("{}|{}", or_dash(event.name.clone()), or_dash(data))
        };
        assert_eq!(whole.iter().map(text).collect::<Vec<_>>(), expected, "{stream:?}");
    }

    #[test]
    fn the_standards_grammar() {
        check("data: a\n\ndata: b\n\n", &["-|a", "-|b"]);
        check("data: a\r\n\r\ndata: b\r\n\r\n", &["-|a", "-|b"]);
        check("data: a\r\rdata: b\r\r", &["-|a", "-|b"]);
        check("data: a\n\r\ndata: b\r\n\n", &["-|a", "-|b"]);
        check("data:a\n\n", &["-|a"]);
        check("data:  a\n\n", &["-| a"]);
        check("data\n\n", &["-|"]);
        check("data: a\ndata: b\ndata\n\n", &["-|a\nb\n"]);
        check(": keep-alive\n\n", &["-|-"]);
        check(": c\ndata: a\n\n", &["-|a"]);
        check("event: error\nid: 7\nretry: 9\ndata: {}\n\n", &["error|{}"]);
        check("\u{feff}data: a\n\ndata: \u{feff}\n\n", &["-|a", "-|\u{feff}"]);
        check("data: é😀\n\n", &["-|é😀"]);
        check("\n\n\r\n\rdata: a\n\n\n\n", &["-|a"]);
        check("data: a:b\n\n", &["-|a:b"]);
        check("data: unfinished", &["-|unfinished"]);
        check("data: a\n\ndata: [DONE]\n", &["-|a", "-|[DONE]"]);
        check("", &[]);
    }

    #[test]
    fn the_raw_bytes_are_kept() {
        let stream = b"data: a\r\n\r\n: c\n\ndata:b\n\n";
        let raw: Vec<u8> = read(&[stream]).iter().flat_map(|event| event.raw.to_vec()).collect();
        assert_eq!(raw, stream);
    }

    #[test]
    fn an_open_event_is_closed_at_the_end() {
        for (open, missing) in [
            ("data: a", "\n\n"),
            ("data: a\n", "\n"),
            ("data: a\r", "\r"),
            ("data: a\r\n", "\n"),
            ("data: a\n\n", ""),
        ] {
            let raw: Vec<Bytes> = read(&[open.as_bytes()]).into_iter().map(|e| e.raw).collect();
            assert_eq!(raw, [format!("{open}{missing}")], "{open:?}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut reader = Reader::default();
        reader.push(b"data: ");
        let chunk = vec![b'x'; 1 << 20];
        for _ in 0..4 {
            assert_eq!(reader.next_event(), Ok(None));
            reader.push(&chunk);
        }
        assert_eq!(reader.next_event(), Err(EventTooLarge));
        // Also when it came at once, with its end, and however often it is asked for.
        let mut reader = Reader::default();
        reader.push(&[vec![b'x'; MOST_EVENT_BYTES].as_slice(), b"\n\ndata: a\n\n"].concat());
        assert_eq!(reader.next_event(), Err(EventTooLarge));
        assert_eq!(reader.next_event(), Err(EventTooLarge));
    }

    #[test]
    fn a_million_empty_lines_are_nothing() {
        let mut reader = Reader::default();
        reader.push(&vec![b'\n'; 1_000_000]);
        assert_eq!(reader.next_event(), Ok(None));
        assert!(reader.buffer.is_empty());
    }
}
