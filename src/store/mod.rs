//! The store: one write before the call, one after it. The same contract in DynamoDB and in memory.

mod admission;
pub mod dynamo;
mod error;
mod item;
mod memory;
mod usage_row;

use std::pin::Pin;

pub use admission::{Admission, Denial, Standing};
pub use error::StoreError;
pub use item::{Item, Policy, State};
pub use memory::MemoryStore;
pub use usage_row::UsageRow;

use crate::keys::Presented;
use crate::quota::{Demand, Settlement};

/// A future of the store.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The live document and its number.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDocument {
    /// The document.
    pub document: serde_json::Value,
    /// Its number, from 1.
    pub version: u64,
}

/// What the function asks of its store. Both implementations keep one contract, which one test
/// holds (`tests/store_contract.rs`).
pub trait Store: Send + Sync {
    /// Admits a request: authenticates its key and takes the demand from every rule of the key
    /// and of its team, in one write that happens as a whole or not at all.
    fn admit<'a>(
        &'a self,
        presented: &'a Presented,
        demand: &'a Demand,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<Admission, Denial>>;

    /// Ends a hold: gives back what the settlement says, at most once. An error means that nobody
    /// knows whether it happened; it must not be tried again.
    fn settle<'a>(&'a self, settlement: &'a Settlement) -> StoreFuture<'a, Result<(), StoreError>>;

    /// Reads how a key stands. Takes nothing, and writes nothing.
    fn inspect<'a>(
        &'a self,
        presented: &'a Presented,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<Standing, Denial>>;

    /// Adds a request to the rollups for people. A lost one costs a statistic, never a limit.
    fn count<'a>(&'a self, row: &'a UsageRow) -> StoreFuture<'a, Result<(), StoreError>>;

    /// Reads the live document, if one was ever pushed.
    fn document(&self) -> StoreFuture<'_, Result<Option<StoredDocument>, StoreError>>;
}
