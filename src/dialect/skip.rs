//! Passing over JSON: where a value ends, whatever it says. What serde ignores is ignored here, and
//! what it refuses is refused, without its words and in a fraction of its time: long strings are
//! searched in blocks.

use std::borrow::Cow;

/// A place in a JSON text.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The beginning of a text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Passes over a value: its text. Nothing when none is next.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        self.space();
        let start = self.at;
        self.at = after_value(self.text.as_bytes(), start)?;
        self.text.get(start..self.at)
    }

    /// Passes over an array: its text. `element` passes over each of its elements.
    pub(super) fn array(
        &mut self,
        element: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<&'a str> {
        self.listed(b'[', b']', element)
    }

    /// Passes over an object: its text. `member` gets the name of each of its members as JSON, and
    /// passes over what is [named](Self::named) so.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &'a str) -> Option<()>,
    ) -> Option<&'a str> {
        self.listed(b'{', b'}', |cursor| {
            let name = cursor.name()?;
            member(cursor, name)
        })
    }

    /// Passes over the colon behind a name, and the value: its text.
    pub(super) fn named(&mut self) -> Option<&'a str> {
        if self.take(b':') { self.value() } else { None }
    }

    /// Passes over a value, and reads it as serde reads a structure: the fields of these names from
    /// an object, which may have others, or from an array of just as many elements. Of two fields
    /// with one name, none is read at all. `null` counts as absent.
    pub(super) fn fields<const N: usize>(&mut self, names: [&str; N]) -> Option<Fields<'a, N>> {
        self.space();
        match byte(self.text.as_bytes(), self.at) {
            b'{' => self.fields_by_name(names),
            b'[' => self.fields_by_place(),
            _ => self.value().map(|text| Fields { text, values: None }),
        }
    }

    fn fields_by_name<const N: usize>(&mut self, names: [&str; N]) -> Option<Fields<'a, N>> {
        let (mut values, mut is_sound) = ([None; N], true);
        let text = self.object(|cursor, name| {
            let (name, value) = (string(name), cursor.named()?);
            is_sound &= name.is_some();
            let place = names.iter().position(|known| name.as_deref() == Some(*known));
            if let Some(field) = place.and_then(|place| values.get_mut(place)) {
                is_sound &= field.replace(value).is_none();
            }
            Some(())
        })?;
        Some(Fields { text, values: is_sound.then(|| values.map(present)) })
    }

    fn fields_by_place<const N: usize>(&mut self) -> Option<Fields<'a, N>> {
        let (mut values, mut count) = ([None; N], 0);
        let text = self.array(|cursor| {
            let value = cursor.value()?;
            if let Some(field) = values.get_mut(count) {
                *field = Some(value);
            }
            count += 1;
            Some(())
        })?;
        Some(Fields { text, values: (count == N).then(|| values.map(present)) })
    }

    /// Whether nothing but white space is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.space();
        self.at == self.text.len()
    }

    fn listed(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<&'a str> {
        self.space();
        let start = self.at;
        if !self.take(open) {
            return None;
        }
        if !self.take(close) {
            item(self)?;
            while self.take(b',') {
                item(self)?;
            }
            if !self.take(close) {
                return None;
            }
        }
        self.text.get(start..self.at)
    }

    /// Passes over the name of a member: the name as JSON.
    fn name(&mut self) -> Option<&'a str> {
        self.space();
        let start = self.at;
        if !self.take(b'"') {
            return None;
        }
        self.at = after_string(self.text.as_bytes(), self.at)?;
        self.text.get(start..self.at)
    }

    fn space(&mut self) {
        self.at = after_space(self.text.as_bytes(), self.at);
    }

    /// Passes over this byte, and white space before it; false when something else is next.
    fn take(&mut self, expected: u8) -> bool {
        self.space();
        let is_next = byte(self.text.as_bytes(), self.at) == expected;
        self.at += usize::from(is_next);
        is_next
    }
}

/// A value that is read as a structure.
pub(super) struct Fields<'a, const N: usize> {
    /// Its text.
    pub(super) text: &'a str,
    /// Its fields as JSON, in the order of their names; nothing when it cannot be read as one.
    pub(super) values: Option<[Option<&'a str>; N]>,
}

fn present(json: Option<&str>) -> Option<&str> {
    json.filter(|json| *json != "null")
}

/// What a JSON string says; nothing when this is none.
pub(super) fn string(json: &str) -> Option<Cow<'_, str>> {
    let inside = json.strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inside))
}

/// The objects and arrays that a place is within: a bit for each, 1 for an object, the innermost
/// last.
#[derive(Default)]
struct Within {
    depth: u32,
    last: u64,
    /// What is around those 64, where there are more.
    others: Vec<u64>,
}

