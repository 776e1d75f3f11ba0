//! The breaker: what one environment has seen of its targets, and what it tells all the others.

mod policy;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use policy::{FIRST_MS, LEAST_MS, LIMITED_MS, MOST_MS, RUN, Rule, STUCK_MS};

use super::health::{Aside, Health, Standing};
use crate::failure::Class;
use crate::keys::KeyId;

/// How long a probe has its target for itself.
pub(super) const PROBE_MS: u64 = 15_000;

/// What was written here is in every table that is read so much later.
const WRITTEN_MS: u64 = 2_000;

/// The configuration bounds the targets that are remembered. This does when it changes for ever.
const MOST_TARGETS: usize = 1_024;

/// What the store is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A target is to be set aside.
    SetAside(Aside),
    /// The probe of a target that was set aside until then has succeeded.
    Recovered {
        /// The target's id.
        target: String,
        /// Until when the probe had it, in milliseconds since 1970.
        until_ms: u64,
    },
}

/// What one environment has seen of its targets.
#[derive(Debug, Default)]
pub struct Breaker(BTreeMap<String, Seen>);

/// What it has seen of one target.
#[derive(Debug, Default)]
struct Seen {
    run: Run,
    /// How often in a row it was set aside for a run of failures.
    times: u32,
    /// Until when this environment has set it aside; 0 is never.
    until_ms: u64,
    /// When it did.
    told_ms: u64,
    /// For which class of failures.
    reason: Option<Class>,
    /// Somebody has the right to try it until then.
    asked_ms: u64,
    /// This environment tries it.
    probe: Option<Probe>,
    /// The last probe that succeeded: what older rows say is over.
    over: Option<Probe>,
}

/// The right to try a target.
#[derive(Clone, Copy, Debug)]
struct Probe {
    /// What the row said before.
    seen_ms: u64,
    /// What it says since.
    until_ms: u64,
}

/// Failures without a success between them.
#[derive(Debug, Default)]
struct Run {
    /// Of every class that counts.
    all: u32,
    /// Of those that no request can cause.
    sure: u32,
    /// Who saw the first.
    first: Option<KeyId>,
    /// Whether somebody else has seen one, too.
    is_shared: bool,
    /// Who was the first to be refused.
    refused: Option<KeyId>,
}

impl Breaker {
    /// How a target stands: what the table said, and what has happened here since it was read. A
    /// target that the table does not know any more was put back by another environment, or by the
    /// operator.
    pub fn standing(&mut self, shared: &Health, target_id: &str, now_ms: u64) -> Standing {
        let Some(seen) = self.0.get_mut(target_id) else {
            return shared.standing(target_id, now_ms);
        };
        if shared.read_ms() >= seen.told_ms.saturating_add(WRITTEN_MS) {
            seen.until_ms = 0;
        }
        let row_ms = Some(shared.until_ms(target_id)).filter(|row_ms| !seen.is_over(*row_ms));
        match Standing::of(row_ms.unwrap_or(0).max(seen.until_ms), now_ms) {
            Standing::HalfOpen { .. } if now_ms < seen.asked_ms => {
                Standing::Aside { until_ms: seen.asked_ms }
            }
            standing => standing,
        }
    }

    /// For which class of failures this environment has set a target aside, if it has.
    pub fn reason(&self, target_id: &str) -> Option<Class> {
        self.0.get(target_id).filter(|seen| seen.until_ms > 0)?.reason
    }

    /// A request is about to ask for the right to try a half-open target, whose row says
    /// `seen_until_ms`. Until the time that this returns, no other request of this environment
    /// asks, and if the right is granted, nobody else has it.
    pub fn probes(&mut self, target_id: &str, seen_until_ms: u64, now_ms: u64) -> u64 {
        let until_ms = now_ms.saturating_add(PROBE_MS);
        let seen = self.seen(target_id);
        seen.asked_ms = until_ms;
        seen.probe = Some(Probe { seen_ms: seen_until_ms, until_ms });
        until_ms
    }

    /// The right was not granted: another environment has it, or the store does not say.
    pub fn denied(&mut self, target_id: &str) {
        if let Some(seen) = self.0.get_mut(target_id) {
            seen.probe = None;
        }
    }

