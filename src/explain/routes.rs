//! Why one route serves an alias, and no other.

use std::sync::Arc;

use super::hidden::{HIDDEN, is_secret};
use super::{LostRoute, Question, RouteSeen, Story};
use crate::config::Snapshot;
use crate::decision::{self, Asked};
use crate::keys::Caller;
use crate::routing::{Pattern, Route, SplitBy};

/// The route that serves an alias.
pub(super) fn seen(story: &Story<'_>, route: &Route, alias: &str) -> RouteSeen {
    let pattern = &route.pattern;
    let routes = &story.facts.snapshot.config.routes;
    let matching = routes.searched().filter(|other| other.pattern.matches(alias)).count();
    let why = match (pattern.is_exact(), matching) {
        (true, _) => "it is the exact name".to_owned(),
        (false, 0..=1) => "no other pattern matches".to_owned(),
        (false, _) => {
            let literal = pattern.literal_chars();
            format!("of the patterns that match it has the most literal characters, {literal}")
        }
    };
    let is_weighted = route.targets.iter().any(|target| target.weight.is_some());
    RouteSeen {
        pattern: pattern.to_string(),
        why,
        attempts: route.attempts,
        drawn: is_weighted.then(|| story.drawn.clone()),
    }
}

/// By what the request falls on one of weighted targets. The first alias decides for all.
pub(super) fn drawn(asked: &[Asked], caller: Option<&Caller>, question: &Question<'_>) -> String {
    let Some(leg) = asked.iter().flatten().next() else { return String::new() };
    let (key, split_by) = (caller.map(Caller::id), &leg.route.split_by);
    let by = match split_by {
        SplitBy::Random => return "at random: another request may fall otherwise".to_owned(),
        SplitBy::Key => "key".to_owned(),
        SplitBy::User => "user".to_owned(),
        SplitBy::Header(name) => format!("header:{name}"),
    };
    match decision::split_value(split_by, key, question.call, question.headers) {
        Some(value) => {
            // Nobody should split by a credential, and somebody will.
            let is_secret =
                *split_by != SplitBy::Key && is_secret(by.trim_start_matches("header:"), &value);
            let shown = if is_secret { HIDDEN } else { value.as_str() };
            format!("by {by}: '{shown}' always falls so while the weights stay")
        }
        None => format!("at random, for the request has no {by}: another may fall otherwise"),
    }
}

/// The routes that do not serve an alias, in the order in which they are searched.
pub(super) fn lost(snapshot: &Snapshot, winner: Option<&Route>, alias: &str) -> Vec<LostRoute> {
    let others = snapshot.config.routes.searched();
    let others = others
        .filter(|route| winner.is_none_or(|winner| !std::ptr::eq(Arc::as_ptr(route), winner)));
    // Those that could have served it are what people look for.
    let (near, far): (Vec<_>, Vec<_>) =
        others.partition(|route| route.pattern.clone().ignoring_case().matches(alias));
    let lost = near.into_iter().chain(far).map(|route| LostRoute {
        pattern: route.pattern.to_string(),
        why: why_not(&route.pattern, winner.map(|winner| &winner.pattern), alias),
    });
    lost.collect()
}

fn why_not(pattern: &Pattern, winner: Option<&Pattern>, alias: &str) -> String {
    let Some(winner) = winner.filter(|_| pattern.matches(alias)) else {
        let is_close = pattern.clone().ignoring_case().matches(alias);
        return if is_close { "it differs in case" } else { "it does not match" }.to_owned();
    };
    let (own, its) = (pattern.literal_chars(), winner.literal_chars());
    if winner.is_exact() && !pattern.is_exact() {
        format!("it matches, and the exact name '{winner}' goes before patterns")
    } else if own < its {
        format!("it matches, with fewer literal characters ({own}) than '{winner}' ({its})")
    } else {
        format!("it matches as closely, and '{winner}' is declared before it")
    }
}
