//! The embedded store: keys in memory, for local use and for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::admission::{Admission, Denial, admitted, judge};
use super::error::StoreError;
use super::item::{KeyItem, KeyState};
use super::usage_row::UsageRow;
use super::{Store, StoreFuture, StoredDocument};
use crate::config::LocalKey;
use crate::keys::{KeyId, Presented};
use crate::quota::{Bound, Charge, GiveBack, Settlement};

/// A store that forgets everything when the process ends.
#[derive(Debug, Default)]
pub struct MemoryStore {
    keys: Mutex<BTreeMap<KeyId, KeyItem>>,
    document: Option<serde_json::Value>,
}

impl MemoryStore {
    /// A store with this document and these keys.
    pub fn new(document: serde_json::Value, keys: impl IntoIterator<Item = KeyItem>) -> Self {
        let keys = keys.into_iter().map(|item| (item.id.clone(), item)).collect();
        Self { keys: Mutex::new(keys), document: Some(document) }
    }

    /// A key of a local document as an item.
    pub fn item_of(key: &LocalKey) -> KeyItem {
        KeyItem {
            id: key.id.clone(),
            hash: key.digest.to_hex(),
            state: KeyState::Active,
            name: key.name.clone(),
            models: key.models.iter().map(ToString::to_string).collect(),
            created_ms: 0,
            limits: key.limits.clone(),
            counters: BTreeMap::new(),
        }
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<KeyId, KeyItem>> {
        // Every change below is one that cannot panic half-way.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit_now(
        &self,
        presented: &Presented,
        charges: &[Charge],
        now_ms: u64,
    ) -> Result<Admission, Denial> {
        let mut keys = self.keys();
        let item = keys.get_mut(&presented.id);
        judge(item.as_deref(), presented, charges, now_ms)?;
        let Some(item) = item else { return Err(Denial::UnknownKey) };
        for charge in charges {
            let Bound::AtMost(amount @ 1..) = charge.amount else { continue };
            let counter = charge.counter();
            let left = item.left(charge.limit.attribute, &counter);
            let amount = i64::try_from(amount).unwrap_or(i64::MAX);
            item.counters.insert(counter, left.saturating_sub(amount));
        }
        Ok(admitted(item, charges, now_ms))
    }
}

impl MemoryStore {
    /// As a whole or not at all: on condition that every window is still there.
    fn settle_now(&self, settlement: &Settlement) {
        let mut keys = self.keys();
        let Some(item) = keys.get_mut(&settlement.key) else { return };
        let is_there = |change: &GiveBack| item.counters.contains_key(&change.counter);
        if !settlement.give_back.iter().all(is_there) {
            return;
        }
        for change in &settlement.give_back {
            if let Some(left) = item.counters.get_mut(&change.counter) {
                *left = left.saturating_add(change.amount);
            }
        }
        for counter in &settlement.stale {
            item.counters.remove(counter);
        }
    }
}

impl Store for MemoryStore {
    fn admit<'a>(
        &'a self,
        presented: &'a Presented,
        charges: &'a [Charge],
        now_ms: u64,
    ) -> StoreFuture<'a, Result<Admission, Denial>> {
        Box::pin(std::future::ready(self.admit_now(presented, charges, now_ms)))
    }

    fn settle<'a>(&'a self, settlement: &'a Settlement) -> StoreFuture<'a, Result<(), StoreError>> {
        self.settle_now(settlement);
        Box::pin(std::future::ready(Ok(())))
    }

    fn count<'a>(&'a self, _row: &'a UsageRow) -> StoreFuture<'a, Result<(), StoreError>> {
        // Nobody reads rollups of a process that forgets them.
        Box::pin(std::future::ready(Ok(())))
    }

    fn document(&self) -> StoreFuture<'_, Result<Option<StoredDocument>, StoreError>> {
        let document = self.document.clone();
        let stored = document.map(|document| StoredDocument { document, version: 0 });
        Box::pin(std::future::ready(Ok(stored)))
    }
}
