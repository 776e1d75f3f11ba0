//! The mirror: a copy of a request for another target, which answers nobody.
//!
//! It runs in the request's own future, then in the answer's, and ends before they do: what is left
//! over on Lambda is frozen. It costs what it costs, so it has a hold of its own; without room for
//! that there is no copy. What it meets is told in the request's record and counts for nothing else:
//! not for health, not for retries, not for what is expected of a target.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::Gateway;
use super::ahead::Ahead;
use super::attempts::Journey;
use super::exchange::Attempt;
use super::loader::beside;
use crate::config::Snapshot;
use crate::decision::{self, Leg};
use crate::dialect::Call;
use crate::failure::Sent;
use crate::ingress::Answer;
use crate::keys::Presented;
use crate::quota::{Demand, Evidence, Hold};
use crate::record::{Mirrored, Record};
use crate::refusal::Refusal;
use crate::relay::{self, End, Outcome, Pacing};
use crate::routing::{Faults, Route, Target, Usable};

/// A copy that is under way. Its clones are all the same one.
#[derive(Clone)]
pub(super) struct Copied {
    run: Shared<BoxFuture<'static, Mirrored>>,
    cut: Arc<Notify>,
    wait: Duration,
}

impl Copied {
    /// Works on it, until it has ended.
    pub(super) async fn work(self) {
        self.run.await;
    }

    /// What became of it. Called when the request itself has ended: the copy gets the time that the
    /// route has for it, and is cut off.
    pub(super) async fn ended(self) -> Mirrored {
        if let Ok(mirrored) = timeout(self.wait, self.run.clone()).await {
            return mirrored;
        }
        self.cut.notify_one();
        self.run.await
    }
}

impl Journey<'_> {
    /// Travels, and beside that copies the request, if the route has a mirror and the draw falls on
    /// it.
    pub(super) async fn travel_mirrored(
        mut self,
        legs: &[Leg],
        hold: Hold,
        ahead: Option<Ahead<'_>>,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        self.mirror = self.copy(legs, record);
        let copied = self.mirror.clone();
        // The largest part of a request's future, which would be in here twice.
        let mut travel = Box::pin(self.travel(legs, hold, ahead, record));
        let Some(copied) = copied else { return travel.await };
        let answer = beside(travel.as_mut(), pin!(copied.clone().work())).await;
        drop(travel);
        if answer.is_err() {
            // The client waits for its first byte, which is that of the refusal.
            let wait = Duration::ZERO;
            record.mirrored(Copied { wait, ..copied }.ended().await);
        }
        answer
    }

    fn copy(&self, legs: &[Leg], record: &mut Record) -> Option<Copied> {
        let leg = legs.first()?;
        let mirror = decision::mirror(leg, self.call, self.only_first, self.draw)?;
        let target = &mirror.target;
        let begin = || Record::begin(record.request_id.clone(), record.began_ms);
        let unusable = match self.gateway.usable(target, self.snapshot) {
            Usable::Yes => None,
            Usable::Probe { .. } => Some("it was set aside, and nobody has tried it since".into()),
            Usable::Aside { reason, .. } | Usable::No(reason) => Some(reason),
        };
        if let Some(reason) = unusable {
            record.mirrored(begin().into_mirrored(target.id.clone(), Some(&reason)));
            return None;
        }
        // It is no request of the client's, and takes no place among those.
        let demand = Demand {
            alias: Some(leg.alias.clone()),
            requests: 0,
            draw: super::random(),
            ..decision::bound(self.call, &[target])
        };
        let cut = Arc::new(Notify::new());
        let copying = Copying {
            gateway: Arc::clone(&self.gateway),
            call: self.call.clone(),
            presented: self.presented.clone(),
            demand,
            snapshot: Arc::clone(self.snapshot),
            deadline: self.deadline,
            alias: leg.alias.clone(),
            route: Arc::clone(&leg.route),
            target: target.clone(),
            cut: Arc::clone(&cut),
        };
        let run = copying.survive(begin()).boxed().shared();
        Some(Copied { run, cut, wait: Duration::from_millis(mirror.wait_ms) })
    }
}

/// What a copy needs to live as long as the answer, which outlives the journey.
struct Copying {
    gateway: Arc<Gateway>,
    call: Call,
    presented: Presented,
    demand: Demand,
    snapshot: Arc<Snapshot>,
    deadline: Instant,
    alias: String,
    route: Arc<Route>,
    target: Target,
    cut: Arc<Notify>,
}

impl Copying {
    /// Runs; a defect in it is not the request's.
    async fn survive(self, record: Record) -> Mirrored {
        let id = self.target.id.clone();
        let lost = Record::begin(record.request_id.clone(), record.began_ms);
        let ran = AssertUnwindSafe(self.run(record)).catch_unwind().await;
        ran.unwrap_or_else(|_| lost.into_mirrored(id, Some("a defect of the gateway")))
    }

    /// From its admission to its settlement. `record` is of the copy alone.
    async fn run(self, mut record: Record) -> Mirrored {
        let id = self.target.id.clone();
        record.leg(self.route.pattern.as_str(), self.route.listed_as(&self.alias));
        let admitted = self.gateway.admit(&self.presented, &self.demand, &mut record).await;
        let hold = match admitted {
            Ok(admission) => admission.hold,
            Err(refusal) => {
                let why = format!("it got no hold: {}", refusal.shape().code);
                return record.into_mirrored(id, Some(&why));
            }
        };
        let (evidence, why) = if self.cut.notified().now_or_never().is_some() {
            (Evidence::Void, Some("the request had ended before it was sent"))
        } else {
            tokio::select! {
                biased;
                () = self.cut.notified() => (Evidence::Unknown, Some("cut off: the request had ended")),
                evidence = self.exchange(&hold, &mut record) => (evidence, None),
            }
        };
        if let Evidence::Exact { usage, nano_usd } = &evidence {
            record.usage = Some(*usage);
            record.nano_usd = *nano_usd;
        }
        self.gateway.settle(hold, &evidence, &mut record).await;
        record.into_mirrored(id, why)
    }

    /// Sends it, and reads the answer to its end for nobody.
    async fn exchange(&self, hold: &Hold, record: &mut Record) -> Evidence {
        let timeouts = self.route.timeouts;
        let journey = Journey {
            gateway: Arc::clone(&self.gateway),
            call: &self.call,
            presented: &self.presented,
            demand: &self.demand,
            snapshot: &self.snapshot,
            deadline: self.deadline,
            faults: &Faults::default(),
            draw: 0,
            only_first: true,
            wants_trail: false,
            mirror: None,
        };
        let attempt = Attempt {
            target: &self.target,
            alias: &self.alias,
            timeouts,
            is_strict: self.route.is_strict,
            has_more: false,
        };
        let answered = match journey.attempt(attempt, hold, None, record).await {
            Ok(answered) => answered,
            Err(failure) if failure.sent == Sent::Maybe => return Evidence::Unknown,
            Err(_) => return Evidence::Unbilled,
        };
        let pacing = Pacing {
            idle: Duration::from_millis(timeouts.idle_ms),
            deadline: self.deadline,
            least_events_per_minute: timeouts.least_events_per_minute,
        };
        let read = relay::discard(answered.committed, pacing, &record.request_id).await;
        let Outcome { usage, end } = read;
        if let End::Failed(failure) = &end {
            record.broke_off(failure);
        }
        let price = self.target.terms.price.as_ref();
        usage.map_or(Evidence::Unknown, |usage| Evidence::exact(usage, price))
    }
}
