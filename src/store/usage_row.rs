//! A rollup row: what a key used of a route on a day, for people.

use crate::keys::KeyId;

/// What one request adds to a day's rollup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// Whose.
    pub key: KeyId,
    /// The day, as days since 1970.
    pub day: u64,
    /// The pattern of the route. Not the alias: a row for every name that clients make up would
    /// have no bound.
    pub route: String,
    /// Requests: 1, or 0 for a further attempt of the same one.
    pub requests: u64,
    /// Input tokens, cached ones included.
    pub tokens_in: u64,
    /// Input tokens that came from the provider's cache.
    pub tokens_cached: u64,
    /// Output tokens.
    pub tokens_out: u64,
    /// What it cost, in nano-USD.
    pub nano_usd: u64,
    /// Requests whose provider reported more than the bound.
    pub bound_violations: u64,
}
