//! The caller: a key that admission has accepted.

use super::{KeyId, Right, TeamId};
use crate::routing::Pattern;

/// Whom a request is served for. Made by admission only: holding one is the proof that the key is
/// good and active.
#[derive(Clone, Debug)]
pub struct Caller {
    id: KeyId,
    name: String,
    models: Vec<Pattern>,
    rights: Vec<Right>,
    team: Option<TeamId>,
}

impl Caller {
    /// Called by a store that has admitted the key; by nobody else (a house rule, tested).
    pub(crate) fn admitted(
        id: KeyId,
        name: String,
        models: Vec<Pattern>,
        rights: Vec<Right>,
        team: Option<TeamId>,
    ) -> Self {
        Self { id, name, models, rights, team }
    }

    /// The key's public id.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The name that its maker gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The team that the key belongs to.
    pub fn team(&self) -> Option<&TeamId> {
        self.team.as_ref()
    }

    /// Whether the key may use this alias.
    pub fn may_use(&self, alias: &str) -> bool {
        self.models.iter().any(|pattern| pattern.matches(alias))
    }

    /// Whether the key has this right.
    pub fn has(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// The patterns that the key may use, for people.
    pub fn allowed(&self) -> String {
        self.models.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ")
    }
}
