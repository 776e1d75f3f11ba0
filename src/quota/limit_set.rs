//! A set of limits as an operator says it: rules with their figures, where days begin, and over how
//! many items all of it is spread.

use std::collections::BTreeMap;

use super::limits::Unit;
use super::rule::Rule;
use super::shape::Shape;
use super::zone::Zone;
use crate::keys::TeamId;

/// Rules with their figures.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitSet {
    /// Each rule, with how much may be used in a window.
    pub rules: Vec<(Rule, u64)>,
    /// Where days and months begin.
    pub zone: Zone,
    /// Over how many items the figures are spread.
    pub shards: u16,
}

impl Default for LimitSet {
    /// No limits.
    fn default() -> Self {
        Self { rules: vec![], zone: Zone::UTC, shards: 1 }
    }
}

impl LimitSet {
    /// The shape of an account that has these limits.
    pub fn shape(&self, revision: u64, team: Option<TeamId>) -> Shape {
        let rules = self.rules.iter().map(|(rule, _)| rule.clone()).collect();
        Shape::new(revision, rules, self.zone.clone(), team, self.shards)
    }

    /// One shard's share of the figures, by attribute. Together the shares are the figures.
    pub fn share(&self, shard: u16) -> BTreeMap<String, u64> {
        let part = |(rule, figure): &(Rule, u64)| {
            (rule.attribute().to_owned(), share_of(*figure, self.shards, shard))
        };
        self.rules.iter().map(part).collect()
    }

    /// Whether any of them binds money.
    pub fn binds_money(&self) -> bool {
        self.rules
            .iter()
            .any(|(rule, _)| rule.limit.unit == Unit::NanoUsd && rule.mode != super::Mode::Shadow)
    }
}

/// One shard's share of a figure.
pub(super) fn share_of(figure: u64, shards: u16, shard: u16) -> u64 {
    let shards = u64::from(shards.max(1));
    figure / shards + u64::from(u64::from(shard) < figure % shards)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_the_whole() {
        for (figure, shards, expected) in
            [(100, 1, vec![100]), (100, 3, vec![34, 33, 33]), (2, 4, vec![1, 1, 0, 0])]
        {
            let shares: Vec<_> = (0..shards).map(|n| share_of(figure, shards, n)).collect();
            assert_eq!(shares, expected);
        }
    }
}
