//! Accounts: what limits are kept for.

use std::fmt;

use crate::keys::{KeyId, TeamId};

/// Who is limited.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// One key.
    Key(KeyId),
    /// All keys of a team together.
    Team(TeamId),
}

/// One item of limits and counters: an owner's only one, or one of its shards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// Whose.
    pub owner: Owner,
    /// Which shard, from 0.
    pub shard: u16,
}

impl Account {
    /// The first shard of a key, which has its policy as well.
    pub fn key(id: KeyId) -> Self {
        Self { owner: Owner::Key(id), shard: 0 }
    }

    /// The first shard of a team.
    pub fn team(id: TeamId) -> Self {
        Self { owner: Owner::Team(id), shard: 0 }
    }

    /// Another shard of the same owner.
    #[must_use]
    pub fn with_shard(&self, shard: u16) -> Self {
        Self { owner: self.owner.clone(), shard }
    }
}

/// What a limit is about, as callers see it: `key`, `team`, or `key:gpt-5*` for some aliases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Whether it is a team's.
    pub is_team: bool,
    /// The pattern of aliases, if it is not about all.
    pub alias: Option<String>,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_team { "team" } else { "key" })?;
        match &self.alias {
            Some(pattern) => write!(f, ":{pattern}"),
            None => Ok(()),
        }
    }
}
