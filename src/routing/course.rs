//! The course of a request through its plan: after each failure, who is next.

use std::collections::VecDeque;

use super::{Candidate, Plan, Skipped, Target, is_late};
use crate::failure::{Class, Failure, Sent};

/// What to do next.
#[derive(Debug, PartialEq)]
pub enum Next<'r> {
    /// Try this one now.
    Try(Candidate<'r>),
    /// Nobody else is left: wait so many milliseconds, and try this one again.
    Wait(u64, Candidate<'r>),
    /// Nothing.
    Stop,
}

/// Where a request stands in its plan.
#[derive(Debug)]
pub struct Course<'r> {
    plan: &'r Plan<'r>,
    queue: VecDeque<Candidate<'r>>,
    tried: Vec<&'r Target>,
    /// Who may be tried again, and after what wait.
    again: Vec<(&'r Target, Option<u64>)>,
    typed: Vec<Class>,
    attempts_left: usize,
    retries: usize,
}

/// The first wait where the provider gives none, in milliseconds; each further one is twice as long.
const FIRST_WAIT_MS: u64 = 200;

impl<'r> Course<'r> {
    /// The beginning.
    pub fn new(plan: &'r Plan<'r>) -> Self {
        Self {
            plan,
            queue: plan.candidates.iter().copied().collect(),
            tried: vec![],
            again: vec![],
            typed: vec![],
            attempts_left: plan.route.attempts,
            retries: 0,
        }
    }

    /// The last candidate was passed over: it counts as no attempt.
    pub fn pass(&mut self) {
        self.attempts_left += 1;
    }

    /// Leaves all but the first target out.
    pub fn only_first(&mut self) {
        self.attempts_left = self.attempts_left.min(1);
        self.queue.truncate(1);
    }

    /// Whether somebody is left who was not tried.
    pub fn has_more(&self) -> bool {
        self.attempts_left > 0 && !self.queue.is_empty()
    }

    /// Puts those behind the others whose first content is not to be expected in the `left_ms`
    /// milliseconds that are left, until somebody is in front from whom it is, or else whoever is
    /// quickest. Nobody is lost: a wrong guess must not become a refusal. Returns who was passed
    /// over. `usual_ms` is how long a target usually takes, when that is known.
    pub fn pass_over_late(
        &mut self,
        left_ms: u64,
        usual_ms: impl Fn(&Target) -> Option<u64>,
    ) -> Vec<Skipped<'r>> {
        if self.attempts_left == 0 || self.queue.len() < 2 {
            return vec![];
        }
        let late_ms = |candidate: &Candidate<'_>| {
            usual_ms(candidate.target).filter(|usual_ms| is_late(*usual_ms, left_ms))
        };
        let late: Vec<_> = self.queue.iter().map(late_ms).collect();
        // Nothing is less than any number, and of equals the first is taken.
        let first = (0..).zip(&late).min_by_key(|(_, late_ms)| **late_ms);
        let first = first.map_or(0, |(index, _)| index);
        let passed = self.queue.iter().zip(late).take(first);
        let skipped = passed.map(|(candidate, late_ms)| {
            let usual_ms = late_ms.unwrap_or_default();
            let reason = format!(
                "no first content expected in the {left_ms} ms that are left \
                 (usually it takes {usual_ms} ms)"
            );
            Skipped { target: candidate.target, reason }
        });
        let skipped = skipped.collect();
        self.queue.rotate_left(first);
        skipped
    }

    /// Notes how the last attempt failed. Says whether another may follow.
    pub fn failed(&mut self, target: &'r Target, failure: &Failure) -> bool {
        let class = failure.class;
        // What was billed once is not asked again of the same.
        if failure.sent == Sent::Unbilled && is_transient(class) {
            self.again.retain(|(other, _)| !other.is_same(target));
            self.again.push((target, failure.retry_after_ms));
        } else {
            self.again.retain(|(other, _)| !other.is_same(target));
        }
        let typed = self.plan.typed.iter().find(|(of, _)| *of == class);
        if let Some((_, candidates)) = typed.filter(|_| !self.typed.contains(&class)) {
            self.typed.push(class);
            let fresh = |candidate: &&Candidate<'_>| {
                !self.tried.iter().any(|tried| tried.is_same(candidate.target))
            };
            self.queue = candidates.iter().filter(fresh).copied().collect();
            return true;
        }
        self.plan.route.falls_back(class)
    }

    /// Who is next, with `left_ms` of the request's time left. `jitter` is a random number: equal
    /// clients must not come back together. `may_retry` is whether the budget for that has room.
    pub fn next(&mut self, left_ms: u64, jitter: u64, may_retry: bool) -> Next<'r> {
        if self.attempts_left == 0 {
            return Next::Stop;
        }
        if let Some(candidate) = self.queue.pop_front() {
            self.attempts_left -= 1;
            self.tried.push(candidate.target);
            return Next::Try(candidate);
        }
        let route = self.plan.route;
        if !may_retry || self.retries >= route.retries {
            return Next::Stop;
        }
        let own_ms = FIRST_WAIT_MS << self.retries.min(8);
        let soonest = self.again.iter().map(|(target, hint)| (hint.unwrap_or(own_ms), *target));
        let Some((wait_ms, target)) = soonest.min_by_key(|(wait_ms, _)| *wait_ms) else {
            return Next::Stop;
        };
        // Never earlier than asked, and up to half as long again.
        let wait_ms = wait_ms.saturating_add(jitter % (wait_ms / 2).clamp(1, 1_000));
        if wait_ms > route.most_wait_ms || wait_ms >= left_ms {
            return Next::Stop;
        }
        self.retries += 1;
        self.attempts_left -= 1;
        Next::Wait(wait_ms, Candidate { target, probe: None })
    }
}

