//! Upstream: the only HTTP client. It sends one request to one target and says what came of it.

mod attempt;
mod dial;
pub mod http;
pub mod mock;
mod play;
mod pools;
mod resolver;
mod retry_after;
mod sigv4;
mod vault;

pub use attempt::{Arrival, Outgoing, Upstream};
pub use pools::Dialed;
pub use sigv4::Signer;
pub use vault::{Ssm, Vault};
