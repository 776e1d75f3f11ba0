//! The mirror of a route: a target that gets copies of requests, and answers nobody.

use super::{Target, stable_draw};

/// A target that gets copies of a share of a route's requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Mirror {
    /// Who gets them.
    pub target: Target,
    /// How many of a hundred requests are copied.
    pub percent: u64,
    /// How long an answered request waits for the end of its copy, in milliseconds.
    pub wait_ms: u64,
}

impl Mirror {
    /// Whether the request with this draw, by which it falls among weighted targets, is copied. A
    /// request stays copied when the share grows.
    pub fn takes(&self, draw: u64) -> bool {
        // Drawn anew: or else only requests of the first target would be copied.
        let draw = stable_draw("mirror", &draw.to_string());
        (u128::from(draw) * 100) >> 64 < u128::from(self.percent)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{Extras, Provider, Reasoning};
    use crate::routing::TargetTerms;

    fn mirror(percent: u64) -> Mirror {
        let target = Target {
            id: "p/*".to_owned(),
            provider: Arc::new(Provider::for_tests("p")),
            upstream_model: None,
            weight: None,
            terms: TargetTerms::default(),
            reasoning: Reasoning::default(),
            extras: Extras::default(),
        };
        Mirror { target, percent, wait_ms: 0 }
    }

    #[test]
    fn a_share_of_the_requests_is_copied_and_the_same_ones_again() {
        // Of the first tenth of all draws, which one target gets, and of the others.
        let all = || (0..10_000_u64).map(|part| part * (u64::MAX / 10_000));
        for (percent, few, many) in
            [(0, 0..=0, 0..=0), (5, 25..=75, 400..=500), (100, 1_000..=1_000, 9_000..=9_000)]
        {
            let copied: Vec<u64> = all().filter(|draw| mirror(percent).takes(*draw)).collect();
            let first = copied.iter().filter(|draw| **draw < 1_000 * (u64::MAX / 10_000)).count();
            assert!(few.contains(&first), "{percent}: {first}");
            assert!(many.contains(&(copied.len() - first)), "{percent}: {}", copied.len());
            assert!(copied.iter().all(|draw| mirror(100.min(percent + 1)).takes(*draw)));
        }
    }
}
