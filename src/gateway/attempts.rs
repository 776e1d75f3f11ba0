//! The attempts: follows the course of a request until a target has committed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Gateway;
use super::ahead::Ahead;
use super::ending::{Ending, answer_headers, dropped_header, told_last};
use super::exchange::{Answered, Attempt};
use super::mirror::Copied;
use crate::config::Snapshot;
use crate::decision::{Leg, no_answer};
use crate::dialect::{Call, Operation};
use crate::failure::{Failure, Sent};
use crate::ingress::Answer;
use crate::keys::Presented;
use crate::quota::{Demand, Evidence, Hold};
use crate::record::{Record, micros};
use crate::refusal::Refusal;
use crate::relay::{self, Pacing};
use crate::routing::{Candidate, Course, Faults, Next, Notice, Plan, Skipped, Target};

/// What the attempts of one request share.
pub(super) struct Journey<'a> {
    pub(super) gateway: Arc<Gateway>,
    pub(super) call: &'a Call,
    pub(super) presented: &'a Presented,
    pub(super) demand: &'a Demand,
    pub(super) snapshot: &'a Arc<Snapshot>,
    pub(super) deadline: Instant,
    /// What is to fail because the client asks for it.
    pub(super) faults: &'a Faults,
    /// What decides which side of weighted targets the request falls on.
    pub(super) draw: u64,
    /// Whether the client wants nobody but the first target.
    pub(super) only_first: bool,
    /// Whether the client wants to know what happened.
    pub(super) wants_trail: bool,
    /// The copy that is made of it.
    pub(super) mirror: Option<Copied>,
}

/// What has come of the attempts so far.
struct Walked<'a> {
    /// What was made ready for the first of them.
    ahead: Option<Ahead<'a>>,
    failures: Vec<Failure>,
    /// The hold for the next attempt; nothing when the key had no room for another.
    kept: Option<Hold>,
    /// Whether the last attempt, which had that hold, may have cost something.
    is_billed: bool,
    /// What the other environments are to hear of the targets.
    notices: Vec<Notice>,
}

/// How the course of one leg ended.
enum Gone {
    Answered(Box<Answer>),
    /// Nobody is left there.
    On,
    /// Nobody else may answer at all.
    Over,
}