/// Whether the same target may do better in a moment.
fn is_transient(class: Class) -> bool {
    matches!(
        class,
        Class::RateLimit
            | Class::Overloaded
            | Class::Server
            | Class::Network
            | Class::TimeoutConnect
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{Extras, Provider, Reasoning};
    use crate::routing::{Route, TargetTerms, Usable};

    fn target(model: &str) -> Target {
        Target {
            id: format!("p/{model}"),
            provider: Arc::new(Provider::for_tests("p")),
            upstream_model: Some(model.to_owned()),
            weight: None,
            terms: TargetTerms::default(),
            reasoning: Reasoning::default(),
            extras: Extras::default(),
        }
    }

    fn failure(class: Class, retry_after_ms: Option<u64>) -> Failure {
        Failure { retry_after_ms, ..Failure::new(class, Sent::Unbilled, "") }
    }

    /// Tries until nobody is left, each failing as the table says by its turn; names and waits.
    fn course(route: &Route, failures: &[(Class, Option<u64>)], left_ms: u64) -> String {
        let plan = Plan::new(route, 0, |_| Usable::Yes);
        let mut course = Course::new(&plan);
        let mut said = Vec::new();
        for (class, hint) in failures {
            let candidate = match course.next(left_ms, 0, true) {
                Next::Try(candidate) => candidate,
                Next::Wait(ms, candidate) => {
                    said.push(format!("{ms} ms"));
                    candidate
                }
                Next::Stop => break,
            };
            said.push(candidate.target.model_for("").to_owned());
            if !course.failed(candidate.target, &failure(*class, *hint)) {
                said.push("no more".to_owned());
                return said.join(", ");
            }
        }
        if course.next(left_ms, 0, true) == Next::Stop {
            said.push("nobody".to_owned());
        }
        said.join(", ")
    }

    #[test]
    fn after_each_failure_somebody_is_next_or_nobody() {
        use Class::{BadRequest, ContentPolicy, ContextLength, Network, RateLimit, Server};
        let plain = Route {
            targets: vec![target("a"), target("b")],
            fallback: vec![target("c")],
            attempts: 5,
            ..Route::for_tests("*")
        };
        let check = |route: &Route, failures: &[(Class, Option<u64>)], left_ms, expected| {
            assert_eq!(course(route, failures, left_ms), expected, "{failures:?}");
        };
        let none = |class| (class, None);
        check(&plain, &[none(Server); 4], 9_000, "a, b, c, nobody");
        check(&plain, &[none(BadRequest)], 9_000, "a, no more");
        check(&plain, &[none(Server), none(ContentPolicy)], 9_000, "a, b, no more");
        let few = Route { attempts: 2, ..plain.clone() };
        check(&few, &[none(Server); 4], 9_000, "a, b, nobody");
        let choosy =
            Route { falls_back: vec![(BadRequest, true), (RateLimit, false)], ..plain.clone() };
        check(&choosy, &[none(BadRequest), none(RateLimit)], 9_000, "a, b, no more");

        let typed = Route {
            typed: vec![
                (ContextLength, vec![target("large"), target("a")]),
                (ContentPolicy, vec![target("other")]),
            ],
            ..plain.clone()
        };
        check(&typed, &[none(ContextLength), none(Server)], 9_000, "a, large, nobody");
        check(&typed, &[none(ContextLength); 2], 9_000, "a, large, nobody");
        check(&typed, &[none(ContentPolicy), none(ContextLength)], 9_000, "a, other");

        let patient = Route {
            targets: vec![target("a"), target("b")],
            fallback: vec![],
            retries: 2,
            ..plain
        };
        let limited =
            [(RateLimit, Some(1_500)), (RateLimit, Some(900)), none(Network), none(Server)];
        check(&patient, &limited, 9_000, "a, b, 900 ms, b, 400 ms, b, nobody");
        check(
            &patient,
            &[(RateLimit, Some(7_000)), (RateLimit, Some(8_000))],
            9_000,
            "a, b, nobody",
        );
        check(&patient, &limited, 900, "a, b, nobody");
    }

    /// Who is asked, in order, when so many milliseconds are left and nobody answers; and who was
    /// passed over for it.
    fn in_time(left_ms: u64, only_first: bool) -> (String, String) {
        let names = ["2000", "unknown", "4000", "1000", "3000"];
        let route =
            Route { targets: names.map(target).into(), attempts: 5, ..Route::for_tests("*") };
        let plan = Plan::new(&route, 0, |_| Usable::Yes);
        let mut course = Course::new(&plan);
        if only_first {
            course.only_first();
        }
        let (mut asked, mut passed) = (Vec::new(), Vec::new());
        loop {
            let skipped =
                course.pass_over_late(left_ms, |target| target.model_for("").parse().ok());
            passed.extend(skipped.into_iter().map(|skipped| {
                assert!(skipped.reason.contains(&format!("the {left_ms} ms that are left")));
                skipped.target.id.replace("p/", "")
            }));
            let Next::Try(candidate) = course.next(left_ms, 0, true) else { break };
            asked.push(candidate.target.model_for(""));
            assert!(course.failed(candidate.target, &failure(Class::Server, None)));
        }
        (asked.join(", "), passed.join(", "))
    }

    #[test]
    fn whoever_cannot_be_expected_in_time_is_passed_over_and_not_lost() {
        for (left_ms, asked, passed) in [
            (9_000, "2000, unknown, 4000, 1000, 3000", ""),
            (1_999, "2000, unknown, 1000, 3000, 4000", "4000"),
            (1_499, "2000, unknown, 1000, 3000, 4000", "4000"),
            (999, "unknown, 1000, 2000, 3000, 4000", "2000, 4000, 3000, 4000"),
            (0, "unknown, 1000, 2000, 3000, 4000", "2000, 4000, 3000, 4000"),
        ] {
            let expected = (asked.to_owned(), passed.to_owned());
            assert_eq!(in_time(left_ms, false), expected, "{left_ms}");
        }
        assert_eq!(in_time(0, true), ("2000".to_owned(), String::new()), "nobody else may answer");
    }

    #[test]
    fn what_may_have_been_billed_is_not_asked_again() {
        let route =
            Route { targets: vec![target("a")], attempts: 5, retries: 2, ..Route::for_tests("*") };
        let plan = Plan::new(&route, 0, |_| Usable::Yes);
        let mut course = Course::new(&plan);
        let Next::Try(candidate) = course.next(9_000, 0, true) else { panic!("the first") };
        assert!(course.failed(candidate.target, &Failure::answer(Class::Server, "")));
        assert_eq!(course.next(9_000, 0, true), Next::Stop);
    }
}
