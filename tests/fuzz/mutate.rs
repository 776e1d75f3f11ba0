//! Mutations: from inputs that mean something to inputs that nearly do.

use std::ops::Range;
use std::sync::LazyLock;

use super::corpus::unescaped;

/// Numbers that look random, and are the same for every run with one seed (`SplitMix64`).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap().max(1);
        usize::try_from(self.roll() % end).unwrap()
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Larger inputs take longer and show nothing more.
const MOST_BYTES: usize = 12 << 10;

/// Words with blanks in between; bytes are written as in the corpus.
fn words(text: &str) -> Vec<Vec<u8>> {
    text.split_whitespace().map(|word| unescaped(word.as_bytes())).collect()
}

/// What means something to somebody: JSON, events, base64, credentials.
static TOKENS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    words(
        r#"{ } [ ] " \ : , \x20 \x09 \x00 \x0d \x0a \x0d\x0a \x0a\x0a \x0d\x0a\x0d\x0a \x0a\x0d\x0a
        data: data:\x20 event:\x20 event:\x20error\x0a :\x20 data:\x20[DONE]\x0a\x0a \xef\xbb\xbf
        \xef\xbb \xc3 \xf0\x9f\x98 \xff \xc2\x85 \xe2\x80\xa8 \u0000 \u000a \ud83d \ude00 \ud800x
        \" \n - 0 1e999 = //8= sk- tg- eyJ arn:aws:iam::1 "type": "text": "index": "id": null {} []
        "" event:\x20 id: retry:"#,
    )
});

/// JSON values that are not what was expected.
static VALUES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    words(
        r#"null true false 0 1 -1 1.5 1e3 1e999 -0 128 999999999999 18446744073709551615
        18446744073709551616 "" "\x20" "x" "\u0000" "\ud800" "\n\r" "😀" {} [] [{}] [null] [""]
        {"a":null} {"type":"text","text":"t"} {"type":"x"} [[1],[2]] "{}" "{\"a\":1}" "}{" "tool_use"
        "text" "error" "assistant" "tool" "stop" "data:image/png;base64,AA==" "https://a.example"
        {"type":"ephemeral","ttl":"1h"}"#,
    )
});

/// What may stand inside a JSON text, and look like its end or like something else.
static WORDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    words(
        r#"\x20 x { } [ , : \u0000 \u001f \ud83d\ude00 \ud800 \n \r\n\r\n \" \\ \t é 😀 \xe2\x80\xa8
        \xc2\x85 data:\x20 sk-abcdef eyJhbGciOi arn:aws:iam::123456789012:role/x = call_ [DONE]"#,
    )
});

/// An input out of the corpus with some mutations. Most inputs keep their shape, so that they are
/// still read beyond their first byte.
pub(super) fn mutated(dice: &mut Dice, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = dice.pick(corpus).clone();
    let mutate = if dice.below(4) == 0 { anyhow } else { in_its_shape };
    for _ in 0..=dice.below(4) {
        mutate(dice, &mut input, corpus);
        input.truncate(MOST_BYTES);
    }
    input
}

fn in_its_shape(dice: &mut Dice, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    match dice.below(8) {
        0 | 1 => {
            let value = dice.pick(&VALUES);
            replace_value(dice, input, value);
        }
        2 | 3 => {
            let other = dice.pick(corpus);
            let value = other[some_value(dice, other)].to_vec();
            replace_value(dice, input, &value);
        }
        4 | 5 => insert_into_text(dice, input),
        6 => edit_lines(dice, input),
        _ => edit_members(dice, input),
    }
}

fn anyhow(dice: &mut Dice, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    match dice.below(10) {
        0 => flip(dice, input),
        1 => drop(input.drain(range(dice, input.len()))),
        2 | 3 => {
            let token = dice.pick(&TOKENS);
            insert(dice, input, token);
        }
        4 => {
            let again = input[range(dice, input.len())].to_vec();
            insert(dice, input, &again);
        }
        5 => {
            let other = dice.pick(corpus);
            let (kept, taken) = (dice.below(input.len() + 1), dice.below(other.len() + 1));
            input.truncate(kept);
            input.extend(&other[taken..]);
        }
        6 => {
            let other = dice.pick(corpus);
            let piece = other[range(dice, other.len())].to_vec();
            insert(dice, input, &piece);
        }
        7 => nest(dice, input),
        8 => change_line_ends(dice, input),
        _ => {
            let length = dice.below(input.len() + 1);
            input.truncate(length);
        }
    }
}

fn flip(dice: &mut Dice, input: &mut [u8]) {
    let at = dice.below(input.len());
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << dice.below(8);
    }
}

fn insert(dice: &mut Dice, input: &mut Vec<u8>, bytes: &[u8]) {
    let at = dice.below(input.len() + 1);
    input.splice(at..at, bytes.iter().copied());
}

/// Mostly a short one.
fn range(dice: &mut Dice, length: usize) -> Range<usize> {
    let start = dice.below(length);
    let longest = if dice.below(4) == 0 { length } else { 16 };
    start..length.min(start + dice.below(longest) + 1)
}

fn replace_value(dice: &mut Dice, input: &mut Vec<u8>, value: &[u8]) {
    let place = some_value(dice, input);
    input.splice(place, value.iter().copied());
}

/// Where some JSON value stands: one of a line, of which there are several.
fn some_value(dice: &mut Dice, text: &[u8]) -> Range<usize> {
    for _ in 0..4 {
        let line = some_line(dice, text);
        let (values, _) = places(&text[line.clone()]);
        if !values.is_empty() {
            let start = line.start + dice.pick(&values);
            return start..start + value_length(&text[start..]);
        }
    }
    range(dice, text.len())
}