impl Journey<'_> {
    /// Tries the targets of each leg. Whoever commits first answers; when none does, the hold is
    /// settled and the most useful reason is the refusal.
    pub(super) async fn travel(
        self,
        legs: &[Leg],
        hold: Hold,
        ahead: Option<Ahead<'_>>,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        let (failures, notices) = (vec![], vec![]);
        let mut walked = Walked { ahead, failures, kept: Some(hold), is_billed: false, notices };
        for (index, leg) in legs.iter().enumerate() {
            if index > 0 && !self.change_leg(leg, &mut walked, record).await {
                break;
            }
            let plan = Plan::new(&leg.route, self.draw, |target| {
                self.gateway.usable(target, self.snapshot)
            });
            let is_last = index + 1 == legs.len();
            match self.follow(leg, &plan, is_last, &mut walked, record).await {
                Gone::Answered(answer) => return Ok(*answer),
                Gone::On => {}
                Gone::Over => break,
            }
        }
        if let Some(hold) = walked.kept.take() {
            let evidence = if walked.is_billed { Evidence::Unknown } else { Evidence::Unbilled };
            let notices = std::mem::take(&mut walked.notices);
            let settling = self.gateway.settle(hold, &evidence, record);
            tokio::join!(settling, self.gateway.tell(notices));
        }
        Err(no_answer(self.call, walked.failures, record.reports(), &record.skipped))
    }

    /// Follows the course of one leg.
    async fn follow(
        &self,
        leg: &Leg,
        plan: &Plan<'_>,
        is_last: bool,
        walked: &mut Walked<'_>,
        record: &mut Record,
    ) -> Gone {
        let skipped = plan.skipped.iter();
        record
            .skipped
            .extend(skipped.map(|other| format!("{}: {}", other.target.id, other.reason)));
        let mut course = Course::new(plan);
        if self.only_first {
            course.only_first();
        }
        while let Some(target) = self.next_target(&mut course, record).await {
            let Some(hold) = self.hold_for_next(leg, walked, record).await else {
                return Gone::Over;
            };
            let attempt = Attempt {
                target,
                alias: &leg.alias,
                timeouts: leg.route.timeouts,
                is_strict: leg.route.is_strict,
                has_more: course.has_more() || !is_last,
            };
            let began = Instant::now();
            // The others hear of the last failure while the next target works.
            let notices = std::mem::take(&mut walked.notices);
            let attempting = self.attempt(attempt, &hold, walked.ahead.take(), record);
            let (tried, ()) = tokio::join!(attempting, self.gateway.tell(notices));
            record.upstream_us += micros(began);
            match tried {
                Ok(answered) => {
                    if let Some(attempt) = record.attempts.last() {
                        self.gateway.took(self.call, attempt);
                    }
                    let notice = self.gateway.answered(&target.id);
                    let answer = self.answer(target, leg, answered, hold, notice, record);
                    return Gone::Answered(Box::new(answer));
                }
                Err(failure) => {
                    let (id, key) = (&target.id, &self.presented.id);
                    // What one client asks for says nothing of the target.
                    if self.faults.of(id).is_none() {
                        walked.notices.extend(self.gateway.failed(id, &failure, key));
                    }
                    walked.kept = Some(hold);
                    walked.is_billed = failure.sent == Sent::Maybe;
                    let goes_on = course.failed(target, &failure) && Instant::now() < self.deadline;
                    walked.failures.push(failure);
                    if !goes_on {
                        return Gone::Over;
                    }
                }
            }
        }
        Gone::On
    }

    /// Who is tried next, after a wait where nobody else is left.
    async fn next_target<'r>(
        &self,
        course: &mut Course<'r>,
        record: &mut Record,
    ) -> Option<&'r Target> {
        let budget = &self.gateway.retry_budget;
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            let usual_ms = |target: &Target| self.gateway.usual_ms(target, self.call);
            let late = course.pass_over_late(left_ms, usual_ms);
            let said = |Skipped { target, reason }| format!("{}: {reason}", target.id);
            record.skipped.extend(late.into_iter().map(said));
            let Candidate { target, probe } =
                match course.next(left_ms, super::random(), budget.has_room()) {
                    Next::Try(candidate) => candidate,
                    Next::Wait(ms, candidate) => {
                        budget.retry();
                        record.waited_ms += ms;
                        sleep(Duration::from_millis(ms)).await;
                        candidate
                    }
                    Next::Stop => return None,
                };
            let Some(until_ms) = probe else { return Some(target) };
            if self.gateway.may_probe(&target.id, until_ms).await || !course.has_more() {
                return Some(target);
            }
            course.pass();
            record.skipped.push(format!("{}: somebody else tries it now", target.id));
        }
    }

    /// The hold for the next attempt. What the last one may have cost stays charged, and the next
    /// takes a hold of its own; when the key has no room for it, the attempts are over.
    async fn hold_for_next(
        &self,
        leg: &Leg,
        walked: &mut Walked<'_>,
        record: &mut Record,
    ) -> Option<Hold> {
        let held = walked.kept.take();
        if !walked.is_billed {
            return held;
        }
        self.gateway.settle(held?, &Evidence::Unknown, record).await;
        let alias = Some(leg.alias.clone());
        let demand = Demand { alias, ..self.demand.again(super::lease_id()) };
        let again = self.gateway.admit(self.presented, &demand, record).await;
        walked.is_billed = false;
        again.ok().map(|admission| admission.hold)
    }

    /// Goes over to another alias: its limits are other limits, and the key must be allowed to use
    /// it. False when it is not, or has no room.
    async fn change_leg(&self, leg: &Leg, walked: &mut Walked<'_>, record: &mut Record) -> bool {
        let Some(held) = walked.kept.take() else { return false };
        let evidence = if walked.is_billed { Evidence::Unknown } else { Evidence::Void };
        self.gateway.settle(held, &evidence, record).await;
        let requests = if walked.is_billed { 0 } else { self.demand.requests };
        walked.is_billed = false;
        let again = self.demand.again(super::lease_id());
        let demand = Demand { alias: Some(leg.alias.clone()), requests, ..again };
        record.leg(leg.route.pattern.as_str(), leg.route.listed_as(&leg.alias));
        let Ok(admission) = self.gateway.admit(self.presented, &demand, record).await else {
            return false;
        };
        walked.kept = Some(admission.hold);
        true
    }

    /// The answer of the target that has committed.
    fn answer(
        &self,
        target: &Target,
        leg: &Leg,
        answered: Answered,
        hold: Hold,
        notice: Option<Notice>,
        record: &mut Record,
    ) -> Answer {
        record.status = 200;
        record.first_byte();
        let now_ms = self.gateway.parts.clock.now_ms();
        let Answered { dropped, committed, upstream_request_id, .. } = answered;
        let mut headers = answer_headers(&committed, target, record, upstream_request_id, now_ms);
        dropped_header(&mut headers, &dropped);
        let trail = self.wants_trail.then(|| record.trail());
        let last = told_last(&committed, trail, &mut headers);
        let timeouts = leg.route.timeouts;
        let pacing = Pacing {
            idle: Duration::from_millis(timeouts.idle_ms),
            deadline: self.deadline,
            least_events_per_minute: timeouts.least_events_per_minute,
        };
        let request_id = record.request_id.clone();
        let record = std::mem::replace(record, Record::begin(String::new(), 0));
        // Nobody bills for counting.
        let counts = self.call.operation() == Operation::CountTokens;
        let price = target.terms.price.clone().filter(|_| !counts);
        let ending = Ending {
            gateway: Arc::clone(&self.gateway),
            hold,
            record,
            price,
            key: self.presented.id.clone(),
            notices: notice.into_iter().collect(),
            mirror: self.mirror.clone(),
        };
        let body =
            relay::answer(committed, pacing, request_id, last, |outcome| ending.run(outcome));
        let mut answer = Answer::new(match &self.mirror {
            Some(copied) => body.beside(copied.clone().work()),
            None => body,
        });
        *answer.headers_mut() = headers;
        answer
    }
}
