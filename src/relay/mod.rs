//! The relay: from a provider's first byte to the end of the client's answer. It sees bytes and
//! their meaning, never the store and never an HTTP client.

mod body;
mod commit;
mod outlet;
mod pump;
#[cfg(test)]
mod tests;

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;

pub use body::{Body, answer, discard};
pub use commit::{Arrived, Committed, commit};
pub use pump::{End, Outcome, Pacing};

use crate::failure::Failure;

/// A provider's bytes as they come.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;