impl Within {
    fn enter(&mut self, is_object: bool) {
        if self.depth == u64::BITS {
            self.others.push(self.last);
            self.depth = 0;
        }
        self.depth += 1;
        self.last = self.last << 1 | u64::from(is_object);
    }

    fn is_object(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.last & 1 == 1)
    }

    fn leave(&mut self) {
        self.last >>= 1;
        self.depth -= 1;
        if self.depth == 0
            && let Some(last) = self.others.pop()
        {
            (self.last, self.depth) = (last, u64::BITS);
        }
    }
}

/// Where the value ends that begins here.
fn after_value(json: &[u8], mut at: usize) -> Option<usize> {
    let mut within = Within::default();
    loop {
        let first = byte(json, at);
        at = match first {
            b'"' => after_string(json, at + 1)?,
            b'{' | b'[' => {
                let is_object = first == b'{';
                at = after_space(json, at + 1);
                within.enter(is_object);
                match (byte(json, at), is_object) {
                    (b'}', true) | (b']', false) => at,
                    (_, true) => {
                        at = after_name(json, at)?;
                        continue;
                    }
                    (_, false) => continue,
                }
            }
            _ => after_scalar(json, at)?,
        };
        loop {
            let Some(is_object) = within.is_object() else { return Some(at) };
            at = after_space(json, at);
            match (byte(json, at), is_object) {
                (b',', true) => at = after_name(json, after_space(json, at + 1))?,
                (b',', false) => at = after_space(json, at + 1),
                (b'}', true) | (b']', false) => {
                    within.leave();
                    at += 1;
                    continue;
                }
                _ => return None,
            }
            break;
        }
    }
}

/// The byte here. What is behind the end is no byte of JSON either.
fn byte(json: &[u8], at: usize) -> u8 {
    json.get(at).copied().unwrap_or_default()
}

fn after_space(json: &[u8], mut at: usize) -> usize {
    while matches!(byte(json, at), b' ' | b'\n' | b'\t' | b'\r') {
        at += 1;
    }
    at
}

/// Where the value begins, behind the name of its member.
fn after_name(json: &[u8], at: usize) -> Option<usize> {
    if byte(json, at) != b'"' {
        return None;
    }
    let at = after_space(json, after_string(json, at + 1)?);
    (byte(json, at) == b':').then(|| after_space(json, at + 1))
}

/// Where a string ends whose first quotation mark is before this.
fn after_string(json: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += odd_byte(json.get(at..)?)?;
        match byte(json, at) {
            b'"' => break,
            b'\\' => {}
            _ => return None,
        }
        match byte(json, at + 1) {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
            b'u' if json.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => at += 6,
            _ => return None,
        }
    }
    if at - start < WORD {
        return Some(at + 1);
    }
    // All of it, and not up to the first: blocks are compared at once.
    let least = json.get(start..at)?.iter().fold(u8::MAX, |least, byte| least.min(*byte));
    (least >= b' ').then_some(at + 1)
}

/// How many bytes are looked at before a search, which takes longer to begin: most strings, and
/// what stands between two escapes in some, are short.
const WORD: usize = 8;

/// Where the next quotation mark or backslash is, or a control character that is near.
fn odd_byte(text: &[u8]) -> Option<usize> {
    let Some((word, rest)) = text.split_first_chunk::<WORD>() else {
        return text.iter().position(|byte| matches!(byte, 0..b' ' | b'"' | b'\\'));
    };
    match first_odd(u64::from_le_bytes(*word)) {
        0 => memchr::memchr2(b'"', b'\\', rest).map(|at| WORD + at),
        odd => usize::try_from(odd.trailing_zeros() / 8).ok(),
    }
}

/// The first of eight bytes that does not stand for itself: its highest bit is the lowest that is
/// set. Bits above it may be wrong.
fn first_odd(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 255;
    const HIGH: u64 = EACH << 7;
    // What is taken from a byte that is less borrows the highest bit, which the byte had not.
    let less = |word: u64, than: u8| word.wrapping_sub(EACH * u64::from(than)) & !word;
    let equal = |to: u8| less(word ^ (EACH * u64::from(to)), 1);
    (less(word, b' ') | equal(b'"') | equal(b'\\')) & HIGH
}

/// Where a number or a word ends.
fn after_scalar(json: &[u8], at: usize) -> Option<usize> {
    let word = match byte(json, at) {
        b'n' => "null",
        b't' => "true",
        b'f' => "false",
        _ => return after_number(json, at),
    };
    json.get(at..)?.starts_with(word.as_bytes()).then_some(at + word.len())
}

