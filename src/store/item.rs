//! An account's item: its policy, its limits and the counters of the windows that run.

use crate::keys::{Caller, Presented, Right};
use crate::quota::{Account, Ledger, Owner};
use crate::routing::Pattern;

/// Whether a key or a team may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may.
    Active,
    /// Not any more.
    Revoked,
}

impl State {
    /// As it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }
}

/// What an operator has said of a key or a team.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The name that its maker gave it.
    pub name: String,
    /// The patterns of aliases that a key may use. A team allows all that its keys may.
    pub models: Vec<String>,
    /// What a key may do besides asking models. A team has none.
    pub rights: Vec<Right>,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// The time zone as the operator wrote it, such as `Asia/Shanghai`.
    pub time_zone: String,
}

/// A key or a team as a store holds it: its only item, or one of its shards.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Whose limits these are.
    pub account: Account,
    /// Of a key the hexadecimal SHA-256 of its text; of a team nothing.
    pub hash: String,
    /// Whether it may be used.
    pub state: State,
    /// What was said of it.
    pub policy: Policy,
    /// Its limits.
    pub ledger: Ledger,
}

impl Item {
    /// Whether it is the key that was presented.
    pub fn is(&self, presented: &Presented) -> bool {
        let same = matches!(&self.account.owner, Owner::Key(id) if *id == presented.id);
        same && presented.digest.matches_hex(&self.hash)
    }

    /// The id of the key or the team.
    pub fn id(&self) -> &str {
        match &self.account.owner {
            Owner::Key(id) => id.as_str(),
            Owner::Team(id) => id.as_str(),
        }
    }

    /// Whom the key stands for, once it is admitted; nobody where it is no key.
    pub(super) fn caller(&self) -> Option<Caller> {
        let Owner::Key(id) = &self.account.owner else { return None };
        let models = self.policy.models.iter().map(Pattern::new).collect();
        let (policy, team) = (&self.policy, self.ledger.shape.team.clone());
        let rights = policy.rights.clone();
        Some(Caller::admitted(id.clone(), policy.name.clone(), models, rights, team))
    }
}
