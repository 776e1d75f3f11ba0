//! A value of a request and the place where it stands, so that a refusal can name it.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::dialect::Object;
use crate::dialect::chat::{CacheMark, Knobs};
use crate::dialect::openai::answer::says_something;
use crate::dialect::refuse::expected;
use crate::refusal::Refusal;

/// Where a value stands: `messages[2].content[0].image_url.url`. In the alternate form without the
/// numbers, `messages[].content[].image_url.url`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'p> {
    Body,
    Member(&'p Self, &'p str),
    Element(&'p Self, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => Ok(()),
            Self::Member(Self::Body, name) => f.write_str(name),
            Self::Member(parent, name) => {
                parent.fmt(f)?;
                write!(f, ".{name}")
            }
            Self::Element(parent, at) => {
                parent.fmt(f)?;
                if f.alternate() { f.write_str("[]") } else { write!(f, "[{at}]") }
            }
        }
    }
}

/// A value as JSON. It is never `null`, which counts as absent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a, 'p> {
    json: &'a str,
    path: Path<'p>,
}

impl<'a, 'p> Value<'a, 'p> {
    /// The whole body of a request.
    pub(super) fn body(json: &'a str) -> Self {
        Self { json, path: Path::Body }
    }

    /// The refusal of what is not `what`.
    pub(super) fn refuse(&self, what: &str) -> Refusal {
        expected(&self.path.to_string(), what, self.json)
    }

    pub(super) fn is_text(&self) -> bool {
        self.json.starts_with('"')
    }

    pub(super) fn is_list(&self) -> bool {
        self.json.starts_with('[')
    }

    pub(super) fn is_object(&self) -> bool {
        self.json.starts_with('{')
    }

    pub(super) fn is_number(&self) -> bool {
        self.json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
    }

    pub(super) fn text(&self) -> Result<String, Refusal> {
        self.read("a string")
    }

    /// A text that is not empty.
    pub(super) fn word(&self) -> Result<String, Refusal> {
        let word = self.text()?;
        if word.is_empty() { Err(self.refuse("a string that is not empty")) } else { Ok(word) }
    }

    pub(super) fn flag(&self) -> Result<bool, Refusal> {
        self.read("true or false")
    }

    pub(super) fn integer(&self) -> Result<u64, Refusal> {
        self.read("an integer of 0 or more")
    }

    /// One of these words, and what it stands for.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Refusal> {
        let word = self.text().ok();
        let found = words.iter().find(|(known, _)| word.as_deref() == Some(known));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
            self.refuse(&format!("one of {}", known.join(", ")))
        })
    }

    pub(super) fn object(self) -> Result<Fields<'a, 'p>, Refusal> {
        match Object::parse(self.json) {
            Ok(object) => Ok(Fields { object, path: self.path }),
            Err(_) => Err(self.refuse("an object")),
        }
    }

    pub(super) fn list(self) -> Result<List<'a, 'p>, Refusal> {
        match serde_json::from_str(self.json) {
            Ok(elements) => Ok(List { elements, path: self.path }),
            Err(_) => Err(self.refuse("an array")),
        }
    }

    /// The JSON as it came.
    pub(super) fn raw(&self) -> Box<RawValue> {
        raw(self.json)
    }

    fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, Refusal> {
        serde_json::from_str(self.json).map_err(|_| self.refuse(what))
    }
}

/// The members of an object.
#[derive(Debug)]
pub(super) struct Fields<'a, 'p> {
    object: Object<'a>,
    path: Path<'p>,
}

impl<'a> Fields<'a, '_> {
    pub(super) fn get<'s>(&'s self, name: &'s str) -> Option<Value<'a, 's>> {
        let json = self.object.value(name)?;
        Some(Value { json, path: Path::Member(&self.path, name) })
    }

    /// A member that must be there.
    pub(super) fn need<'s>(&'s self, name: &'s str, what: &str) -> Result<Value<'a, 's>, Refusal> {
        self.get(name).ok_or_else(|| {
            let path = Path::Member(&self.path, name).to_string();
            let message = format!("'{path}' is missing: it must be {what}.");
            Refusal::field(path, message)
        })
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.get(name).map(|value| value.text()).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.get(name).map(|value| value.flag()).transpose()
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<u64>, Refusal> {
        self.get(name).map(|value| value.integer()).transpose()
    }

    /// Anthropic's marker of what is to be cached, which clients set on messages and tools of this
    /// dialect too.
    pub(super) fn cache(&self) -> Result<CacheMark, Refusal> {
        let mark = self.get("cache_control");
        mark.map(|mark| mark.object().map(|_| mark.raw())).transpose()
    }

    /// Every member as it stands.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.object.members()
    }

    /// Carries what is said beyond the known fields to the knobs, by its place without the numbers
    /// (`messages[].audio`), so that a target without a place for it notes it. The first of several
    /// stands for all.
    pub(super) fn carry_others(&self, known: &[&str], knobs: &mut Knobs) {
        for (name, json) in self.members().filter(|(name, _)| !known.contains(name)) {
            let value = raw(json);
            if says_something(&value) {
                let place = format!("{:#}", Path::Member(&self.path, name));
                knobs.entry(place).or_insert(value);
            }
        }
    }
}

/// The elements of an array.
#[derive(Debug)]
pub(super) struct List<'a, 'p> {
    elements: Vec<&'a RawValue>,
    path: Path<'p>,
}

impl<'a> List<'a, '_> {
    pub(super) fn values(&self) -> impl Iterator<Item = Value<'a, '_>> {
        let place = |at| Path::Element(&self.path, at);
        self.elements
            .iter()
            .enumerate()
            .map(move |(at, element)| Value { json: element.get(), path: place(at) })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }
}

/// Text that is known to be JSON.
fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
