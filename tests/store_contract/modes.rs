//! What a limit does with a request that may not fit: hard, estimate and shadow.

use tollgate::quota::{Evidence, Hold};
use tollgate::store::Denial;

use super::desk::Desk;
use super::words::{
    MINUTE, NOON, exhausted, figures, leasing, likely, limits, takes, unbounded, used,
};

fn shadows(hold: &Hold) -> String {
    figures(hold.shadow_refusals())
}

pub(super) async fn a_hard_limit_holds_the_bound(desk: Desk) {
    let key = desk.key_with(limits("tokens_per_day hard 100")).await;
    let denial = key.denial(NOON, &likely(101, 5)).await;
    assert_eq!(exhausted(&denial), "tokens_per_day 100/100, needs 101");
    let hold = key.take(NOON, &likely(100, 5)).await;
    assert_eq!(figures(hold.lines()), "tokens_per_day 0/100 (100)");
    let settlement = key.settle(hold, &used(100, 0), NOON).await;
    assert!(!settlement.bound_violation);
    assert_eq!(key.balance(NOON).await, "tokens_per_day 100+0+0");
}

pub(super) async fn an_estimate_holds_what_is_likely_and_goes_into_debt(desk: Desk) {
    let key = desk.key_with(limits("tpm estimate 100")).await;
    let hold = key.take(NOON, &likely(5_000, 60)).await;
    assert_eq!(figures(hold.lines()), "tpm 40/100 (60)");
    let denial = key.denial(NOON, &likely(5_000, 41)).await;
    assert_eq!(exhausted(&denial), "tpm 40/100, needs 41");
    let settlement = key.settle(hold, &used(130, 0), NOON).await;
    assert!(!settlement.bound_violation, "an estimate promises nothing");
    assert_eq!(key.balance(NOON).await, "tpm 130+0+-30");
    assert_eq!(exhausted(&key.denial(NOON, &likely(1, 1)).await), "tpm -30/100, needs 1");
    // The debt is of that minute.
    let next = key.take(NOON + MINUTE, &likely(5_000, 100)).await;
    let _ = key.settle(next, &used(20, 0), NOON + MINUTE).await;
    assert_eq!(key.balance(NOON + MINUTE).await, "tpm 20+0+80");
}

/// However little is likely, what was used in the end is counted.
pub(super) async fn an_estimate_of_nothing_is_counted_at_the_end(desk: Desk) {
    let key = desk.key_with(limits("tpm estimate 100")).await;
    for n in 1..=2 {
        let hold = key.take(NOON, &likely(70, 0)).await;
        let _ = key.settle(hold, &used(7, 0), NOON).await;
        assert_eq!(key.left(NOON).await, [100 - 7 * n]);
    }
}

pub(super) async fn a_shadow_counts_and_refuses_nothing(desk: Desk) {
    let key = desk.key_with(limits("rpm shadow 1, tokens_per_day shadow 100")).await;
    let first = key.take(NOON, &likely(90, 5)).await;
    assert_eq!(figures(first.lines()), "rpm 0/1 (1), tokens_per_day 10/100 (90)");
    assert_eq!(shadows(&first), "");
    let second = key.take(NOON, &likely(50, 5)).await;
    assert_eq!(shadows(&second), "rpm -1/1 (1), tokens_per_day -40/100 (50)");
    assert!(!second.binds_cost());
    let _ = key.settle(first, &used(20, 0), NOON).await;
    let settlement = key.settle(second, &used(300, 0), NOON).await;
    assert!(!settlement.bound_violation, "a shadow promises nothing");
    assert_eq!(key.balance(NOON).await, "rpm 2+0+-1, tokens_per_day 320+0+-220");
    // What takes nothing of it would not have been refused.
    let nothing = key.take(NOON, &takes(0, 0, 0)).await;
    assert_eq!(shadows(&nothing), "");
}

