//! Rollups, added up by what the operator asked for.

use std::collections::BTreeMap;

use super::days::Day;
use super::rows::Rollup;
use super::totals::Totals;

/// What there is one line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::ctl) enum By {
    Day,
    Key,
    Team,
    Alias,
}

impl By {
    /// The names of what tells groups apart.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Day => &["day"],
            Self::Key => &["key", "name"],
            Self::Team => &["team"],
            Self::Alias => &["alias"],
        }
    }

    fn values(self, rollup: &Rollup) -> Vec<String> {
        match self {
            Self::Day => vec![rollup.day.to_string()],
            Self::Key => vec![rollup.key.clone(), rollup.name.clone()],
            Self::Team => vec![rollup.team.clone().unwrap_or_default()],
            Self::Alias => vec![rollup.alias.clone()],
        }
    }
}

/// One line: what it is about, and its figures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) values: Vec<String>,
    pub(super) totals: Totals,
}

/// Days in their order, each of them from the first one that was used to the last; all else by
/// money, and by tokens where there is none.
pub(super) fn groups(rollups: &[Rollup], by: By) -> Vec<Group> {
    let mut sums: BTreeMap<Vec<String>, Totals> = BTreeMap::new();
    if by == By::Day {
        let days = || rollups.iter().map(|rollup| rollup.day.0);
        if let (Some(first), Some(last)) = (days().min(), days().max()) {
            let all = (first..=last).map(|day| (vec![Day(day).to_string()], Totals::default()));
            sums.extend(all);
        }
    }
    for rollup in rollups {
        sums.entry(by.values(rollup)).or_default().add(&rollup.totals);
    }
    let groups = sums.into_iter().map(|(values, totals)| Group { values, totals });
    let mut groups: Vec<_> = groups.collect();
    if by != By::Day {
        let weight = |group: &Group| (group.totals.get("nano_usd"), group.totals.tokens());
        groups.sort_by_key(|group| std::cmp::Reverse(weight(group)));
    }
    groups
}

/// All of it together.
pub(super) fn total(groups: &[Group]) -> Totals {
    groups.iter().fold(Totals::default(), |mut total, group| {
        total.add(&group.totals);
        total
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollup(day: u64, key: &str, alias: &str, tokens: u64, nano_usd: u64) -> Rollup {
        Rollup {
            day: Day(day),
            key: key.to_owned(),
            name: key.to_uppercase(),
            team: (key == "a").then(|| "red".to_owned()),
            alias: alias.to_owned(),
            totals: Totals::new(1, tokens, 0, nano_usd),
        }
    }

    #[test]
    fn groups_are_in_an_order_that_helps() {
        let rollups = [
            rollup(20_779, "a", "x", 10, 5),
            rollup(20_777, "b", "x", 20, 7),
            rollup(20_777, "a", "y", 30, 0),
            rollup(20_777, "c", "z", 90, 0),
        ];
        let check = |by: By, expected: &[(&str, u64, u64)]| {
            let found = groups(&rollups, by);
            let found: Vec<_> = found
                .iter()
                .map(|group| {
                    (group.values[0].as_str(), group.totals.tokens(), group.totals.get("nano_usd"))
                })
                .collect();
            assert_eq!(found, expected);
        };
        check(By::Day, &[("2026-11-20", 140, 7), ("2026-11-21", 0, 0), ("2026-11-22", 10, 5)]);
        check(By::Key, &[("b", 20, 7), ("a", 40, 5), ("c", 90, 0)]);
        check(By::Team, &[("", 110, 7), ("red", 40, 5)]);
        check(By::Alias, &[("x", 30, 12), ("z", 90, 0), ("y", 30, 0)]);
        assert_eq!(total(&groups(&rollups, By::Key)), Totals::new(4, 150, 0, 12));
        assert_eq!(groups(&[], By::Day), []);
    }
}
