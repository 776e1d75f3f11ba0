//! What an operator changes of a set of limits.

use std::collections::BTreeSet;

use super::amount::Figure;
use super::zone::NamedZone;
use crate::ctl::output::Failed;
use crate::quota::{Limit, LimitSet, Rule};
use crate::routing::Pattern;

/// Each pattern adds its rules to every write of a request.
const MOST_PATTERNS: usize = 16;

/// What is said of one limit.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ctl) struct LimitChange {
    /// Which limit.
    pub(super) limit: &'static Limit,
    /// For which aliases; for all when there is no pattern.
    pub(super) alias: Option<Pattern>,
    /// What it becomes; nothing when it is taken away.
    pub(super) to: Option<Figure>,
}

impl LimitChange {
    fn rule(&self, usual: Option<&Rule>) -> Option<(Rule, u64)> {
        let Figure { of, mode } = self.to?;
        // Whoever changes a figure has not said that a shadow shall bind.
        let mode = mode.or_else(|| usual.map(|rule| rule.mode));
        let mode = mode.unwrap_or_else(|| self.limit.default_mode());
        Some((Rule::new(self.limit, mode, self.alias.clone()), of))
    }
}

/// All that a command line says of limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::ctl) struct LimitChanges {
    /// Limit by limit, each once.
    pub(super) limits: Vec<LimitChange>,
    /// Where days begin from now on.
    pub(in crate::ctl) zone: Option<NamedZone>,
}

impl LimitChanges {
    /// Whether nothing is said.
    pub(in crate::ctl) fn is_empty(&self) -> bool {
        self.limits.is_empty() && self.zone.is_none()
    }

    /// The limits after the change.
    ///
    /// # Errors
    /// When there would be too many patterns.
    pub(in crate::ctl) fn applied_to(&self, before: &LimitSet) -> Result<LimitSet, Failed> {
        let mut rules = before.rules.clone();
        for change in &self.limits {
            let attribute =
                Rule::new(change.limit, change.limit.default_mode(), change.alias.clone());
            let is_it = |(rule, _): &(Rule, u64)| rule.attribute() == attribute.attribute();
            let place = rules.iter().position(is_it);
            let old = place.map(|place| rules.remove(place));
            rules.extend(change.rule(old.as_ref().map(|(rule, _)| rule)));
        }
        let patterns: BTreeSet<_> =
            rules.iter().filter_map(|(rule, _)| rule.alias.as_ref().map(Pattern::as_str)).collect();
        if patterns.len() > MOST_PATTERNS {
            let count = patterns.len();
            let what =
                format!("{count} patterns of aliases have limits; at most {MOST_PATTERNS} may");
            return Err(Failed::new(what).advice("let one pattern with * stand for several"));
        }
        let zone =
            self.zone.as_ref().map_or_else(|| before.zone.clone(), |named| named.zone.clone());
        let set = LimitSet { rules, zone, shards: before.shards };
        Ok(in_order(set))
    }

    /// The limits of somebody who has none yet.
    ///
    /// # Errors
    /// As [`Self::applied_to`].
    pub(in crate::ctl) fn alone(&self, shards: u16) -> Result<LimitSet, Failed> {
        self.applied_to(&LimitSet { shards, ..LimitSet::default() })
    }
}

/// The rules in the order of the shape.
fn in_order(set: LimitSet) -> LimitSet {
    let figure = |rule: &Rule| set.rules.iter().find(|(own, _)| own == rule).map(|(_, of)| *of);
    let ordered = set.shape(0, None).rules;
    let rules = ordered.into_iter().filter_map(|rule| figure(&rule).map(|of| (rule, of)));
    LimitSet { rules: rules.collect(), ..set }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::limits::wording::line;
    use crate::quota::Mode;

    fn say(name: &str, alias: Option<&str>, to: Option<(u64, Option<Mode>)>) -> LimitChange {
        LimitChange {
            limit: Limit::named(name).unwrap(),
            alias: alias.map(Pattern::new),
            to: to.map(|(of, mode)| Figure { of, mode }),
        }
    }

    fn changes(limits: Vec<LimitChange>) -> LimitChanges {
        LimitChanges { limits, zone: None }
    }

    #[test]
    fn what_is_not_named_stays() {
        let first = changes(vec![
            say("tpm", Some("gpt-5*"), Some((5, None))),
            say("tokens_per_day", None, Some((100, Some(Mode::Shadow)))),
            say("rpm", None, Some((60, None))),
        ]);
        let set = first.alone(1).unwrap();
        assert_eq!(line(&set.rules), "rpm 60, tokens_per_day 100:shadow, gpt-5*:tpm 5");
        let second = changes(vec![
            say("tokens_per_day", None, Some((200, None))),
            say("rpm", None, None),
            say("rpm", Some("gpt-5*"), None),
            say("tpm", Some("gpt-5*"), Some((6, Some(Mode::Hard)))),
        ]);
        let set = second.applied_to(&set).unwrap();
        assert_eq!(line(&set.rules), "tokens_per_day 200:shadow, gpt-5*:tpm 6:hard");
    }

    #[test]
    fn patterns_have_a_bound() {
        let many = |count: usize| {
            let say = |n: usize| say("rpm", Some(&format!("m{n}")), Some((1, None)));
            changes((0..count).map(say).collect()).alone(1)
        };
        assert!(many(MOST_PATTERNS).is_ok());
        assert!(many(MOST_PATTERNS + 1).is_err());
    }
}
