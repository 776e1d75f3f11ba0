//! The configuration as a request sees it: one snapshot from its beginning to its end.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::document::Config;
use super::provider::CredentialRef;
use crate::keys::Secret;
use crate::routing::{Health, Target};

/// The credentials of a snapshot, or why they cannot be had.
pub type Secrets = HashMap<CredentialRef, Result<Secret, String>>;

/// A configuration with its credentials.
#[derive(Debug)]
pub struct Snapshot {
    /// What the document says.
    pub config: Config,
    /// The document's number in the table; 0 for a local file.
    pub version: u64,
    /// When it was read, in milliseconds since 1970.
    pub read_ms: u64,
    /// The providers' credentials.
    pub secrets: Secrets,
    /// Which targets were set aside then.
    pub health: Health,
}

impl Snapshot {
    /// The credential for a target.
    pub fn secret(&self, target: &Target) -> Option<&Secret> {
        let reference = target.provider.credential.as_ref()?;
        self.secrets.get(reference)?.as_ref().ok()
    }

    /// Why a target cannot be used, if it cannot.
    pub fn unusable(&self, target: &Target) -> Option<String> {
        let reference = target.provider.credential.as_ref()?;
        match self.secrets.get(reference) {
            Some(Ok(_)) => None,
            Some(Err(why)) => Some(why.clone()),
            None => Some(format!("{reference} was not read")),
        }
    }
}

/// The last good snapshot of this environment. A refresh that fails leaves it as it is.
#[derive(Debug, Default)]
pub struct SnapshotCell(RwLock<Option<Arc<Snapshot>>>);

impl SnapshotCell {
    /// The last good one.
    pub fn current(&self) -> Option<Arc<Snapshot>> {
        // A thread that panicked with the lock left a whole value behind: it is only ever replaced.
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Puts a newer one in its place.
    pub fn replace(&self, snapshot: Snapshot) {
        let mut cell = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        *cell = Some(Arc::new(snapshot));
    }
}
