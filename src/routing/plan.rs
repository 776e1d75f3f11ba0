//! The plan: the ordered targets of one request, finite and free of repetition.

use super::{Route, Target, Timeouts};
use crate::keys::Caller;

/// Why a target of the route is not in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The target's id.
    pub target: String,
    /// The reason, for people.
    pub reason: String,
}

/// The targets that may answer one request, in the order in which they are tried.
#[derive(Debug)]
pub struct Plan<'r> {
    /// Who is tried, in order; at most the route's number of attempts.
    pub targets: Vec<&'r Target>,
    /// Who is not, and why.
    pub skipped: Vec<Skipped>,
    /// The route's timeouts.
    pub timeouts: Timeouts,
}

impl<'r> Plan<'r> {
    /// Plans a request of an admitted caller. `draw` is a random number for the weights;
    /// `unusable` says why a target cannot be used now, if it cannot.
    pub fn new(
        _caller: &Caller,
        route: &'r Route,
        draw: u64,
        unusable: impl Fn(&Target) -> Option<String>,
    ) -> Self {
        let mut plan = Self { targets: vec![], skipped: vec![], timeouts: route.timeouts };
        for target in by_weight(&route.targets, draw).into_iter().chain(&route.fallback) {
            let known = |other: &&&Target| {
                other.provider == target.provider
                    && other.upstream_model == target.upstream_model
                    && other.extras == target.extras
            };
            if plan.targets.iter().any(|other| known(&other)) {
                continue;
            }
            match unusable(target) {
                Some(reason) => plan.skipped.push(Skipped { target: target.id(), reason }),
                None => plan.targets.push(target),
            }
        }
        plan.targets.truncate(route.attempts);
        plan
    }

    /// The reasons why nothing can be tried, for the refusal.
    pub fn reasons(&self) -> String {
        let reason = |skipped: &Skipped| format!("{}: {}", skipped.target, skipped.reason);
        self.skipped.iter().map(reason).collect::<Vec<_>>().join("; ")
    }
}

/// The targets in the order of a weighted draw without replacement; as declared when none has a
/// weight. A target of weight 0 is never drawn first, but still answers when the others fail.
fn by_weight(targets: &[Target], draw: u64) -> Vec<&Target> {
    let mut rest: Vec<&Target> = targets.iter().collect();
    if targets.iter().all(|target| target.weight.is_none()) {
        return rest;
    }
    let mut order = Vec::with_capacity(rest.len());
    let mut draw = draw;
    while !rest.is_empty() {
        let weight = |target: &&Target| u64::from(target.weight.unwrap_or(1));
        let total: u64 = rest.iter().map(weight).sum();
        let mut point = draw.checked_rem(total).unwrap_or(0);
        draw = draw.checked_div(total).unwrap_or(0);
        let drawn = rest.iter().position(|target| {
            let hit = point < weight(target);
            point = point.saturating_sub(weight(target));
            hit
        });
        order.push(rest.remove(drawn.unwrap_or(0)));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Extras, Provider};
    use crate::keys::{Caller, KeyId};
    use crate::routing::{Pattern, TargetTerms};
    use std::collections::HashMap;
    use std::sync::Arc;

    fn target(model: &str, weight: Option<u32>) -> Target {
        Target {
            provider: Arc::new(Provider::for_tests("p")),
            upstream_model: Some(model.to_owned()),
            weight,
            terms: TargetTerms::default(),
            reasoning: crate::config::Reasoning::default(),
            extras: Extras::default(),
        }
    }

    fn route(targets: Vec<Target>, fallback: Vec<Target>) -> Route {
        Route {
            pattern: Pattern::new("*"),
            listed: vec![],
            targets,
            fallback,
            timeouts: Timeouts::default(),
            attempts: 3,
            is_strict: false,
        }
    }

    fn caller() -> Caller {
        Caller::admitted(KeyId::parse("abcdefghijkl").unwrap(), "t".into(), vec![], None)
    }

    fn order(route: &Route, draw: u64) -> Vec<String> {
        let plan = Plan::new(&caller(), route, draw, |target| {
            (target.upstream_model.as_deref() == Some("off")).then(|| "no credential".to_owned())
        });
        plan.targets.iter().map(|target| target.model_for("").to_owned()).collect()
    }

    #[test]
    fn in_order_without_weights_and_without_repetition() {
        let route = route(
            vec![target("a", None), target("off", None), target("b", None)],
            vec![target("a", None), target("c", None), target("d", None)],
        );
        assert_eq!(order(&route, 7), ["a", "b", "c"]);
    }

    #[test]
    fn a_target_with_other_extras_is_another_target() {
        let extras = Extras { headers: vec![("a".into(), "b".into())], ..Extras::default() };
        let other = Target { extras, ..target("a", None) };
        let route = route(vec![other.clone(), target("a", None)], vec![other]);
        assert_eq!(order(&route, 0), ["a", "a"]);
    }

    #[test]
    fn weights_share_the_first_place() {
        let route = route(
            vec![target("a", Some(90)), target("b", Some(10)), target("z", Some(0))],
            vec![target("c", None)],
        );
        let mut firsts: HashMap<String, u32> = HashMap::new();
        for draw in 0..100 {
            let order = order(&route, draw);
            assert_eq!(order.len(), 3);
            *firsts.entry(order[0].clone()).or_default() += 1;
        }
        assert_eq!(firsts, HashMap::from([("a".into(), 90), ("b".into(), 10)]));
    }

    #[test]
    fn a_plan_of_nothing_says_why() {
        let route = route(vec![target("off", None)], vec![]);
        let plan = Plan::new(&caller(), &route, 0, |_| Some("PAI_API_KEY is not set".to_owned()));
        assert!(plan.targets.is_empty());
        assert_eq!(plan.reasons(), "p/off: PAI_API_KEY is not set");
    }
}
