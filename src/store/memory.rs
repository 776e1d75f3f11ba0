//! The embedded store: keys in memory, for local use and for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::admission::{Admission, Denial, Standing, admitted, identify, identify_team, standing};
use super::error::StoreError;
use super::item::{Item, Policy, State};
use super::usage_row::UsageRow;
use super::{Store, StoreFuture, StoredDocument};
use crate::config::{LocalKey, LocalTeam};
use crate::keys::Presented;
use crate::quota::{self, Account, Demand, Ledger, Settlement, shard_order};
use crate::routing::Aside;

type Items = BTreeMap<Account, Item>;

/// A store that forgets everything when the process ends.
#[derive(Debug, Default)]
pub struct MemoryStore {
    items: Mutex<Items>,
    health: Mutex<BTreeMap<String, Aside>>,
    document: Option<serde_json::Value>,
}

impl MemoryStore {
    /// A store with this document and these keys and teams.
    pub fn new(document: serde_json::Value, items: impl IntoIterator<Item = Item>) -> Self {
        let items = items.into_iter().map(|item| (item.account.clone(), item)).collect();
        Self { items: Mutex::new(items), health: Mutex::default(), document: Some(document) }
    }

    /// A key of a local document as an item.
    pub fn item_of(key: &LocalKey) -> Item {
        Item {
            account: Account::key(key.id.clone()),
            hash: key.digest.to_hex(),
            state: State::Active,
            policy: Policy {
                name: key.name.clone(),
                models: key.models.iter().map(ToString::to_string).collect(),
                rights: key.rights.clone(),
                created_ms: 0,
                time_zone: key.limits.zone.to_string(),
            },
            ledger: Ledger::new(key.limits.shape(1, key.team.clone()), key.limits.share(0)),
        }
    }

    /// A team of a local document as an item.
    pub fn item_of_team(team: &LocalTeam) -> Item {
        Item {
            account: Account::team(team.id.clone()),
            hash: String::new(),
            state: State::Active,
            policy: Policy {
                name: team.id.to_string(),
                models: vec!["*".to_owned()],
                rights: vec![],
                created_ms: 0,
                time_zone: team.limits.zone.to_string(),
            },
            ledger: Ledger::new(team.limits.shape(1, None), team.limits.share(0)),
        }
    }

    /// What an operator does to an account, which in a table is a write of `tollgatectl`.
    pub fn change(&self, account: &Account, change: impl FnOnce(&mut Item)) {
        if let Some(item) = self.items().get_mut(account) {
            change(item);
        }
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        // Every change below is one that cannot panic half-way.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> MutexGuard<'_, BTreeMap<String, Aside>> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_aside_now(&self, aside: &Aside) {
        let mut health = self.health();
        let known = health.get(&aside.target);
        if known.is_none_or(|known| known.until_ms < aside.until_ms) {
            health.insert(aside.target.clone(), aside.clone());
        }
    }

    fn probe_now(&self, target: &str, seen_until_ms: u64, until_ms: u64) -> bool {
        match self.health().get_mut(target) {
            Some(aside) if aside.until_ms == seen_until_ms => {
                aside.until_ms = until_ms;
                true
            }
            known => known.is_none(),
        }
    }

    fn recovered_now(&self, target: &str, seen_until_ms: u64) {
        let mut health = self.health();
        if health.get(target).is_some_and(|aside| aside.until_ms == seen_until_ms) {
            health.remove(target);
        }
    }

    fn admit_now(
        &self,
        presented: &Presented,
        demand: &Demand,
        now_ms: u64,
    ) -> Result<Admission, Denial> {
        let mut items = self.items();
        let key = Account::key(presented.id.clone());
        let item = items.get(&key);
        identify(item, presented, demand.alias.as_deref())?;
        let team = item.and_then(|item| item.ledger.shape.team.clone()).map(Account::team);
        let mut chosen = vec![room(&items, &key, demand, now_ms)?];
        if let Some(team) = team {
            identify_team(items.get(&team))?;
            chosen.push(room(&items, &team, demand, now_ms)?);
        }
        for account in &chosen {
            if let Some(item) = items.get_mut(account) {
                item.ledger.take(demand, now_ms);
            }
        }
        let taken: Vec<&Item> = chosen.iter().filter_map(|account| items.get(account)).collect();
        admitted(&taken, demand, now_ms, 1).ok_or(Denial::UnknownKey)
    }

