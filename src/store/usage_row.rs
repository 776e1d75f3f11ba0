//! A rollup row: what a key used of an alias on a day, for people.

use crate::keys::{KeyId, TeamId};

/// What one request adds to a day's rollup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// Whose.
    pub key: KeyId,
    /// The team that the key belonged to.
    pub team: Option<TeamId>,
    /// The day, as days since 1970, in UTC.
    pub day: u64,
    /// The alias as the configuration lists it, or else the pattern of its route: a row for every
    /// name that clients make up would have no bound.
    pub alias: String,
    /// The shard of the key that admitted the request. Each has rows of its own, so that a busy key
    /// has no busy row.
    pub shard: u16,
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
    /// Tokens that stay charged because nobody knows what was used.
    pub kept_tokens: u64,
    /// Nano-USD that stay charged because nobody knows what was used.
    pub kept_nano_usd: u64,
    /// Requests whose provider reported more than the bound.
    pub bound_violations: u64,
}
