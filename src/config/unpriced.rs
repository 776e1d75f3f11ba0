//! Targets without a price that a limit in money is about.

use super::Config;
use crate::quota::{LimitSet, Mode, Unit};
use crate::routing::overlap;

/// What a key with these limits would be refused: a sentence for each route that it may use under
/// a limit in money, and that has a target without a price. `models` are the patterns of aliases
/// that the key may use.
pub fn unpriced(config: &Config, models: &[&str], limits: &LimitSet) -> Vec<String> {
    let money = limits.rules.iter().map(|(rule, _)| rule);
    let money = money.filter(|rule| rule.limit.unit == Unit::NanoUsd && rule.mode != Mode::Shadow);
    let about: Vec<&str> =
        money.map(|rule| rule.alias.as_ref().map_or("*", |pattern| pattern.as_str())).collect();
    let mut found = Vec::new();
    for route in config.routes.iter() {
        let pattern = route.pattern.as_str();
        let meets = |patterns: &[&str]| patterns.iter().any(|other| overlap(pattern, other));
        if !meets(models) || !meets(&about) {
            continue;
        }
        let unpriced = route.all_targets().filter(|target| target.terms.price.is_none());
        let mut targets: Vec<_> = unpriced.map(|target| target.id.as_str()).collect();
        targets.sort_unstable();
        targets.dedup();
        if !targets.is_empty() {
            let have = if targets.len() == 1 { "has" } else { "have" };
            let targets = targets.join(", ");
            found.push(format!(
                "'{pattern}' is under a limit in money, and {targets} {have} no price"
            ));
        }
    }
    found
}
