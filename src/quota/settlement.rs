//! Settlement: what evidence allows to be given back.

use super::Price;
use super::limits::Unit;
use crate::dialect::Usage;
use crate::keys::KeyId;

/// What is known of a request's true cost at its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// The provider reported its exact usage.
    Exact {
        /// The provider's figures.
        usage: Usage,
        /// What they cost, where the target has a price.
        nano_usd: Option<u64>,
    },
    /// Something may have been billed and nobody says how much: nothing is given back.
    Unknown,
    /// No provider can have billed anything; the request itself still counts.
    Unbilled,
    /// The request was refused before any provider: everything is given back.
    Void,
}

impl Evidence {
    /// Exact evidence at a target's price.
    pub fn exact(usage: Usage, price: Option<&Price>) -> Self {
        let nano_usd = price.map(|price| price.of(&usage));
        Self::Exact { usage, nano_usd }
    }

    /// How much of a unit was used; nothing when it cannot be said.
    pub fn used(&self, unit: Unit, held: u64) -> Option<u64> {
        match (self, unit) {
            (Self::Unknown, _) => None,
            (Self::Void, _) => Some(0),
            (_, Unit::Requests) => Some(held),
            (Self::Unbilled, _) => Some(0),
            (Self::Exact { usage, .. }, Unit::Tokens) => Some(usage.total()),
            (Self::Exact { nano_usd, .. }, Unit::NanoUsd) => *nano_usd,
        }
    }
}

/// A change of one counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GiveBack {
    /// The counter's name.
    pub counter: String,
    /// How much is given back; below zero when the provider reported more than was held.
    pub amount: i64,
}

/// The end of a hold: one write, at most once, never retried. Giving back twice would break the
/// limit; not giving back only wastes some of it.
#[derive(Debug, PartialEq)]
#[must_use = "a settlement is written by a store"]
pub struct Settlement {
    /// Whose item.
    pub key: KeyId,
    /// What is given back.
    pub give_back: Vec<GiveBack>,
    /// Counters that nothing needs any more.
    pub stale: Vec<String>,
    /// Whether the provider reported more than the bound.
    pub bound_violation: bool,
}

impl Settlement {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.give_back.is_empty() && self.stale.is_empty()
    }
}
