//! The windows of counters: which may be counting, and when one ends.

use super::holder::Shard;
use crate::quota::{Period, Rule, Window, Zone};
use crate::store::Item;

/// How far the clocks of functions are expected to be apart from this one's.
const CLOCKS_DIFFER_MS: u64 = 60_000;
/// What names the counter beside a counter.
pub(super) const SPENT: &str = ".spent";

/// The numbers of the windows of a rule in which a request may be admitted at this moment.
pub(super) fn running(period: Period, zone: &Zone, now_ms: u64) -> Vec<u64> {
    let moments =
        [now_ms.saturating_sub(CLOCKS_DIFFER_MS), now_ms, now_ms.saturating_add(CLOCKS_DIFFER_MS)];
    let mut ids: Vec<_> = moments.iter().map(|at| Window::at(period, zone, *at).id).collect();
    ids.dedup();
    ids
}

/// The numbers of the windows of an attribute that a row has counters of.
pub(super) fn counted<'a>(item: &'a Item, attribute: &'a str) -> impl Iterator<Item = u64> + 'a {
    let counters = item.ledger.counters.keys();
    counters
        .filter_map(move |counter| counter.strip_prefix(attribute)?.strip_prefix('@')?.parse().ok())
}

/// The name of a counter.
pub(super) fn counter(attribute: &str, window_id: u64) -> String {
    format!("{attribute}@{window_id}")
}

/// What a row has left in a window; nothing when the window is whole.
pub(super) fn left(shard: &Shard, counter: &str) -> Option<i64> {
    shard.item.ledger.counters.get(counter).copied()
}

/// The window of that number, if there is one before `now_ms`; numbers grow with time.
pub(super) fn window_of(rule: &Rule, zone: &Zone, id: u64, now_ms: u64) -> Option<Window> {
    let at = |moment| Window::at(rule.limit.period, zone, moment);
    let (mut early, mut late) = (0, now_ms);
    while early < late {
        let middle = early + (late - early) / 2;
        if at(middle).id < id { early = middle + 1 } else { late = middle }
    }
    Some(at(early)).filter(|window| window.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Limit;

    #[test]
    fn a_window_is_found_by_its_number() {
        let berlin = Zone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now_ms = 1_795_348_800_000;
        for name in ["rpm", "requests_per_hour", "tokens_per_day", "usd_per_month", "usd_total"] {
            let rule = Rule::plain(Limit::named(name).unwrap());
            for back_ms in [0, 1, 90_000, 4_000_000, 100_000_000, 40 * 86_400_000] {
                let window = Window::at(rule.limit.period, &berlin, now_ms - back_ms);
                assert_eq!(window_of(&rule, &berlin, window.id, now_ms), Some(window), "{name}");
            }
            let later = Window::at(rule.limit.period, &berlin, now_ms).id + 1;
            assert_eq!(window_of(&rule, &berlin, later, now_ms), None);
        }
    }

    #[test]
    fn at_a_border_both_windows_may_be_counting() {
        let minute = 1_795_348_800_000 / 60_000;
        assert_eq!(
            running(Period::Minute, &Zone::UTC, minute * 60_000),
            [minute - 1, minute, minute + 1]
        );
        assert_eq!(running(Period::Hour, &Zone::UTC, minute * 60_000 + 90_000).len(), 1);
        assert_eq!(running(Period::Life, &Zone::UTC, 5), [0]);
    }
}