fn some_line(dice: &mut Dice, text: &[u8]) -> Range<usize> {
    let (before, behind) = text.split_at(dice.below(text.len()));
    let is_end = |byte: &u8| *byte == b'\n';
    let start = before.iter().rposition(is_end).map_or(0, |at| at + 1);
    let end = behind.iter().position(is_end).unwrap_or(behind.len());
    start..before.len() + end
}

/// Where values begin in a line, and where the commas between them are.
fn places(line: &[u8]) -> (Vec<usize>, Vec<usize>) {
    let (mut values, mut commas, mut lists) = (Vec::new(), Vec::new(), Vec::new());
    let (mut in_text, mut escaped) = (false, false);
    for (at, byte) in line.iter().enumerate() {
        let mut begins = false;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                begins = *byte == b'[' && line.get(at + 1) != Some(&b']');
                lists.push(*byte == b'[');
            }
            b'}' | b']' => drop(lists.pop()),
            b':' => begins = true,
            b',' => {
                begins = lists.last() == Some(&true);
                commas.push(at);
            }
            _ => {}
        }
        if begins {
            let blank = line[at + 1..].iter().take_while(|byte| **byte == b' ').count();
            values.push(at + 1 + blank);
        }
    }
    (values, commas)
}

/// Puts a word into a text: behind the first quote that follows a random place, or some way further.
fn insert_into_text(dice: &mut Dice, input: &mut Vec<u8>) {
    let place = some_value(dice, input);
    if input.get(place.start) == Some(&b'"') && place.len() > 1 {
        let at = place.start + 1 + dice.below(place.len() - 1);
        // Not into the middle of an escape, mostly.
        let at = if input[at - 1] == b'\\' { at - 1 } else { at };
        let word = dice.pick(&WORDS);
        input.splice(at..at, word.iter().copied());
    }
}

/// Takes a member or an element away, or writes it twice.
fn edit_members(dice: &mut Dice, input: &mut Vec<u8>) {
    let line = some_line(dice, input);
    let (_, commas) = places(&input[line.clone()]);
    if commas.is_empty() {
        return;
    }
    let start = line.start + dice.pick(&commas);
    let mut end = start + 1 + value_length(&input[start + 1..]);
    if input.get(end) == Some(&b':') {
        end += 1 + value_length(&input[end + 1..]);
    }
    let member = input[start..end].to_vec();
    let again = if dice.below(3) == 0 { member.repeat(2) } else { vec![] };
    input.splice(start..end, again);
}

fn value_length(text: &[u8]) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => {
                in_string = !in_string;
                if depth == 0 && !in_string {
                    return at + 1;
                }
            }
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return at + depth,
            b'}' | b']' => depth -= 1,
            b',' | b'\n' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// Puts a value deep inside of others.
fn nest(dice: &mut Dice, input: &mut Vec<u8>) {
    let place = some_value(dice, input);
    let depth = *dice.pick(&[1, 2, 60, 125, 130, 1_000]);
    let (open, close): (&[u8], &[u8]) =
        if dice.below(2) == 0 { (b"[", b"]") } else { (b"{\"a\":", b"}") };
    let nested = [&open.repeat(depth), &input[place.clone()], &close.repeat(depth)].concat();
    input.splice(place, nested);
}

/// Takes a line away, writes it twice, or changes its place: lines are events, or parts of them.
fn edit_lines(dice: &mut Dice, input: &mut Vec<u8>) {
    let separator: &[u8] = if dice.below(2) == 0 { b"\n" } else { b"\n\n" };
    let mut lines = Vec::new();
    let mut rest = input.as_slice();
    while let Some(at) = rest.windows(separator.len()).position(|bytes| bytes == separator) {
        lines.push(rest[..at].to_vec());
        rest = &rest[at + separator.len()..];
    }
    lines.push(rest.to_vec());
    let (from, to) = (dice.below(lines.len()), dice.below(lines.len()));
    match dice.below(3) {
        0 => drop(lines.remove(from)),
        1 => lines.insert(to, lines[from].clone()),
        _ => lines.swap(from, to),
    }
    *input = lines.join(separator);
}

fn change_line_ends(dice: &mut Dice, input: &mut Vec<u8>) {
    let ends: [&[u8]; 3] = [b"\r", b"\r\n", b"\n\r"];
    let end = *dice.pick(&ends);
    let all = dice.below(2) == 0;
    let mut changed = Vec::with_capacity(input.len() * 2);
    for byte in input.iter() {
        if *byte == b'\n' && (all || dice.below(3) == 0) {
            changed.extend(end);
        } else {
            changed.push(*byte);
        }
    }
    *input = changed;
}

#[test]
fn values_are_found_in_texts() {
    let check = |text: &str, expected: &str| {
        let length = value_length(text.as_bytes());
        assert_eq!(&text[..length], expected, "{text}");
    };
    check(r#""a\"]",1"#, r#""a\"]""#);
    check(r#"{"a":[1,"}"]},2"#, r#"{"a":[1,"}"]}"#);
    check("12}", "12");
    check("[]]", "[]");
    check("null,", "null");
    check("[1,", "[1,");
    check("", "");
}

#[test]
fn values_keep_their_shape() {
    let text = br#"data: {"a":[1,{"b,":"c:"}],"d":[]}"#;
    let (values, commas) = places(text);
    let value =
        |at: &usize| std::str::from_utf8(&text[*at..*at + value_length(&text[*at..])]).unwrap();
    let found: Vec<&str> = values.iter().map(value).collect();
    let whole = r#"{"a":[1,{"b,":"c:"}],"d":[]}"#;
    assert_eq!(found, [whole, r#"[1,{"b,":"c:"}]"#, "1", r#"{"b,":"c:"}"#, r#""c:""#, "[]"]);
    assert_eq!(commas, [13, 26]);
}
