//! Golden files: what goes in and what comes out, one file each, for every face of the dialect.
//! `NAME.in.txt` holds `# why` and `setting: value` lines, an empty line, and the bytes;
//! `TOLLGATE_UPDATE_GOLDEN=1` writes `NAME.out.txt`.

mod client;
mod direct;
mod errors;
mod lines;
mod target;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::dialect::sse;
use crate::dialect::sse::tests::read_however_cut;
use crate::settings::variable;

struct Input {
    settings: BTreeMap<String, String>,
    payload: String,
}

impl Input {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let (head, payload) = text.split_once("\n\n").unwrap();
        let settings = head.lines().filter(|line| !line.starts_with('#'));
        let settings = settings.map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{path:?}: {line}"));
            (name.to_owned(), value.to_owned())
        });
        Self { settings: settings.collect(), payload: payload.to_owned() }
    }

    /// Each setting can be asked for once, so that one that nobody reads is seen.
    fn take(&mut self, name: &str) -> Option<String> {
        self.settings.remove(name)
    }

    fn is(&mut self, name: &str, value: &str) -> bool {
        self.take(name).as_deref() == Some(value)
    }

    /// The events of a stream, however its bytes were cut.
    fn events(&mut self) -> Vec<sse::Event> {
        let newline = if self.is("newline", "crlf") { "\r\n" } else { "\n" };
        read_however_cut(self.payload.replace('\n', newline).as_bytes())
    }

    fn body(&self) -> &str {
        self.payload.strip_suffix('\n').unwrap_or(&self.payload)
    }
}

/// The files of a kind, in order.
fn files(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/dialects/anthropic");
    let entries = fs::read_dir(folder.join(kind)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn check(kind: &str, output: fn(&mut Input) -> String) {
    let mut wrong = String::new();
    let paths = files(kind);
    let (ins, outs): (Vec<_>, Vec<_>) =
        paths.iter().map(|path| path.to_str().unwrap()).partition(|path| path.ends_with(".in.txt"));
    assert!(!ins.is_empty(), "no cases of {kind}");
    for path in &ins {
        let mut input = Input::read(Path::new(path));
        let found = output(&mut input);
        assert!(input.settings.is_empty(), "{path}: nobody reads {:?}", input.settings);
        let out = path.replace(".in.txt", ".out.txt");
        if variable("TOLLGATE_UPDATE_GOLDEN").is_some() {
            fs::write(&out, &found).unwrap();
        } else if fs::read_to_string(&out).unwrap_or_default() != found {
            write!(wrong, "\n{out} should be:\n{found}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let left = outs.iter().find(|out| !ins.contains(&out.replace(".out.txt", ".in.txt").as_str()));
    assert_eq!(left, None, "nothing writes it");
}

fn pretty(json: &str) -> String {
    assert!(serde_json::from_str::<Value>(json).is_ok(), "{json}");
    // The order of the members is a part of what is looked at, and `Value` would sort them.
    let mut out = String::new();
    let (mut depth, mut text, mut escaped) = (0_usize, false, false);
    for c in json.chars() {
        if text {
            out.push(c);
            text = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' => {
                depth += 1;
                out.push(c);
                if depth <= 3 {
                    write!(out, "\n{}", "  ".repeat(depth)).unwrap();
                }
            }
            '}' | ']' => {
                if depth <= 3 {
                    write!(out, "\n{}", "  ".repeat(depth - 1)).unwrap();
                }
                depth -= 1;
                out.push(c);
            }
            ',' if depth <= 3 => write!(out, ",\n{}", "  ".repeat(depth)).unwrap(),
            ',' => out.push_str(", "),
            ':' => out.push_str(": "),
            '"' => {
                text = true;
                out.push(c);
            }
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out + "\n"
}
