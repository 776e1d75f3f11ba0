//! Limits for some aliases, and days that begin elsewhere.

use super::desk::Desk;
use super::words::{
    HOUR, MINUTE, NOON, asking, counted_in, exhausted, figures, limits, reason, takes, unbounded,
    used,
};
use tollgate::quota::{Demand, Evidence};
use tollgate::store::Denial;

pub(super) async fn only_the_requests_that_a_limit_is_about_take_from_it(desk: Desk) {
    let key = desk.key_with(limits("rpm 10, tokens_per_day 50 for gpt-5*")).await;
    let other = key.take(NOON, &asking("claude", takes(1, 1_000, 0))).await;
    assert_eq!(figures(other.lines()), "rpm 9/10 (1), tokens_per_day for gpt-5* 50/50 (0)");
    let own = key.take(NOON, &asking("gpt-5-mini", takes(1, 30, 0))).await;
    assert_eq!(figures(own.lines()), "rpm 8/10 (1), tokens_per_day for gpt-5* 20/50 (30)");
    let denial = key.denial(NOON, &asking("gpt-5", takes(1, 21, 0))).await;
    assert_eq!(exhausted(&denial), "tokens_per_day 20/50, needs 21");
    assert_eq!(reason(&denial).scope.to_string(), "key:gpt-5*");
    // What others use is none of its business in the end either.
    let _ = key.settle(other, &used(1_000, 0), NOON).await;
    let _ = key.settle(own, &used(10, 0), NOON).await;
    let expected = "rpm 2+0+8, tokens_per_day for gpt-5* 10+0+40";
    assert_eq!(key.balance(NOON).await, expected);
    // A request for no alias meets the limits about all.
    let none = key.take(NOON, &Demand { alias: None, ..takes(1, 1_000, 0) }).await;
    assert_eq!(figures(none.lines()), "rpm 7/10 (1), tokens_per_day for gpt-5* 40/50 (0)");
    // Nor does it matter to others that nobody can bound them.
    let _ = key.take(NOON, &asking("claude", unbounded("tokens", "money"))).await;
    let denial = key.denial(NOON, &asking("gpt-5", unbounded("tokens", "money"))).await;
    assert_eq!(denial, Denial::Unbounded("tokens".to_owned()));
}

pub(super) async fn overlapping_limits_all_bind(desk: Desk) {
    let words = "tokens_per_day 100, tokens_per_day 50 for gpt-*, tokens_per_day 20 for *-mini";
    let key = desk.key_with(limits(words)).await;
    let _ = key.take(NOON, &asking("gpt-5-mini", takes(1, 10, 0))).await;
    assert_eq!(key.left(NOON).await, [90, 40, 10]);
    let _ = key.take(NOON, &asking("gpt-5", takes(1, 35, 0))).await;
    assert_eq!(key.left(NOON).await, [55, 5, 10]);
    for (alias, tokens, left) in [("gpt-5-mini", 6, 5), ("o4-mini", 11, 10), ("o4", 56, 55)] {
        let denial = key.denial(NOON, &asking(alias, takes(1, tokens, 0))).await;
        assert_eq!(reason(&denial).left, left, "{alias}");
    }
    assert_eq!(key.left(NOON).await, [55, 5, 10]);
    let _ = key.take(NOON, &asking("o4-mini", takes(1, 10, 0))).await;
    let _ = key.take(NOON, &asking("gpt-5-mini", takes(1, 0, 0))).await;
    assert_eq!(key.left(NOON).await, [45, 5, 0]);
}

/// A key's days and months begin at its own midnight, its minutes and hours are everybody's.
pub(super) async fn days_and_months_begin_where_the_key_lives(desk: Desk) {
    let words = "requests_per_hour 9, tokens_per_day 100, tokens_per_month 1000";
    let key = desk.key_with(counted_in("CST-8", words)).await;
    // In Shanghai, November 22nd ends at 16:00 UTC.
    let midnight = NOON + 4 * HOUR;
    let hold = key.take(midnight - 1, &takes(1, 100, 0)).await;
    let denial = key.denial(midnight - 1, &takes(1, 1, 0)).await;
    assert_eq!(reason(&denial).resets_in_ms, Some(1));
    let _ = key.take(midnight, &takes(1, 30, 0)).await;
    assert_eq!(key.left(midnight).await, [8, 70, 870]);
    // What is settled after midnight belongs to the day before.
    let _ = key.settle(hold, &used(60, 0), midnight + MINUTE).await;
    assert_eq!(key.left(midnight).await, [8, 70, 910]);
    assert_eq!(key.left(midnight - 1).await, [8, 40, 910]);
    // November ends there on the 30th, 16:00 UTC.
    let month = midnight + 8 * 24 * HOUR;
    assert_eq!(key.left(month - 1).await, [9, 100, 910]);
    assert_eq!(key.left(month).await, [9, 100, 1_000]);
}

/// In Berlin, 2026-10-25 has 25 hours and 2027-03-28 has 23.
pub(super) async fn a_day_is_as_long_as_the_clocks_make_it(desk: Desk) {
    let zone = "CET-1CEST,M3.5.0,M10.5.0/3";
    let key = desk.key_with(counted_in(zone, "requests_per_day 1")).await;
    for (begin_ms, hours) in [(1_792_879_200_000, 25), (1_806_188_400_000, 23)] {
        let end_ms = begin_ms + hours * HOUR;
        let _ = key.take(begin_ms - 1, &takes(1, 0, 0)).await;
        let hold = key.take(begin_ms, &takes(1, 0, 0)).await;
        let denial = key.denial(begin_ms + 1, &takes(1, 0, 0)).await;
        assert_eq!(reason(&denial).resets_in_ms, Some(hours * HOUR - 1));
        let _ = key.denial(end_ms - 1, &takes(1, 0, 0)).await;
        let _ = key.take(end_ms, &takes(1, 0, 0)).await;
        let _ = key.settle(hold, &Evidence::Void, end_ms).await;
        assert_eq!((key.left(end_ms - 1).await, key.left(end_ms).await), (vec![1], vec![0]));
    }
}