/// A shadow never refuses, however absurd the amount, and counts it in the end.
pub(super) async fn a_shadow_survives_absurd_amounts(desk: Desk) {
    let key = desk.key_with(limits("tokens_per_day shadow 100")).await;
    let hold = key.take(NOON, &likely(u64::MAX, 5)).await;
    assert!(hold.lines().next().unwrap().left < 0);
    assert!(!shadows(&hold).is_empty());
    let _ = key.settle(hold, &Evidence::Unbilled, NOON).await;
    let left = key.left(NOON).await[0];
    assert!(left <= 100, "more is left than there was: {left}");
}

pub(super) async fn modes_can_be_mixed_on_one_key(desk: Desk) {
    let words = "tpm estimate 50, tokens_per_day hard 100, tokens_per_month shadow 10";
    let key = desk.key_with(limits(words)).await;
    let hold = key.take(NOON, &likely(80, 30)).await;
    let expected = "tpm 20/50 (30), tokens_per_day 20/100 (80), tokens_per_month -70/10 (80)";
    assert_eq!(figures(hold.lines()), expected);
    assert_eq!(shadows(&hold), "tokens_per_month -70/10 (80)");
    let denial = key.denial(NOON, &likely(21, 20)).await;
    assert_eq!(exhausted(&denial), "tokens_per_day 20/100, needs 21");
    let denial = key.denial(NOON, &likely(21, 21)).await;
    assert_eq!(exhausted(&denial), "tpm 20/50, needs 21");
    let _ = key.settle(hold, &used(45, 0), NOON).await;
    let expected = "tpm 45+0+5, tokens_per_day 45+0+55, tokens_per_month 45+0+-35";
    assert_eq!(key.balance(NOON).await, expected);
}

pub(super) async fn what_nobody_can_bound_is_refused_but_by_a_shadow(desk: Desk) {
    let demand = unbounded("tokens", "money");
    let refused = |why: &str| Denial::Unbounded(why.to_owned());
    for (words, why) in [
        ("tokens_per_day hard 100", "tokens"),
        ("tpm estimate 100", "tokens"),
        ("usd_total hard 100", "money"),
        ("usd_per_day estimate 100", "money"),
    ] {
        let key = desk.key_with(limits(words)).await;
        assert_eq!(key.denial(NOON, &demand).await, refused(why), "{words}");
        assert_eq!(key.left(NOON).await, [100]);
    }
    let key = desk.key_with(limits("rpm 5, tpm shadow 100, usd_per_day shadow 100")).await;
    let hold = key.take(NOON, &demand).await;
    assert_eq!(figures(hold.lines()), "rpm 4/5 (1), tpm 100/100 (0), usd_per_day 100/100 (0)");
    let _ = key.settle(hold, &used(130, 30), NOON).await;
    assert_eq!(key.balance(NOON).await, "rpm 1+0+4, tpm 130+0+-30, usd_per_day 30+0+70");
    // Where nobody says what was used, there is nothing to count.
    let hold = key.take(NOON, &demand).await;
    let _ = key.settle(hold, &Evidence::Unknown, NOON).await;
    assert_eq!(key.balance(NOON).await, "rpm 2+0+3, tpm 130+0+-30, usd_per_day 30+0+70");
}

pub(super) async fn a_shadow_of_requests_in_flight_refuses_nothing(desk: Desk) {
    let key = desk.key_with(limits("in_flight shadow 1")).await;
    let in_flight = |id| leasing(id, NOON + MINUTE, takes(1, 0, 0));
    let first = key.take(NOON, &in_flight("a")).await;
    assert_eq!(figures(first.lines()), "in_flight 0/1 (1)");
    assert_eq!(shadows(&first), "");
    let second = key.take(NOON, &in_flight("b")).await;
    assert_eq!(shadows(&second), "in_flight -1/1 (1)");
    for hold in [first, second] {
        let _ = key.settle(hold, &Evidence::Unknown, NOON).await;
    }
    assert_eq!(key.balance(NOON).await, "in_flight 0+0+1");
}
