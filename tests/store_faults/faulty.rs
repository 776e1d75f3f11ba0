//! A store that fails as a script says: a wrapper around another one.

use std::convert::identity;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tollgate::keys::Presented;
use tollgate::quota::{Bound, Demand, Settlement};
use tollgate::routing::Aside;
use tollgate::store::{
    Admission, Denial, Standing, Store, StoreError, StoreFuture, StoredDocument, UsageRow,
};

/// The calls of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Admit,
    Settle,
    Inspect,
    Count,
    Document,
    SetAside,
    Probe,
    Recovered,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is turned away.
    Throttled,
    /// It is lost on the way: nothing happens.
    LostBefore,
    /// Its reply is lost: it happened.
    LostAfter,
    /// It takes so many milliseconds more.
    Slow(u64),
    NoTable,
    Credentials,
    Corrupt,
    /// A defect.
    Panic,
}

/// Which calls of a kind, counted from 1, go wrong, and how.
pub(super) type Faults = Vec<(Call, RangeInclusive<usize>, Fault)>;

pub(super) struct Faulty {
    inner: Arc<dyn Store>,
    faults: Faults,
    calls: Mutex<Vec<Call>>,
    demands: Mutex<Vec<Demand>>,
    granted: AtomicUsize,
}

impl Faulty {
    pub(super) fn new(inner: Arc<dyn Store>, faults: Faults) -> Self {
        let (calls, demands) = (Mutex::default(), Mutex::default());
        Self { inner, faults, calls, demands, granted: AtomicUsize::new(0) }
    }

    /// How often this was called.
    pub(super) fn called(&self, call: Call) -> usize {
        self.calls.lock().unwrap().iter().filter(|other| **other == call).count()
    }

    /// How many holds the gateway got.
    pub(super) fn granted(&self) -> usize {
        self.granted.load(Ordering::Relaxed)
    }

    /// What the first admission would have held: tokens and nano-USD.
    pub(super) fn hold(&self) -> (u64, u64) {
        let known = |bound: &Bound| match bound {
            Bound::AtMost(amount) => *amount,
            Bound::Unknown(why) => panic!("{why}"),
        };
        let demands = self.demands.lock().unwrap();
        let demand = demands.first();
        demand.map_or((0, 0), |d| (known(&d.tokens.at_most), known(&d.nano_usd.at_most)))
    }

    fn fault(&self, call: Call) -> Option<Fault> {
        self.calls.lock().unwrap().push(call);
        let nth = self.called(call);
        let hit = |(on, which, _): &&(Call, RangeInclusive<usize>, Fault)| {
            *on == call && which.contains(&nth)
        };
        self.faults.iter().find(hit).map(|(_, _, fault)| *fault)
    }

    /// One call. The wrapped store is not asked before its time: it may do its work at once.
    async fn faulty<'a, T, E>(
        &'a self,
        call: Call,
        inner: impl FnOnce() -> StoreFuture<'a, Result<T, E>>,
        error: fn(StoreError) -> E,
    ) -> Result<T, E> {
        let why = "said by a test".to_owned();
        Err(error(match self.fault(call) {
            None => return inner().await,
            Some(Fault::Slow(ms)) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                return inner().await;
            }
            Some(Fault::LostAfter) => {
                drop(inner().await);
                StoreError::Unavailable(why)
            }
            Some(Fault::LostBefore) => StoreError::Unavailable(why),
            Some(Fault::Throttled) => StoreError::Throttled(why),
            Some(Fault::NoTable) => StoreError::NoTable(why),
            Some(Fault::Credentials) => StoreError::Credentials(why),
            Some(Fault::Corrupt) => StoreError::Corrupt(why),
            Some(Fault::Panic) => panic!("a defect of the store"),
        }))
    }
}

impl Store for Faulty {
    fn admit<'a>(
        &'a self,
        presented: &'a Presented,
        demand: &'a Demand,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<Admission, Denial>> {
        Box::pin(async move {
            self.demands.lock().unwrap().push(demand.clone());
            let admit = || self.inner.admit(presented, demand, now_ms);
            let admitted = self.faulty(Call::Admit, admit, Denial::Store).await;
            self.granted.fetch_add(usize::from(admitted.is_ok()), Ordering::Relaxed);
            admitted
        })
    }

    fn settle<'a>(&'a self, settlement: &'a Settlement) -> StoreFuture<'a, Result<(), StoreError>> {
        Box::pin(self.faulty(Call::Settle, || self.inner.settle(settlement), identity))
    }

    fn inspect<'a>(
        &'a self,
        presented: &'a Presented,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<Standing, Denial>> {
        let inspect = move || self.inner.inspect(presented, now_ms);
        Box::pin(self.faulty(Call::Inspect, inspect, Denial::Store))
    }

    fn count<'a>(&'a self, row: &'a UsageRow) -> StoreFuture<'a, Result<(), StoreError>> {
        Box::pin(self.faulty(Call::Count, || self.inner.count(row), identity))
    }

    fn document(&self) -> StoreFuture<'_, Result<Option<StoredDocument>, StoreError>> {
        Box::pin(self.faulty(Call::Document, || self.inner.document(), identity))
    }

    fn set_aside<'a>(
        &'a self,
        aside: &'a Aside,
        now_ms: u64,
    ) -> StoreFuture<'a, Result<(), StoreError>> {
        let set_aside = move || self.inner.set_aside(aside, now_ms);
        Box::pin(self.faulty(Call::SetAside, set_aside, identity))
    }

    fn probe<'a>(
        &'a self,
        target: &'a str,
        seen_until_ms: u64,
        until_ms: u64,
    ) -> StoreFuture<'a, Result<bool, StoreError>> {
        let probe = move || self.inner.probe(target, seen_until_ms, until_ms);
        Box::pin(self.faulty(Call::Probe, probe, identity))
    }

    fn recovered<'a>(
        &'a self,
        target: &'a str,
        seen_until_ms: u64,
    ) -> StoreFuture<'a, Result<(), StoreError>> {
        let recovered = move || self.inner.recovered(target, seen_until_ms);
        Box::pin(self.faulty(Call::Recovered, recovered, identity))
    }
}
