//! What became of a copy of a request, which another target got and which answered nobody.

use serde::Serialize;

use super::emit::Tokens;
use super::{Record, Settled, micros};

/// A copy, in the record of the request that was copied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mirrored {
    target: String,
    class: Option<&'static str>,
    status: Option<u16>,
    ms_to_first_token: Option<u64>,
    /// From its beginning to its settlement.
    ms: u64,
    tokens: Option<Tokens>,
    nano_usd: Option<u64>,
    held_tokens: u64,
    settled: Option<&'static str>,
    detail: Option<String>,
    #[serde(skip)]
    bound_violation: bool,
    #[serde(skip)]
    store_trips: u32,
}

impl Record {
    /// What a record that was kept of a copy alone tells of it. `why` is why it has no end of its
    /// own, if it has none.
    pub fn into_mirrored(mut self, target: String, why: Option<&str>) -> Mirrored {
        let attempt = self.attempts.pop();
        let attempt = attempt.as_ref();
        let detail = attempt.and_then(|attempt| attempt.detail.clone());
        Mirrored {
            target,
            class: attempt.and_then(|attempt| attempt.class),
            status: attempt.and_then(|attempt| attempt.status),
            ms_to_first_token: attempt.and_then(|attempt| attempt.ms_to_first_token),
            ms: micros(self.began) / 1_000,
            tokens: self.usage.map(Tokens::from),
            nano_usd: self.nano_usd,
            held_tokens: self.held_tokens,
            settled: self.settled.map(Settled::name),
            detail: why.map(str::to_owned).or(detail),
            bound_violation: self.bound_violation,
            store_trips: self.store_trips,
        }
    }

    /// Notes what became of the request's copy.
    pub fn mirrored(&mut self, mirrored: Mirrored) {
        self.bound_violation |= mirrored.bound_violation;
        self.store_trips += mirrored.store_trips;
        self.mirror = Some(mirrored);
    }
}