    fn settle_now(&self, settlement: &Settlement) {
        let mut items = self.items();
        for part in &settlement.parts {
            if let Some(item) = items.get_mut(&part.account) {
                item.ledger.settle(part);
            }
        }
    }

    fn inspect_now(&self, presented: &Presented, now_ms: u64) -> Result<Standing, Denial> {
        let items = self.items();
        let key = Account::key(presented.id.clone());
        let first = items.get(&key);
        identify(first, presented, None)?;
        let team = first.and_then(|item| item.ledger.shape.team.clone()).map(Account::team);
        if let Some(team) = &team {
            identify_team(items.get(team))?;
        }
        let team = team.map_or_else(Vec::new, |team| all_shards(&items, &team));
        let found = standing(&all_shards(&items, &key), &team, now_ms);
        found.ok_or(Denial::UnknownKey)
    }
}

/// Every item of an owner.
fn all_shards<'a>(items: &'a Items, first: &Account) -> Vec<&'a Item> {
    items.values().filter(|item| item.account.owner == first.owner).collect()
}

/// The shard of an owner that has room for a demand.
fn room(items: &Items, first: &Account, demand: &Demand, now_ms: u64) -> Result<Account, Denial> {
    let count = items.get(first).map_or(1, |item| item.ledger.shape.shards);
    let shards = shard_order(count, demand.draw);
    let shards = shards.filter_map(|shard| items.get(&first.with_shard(shard)));
    let found = quota::room(shards.map(|item| (&item.account, &item.ledger)), demand, now_ms);
    found.cloned().map_err(|objection| objection.map_or(Denial::UnknownKey, Denial::from))
}

impl Store for MemoryStore {
    fn admit<'a>(
        &'a self,
        presented: &'a Presented,
        demand: &'a Demand,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<Admission, Denial>> {
        Box::pin(std::future::ready(self.admit_now(presented, demand, now_ms)))
    }

    fn settle<'a>(&'a self, settlement: &'a Settlement) -> StoreFuture<'a, Result<(), StoreError>> {
        self.settle_now(settlement);
        Box::pin(std::future::ready(Ok(())))
    }

    fn inspect<'a>(
        &'a self,
        presented: &'a Presented,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<Standing, Denial>> {
        Box::pin(std::future::ready(self.inspect_now(presented, now_ms)))
    }

    fn count<'a>(&'a self, _row: &'a UsageRow) -> StoreFuture<'a, Result<(), StoreError>> {
        // Nobody reads rollups of a process that forgets them.
        Box::pin(std::future::ready(Ok(())))
    }

    fn document(&self) -> StoreFuture<'_, Result<Option<StoredDocument>, StoreError>> {
        let document = self.document.clone();
        let health = self.health().values().cloned().collect();
        let stored = document.map(|document| StoredDocument { document, version: 0, health });
        Box::pin(std::future::ready(Ok(stored)))
    }

    fn set_aside<'a>(
        &'a self,
        aside: &'a Aside,
        _now_ms: u64,
    ) -> StoreFuture<'a, Result<(), StoreError>> {
        self.set_aside_now(aside);
        Box::pin(std::future::ready(Ok(())))
    }

    fn probe<'a>(
        &'a self,
        target: &'a str,
        seen_until_ms: u64,
        until_ms: u64,
    ) -> StoreFuture<'a, Result<bool, StoreError>> {
        let granted = self.probe_now(target, seen_until_ms, until_ms);
        Box::pin(std::future::ready(Ok(granted)))
    }

    fn recovered<'a>(
        &'a self,
        target: &'a str,
        seen_until_ms: u64,
    ) -> StoreFuture<'a, Result<(), StoreError>> {
        self.recovered_now(target, seen_until_ms);
        Box::pin(std::future::ready(Ok(())))
    }
}
