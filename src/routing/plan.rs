//! The plan: the ordered targets of one request, finite and free of repetition.

use super::{Route, Target};
use crate::failure::Class;

/// Why a target of the route is not in the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Skipped<'r> {
    /// Which.
    pub target: &'r Target,
    /// The reason, for people.
    pub reason: String,
}

/// Whether a target can be tried now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usable {
    /// Nothing speaks against it.
    Yes,
    /// It failed a while ago, and whoever wins the right to may try whether it is well again.
    Probe {
        /// Until when it was set aside, in milliseconds since 1970.
        until_ms: u64,
    },
    /// It is set aside.
    Aside {
        /// Until when, in milliseconds since 1970.
        until_ms: u64,
        /// Why, for people.
        reason: String,
    },
    /// It cannot be tried at all, for this reason.
    No(String),
}

/// A target that may be tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate<'r> {
    /// Which.
    pub target: &'r Target,
    /// Until when it was set aside, when this would be the probe of whether it is well again.
    pub probe: Option<u64>,
}

/// The targets that may answer one request, in the order in which they are tried.
#[derive(Debug)]
pub struct Plan<'r> {
    /// The route that it follows.
    pub route: &'r Route,
    /// Who is tried, in order; at most the route's number of attempts.
    pub candidates: Vec<Candidate<'r>>,
    /// Who is tried instead after a failure of a class, in order.
    pub typed: Vec<(Class, Vec<Candidate<'r>>)>,
    /// Who is not, and why.
    pub skipped: Vec<Skipped<'r>>,
    /// Who would be next if the route allowed for more attempts.
    pub beyond: Vec<&'r Target>,
}

impl<'r> Plan<'r> {
    /// Plans a request. `draw` is a number between 0 and the largest, random or the caller's own:
    /// equal draws fall on equal targets. Targets that are set aside are passed over, unless all
    /// are: then the one that returns soonest is tried.
    pub fn new(route: &'r Route, draw: u64, usable: impl Fn(&Target) -> Usable) -> Self {
        let (mut skipped, mut typed) = (vec![], vec![]);
        let all = by_weight(&route.targets, draw).into_iter().chain(&route.fallback);
        let mut candidates = triable(all, &usable, &mut skipped);
        for (class, targets) in &route.typed {
            let mut others = vec![];
            typed.push((*class, triable(targets.iter(), &usable, &mut others)));
            others.retain(|other| !skipped.iter().any(|known| known.target.is_same(other.target)));
            skipped.extend(others);
        }
        let beyond = candidates.split_off(route.attempts.min(candidates.len()));
        let beyond = beyond.iter().map(|candidate| candidate.target).collect();
        Self { route, candidates, typed, skipped, beyond }
    }
}

