//! What the attempts learn of their targets: their health, of which the other environments hear,
//! and how long they take.

use std::sync::{MutexGuard, PoisonError};

use futures_util::future::join_all;

use super::Gateway;
use crate::config::Snapshot;
use crate::decision;
use crate::dialect::{Call, Operation};
use crate::failure::Failure;
use crate::keys::KeyId;
use crate::record::AttemptRecord;
use crate::routing::{Breaker, Expectations, Notice, Target, Usable};

impl Gateway {
    /// Whether a target can be tried now.
    pub(super) fn usable(&self, target: &Target, snapshot: &Snapshot) -> Usable {
        let now_ms = self.parts.clock.now_ms();
        let standing = |id: &str| {
            let mut breaker = self.breaker();
            (breaker.standing(&snapshot.health, id, now_ms), breaker.reason(id))
        };
        decision::usable(target, snapshot, now_ms, standing)
    }

    /// Asks for the right to try a target that was set aside until `seen_until_ms`. One request of
    /// all environments gets it.
    pub(super) async fn may_probe(&self, target_id: &str, seen_until_ms: u64) -> bool {
        let now_ms = self.parts.clock.now_ms();
        let until_ms = self.breaker().probes(target_id, seen_until_ms, now_ms);
        let granted = self.parts.store.probe(target_id, seen_until_ms, until_ms).await;
        let granted = granted.unwrap_or(false);
        if !granted {
            self.breaker().denied(target_id);
        }
        granted
    }

    /// Notes that a target has answered.
    pub(super) fn answered(&self, target_id: &str) -> Option<Notice> {
        self.breaker().answered(target_id)
    }

    /// Notes that a target has failed.
    pub(super) fn failed(&self, target_id: &str, failure: &Failure, key: &KeyId) -> Option<Notice> {
        let now_ms = self.parts.clock.now_ms();
        self.breaker().failed(target_id, failure.class, failure.retry_after_ms, key, now_ms)
    }

    /// Tells the other environments. A notice that is lost costs them an attempt.
    pub(super) async fn tell(&self, notices: Vec<Notice>) {
        let store = &self.parts.store;
        let told = notices.iter().map(async |notice| match notice {
            Notice::SetAside(aside) => {
                tracing::warn!(
                    target_id = aside.target,
                    reason = aside.reason,
                    until_ms = aside.until_ms,
                    "a target is set aside"
                );
                store.set_aside(aside, self.parts.clock.now_ms()).await
            }
            Notice::Recovered { target, until_ms } => store.recovered(target, *until_ms).await,
        });
        for error in join_all(told).await.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "the health of a target was not shared");
        }
    }

    /// Notes how long a target took to the first content of its answer.
    pub(super) fn took(&self, call: &Call, attempt: &AttemptRecord) {
        // Counting says nothing about answering.
        if call.operation() != Operation::CountTokens {
            let now_ms = self.parts.clock.now_ms();
            self.expectations().took(&attempt.target, call.stream(), attempt.ms, now_ms);
        }
    }

    /// How long a target usually takes to its first content, in milliseconds, if that is known.
    pub(super) fn usual_ms(&self, target: &Target, call: &Call) -> Option<u64> {
        if call.operation() == Operation::CountTokens {
            return None;
        }
        let now_ms = self.parts.clock.now_ms();
        self.expectations().usual_ms(&target.id, call.stream(), now_ms)
    }

    fn expectations(&self) -> MutexGuard<'_, Expectations> {
        // What a panic left behind is an estimate that is off by one answer.
        self.expectations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        // What a panic left behind is a count that is off by one.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
