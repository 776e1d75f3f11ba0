//! A key or a team as the table holds it: all of its rows.

use crate::keys::TeamId;
use crate::quota::{LimitSet, Owner, Rule, Shape, Zone};
use crate::store::dynamo::layout::Row;
use crate::store::{Item, Policy, State};

/// As long as a request can be under way: the longest that a function can run.
pub(in crate::ctl) const LONGEST_REQUEST_MS: u64 = 15 * 60_000;

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ctl) enum Kind {
    Key,
    Team,
}

impl Kind {
    /// As commands and texts call it.
    pub(in crate::ctl) fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Team => "team",
        }
    }
}

/// One row, raw and read.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ctl) struct Shard {
    pub(super) row: Row,
    pub(in crate::ctl) item: Item,
}

/// A key or a team.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ctl) struct Holder {
    /// The row that has its id; the only one, unless it is sharded.
    pub(super) first: Shard,
    /// The other shards, in order.
    pub(super) rest: Vec<Shard>,
}

impl Holder {
    /// Its shards in order.
    pub(super) fn shards(&self) -> impl Iterator<Item = &Shard> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The items of its shards in order.
    pub(in crate::ctl) fn items(&self) -> impl Iterator<Item = &Item> {
        self.shards().map(|shard| &shard.item)
    }

    /// Whether it is a key or a team.
    pub(in crate::ctl) fn kind(&self) -> Kind {
        match self.first.item.account.owner {
            Owner::Key(_) => Kind::Key,
            Owner::Team(_) => Kind::Team,
        }
    }

    /// Its id.
    pub(in crate::ctl) fn id(&self) -> &str {
        self.first.item.id()
    }

    /// What to call it: `key abcdefghijkl 'alice'`, `team research`.
    pub(in crate::ctl) fn title(&self) -> String {
        match self.kind() {
            Kind::Key => format!("key {} '{}'", self.id(), self.policy().name),
            Kind::Team => format!("team {}", self.id()),
        }
    }

    /// What the operator has said of it.
    pub(in crate::ctl) fn policy(&self) -> &Policy {
        &self.first.item.policy
    }

    /// Whether it may be used.
    pub(in crate::ctl) fn state(&self) -> State {
        self.first.item.state
    }

    pub(in crate::ctl) fn shape(&self) -> &Shape {
        &self.first.item.ledger.shape
    }

    /// The team whose limits bind it as well.
    pub(in crate::ctl) fn team(&self) -> Option<&TeamId> {
        self.shape().team.as_ref()
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.shape().zone
    }

    /// Its limits; the figures of all shards together.
    pub(in crate::ctl) fn limits(&self) -> LimitSet {
        let total = |rule: &Rule| {
            self.items().fold(0_u64, |total, item| total.saturating_add(item.ledger.figure(rule)))
        };
        let rules = self.shape().rules.iter().map(|rule| (rule.clone(), total(rule)));
        LimitSet { rules: rules.collect(), zone: self.zone().clone(), shards: self.shape().shards }
    }

    /// When a request was last admitted; 0 when none ever was.
    pub(in crate::ctl) fn used_ms(&self) -> u64 {
        self.items().map(|item| item.ledger.used_ms).max().unwrap_or(0)
    }

    /// Whether no request can be under way any more.
    pub(super) fn is_at_rest(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.used_ms()) > LONGEST_REQUEST_MS
    }
}