/// Those of the targets that may be tried, each once; of the others it is noted why not.
fn triable<'r>(
    targets: impl Iterator<Item = &'r Target>,
    usable: impl Fn(&Target) -> Usable,
    skipped: &mut Vec<Skipped<'r>>,
) -> Vec<Candidate<'r>> {
    let mut candidates: Vec<Candidate<'_>> = vec![];
    let mut soonest: Option<(u64, &Target)> = None;
    let mut seen: Vec<&Target> = vec![];
    for target in targets {
        if seen.iter().any(|other| other.is_same(target)) {
            continue;
        }
        seen.push(target);
        let reason = match usable(target) {
            Usable::Yes => {
                candidates.push(Candidate { target, probe: None });
                continue;
            }
            Usable::Probe { until_ms } => {
                candidates.push(Candidate { target, probe: Some(until_ms) });
                continue;
            }
            Usable::Aside { until_ms, reason } => {
                if soonest.is_none_or(|(before_ms, _)| until_ms < before_ms) {
                    soonest = Some((until_ms, target));
                }
                reason
            }
            Usable::No(reason) => reason,
        };
        skipped.push(Skipped { target, reason });
    }
    if let (true, Some((_, target))) = (candidates.is_empty(), soonest) {
        candidates.push(Candidate { target, probe: None });
    }
    candidates
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
        // Where in all the weights the draw falls. When weights are moved, only the draws between
        // the old border and the new one change sides.
        let product = u128::from(draw) * u128::from(total);
        let mut point = u64::try_from(product >> 64).unwrap_or(0);
        draw = u64::try_from(product & u128::from(u64::MAX)).unwrap_or(0);
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
    use crate::routing::TargetTerms;
    use std::collections::HashMap;
    use std::sync::Arc;

    fn target(model: &str, weight: Option<u32>) -> Target {
        Target {
            id: format!("p/{model}"),
            provider: Arc::new(Provider::for_tests("p")),
            upstream_model: Some(model.to_owned()),
            weight,
            terms: TargetTerms::default(),
            reasoning: crate::config::Reasoning::default(),
            extras: Extras::default(),
        }
    }

    fn route(targets: Vec<Target>, fallback: Vec<Target>) -> Route {
        Route { targets, fallback, attempts: 3, ..Route::for_tests("*") }
    }

    fn usable(target: &Target) -> Usable {
        let aside =
            |until_ms| Usable::Aside { until_ms, reason: format!("set aside until {until_ms}") };
        match target.model_for("") {
            "off" => Usable::No("no credential".to_owned()),
            "aside" => aside(20),
            "aside too" => aside(10),
            "probe" => Usable::Probe { until_ms: 5 },
            _ => Usable::Yes,
        }
    }

    fn order(route: &Route, draw: u64) -> Vec<String> {
        let plan = Plan::new(route, draw, usable);
        let name = |candidate: &Candidate<'_>| {
            let mark = if candidate.probe.is_some() { "?" } else { "" };
            format!("{}{mark}", candidate.target.model_for(""))
        };
        plan.candidates.iter().map(name).collect()
    }

    #[test]
    fn in_order_without_weights_and_without_repetition() {
        let route = route(
            vec![target("a", None), target("off", None), target("b", None)],
            vec![target("a", None), target("c", None), target("d", None)],
        );
        assert_eq!(order(&route, 7), ["a", "b", "c"]);
        assert_eq!(Plan::new(&route, 7, usable).beyond, [&route.fallback[2]]);
    }

    #[test]
    fn who_cannot_be_tried_is_not_tried_for_a_class_either() {
        let mut route = route(vec![target("off", None), target("a", None)], vec![]);
        let typed = ["off", "aside", "b", "a"].map(|name| target(name, None));
        let set_aside = ["aside", "aside too"].map(|name| target(name, None));
        route.typed =
            vec![(Class::ContextLength, typed.into()), (Class::ContentPolicy, set_aside.into())];
        let plan = Plan::new(&route, 7, usable);
        let names = |(class, candidates): &(Class, Vec<Candidate<'_>>)| {
            let names = candidates.iter().map(|candidate| candidate.target.model_for(""));
            format!("{class}: {}", names.collect::<Vec<_>>().join(", "))
        };
        let typed: Vec<_> = plan.typed.iter().map(names).collect();
        assert_eq!(typed, ["context_length: b, a", "content_policy: aside too"]);
        let skipped: Vec<_> = plan.skipped.iter().map(|other| other.target.model_for("")).collect();
        assert_eq!(skipped, ["off", "aside", "aside too"]);
    }

    #[test]
    fn the_same_model_with_other_extras_is_another_target() {
        let mut flex = target("a", None);
        flex.extras.headers.push(("x-tier".into(), "flex".into()));
        let route = route(vec![target("a", None), flex], vec![target("a", None)]);
        assert_eq!(order(&route, 7), ["a", "a"]);
    }

    #[test]
    fn weights_share_the_first_place() {
        let route = route(
            vec![target("a", Some(90)), target("b", Some(10)), target("z", Some(0))],
            vec![target("c", None)],
        );
        let mut firsts: HashMap<String, u32> = HashMap::new();
        for draw in 0..100 {
            let order = order(&route, (2 * draw + 1) * (u64::MAX / 200));
            assert_eq!(order.len(), 3);
            *firsts.entry(order[0].clone()).or_default() += 1;
        }
        assert_eq!(firsts, HashMap::from([("a".into(), 90), ("b".into(), 10)]));
    }

    #[test]
    fn who_is_on_the_new_side_stays_there_when_the_weight_grows() {
        let side = |weight, draw| {
            let weights = (Some(100 - weight), Some(weight));
            let route = route(vec![target("old", weights.0), target("new", weights.1)], vec![]);
            order(&route, draw)[0].clone()
        };
        for draw in (0..100).map(|part| part * (u64::MAX / 100)) {
            if side(10, draw) == "new" {
                assert_eq!(side(30, draw), "new");
            }
        }
    }

    #[test]
    fn what_is_set_aside_waits_unless_all_is() {
        let some = route(vec![target("aside", None), target("b", None)], vec![]);
        assert_eq!(order(&some, 0), ["b"]);
        let probe = route(vec![target("probe", None), target("b", None)], vec![]);
        assert_eq!(order(&probe, 0), ["probe?", "b"]);
        let all = route(vec![target("aside", None), target("aside too", None)], vec![]);
        assert_eq!(order(&all, 0), ["aside too"]);
        let dead = route(vec![target("off", None), target("aside", None)], vec![]);
        assert_eq!(order(&dead, 0), ["aside"]);
    }

    #[test]
    fn a_plan_of_nothing_says_why() {
        let route = route(vec![target("off", None)], vec![]);
        let plan = Plan::new(&route, 0, usable);
        assert!(plan.candidates.is_empty());
        let (target, reason) = (&route.targets[0], "no credential".to_owned());
        assert_eq!(plan.skipped, [Skipped { target, reason }]);
    }
}
