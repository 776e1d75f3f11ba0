//! The store: one write before the call, one after it. The same contract in DynamoDB and in memory.

mod admission;
pub mod dynamo;
mod error;
mod item;
mod memory;
mod usage_row;

use std::pin::Pin;

pub use admission::{Admission, Denial, Standing, standing};
pub use error::StoreError;
pub use item::{Item, Policy, State};
pub use memory::MemoryStore;
pub use usage_row::UsageRow;

use crate::keys::Presented;
use crate::quota::{Demand, Settlement};
use crate::routing::Aside;

/// A future of the store.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The live document, its number, and what stands beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDocument {
    /// The document.
    pub document: serde_json::Value,
    /// Its number, from 1.
    pub version: u64,
    /// The targets that are, or lately were, set aside. A row that cannot be read is left out: it
    /// costs an attempt, never the document.
    pub health: Vec<Aside>,
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

    /// Reads the live document, if one was ever pushed, and the targets' health with it.
    fn document(&self) -> StoreFuture<'_, Result<Option<StoredDocument>, StoreError>>;

    /// Sets a target aside for every environment. It is never set aside for less time than it
    /// already is; that somebody has set it aside for longer is no error. This call and the next
    /// two are tried once and not for long: a lost one costs an attempt.
    fn set_aside<'a>(
        &'a self,
        aside: &'a Aside,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<(), StoreError>>;

    /// Asks for the right to try a target whose time, `seen_until_ms`, is over. Of all who ask one
    /// gets it, until `until_ms`. It is also granted when the target is not set aside any more.
    fn probe<'a>(
        &'a self,
        target: &'a str,
        seen_until_ms: u64,
        until_ms: u64,
    ) -> StoreFuture<'a, Result<bool, StoreError>>;

    /// The probe that had a target until `seen_until_ms` has succeeded: it is not set aside any
    /// more. Nothing happens when somebody has set it aside since.
    fn recovered<'a>(
        &'a self,
        target: &'a str,
        seen_until_ms: u64,
    ) -> StoreFuture<'a, Result<(), StoreError>>;
}
