//! The real thing: a store with keys and a team, and the operator's way to them.

use std::sync::Arc;

use serde_json::Value;
use tollgate::keys::{Presented, TeamId};
use tollgate::quota::Account;
use tollgate::store::dynamo::layout::{account_key, from_row, to_row};
use tollgate::store::{Item, MemoryStore, Store};

use super::operations::Plan;
use crate::store_contract::desk::{Desk, Table, new_key, new_team};

/// Where the items are.
enum Place {
    Memory(Arc<MemoryStore>),
    /// A table, as two environments see it.
    Dynamo([Table; 2]),
}

/// Keys, and their team.
pub(super) struct World {
    place: Place,
    pub(super) keys: Vec<Presented>,
    /// The accounts of the keys and, last, of the team: their first shards.
    pub(super) accounts: Vec<Account>,
}

struct People {
    keys: Vec<Presented>,
    team: TeamId,
    items: Vec<Item>,
}

impl People {
    fn of(plan: &Plan) -> Self {
        let (team, mut items) = new_team(&plan.team.set());
        let mut keys = Vec::new();
        for (limits, has_team) in &plan.keys {
            let (presented, own) = new_key(&limits.set(), has_team.then_some(&team));
            keys.push(presented);
            items.extend(own);
        }
        Self { keys, team, items }
    }
}

impl World {
    pub(super) fn in_memory(plan: &Plan) -> Self {
        let mut people = People::of(plan);
        let store = MemoryStore::new(Value::Null, std::mem::take(&mut people.items));
        Self::new(people, Place::Memory(Arc::new(store)))
    }

    /// Nothing where there is no DynamoDB.
    pub(super) async fn in_dynamodb(plan: &Plan) -> Option<Self> {
        let (Desk::Dynamo(first), Desk::Dynamo(second)) =
            (Desk::in_dynamodb().await?, Desk::in_dynamodb().await?)
        else {
            return None;
        };
        let people = People::of(plan);
        for item in &people.items {
            first.put(to_row(item)).await;
        }
        Some(Self::new(people, Place::Dynamo([first, second])))
    }

    fn new(people: People, place: Place) -> Self {
        let keys = people.keys.iter().map(|key| Account::key(key.id.clone()));
        let accounts = keys.chain([Account::team(people.team)]).collect();
        Self { place, keys: people.keys, accounts }
    }

    /// The store as one of the environments has it.
    pub(super) fn store(&self, environment: usize) -> Arc<dyn Store> {
        match &self.place {
            Place::Memory(store) => store.clone(),
            Place::Dynamo(tables) => tables[environment].store.clone(),
        }
    }

    /// An operator changes an item.
    pub(super) async fn change(&self, account: &Account, change: impl FnOnce(&mut Item)) {
        match &self.place {
            Place::Memory(store) => store.change(account, change),
            Place::Dynamo([table, _]) => {
                let (pk, sk) = account_key(account);
                let row = table.get(&pk, sk).await.expect("a row");
                let mut item = from_row(&row).expect("an item");
                change(&mut item);
                table.put(to_row(&item)).await;
            }
        }
    }
}
