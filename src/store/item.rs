//! A key's item: its policy, its limits and the counters of the windows that run.

use std::collections::BTreeMap;

use crate::keys::{Caller, KeyId};
use crate::quota::{LIMITS, UNLIMITED};
use crate::routing::Pattern;

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It may.
    Active,
    /// Not any more.
    Revoked,
}

impl KeyState {
    /// As it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }
}

/// A key as a store holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyItem {
    /// Its public id.
    pub id: KeyId,
    /// The hexadecimal SHA-256 of the whole key.
    pub hash: String,
    /// Whether it may be used.
    pub state: KeyState,
    /// The name that its maker gave it.
    pub name: String,
    /// The patterns of aliases that it may use.
    pub models: Vec<String>,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// Its limits, in the order of [`LIMITS`].
    pub limits: Vec<u64>,
    /// What each counter has left: `rpm@29940987` to 59.
    pub counters: BTreeMap<String, i64>,
}

impl KeyItem {
    /// How much the key may use in a window of the limit at that place in [`LIMITS`].
    pub fn limit(&self, index: usize) -> u64 {
        self.limits.get(index).copied().unwrap_or(UNLIMITED)
    }

    /// What a counter has left: the whole limit when its window is new.
    pub fn left(&self, attribute: &str, counter: &str) -> i64 {
        let whole = LIMITS
            .iter()
            .position(|limit| limit.attribute == attribute)
            .map_or(UNLIMITED, |index| self.limit(index));
        let whole = i64::try_from(whole).unwrap_or(i64::MAX);
        self.counters.get(counter).copied().unwrap_or(whole)
    }

    /// Whom the key stands for, once it is admitted.
    pub(super) fn caller(&self) -> Caller {
        let models = self.models.iter().map(Pattern::new).collect();
        Caller::admitted(self.id.clone(), self.name.clone(), models)
    }
}
