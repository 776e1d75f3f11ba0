//! Routes: which targets serve which aliases.

use std::sync::Arc;

use super::{Mirror, Pattern, SplitBy};
use crate::config::{Extras, Provider, Reasoning};
use crate::failure::Class;
use crate::quota::Price;

/// One place that can answer: a provider, an upstream model and what is known of its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its id in headers, logs and errors: see [`Target::id_of`].
    pub id: String,
    /// Who answers.
    pub provider: Arc<Provider>,
    /// Under which name the provider knows the model; the alias itself when absent.
    pub upstream_model: Option<String>,
    /// Its share of the draw among a route's targets.
    pub weight: Option<u32>,
    /// What its tokens cost and how its requests are bounded.
    pub terms: TargetTerms,
    /// How it is told to think.
    pub reasoning: Reasoning,
    /// What its requests carry besides: its provider's extras, and then its own.
    pub extras: Extras,
}

/// What a target's configuration says that bounds a request's cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetTerms {
    /// What tokens cost, when that is known.
    pub price: Option<Price>,
    /// The output cap for a request of a limited key that names none.
    pub output_tokens: u64,
    /// The most tokens that an image, audio or file part can cost.
    pub media_tokens: Option<u64>,
    /// How many bytes of text a token is likely to cover.
    pub bytes_per_token: u64,
}

impl Target {
    /// The name that this target's provider gets for an alias.
    pub fn model_for<'a>(&'a self, alias: &'a str) -> &'a str {
        self.upstream_model.as_deref().unwrap_or(alias)
    }

    /// Whether trying it is trying the other: the same model of the same provider, asked alike.
    pub fn is_same(&self, other: &Self) -> bool {
        self.provider == other.provider
            && self.upstream_model == other.upstream_model
            && self.extras == other.extras
    }

    /// The id of a target: `provider/upstream model`, with `*` when the alias passes through.
    /// Bounded by the configuration, whatever clients send.
    pub fn id_of(provider: &Provider, upstream_model: Option<&str>) -> String {
        format!("{}/{}", provider.name, upstream_model.unwrap_or("*"))
    }
}

/// The time that an attempt may take, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect_ms: u64,
    /// From sending a streamed request to its first content.
    pub first_token_ms: u64,
    /// For a whole answer that is not streamed, while another target is left.
    pub answer_ms: u64,
    /// Between two events of a stream.
    pub idle_ms: u64,
    /// For the whole request, all attempts and the answer.
    pub total_ms: u64,
    /// A stream that brings fewer events in a minute than this is ended; 0 leaves slow ones alone.
    pub least_events_per_minute: u64,
}

impl Default for Timeouts {
    /// Reasoning models think for a minute before they speak, so the defaults are patient; the
    /// total is just under the longest that a function may run.
    fn default() -> Self {
        Self {
            connect_ms: 3_000,
            first_token_ms: 90_000,
            answer_ms: 300_000,
            idle_ms: 60_000,
            total_ms: 880_000,
            least_events_per_minute: 0,
        }
    }
}

/// One row of the routing table.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Which aliases it serves.
    pub pattern: Pattern,
    /// Names to list for a pattern in `GET /v1/models`.
    pub listed: Vec<String>,
    /// Who may answer: drawn by weight, or in order when no target has one.
    pub targets: Vec<Target>,
    /// Who answers when those fail, in order.
    pub fallback: Vec<Target>,
    /// How long that may take.
    pub timeouts: Timeouts,
    /// At most how many attempts.
    pub attempts: usize,
    /// Who answers instead after a failure of a class, in order.
    pub typed: Vec<(Class, Vec<Target>)>,
    /// Classes whose failures lead to the next target, or do not, other than by default.
    pub falls_back: Vec<(Class, bool)>,
    /// How often a target is tried again, when nobody else is left.
    pub retries: usize,
    /// The longest wait for that, in milliseconds.
    pub most_wait_ms: u64,
    /// By what requests are spread over targets with weights.
    pub split_by: SplitBy,
    /// Whether a target that cannot take every field of a request does not get it. Otherwise the
    /// answer names what was dropped.
    pub is_strict: bool,
    /// Who gets copies of its requests.
    pub mirror: Option<Mirror>,
}

impl Route {
    /// The name under which an alias is counted: one that the route lists, or else its pattern. A
    /// row for every name that clients make up would have no bound.
    pub fn listed_as(&self, alias: &str) -> &str {
        let listed = self.listed.iter().find(|name| name.eq_ignore_ascii_case(alias));
        listed.map_or_else(|| self.pattern.as_str(), String::as_str)
    }

    /// Every target that may answer a request of this route. Its mirror is none.
    pub fn all_targets(&self) -> impl Iterator<Item = &Target> {
        let typed = self.typed.iter().flat_map(|(_, targets)| targets);
        self.targets.iter().chain(&self.fallback).chain(typed)
    }

    /// Whether a failure of this class leads to the next target.
    pub fn falls_back(&self, class: Class) -> bool {
        let set = self.falls_back.iter().find(|(of, _)| *of == class);
        set.map_or_else(|| class.falls_back(), |(_, falls_back)| *falls_back)
    }

    /// A route without targets.
    #[cfg(test)]
    pub(crate) fn for_tests(pattern: &str) -> Self {
        Self {
            pattern: Pattern::new(pattern),
            listed: vec![],
            targets: vec![],
            fallback: vec![],
            timeouts: Timeouts::default(),
            attempts: 1,
            typed: vec![],
            falls_back: vec![],
            retries: 0,
            most_wait_ms: 2_000,
            split_by: SplitBy::Random,
            is_strict: false,
            mirror: None,
        }
    }
}

/// The routing table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routes {
    declared: Vec<Arc<Route>>,
    searched: Vec<Arc<Route>>,
}

impl Routes {
    /// Puts routes in the order of search: an exact name, then the pattern with the most literal
    /// characters, then the one that was declared first.
    pub fn new(routes: Vec<Route>) -> Self {
        let declared: Vec<_> = routes.into_iter().map(Arc::new).collect();
        let mut searched = declared.clone();
        searched.sort_by_key(|route| {
            let pattern = &route.pattern;
            (!pattern.is_exact(), std::cmp::Reverse(pattern.literal_chars()))
        });
        Self { declared, searched }
    }

    /// The route that serves an alias.
    pub fn find(&self, alias: &str) -> Option<&Arc<Route>> {
        self.searched.iter().find(|route| route.pattern.matches(alias))
    }

    /// All routes in the order in which they are searched.
    pub fn searched(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.searched.iter()
    }

    /// All routes as they were declared.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.declared.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_then_longest_literal_then_first() {
        let declared = ["*", "gpt-*", "gpt-4*", "gpt-4o", "*-4o", "g?t-*"];
        let routes = Routes::new(declared.map(Route::for_tests).into());
        let found = |alias| routes.find(alias).map(|route| route.pattern.to_string());
        assert_eq!(found("gpt-4o").as_deref(), Some("gpt-4o"));
        assert_eq!(found("gpt-4.1").as_deref(), Some("gpt-4*"));
        assert_eq!(found("gpt-5").as_deref(), Some("gpt-*"));
        assert_eq!(found("got-5").as_deref(), Some("g?t-*"));
        assert_eq!(found("claude").as_deref(), Some("*"));
        assert_eq!(
            Routes::new(vec![Route::for_tests("a*b"), Route::for_tests("ab*")]).find("abb"),
            Some(&Arc::new(Route::for_tests("a*b")))
        );
        assert_eq!(Routes::default().find("x"), None);
    }
}