fn after_number(json: &[u8], mut at: usize) -> Option<usize> {
    at += usize::from(byte(json, at) == b'-');
    at = if byte(json, at) == b'0' { at + 1 } else { after_digits(json, at)? };
    if byte(json, at) == b'.' {
        at = after_digits(json, at + 1)?;
    }
    if matches!(byte(json, at), b'e' | b'E') {
        at += 1 + usize::from(matches!(byte(json, at + 1), b'+' | b'-'));
        at = after_digits(json, at)?;
    }
    // One after a leading zero.
    (!byte(json, at).is_ascii_digit()).then_some(at)
}

/// Where digits end, of which there is at least one.
fn after_digits(json: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while byte(json, at).is_ascii_digit() {
        at += 1;
    }
    (at > start).then_some(at)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    /// Serde's own judgement is the expected one.
    fn check(text: &str) {
        let mut cursor = Cursor::new(text);
        let passed = cursor.value().filter(|_| cursor.is_at_end());
        let ignored = serde_json::from_str::<&RawValue>(text).ok().map(RawValue::get);
        assert_eq!(passed, ignored, "{text}");
    }

    /// All texts of at most so many of these pieces.
    fn check_all(most: usize, pieces: &[&str]) {
        let mut texts = vec![String::new()];
        for _ in 0..most {
            let longer =
                |text: &String| pieces.iter().map(|piece| format!("{text}{piece}")).collect();
            texts = texts.iter().flat_map::<Vec<String>, _>(longer).collect();
            for text in &texts {
                check(text);
            }
        }
    }

    #[test]
    fn what_serde_ignores_is_passed_over() {
        check_all(6, &["{", "}", "[", "]", ",", ":", r#""a""#, "1"]);
        check_all(5, &["-", "0", "1", "9", ".", "e", "E", "+", " "]);
        check_all(4, &["\"", "\\", "u", "d83D", "n", "x", "/", "é", "\n", "\u{7f}"]);
        check_all(2, &["null", "true", "false", "nul", "t", " ", "\t", "\r\n", "\u{b}", "\0", ","]);
    }

    #[test]
    fn what_is_odd_is_seen_wherever_it_stands() {
        for length in 0..80 {
            for odd in ["\\n", "\\", "\"", "\u{1f}", "\n", "\\u00e9", "\\ud800", "\u{80}", "!"] {
                for after in [0, 3, 40] {
                    check(&format!("[\"{}{odd}{}\"]", "é ".repeat(length), "a".repeat(after)));
                }
            }
        }
    }

    #[test]
    fn any_depth_is_passed_over() {
        for depth in [1, 63, 64, 65, 128, 129, 1_000] {
            let (open, close) = ("[{\"a\":".repeat(depth), "}]".repeat(depth));
            check(&format!("{open}1{close}"));
            check(&format!("{open}1{close}]"));
            check(&format!("{open}1}}{close}"));
            check(&format!("{}[{}", "[{\"a\":".repeat(depth), "}]".repeat(depth)));
        }
    }

    fn check_fields(text: &str, expected: Option<[Option<&str>; 2]>) {
        #[derive(serde::Deserialize)]
        struct Pair<'a>(
            #[serde(borrow)] Option<&'a RawValue>,
            #[serde(borrow)] Option<&'a RawValue>,
        );
        #[derive(serde::Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            a: Option<&'a RawValue>,
            #[serde(borrow)]
            b: Option<&'a RawValue>,
        }
        let by_serde = serde_json::from_str(text)
            .map(|Named { a, b }| Pair(a, b))
            .ok()
            .map(|Pair(a, b)| [a, b].map(|json| json.map(RawValue::get)));
        assert_eq!(by_serde, expected, "{text}");
        let read = Cursor::new(text).fields(["a", "b"]).unwrap();
        assert_eq!((read.text, read.values), (text, expected));
    }

    #[test]
    fn fields_are_read_as_serde_reads_them() {
        check_fields(r#"{"b":[1],"c":2, "a" : "x"}"#, Some([Some("\"x\""), Some("[1]")]));
        check_fields(r#"{"\u0061":1,"b":null}"#, Some([Some("1"), None]));
        check_fields("{}", Some([None, None]));
        check_fields(r#"{"a":1,"a":1}"#, None);
        check_fields(r#"{"a":null,"a":1}"#, None);
        check_fields(r#"{"c":1,"c":1}"#, Some([None, None]));
        check_fields(r#"{"\ud800":1}"#, None);
        check_fields("[null,{}]", Some([None, Some("{}")]));
        for none in ["[1]", "[1,2,3]", "[]", "1", "\"a\"", "null"] {
            check_fields(none, None);
        }
    }
}
