//! Golden files under `tests/golden/dialects/openai`: what goes in and what comes out, in files that
//! a person can read. `TOLLGATE_UPDATE_GOLDEN=1` writes what comes out. Chats, answers and events
//! are in a short form that only these tests know.

mod answer_form;
mod block_form;
mod chat_form;
mod client;
mod event_form;
mod json_form;
mod round_trip;
mod setting_form;
mod target;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::settings::variable;

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/dialects/openai").join(kind)
}

/// Every case of a kind gives what its file says.
fn check(kind: &str, output: impl Fn(&str) -> String) {
    let entries = fs::read_dir(folder(kind)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.collect();
    files.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let (inputs, outputs): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|path| name(path).contains(".in."));
    assert!(!inputs.is_empty(), "no cases of {kind}");
    let (mut wrong, mut known) = (String::new(), Vec::new());
    for input in &inputs {
        let found = output(&fs::read_to_string(input).unwrap());
        let extension = if kind == "client_stream" { "sse" } else { "json" };
        let stem = name(input).split(".in.").next().unwrap().to_owned();
        let path = folder(kind).join(format!("{stem}.out.{extension}"));
        known.push(path.clone());
        if variable("TOLLGATE_UPDATE_GOLDEN").is_some() {
            fs::write(&path, found).unwrap();
            continue;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != found {
            write!(wrong, "{}\n--- expected\n{expected}--- found\n{found}", path.display())
                .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let left: Vec<_> = outputs.iter().filter(|path| !known.contains(path)).collect();
    assert!(left.is_empty(), "nothing gives these: {left:?}");
}

/// A case: an object with `about`, and what the kind of case needs.
struct Case(Map<String, Value>, String);

impl Case {
    fn read(text: &str) -> Self {
        let case: Map<String, Value> = serde_json::from_str(text).unwrap();
        assert!(case.contains_key("about"), "a case says what it is about: {text}");
        Self(case, text.to_owned())
    }

    fn value(&self, name: &str) -> Value {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// The `body` with its own bytes, or the `text` that is none.
    fn body(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Body {
            body: Option<Box<RawValue>>,
            text: Option<String>,
        }
        let case: Body = serde_json::from_str(&self.1).unwrap();
        case.body.map_or_else(|| case.text.unwrap(), |json| json.get().to_owned())
    }
}

/// JSON with its members in their order, each on a line of its own; what is short stays on one.
pub(in crate::dialect) fn pretty(json: &str) -> String {
    fn value(json: &RawValue, indent: usize, out: &mut String) {
        type Members<'a> = Vec<(String, &'a RawValue)>;
        let line = format!("\n{}", "  ".repeat(indent + 1));
        let end = format!("\n{}", "  ".repeat(indent));
        let (open, close, members): (_, _, Members<'_>) = match json.get().as_bytes()[0] {
            b'{' => {
                let object = crate::dialect::Object::parse(json.get()).unwrap();
                let member = |(name, value): (&str, _)| {
                    (format!("{}: ", json!(name)), serde_json::from_str(value).unwrap())
                };
                ('{', '}', object.members().map(member).collect())
            }
            b'[' => {
                let elements: Vec<&RawValue> = serde_json::from_str(json.get()).unwrap();
                ('[', ']', elements.into_iter().map(|e| (String::new(), e)).collect())
            }
            _ => return out.push_str(json.get()),
        };
        if json.get().len() < 80 || members.is_empty() {
            return out.push_str(json.get());
        }
        out.push(open);
        for (at, (name, member)) in members.into_iter().enumerate() {
            out.push_str(if at == 0 { "" } else { "," });
            out.push_str(&line);
            out.push_str(&name);
            value(member, indent + 1, out);
        }
        out.push_str(&end);
        out.push(close);
    }
    let mut out = String::new();
    value(serde_json::from_str(json).unwrap(), 0, &mut out);
    out + "\n"
}
