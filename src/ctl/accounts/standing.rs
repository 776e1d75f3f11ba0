//! How the limits of a key or a team stand: what is used, held and left, and what is lost of it.

use std::collections::BTreeSet;

use super::holder::{Holder, Kind, LONGEST_REQUEST_MS, Shard};
use super::windows::{SPENT, counted, counter, left, window_of};
use crate::quota::{Demand, Line, Rule, Scope, Window};

/// One limit in one window, all shards together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standing {
    /// Its figures.
    pub(super) line: Line,
    /// What is held and will never be settled; nothing when it may still be.
    pub(super) leaked: Option<u64>,
}

impl Standing {
    /// A hold was taken before the window ended and before the last use, and ends with its
    /// request: after that, whatever is still held is lost.
    fn of(line: Line, used_ms: u64, now_ms: u64) -> Self {
        let last_ms = line.window.ends_ms.map_or(used_ms, |ends_ms| ends_ms.min(used_ms));
        let is_over = now_ms.saturating_sub(last_ms) > LONGEST_REQUEST_MS;
        let held = line.unsettled();
        let leaked = if is_over || held == 0 { Some(held) } else { None };
        Self { line, leaked }
    }
}

/// Every limit in the window that is running.
pub(super) fn running(holder: &Holder, now_ms: u64) -> Vec<Standing> {
    let mut lines: Vec<Line> = Vec::new();
    for item in holder.items() {
        let own = item.ledger.lines(&item.account, &Demand::nothing(), now_ms);
        if lines.is_empty() {
            lines = own;
        } else {
            lines.iter_mut().zip(&own).for_each(|(line, own)| line.add(own));
        }
    }
    let used_ms = holder.used_ms();
    lines.into_iter().map(|line| Standing::of(line, used_ms, now_ms)).collect()
}

/// Windows that have ended with something held, as far as they are remembered.
pub(super) fn ended(holder: &Holder, now_ms: u64) -> Vec<Standing> {
    let rules = holder.shape().rules.iter().filter(|rule| rule.limit.unit.is_cost());
    let windows = rules.flat_map(|rule| {
        let ids: BTreeSet<u64> =
            holder.items().flat_map(|item| counted(item, rule.attribute())).collect();
        let window = |id| window_of(rule, holder.zone(), id, now_ms);
        let windows = ids.into_iter().filter_map(window);
        windows.map(move |window| (rule, window))
    });
    let has_ended = |window: &Window| window.ends_ms.is_some_and(|ends_ms| ends_ms <= now_ms);
    windows
        .filter(|(_, window)| has_ended(window))
        .map(|(rule, window)| Standing::of(line_of(holder, rule, window), holder.used_ms(), now_ms))
        .filter(|standing| standing.line.unsettled() > 0)
        .collect()
}

/// A rule's figures in a window.
fn line_of(holder: &Holder, rule: &Rule, window: Window) -> Line {
    let counter = counter(rule.attribute(), window.id);
    let spent = format!("{counter}{SPENT}");
    let own = |shard: &Shard| {
        let of = shard.item.ledger.figure(rule);
        let whole = || i64::try_from(of).unwrap_or(i64::MAX);
        let alias = rule.alias.as_ref().map(|pattern| pattern.as_str().to_owned());
        Line {
            limit: rule.limit,
            mode: rule.mode,
            scope: Scope { is_team: holder.kind() == Kind::Team, alias },
            applies: true,
            counter: counter.clone(),
            window,
            of,
            held: 0,
            left: left(shard, &counter).unwrap_or_else(whole),
            spent: left(shard, &spent).and_then(|spent| u64::try_from(spent).ok()).unwrap_or(0),
        }
    };
    holder.rest.iter().fold(own(&holder.first), |mut line, shard| {
        line.add(&own(shard));
        line
    })
}

/// Requests in flight: when those must have ended that are, and how many others never said so.
pub(super) fn leases(holder: &Holder, now_ms: u64) -> (Vec<u64>, usize) {
    let all = holder.items().flat_map(|item| item.ledger.leases.values().copied());
    let (mut live, expired): (Vec<u64>, Vec<u64>) = all.partition(|until| *until > now_ms);
    live.sort_unstable();
    (live, expired.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Limit, Mode};

    const MINUTE: u64 = 60_000;

    fn check(ends_ms: Option<u64>, used_ms: u64, now_ms: u64, spent: u64, leaked: Option<u64>) {
        let line = Line {
            limit: Limit::named("tokens_per_day").unwrap(),
            mode: Mode::Hard,
            scope: Scope { is_team: false, alias: None },
            applies: true,
            counter: String::new(),
            window: Window { id: 0, ends_ms },
            of: 100,
            held: 0,
            left: 40,
            spent,
        };
        assert_eq!(Standing::of(line, used_ms, now_ms).leaked, leaked);
    }

    #[test]
    fn what_is_held_is_lost_when_no_request_can_be_under_way() {
        let end = Some(1_000 * MINUTE);
        // Sixty are taken.
        check(end, 900 * MINUTE, 915 * MINUTE, 20, None);
        check(end, 900 * MINUTE, 916 * MINUTE, 20, Some(40));
        check(None, 900 * MINUTE, 916 * MINUTE, 20, Some(40));
        // Used since, but in another window.
        check(end, 1_016 * MINUTE, 1_015 * MINUTE, 20, None);
        check(end, 1_016 * MINUTE, 1_016 * MINUTE, 20, Some(40));
        check(end, 916 * MINUTE, 916 * MINUTE, 60, Some(0));
    }
}
