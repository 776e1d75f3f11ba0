//! Limits in words: in help, in one line, and as they stand in a document.

use serde_json::{Map, Value};

use super::amount::written;
use crate::quota::{Limit, LimitSet, Mode, Period, Rule, Unit};

/// What follows the options of a command that takes limits.
pub(in crate::ctl) const MODES: &str = "\
A limit is a figure, or a figure with a mode: 60, 10000:hard, 1.5:shadow.
  hard      holds the most that a request can cost: never overspent
  estimate  holds what it is likely to cost: fewer refusals, and a debt when it costs more
  shadow    counts and reports, and refuses nothing
A RULE is a limit for some models: 'gpt-5*:tokens_per_day=200000'.";

/// The same where limits are changed.
pub(in crate::ctl) const MODES_AND_NONE: &str = "\
A limit is a figure, a figure with a mode, or none: 60, 10000:hard, 1.5:shadow, none.
  hard      holds the most that a request can cost: never overspent
  estimate  holds what it is likely to cost: fewer refusals, and a debt when it costs more
  shadow    counts and reports, and refuses nothing
  none      takes the limit away; without a mode a limit keeps the one that it has
A RULE is a limit for some models: 'gpt-5*:tokens_per_day=200000', 'gpt-5*:rpm=none'.";

/// What a limit limits, for help.
pub(super) fn about(limit: &Limit) -> String {
    let (what, aside) = match limit.unit {
        Unit::Requests => ("Requests", ""),
        Unit::Tokens => ("Tokens", ", input and output together"),
        Unit::InputTokens => ("Input tokens", ""),
        Unit::OutputTokens => ("Output tokens", ""),
        Unit::NanoUsd => ("US dollars", ", such as 25 or 0.50"),
        Unit::InFlight => ("Requests that are answered at the same time", ""),
    };
    let when = match limit.period {
        Period::Minute => " a minute",
        Period::Hour => " an hour",
        Period::Day => " a day",
        Period::Month => " a month",
        Period::Life => " for ever",
        Period::Moment => "",
    };
    let mode = match limit.default_mode() {
        Mode::Hard => String::new(),
        mode => format!(" [default mode: {}]", mode.name()),
    };
    format!("{what}{when}{aside}{mode}")
}

/// A rule's figure as an option takes it: `60`, `10000:hard`.
pub(in crate::ctl) fn figure(rule: &Rule, of: u64) -> String {
    let figure = written(rule.limit.unit, of);
    match rule.mode {
        mode if mode == rule.limit.default_mode() => figure,
        mode => format!("{figure}:{}", mode.name()),
    }
}

/// What a rule is called: `rpm`, `gpt-5*:rpm`.
pub(in crate::ctl) fn name(rule: &Rule) -> String {
    match &rule.alias {
        Some(pattern) => format!("{pattern}:{}", rule.limit.name),
        None => rule.limit.name.to_owned(),
    }
}

/// Limits in one line.
pub(in crate::ctl) fn line(rules: &[(Rule, u64)]) -> String {
    let words: Vec<_> =
        rules.iter().map(|(rule, of)| format!("{} {}", name(rule), figure(rule, *of))).collect();
    if words.is_empty() { "no limits".to_owned() } else { words.join(", ") }
}

/// `limits` and `alias_limits` as they stand in a document.
pub(in crate::ctl) fn documented(set: &LimitSet) -> (Value, Value) {
    let (mut limits, mut aliases) = (Map::new(), Map::new());
    for (rule, of) in &set.rules {
        let name = rule.limit.name.to_owned();
        match &rule.alias {
            None => {
                limits.insert(name, entry(rule, *of));
            }
            Some(pattern) => {
                let own = aliases.entry(pattern.as_str()).or_insert_with(|| Map::new().into());
                if let Some(own) = own.as_object_mut() {
                    own.insert(name, entry(rule, *of));
                }
            }
        }
    }
    (limits.into(), aliases.into())
}

fn entry(rule: &Rule, of: u64) -> Value {
    // A decimal number is written as it is read, so there is always one.
    let figure = serde_json::from_str(&written(rule.limit.unit, of)).unwrap_or(Value::Null);
    if rule.mode == rule.limit.default_mode() {
        return figure;
    }
    let members = [("limit", figure), ("mode", rule.mode.name().into())];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::quota::{LIMITS, Zone};
    use crate::routing::Pattern;

    #[test]
    fn every_limit_says_what_it_is() {
        let said = |name| about(Limit::named(name).unwrap());
        assert_eq!(said("rpm"), "Requests a minute");
        assert_eq!(
            said("tpm"),
            "Tokens a minute, input and output together [default mode: estimate]"
        );
        assert_eq!(said("usd_total"), "US dollars for ever, such as 25 or 0.50");
        let mut all: Vec<_> = LIMITS.iter().map(about).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), LIMITS.len());
    }

    #[test]
    fn limits_are_written_as_a_document_takes_them() {
        let limit = |name| Limit::named(name).unwrap();
        let gpt = || Some(Pattern::new("gpt-5*"));
        let rules = vec![
            (Rule::plain(limit("rpm")), 60),
            (Rule::new(limit("tpm"), Mode::Hard, None), 10_000),
            (Rule::new(limit("usd_per_day"), Mode::Hard, gpt()), 1_500_000_000),
        ];
        assert_eq!(line(&rules), "rpm 60, tpm 10000:hard, gpt-5*:usd_per_day 1.5");
        let set = LimitSet { rules, zone: Zone::UTC, shards: 1 };
        let limits = json!({ "rpm": 60, "tpm": { "limit": 10_000, "mode": "hard" } });
        assert_eq!(documented(&set), (limits, json!({ "gpt-5*": { "usd_per_day": 1.5 } })));
    }
}
