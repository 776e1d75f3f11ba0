//! The way of a request through its plan, on which every target fails that it reaches: so it shows
//! all who would be tried, in order.

use super::{RequestSeen, Story, requests};
use crate::decision::{Asking, Leg, prepare};
use crate::failure::{Class, Failure, Sent};
use crate::routing::{Course, Next, Plan, Route, Skipped, Target};

/// What becomes of the request at a target.
pub(super) enum Fate {
    /// It would be sent, without these of its fields.
    Sent(Box<RequestSeen>, Vec<String>),
    /// The target cannot take it.
    Refused(Failure),
    /// The client asks for this failure.
    Fails(Failure),
}

/// One target on the way.
pub(super) struct Step<'r> {
    pub(super) target: &'r Target,
    /// Until when it was set aside, where it would be the probe of whether it is well again.
    pub(super) probe: Option<u64>,
    pub(super) fate: Fate,
}

/// The way through a plan.
pub(super) struct Walk<'r> {
    pub(super) leg: &'r Leg,
    pub(super) plan: &'r Plan<'r>,
    pub(super) steps: Vec<Step<'r>>,
    /// Whom the request would rather not wait for.
    pub(super) late: Vec<Skipped<'r>>,
    /// Whether a failure that is certain ends it: nobody else may answer.
    pub(super) is_over: bool,
}

impl<'r> Walk<'r> {
    pub(super) fn through(story: &Story<'_>, leg: &'r Leg, plan: &'r Plan<'r>) -> Self {
        let mut walk = Self { leg, plan, steps: vec![], late: vec![], is_over: false };
        let mut course = Course::new(plan);
        if story.only_first() {
            course.only_first();
        }
        let assumed = assumed(&leg.route);
        let binds_cost = story.binds_cost(&leg.alias);
        loop {
            let late = course.pass_over_late(story.left_ms, story.facts.usual_ms);
            walk.late.extend(late);
            let Next::Try(candidate) = course.next(story.left_ms, 0, false) else { break };
            let target = candidate.target;
            let fate = fate(story, leg, target, binds_cost);
            let (failure, is_certain) = match &fate {
                Fate::Refused(failure) | Fate::Fails(failure) => (Some(failure), true),
                Fate::Sent(..) => (assumed.as_ref(), false),
            };
            let goes_on = failure.is_some_and(|failure| course.failed(target, failure));
            let is_first = walk.first_sent().is_none();
            walk.steps.push(Step { target, probe: candidate.probe, fate });
            if !goes_on {
                walk.is_over = is_certain && is_first;
                break;
            }
        }
        walk
    }

    /// The first target that would get the request.
    pub(super) fn first_sent(&self) -> Option<&Step<'r>> {
        self.sent().next()
    }

    /// Everybody who would get the request, each when the one before has failed.
    pub(super) fn sent(&self) -> impl Iterator<Item = &Step<'r>> {
        self.steps.iter().filter(|step| matches!(step.fate, Fate::Sent(..)))
    }

    /// Whether the target is on the way.
    pub(super) fn has(&self, target: &Target) -> bool {
        self.steps.iter().any(|step| std::ptr::eq(step.target, target))
    }
}

/// What becomes of the request at a target.
pub(super) fn fate(story: &Story<'_>, leg: &Leg, target: &Target, binds_cost: bool) -> Fate {
    if let Some(failure) = story.question.faults.of(&target.id) {
        return Fate::Fails(failure);
    }
    let asking = Asking {
        target,
        alias: &leg.alias,
        binds_cost,
        is_strict: leg.route.is_strict,
        now_ms: story.facts.now_ms,
    };
    match prepare(story.question.call, asking) {
        Ok(prepared) => {
            let dropped = prepared.encoded.dropped.fields().to_vec();
            Fate::Sent(Box::new(requests::seen(story, target, &prepared)), dropped)
        }
        Err(failure) => Fate::Refused(failure),
    }
}

/// A failure that leads to the next target in order; nothing where none does. It may have been
/// billed, so nobody is asked again.
fn assumed(route: &Route) -> Option<Failure> {
    let leads_on = |class: &Class| {
        route.falls_back(*class) && !route.typed.iter().any(|(typed, _)| typed == class)
    };
    let class = Class::ALL.iter().map(|(class, _)| *class).find(leads_on)?;
    Some(Failure::new(class, Sent::Maybe, "assumed"))
}