    /// An attempt at a target has failed, for the request of that key.
    pub fn failed(
        &mut self,
        target_id: &str,
        class: Class,
        retry_after_ms: Option<u64>,
        key: &KeyId,
        now_ms: u64,
    ) -> Option<Notice> {
        let rule = Rule::of(class, passes_through(target_id));
        if rule == Rule::Silent && !self.0.contains_key(target_id) {
            return None;
        }
        let seen = self.seen(target_id);
        let probe = seen.probe.take();
        let hint_ms = retry_after_ms.map(|ms| ms.clamp(LEAST_MS, MOST_MS));
        let for_ms = match rule {
            Rule::Silent => return None,
            Rule::Answers => return probe.map(|probe| seen.recover(target_id, probe)),
            Rule::Limits => hint_ms.unwrap_or(LIMITED_MS),
            Rule::Stuck => STUCK_MS,
            Rule::Refuses => seen.run.is_refused_to_all(key).then_some(STUCK_MS)?,
            Rule::Unreachable | Rule::Fails => {
                let is_sure = rule == Rule::Unreachable;
                let most = if probe.is_some() { 1 } else { RUN };
                let concludes = seen.run.concludes(key, is_sure, most);
                // Requests that fail beside each other are one time, not many.
                (concludes && now_ms >= seen.until_ms).then(|| seen.back_off(probe.is_some()))?
            }
        };
        let until_ms = now_ms.saturating_add(for_ms.max(hint_ms.unwrap_or(0)));
        let known_ms = seen.until_ms.max(probe.map_or(0, |probe| probe.until_ms));
        (seen.until_ms, seen.told_ms) = (until_ms.max(known_ms), now_ms);
        seen.reason = Some(class);
        let (target, reason) = (target_id.to_owned(), class.name().to_owned());
        (until_ms > known_ms).then_some(Notice::SetAside(Aside { target, until_ms, reason }))
    }

    /// An attempt at a target has brought an answer.
    pub fn answered(&mut self, target_id: &str) -> Option<Notice> {
        let seen = self.0.get_mut(target_id)?;
        seen.run = Run::default();
        seen.times = 0;
        let probe = seen.probe.take()?;
        Some(seen.recover(target_id, probe))
    }

    fn seen(&mut self, target_id: &str) -> &mut Seen {
        if self.0.len() >= MOST_TARGETS && !self.0.contains_key(target_id) {
            self.0.clear();
        }
        self.0.entry(target_id.to_owned()).or_default()
    }
}

impl Seen {
    /// Whether a row is older than the last probe that succeeded, or that probe's own.
    fn is_over(&self, row_ms: u64) -> bool {
        let over = |probe: Probe| row_ms <= probe.seen_ms || row_ms == probe.until_ms;
        self.over.is_some_and(over)
    }

    fn recover(&mut self, target_id: &str, probe: Probe) -> Notice {
        (self.until_ms, self.asked_ms, self.over) = (0, 0, Some(probe));
        Notice::Recovered { target: target_id.to_owned(), until_ms: probe.until_ms }
    }

    /// How long a target that fails is set aside: longer each time.
    fn back_off(&mut self, is_probe: bool) -> u64 {
        // Who probes may not have seen the first time.
        let before = self.times.max(u32::from(is_probe));
        self.times = before.saturating_add(1);
        FIRST_MS.saturating_mul(2_u64.saturating_pow(before)).min(MOST_MS)
    }
}

impl Run {
    /// Adds a failure, and says whether it is the target that fails, after `most` of them: one key
    /// alone may have a prompt that no target survives.
    fn concludes(&mut self, key: &KeyId, is_sure: bool, most: u32) -> bool {
        self.all = self.all.saturating_add(1);
        self.sure = self.sure.saturating_add(u32::from(is_sure));
        self.is_shared |= is_another(&mut self.first, key);
        (self.is_shared && self.all >= most) || (is_sure && self.sure >= most)
    }

    /// Adds a refusal, and says whether another key was refused before.
    fn is_refused_to_all(&mut self, key: &KeyId) -> bool {
        is_another(&mut self.refused, key)
    }
}

/// Whether the first was another one; whoever comes first is it.
fn is_another(first: &mut Option<KeyId>, key: &KeyId) -> bool {
    first.get_or_insert_with(|| key.clone()) != key
}

/// Whether it is the client who names the target's model, so that a model that does not exist, or
/// that the account may not use, says nothing about the others: see [`super::Target::id`].
fn passes_through(target_id: &str) -> bool {
    target_id.ends_with("/*")
}
