//! What is added up.

use serde_json::{Map, Value};

use crate::store::dynamo::layout::{Row, integer};

/// The figures of a rollup, by the names that they have in the table.
pub(super) const FIGURES: [&str; 8] = [
    "requests",
    "tokens_in",
    "tokens_cached",
    "tokens_out",
    "nano_usd",
    "kept_tokens",
    "kept_nano_usd",
    "bound_violations",
];

/// One value for each of [`FIGURES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals([u64; FIGURES.len()]);

impl Totals {
    /// The figures of a row; what is missing is 0.
    pub(super) fn of(row: &Row) -> Self {
        Self(FIGURES.map(|name| integer(row.get(name)).unwrap_or(0)))
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own = own.saturating_add(other);
        }
    }

    /// The figure of that name.
    pub(super) fn get(&self, name: &str) -> u64 {
        self.named().find(|(own, _)| *own == name).map_or(0, |(_, value)| value)
    }

    pub(super) fn tokens(&self) -> u64 {
        self.get("tokens_in").saturating_add(self.get("tokens_out"))
    }

    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        FIGURES.into_iter().zip(self.0)
    }

    /// For machines: whole numbers.
    pub(super) fn json(&self) -> Map<String, Value> {
        self.named().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }

    #[cfg(test)]
    pub(super) fn new(requests: u64, tokens_in: u64, tokens_out: u64, nano_usd: u64) -> Self {
        Self([requests, tokens_in, 0, tokens_out, nano_usd, 0, 0, 0])
    }
}
