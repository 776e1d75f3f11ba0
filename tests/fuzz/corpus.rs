//! What mutations begin with: the golden files, and what `tests/fuzz/corpus` keeps for each target.
//!
//! A file of the corpus is text: `\xNN` is a byte, all else stands for itself, and the last line end
//! belongs to the file. JSON knows no `\x`, so that it can be read and written as it is.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// The inputs that are kept under this name.
pub(super) fn kept(name: &str) -> Vec<Vec<u8>> {
    let files = files(&folder("fuzz/corpus").join(name));
    assert!(!files.is_empty(), "no corpus {name}");
    let read = |path: &PathBuf| unescaped(&fs::read(path).unwrap());
    files.iter().map(read).collect()
}

/// What goes into the golden cases under a path, each without its head.
pub(super) fn golden(path: &str) -> Vec<Vec<u8>> {
    let files = files(&folder("golden").join(path));
    let inputs: Vec<Vec<u8>> = files.iter().filter_map(|path| golden_input(path)).collect();
    assert!(!inputs.is_empty(), "no golden cases in {path}");
    inputs
}

/// What comes out of the golden cases under a path.
pub(super) fn golden_output(path: &str, ending: &str) -> Vec<Vec<u8>> {
    let files = files(&folder("golden").join(path));
    let outputs = files.iter().filter(|path| path.to_str().unwrap().ends_with(ending));
    let outputs: Vec<Vec<u8>> = outputs.map(|path| fs::read(path).unwrap()).collect();
    assert!(!outputs.is_empty(), "no {ending} in {path}");
    outputs
}

fn golden_input(path: &Path) -> Option<Vec<u8>> {
    let name = path.file_name()?.to_str()?;
    let text = || fs::read_to_string(path).unwrap();
    if name == "in.txt" || name.ends_with(".in.txt") {
        let text = text();
        let (head, payload) = text.split_once("\n\n").unwrap_or((&text, ""));
        let newline = if head.contains("newline: crlf") { "\r\n" } else { "\n" };
        Some(payload.replace('\n', newline).into_bytes())
    } else if name.ends_with(".in.sse") {
        Some(text().into_bytes())
    } else if name.ends_with(".in.json") {
        Some(json_input(text()).into_bytes())
    } else {
        None
    }
}

/// A case in JSON has its body under `body`, or under `text` where it is none.
fn json_input(text: String) -> String {
    let Ok(case) = serde_json::from_str::<Value>(&text) else { return text };
    match (case.get("body"), case.get("text")) {
        (Some(Value::String(text)), _) | (None, Some(Value::String(text))) => text.clone(),
        (Some(body), _) => body.to_string(),
        _ => text,
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

/// A number for some bytes (FNV-1a).
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, step)
}

/// Bytes as a file of the corpus has them.
pub(super) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.peek() == Some(&'x') => text.push_str("\\x5c"),
                c if c.is_control() && c != '\n' || c == '\u{feff}' => {
                    let mut buffer = [0; 4];
                    push_bytes(c.encode_utf8(&mut buffer).as_bytes(), &mut text);
                }
                c => text.push(c),
            }
        }
        push_bytes(chunk.invalid(), &mut text);
    }
    text + "\n"
}

fn push_bytes(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        write!(text, "\\x{byte:02x}").unwrap();
    }
}

/// What a file of the corpus stands for.
pub(super) fn unescaped(file: &[u8]) -> Vec<u8> {
    let mut rest = file.strip_suffix(b"\n").unwrap_or(file);
    let mut bytes = Vec::new();
    while let Some((first, behind)) = rest.split_first() {
        let digits = rest.strip_prefix(b"\\x").and_then(|digits| digits.get(..2));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &rest[4..] } else { behind };
    }
    bytes
}

#[test]
fn every_input_comes_back_from_its_file() {
    let check = |bytes: &[u8], text: &str| {
        assert_eq!(escaped(bytes), text);
        assert_eq!(unescaped(text.as_bytes()), bytes, "{text}");
    };
    check(b"{\"a\":\"\\u0000\\\"\"}", "{\"a\":\"\\u0000\\\"\"}\n");
    check(b"data: a\r\n\r\n", "data: a\\x0d\n\\x0d\n\n");
    check(b"\xEF\xBB\xBF\xC3 \0 \\x41 \\\\x", "\\xef\\xbb\\xbf\\xc3 \\x00 \\x5cx41 \\\\x5cx\n");
    check("é😀\u{85}".as_bytes(), "é😀\\xc2\\x85\n");
    check(b"", "\n");
    let every: Vec<u8> = (0..=255).collect();
    assert_eq!(unescaped(escaped(&every).as_bytes()), every);
}

/// A file that nothing reads would be believed by whoever reads it.
#[test]
fn every_corpus_is_somebodys() {
    let entries = fs::read_dir(folder("fuzz/corpus")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    let known = [
        "answer",
        "anthropic_request",
        "anthropic_stream",
        "converse_stream",
        "error",
        "event_stream",
        "object",
        "openai_request",
        "openai_stream",
        "sse",
    ];
    assert_eq!(names, known);
}
