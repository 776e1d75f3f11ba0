//! A document as a tree that remembers where everything stood.

use serde_json::Value;

use super::problems::Position;

/// One value of a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) at: Option<Position>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// As it was written, so that prices stay exact.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) at: Option<Position>,
    pub(super) value: Node,
}

impl Node {
    /// What it is, for an error.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Bool(value) => value.to_string(),
            Kind::Number(number) => number.clone(),
            Kind::Text(text) => format!("'{}'", text.chars().take(40).collect::<String>()),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
        }
    }

    /// The tree of a stored document.
    pub(super) fn from_json(value: &Value) -> Self {
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(number) => Kind::Number(number.to_string()),
            Value::String(text) => Kind::Text(text.clone()),
            Value::Array(items) => Kind::List(items.iter().map(Self::from_json).collect()),
            Value::Object(members) => Kind::Map(
                members
                    .iter()
                    .map(|(name, value)| Entry {
                        name: name.clone(),
                        at: None,
                        value: Self::from_json(value),
                    })
                    .collect(),
            ),
        };
        Self { at: None, kind }
    }

    /// The document as it is stored.
    pub(super) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            // A number that JSON cannot write (.inf) stays the text that it was.
            Kind::Number(number) => {
                serde_json::from_str(number).unwrap_or_else(|_| Value::String(number.clone()))
            }
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => Value::Object(
                entries.iter().map(|entry| (entry.name.clone(), entry.value.to_json())).collect(),
            ),
        }
    }
}
