//! Reads the fields of a map and notices the ones that nobody asked for.

use std::cell::RefCell;

use super::problems::{Position, Problems, unknown_name};
use super::tree::{Entry, Kind, Node};

/// A map that is being read. Every reader notes its name as known; [`Fields::finish`] reports the
/// rest.
pub(super) struct Fields<'a> {
    path: String,
    at: Option<Position>,
    entries: &'a [Entry],
    known: RefCell<Vec<&'static str>>,
    problems: &'a Problems,
}

/// One value with its place.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) path: String,
    pub(super) at: Option<Position>,
    pub(super) node: &'a Node,
    problems: &'a Problems,
}

impl<'a> Item<'a> {
    pub(super) fn root(node: &'a Node, problems: &'a Problems) -> Self {
        Self { path: String::new(), at: node.at, node, problems }
    }

    /// Notes a mistake here.
    pub(super) fn problem(&self, message: impl Into<String>) {
        self.problems.add(self.at, &self.path, message);
    }

    fn expected(&self, what: &str) {
        self.problem(format!("expected {what}, found {}", self.node.describe()));
    }

    /// The map at this place.
    pub(super) fn fields(&self) -> Option<Fields<'a>> {
        let Kind::Map(entries) = &self.node.kind else {
            self.expected("a map");
            return None;
        };
        Some(Fields {
            path: self.path.clone(),
            at: self.at,
            entries,
            known: RefCell::default(),
            problems: self.problems,
        })
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        match &self.node.kind {
            Kind::Text(text) if !text.is_empty() => Some(text),
            // A name that looks like a number is still a name.
            Kind::Number(text) => Some(text),
            _ => {
                self.expected("a text");
                None
            }
        }
    }

    /// A whole number between two others.
    pub(super) fn integer(&self, min: u64, max: u64) -> Option<u64> {
        let value = match &self.node.kind {
            Kind::Number(text) => text.parse::<u64>().ok(),
            _ => None,
        };
        let value = value.filter(|value| (min..=max).contains(value));
        if value.is_none() {
            self.expected(&format!("a whole number from {min} to {max}"));
        }
        value
    }

    /// A decimal number times a million, exact to six decimals.
    pub(super) fn millionths(&self) -> Option<u64> {
        let value = match &self.node.kind {
            Kind::Number(text) => millionths(text),
            _ => None,
        };
        if value.is_none() {
            self.expected("an amount of US dollars with at most six decimals");
        }
        value
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.node.kind, Kind::Map(_))
    }

    pub(super) fn list(&self) -> Vec<Self> {
        let Kind::List(items) = &self.node.kind else {
            self.expected("a list");
            return vec![];
        };
        let item = |(index, node): (usize, &'a Node)| Self {
            path: format!("{}[{index}]", self.path),
            at: node.at,
            node,
            problems: self.problems,
        };
        items.iter().enumerate().map(item).collect()
    }
}

impl<'a> Fields<'a> {
    /// The value of a field, if it is there and not null.
    pub(super) fn item(&self, name: &'static str) -> Option<Item<'a>> {
        self.known.borrow_mut().push(name);
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        (entry.value.kind != Kind::Null).then(|| self.item_of(entry))
    }

    fn item_of(&self, entry: &'a Entry) -> Item<'a> {
        let dot = if self.path.is_empty() { "" } else { "." };
        Item {
            path: format!("{}{dot}{}", self.path, entry.name),
            at: entry.value.at,
            node: &entry.value,
            problems: self.problems,
        }
    }

    /// Every entry of a map whose names are free, with the place of the name.
    pub(super) fn named_items(&self) -> Vec<(&'a str, Item<'a>)> {
        self.entries
            .iter()
            .map(|entry| (entry.name.as_str(), Item { at: entry.at, ..self.item_of(entry) }))
            .collect()
    }

    /// A field that must be there.
    pub(super) fn required(&self, name: &'static str) -> Option<Item<'a>> {
        let item = self.item(name);
        if item.is_none() {
            self.problem(format!("'{name}' is missing"));
        }
        item
    }

    /// Notes a mistake about the whole map.
    pub(super) fn problem(&self, message: impl Into<String>) {
        self.problems.add(self.at, &self.path, message);
    }

    pub(super) fn text(&self, name: &'static str) -> Option<&'a str> {
        self.item(name)?.text()
    }

    pub(super) fn bool(&self, name: &'static str) -> Option<bool> {
        let item = self.item(name)?;
        let Kind::Bool(value) = item.node.kind else {
            item.expected("true or false");
            return None;
        };
        Some(value)
    }

    /// A whole number between two others.
    pub(super) fn integer(&self, name: &'static str, min: u64, max: u64) -> Option<u64> {
        self.item(name)?.integer(min, max)
    }

    /// A decimal number times a million, exact to six decimals.
    pub(super) fn millionths(&self, name: &'static str) -> Option<u64> {
        self.item(name)?.millionths()
    }

    pub(super) fn list(&self, name: &'static str) -> Vec<Item<'a>> {
        self.item(name).map(|item| item.list()).unwrap_or_default()
    }

    /// Reports every field that nobody asked for.
    pub(super) fn finish(self) {
        let known = self.known.borrow();
        for entry in self.entries {
            if !known.contains(&entry.name.as_str()) {
                let message = unknown_name("field", &entry.name, known.iter().copied());
                self.problems.add(entry.at, &self.path, message);
            }
        }
    }
}

/// `"0.28"` to `280000`.
pub fn millionths(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let fraction: u64 = format!("{fraction:0<6}").parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let cases = [
            ("0.28", Some(280_000)),
            ("3", Some(3_000_000)),
            ("0.000001", Some(1)),
            ("0.0375", Some(37_500)),
            ("0.0000001", None),
            ("-1", None),
            ("1e3", None),
            (".5", None),
            ("99999999999999999999", None),
        ];
        for (text, expected) in cases {
            assert_eq!(millionths(text), expected, "{text}");
        }
    }
}
