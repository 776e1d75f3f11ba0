//! Configuration: from the document that people write to routes that can be used. Pure.
//!
//! A document is strict when it is written (every mistake is reported with its line and the nearest
//! known name, and nothing is stored) and lenient when it is read (what this version does not know
//! is ignored, a broken route is left out alone), so that an older function survives a newer
//! document.

mod address;
mod document;
mod extras;
mod fallback;
mod fields;
mod limits;
mod local_keys;
mod mirror;
mod mock;
mod problems;
mod provider;
mod provider_request;
mod provider_url;
mod reasoning;
mod routes;
mod snapshot;
mod tree;
mod unpriced;
mod yaml;

pub use address::{BaseUrl, is_private};
pub use document::{Config, Document, Strictness};
pub use extras::Extras;
pub use fields::millionths;
pub use local_keys::{LocalKey, LocalTeam};
pub use mock::MockSettings;
pub(crate) use problems::nearest;
pub use problems::{Position, Problem, Problems};
pub use provider::{CredentialRef, Provider};
pub use provider_request::Proof;
pub use reasoning::Reasoning;
pub use snapshot::{Secrets, Snapshot, SnapshotCell};
pub use unpriced::unpriced;
