//! Settlement: what evidence allows to be given back.

use super::Price;
use super::account::Account;
use super::limits::Unit;
use crate::dialect::Usage;

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
            (_, Unit::Requests | Unit::InFlight) => Some(held),
            (Self::Unbilled, _) => Some(0),
            (Self::Exact { usage, .. }, Unit::Tokens) => Some(usage.total()),
            (Self::Exact { usage, .. }, Unit::InputTokens) => Some(usage.input()),
            (Self::Exact { usage, .. }, Unit::OutputTokens) => Some(usage.output),
            (Self::Exact { nano_usd, .. }, Unit::NanoUsd) => *nano_usd,
        }
    }
}

/// A change of one counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The counter's name.
    pub counter: String,
    /// How much is given back; below zero when more was used than held.
    pub give_back: i64,
    /// How much is settled, so that what is left, held and spent can be told apart.
    pub spent: u64,
}

/// The end of what was held of one account: one write, applied at most once. Giving back twice
/// would break the limit; not giving back only wastes some of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Whose item.
    pub account: Account,
    /// What is given back and what was spent.
    pub changes: Vec<Change>,
    /// The lease that ends.
    pub release: Option<String>,
    /// Counters that nothing needs any more, as long as the account has the shape that they were
    /// judged by: a limit that was set since then may need them.
    pub stale: Vec<String>,
    /// The text of that shape.
    pub shape: String,
    /// Leases of requests that have long ended without saying so.
    pub stale_leases: Vec<String>,
}

impl Part {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && self.release.is_none()
            && self.stale.is_empty()
            && self.stale_leases.is_empty()
    }
}

/// The end of a hold, account by account.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a settlement is written by a store"]
pub struct Settlement {
    /// What is written to each account.
    pub parts: Vec<Part>,
    /// Whether the provider reported more than the bound.
    pub bound_violation: bool,
}
