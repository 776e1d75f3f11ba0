//! Keys: what a client presents and whom it stands for.
//!
//! A key is `tg-<public id>-<secret><checksum>`. The public id names it in the table, in logs and
//! in commands; only the SHA-256 of the whole key is stored (256 random bits need no slow hash);
//! the checksum refuses typing errors and guesses without a call to the store.

mod caller;
mod presented;
mod right;
mod secret;
mod team;

pub use caller::Caller;
pub use presented::Presented;
pub use right::Right;
pub use secret::{Digest, KeyId, MalformedKey, RANDOM_BYTES, Secret, mint, parse};
pub use team::{MalformedTeam, TeamId};
