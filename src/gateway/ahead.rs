//! Ahead of the grant: what the first target will probably get is made ready while the store
//! decides. Nothing of it is sent.

use std::pin::{Pin, pin};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use futures_util::future::{BoxFuture, Either, MaybeDone, maybe_done, select};
use futures_util::{FutureExt, poll};
use tokio::task::yield_now;

use super::attempts::Journey;
use crate::decision::{Asked, Asking, Prepared, prepare};
use crate::failure::Failure;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::routing::Plan;
use crate::store::Admission;
use crate::upstream::Dialed;

/// What is ready for a target, or becomes it.
pub(super) struct Ahead<'a> {
    asking: Asking<'a>,
    prepared: Prepared<'a>,
    dialing: MaybeDone<BoxFuture<'a, Result<Option<Dialed>, Failure>>>,
}

impl<'a> Journey<'a> {
    /// The one write before the call, and what is made ready beside it. A store that answers at once
    /// leaves no time for that.
    pub(super) async fn admit(
        &self,
        asked: &'a [Asked],
        record: &mut Record,
    ) -> (Result<Admission, Refusal>, Option<Ahead<'a>>) {
        let mut admitting = pin!(self.gateway.admit(self.presented, self.demand, record));
        if let Poll::Ready(admitted) = poll!(admitting.as_mut()) {
            return (admitted, None);
        }
        // The write goes out first.
        yield_now().await;
        let Some(mut ahead) = self.ahead(asked) else { return (admitting.await, None) };
        let admitted = match select(admitting, &mut ahead.dialing).await {
            Either::Left((admitted, _)) => admitted,
            Either::Right(((), admitting)) => admitting.await,
        };
        if let Ok(admission) = &admitted {
            let binds_cost = admission.hold.binds_cost();
            self.gateway.binds_cost.store(binds_cost, Ordering::Relaxed);
        }
        (admitted, Some(ahead))
    }

    fn ahead(&self, asked: &'a [Asked]) -> Option<Ahead<'a>> {
        if !self.faults.is_empty() {
            return None;
        }
        let leg = asked.first()?.as_ref().ok()?;
        let (route, gateway) = (&leg.route, Arc::clone(&self.gateway));
        let plan = Plan::new(route, self.draw, |target| gateway.usable(target, self.snapshot));
        let first = plan.candidates.first()?;
        let (target, alias, is_strict) = (first.target, &leg.alias, route.is_strict);
        let (now_ms, connect_ms) = (gateway.parts.clock.now_ms(), route.timeouts.connect_ms);
        // As with the last key: most are alike.
        let binds_cost = gateway.binds_cost.load(Ordering::Relaxed);
        let asking = Asking { target, alias, binds_cost, is_strict, now_ms };
        let prepared = prepare(self.call, asking).ok()?;
        let dialing =
            async move { gateway.parts.upstream.dial(&target.provider, connect_ms, now_ms).await };
        Some(Ahead { asking, prepared, dialing: maybe_done(dialing.boxed()) })
    }
}

impl<'a> Ahead<'a> {
    /// What of it serves to ask somebody so: the request, and the way there.
    ///
    /// # Errors
    /// When there is no way there.
    pub(super) async fn taken(
        mut self,
        asking: Asking<'_>,
    ) -> Result<(Option<Prepared<'a>>, Option<Dialed>), Failure> {
        let Asking { target, alias, binds_cost, .. } = self.asking;
        if !ptr::eq(target, asking.target) || alias != asking.alias {
            return Ok((None, None));
        }
        (&mut self.dialing).await;
        let dialed = Pin::new(&mut self.dialing).take_output().transpose()?.flatten();
        Ok(((binds_cost == asking.binds_cost).then_some(self.prepared), dialed))
    }
}
