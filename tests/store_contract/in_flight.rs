//! Requests in flight: places that are given back, or come back by themselves.

use tollgate::quota::{Demand, Evidence};

use super::desk::Desk;
use super::words::{
    MINUTE, NOON, exhausted, figures, leasing, limits, reason, spread, takes, used,
};

/// A request that must have ended within a minute.
fn lease(id: &str) -> Demand {
    leasing(id, NOON + MINUTE, takes(1, 10, 0))
}

pub(super) async fn so_many_at_once_and_no_more(desk: Desk) {
    let key = desk.key_with(limits("in_flight 2, tokens_per_day 100")).await;
    let first = key.take(NOON, &lease("a")).await;
    assert_eq!(figures(first.lines()), "in_flight 1/2 (1), tokens_per_day 90/100 (10)");
    let second = key.take(NOON, &lease("b")).await;
    for id in ["c", "d"] {
        let denial = key.denial(NOON, &lease(id)).await;
        assert_eq!(exhausted(&denial), "in_flight 0/2, needs 1");
        assert_eq!(reason(&denial).retry_after_ms(), Some(1_000));
    }
    assert_eq!(key.balance(NOON).await, "in_flight 2+0+0, tokens_per_day 0+20+80");
    // Who takes no place is not stopped: a list of models is no request in flight.
    let _ = key.take(NOON, &Demand::nothing()).await;
    let _ = key.settle(first, &used(4, 0), NOON).await;
    assert_eq!(key.balance(NOON).await, "in_flight 1+0+1, tokens_per_day 4+10+86");
    let third = key.take(NOON, &lease("c")).await;
    let _ = key.denial(NOON, &lease("d")).await;
    for hold in [second, third] {
        let _ = key.settle(hold, &Evidence::Unknown, NOON).await;
    }
    assert_eq!(key.balance(NOON).await, "in_flight 0+0+2, tokens_per_day 24+0+76");
}

/// Whoever died with a place among the requests in flight had it until its time was over.
pub(super) async fn an_expired_lease_is_swept_and_blocks_nobody(desk: Desk) {
    let key = desk.key_with(limits("in_flight 2")).await;
    let dead = key.take(NOON, &leasing("a", NOON + 5, takes(1, 0, 0))).await;
    let slow = key.take(NOON, &leasing("b", NOON + 7, takes(1, 0, 0))).await;
    drop(dead);
    let _ = key.denial(NOON + 4, &lease("c")).await;
    assert_eq!(key.balance(NOON + 5).await, "in_flight 1+0+1");
    let third = key.take(NOON + 5, &lease("c")).await;
    let _ = key.denial(NOON + 6, &lease("d")).await;
    let fourth = key.take(NOON + 7, &lease("d")).await;
    assert_eq!(key.balance(NOON + 8).await, "in_flight 2+0+0");
    // Who ends after its time has no place any more, and takes nobody's.
    let _ = key.settle(slow, &Evidence::Unknown, NOON + 9).await;
    assert_eq!(key.balance(NOON + 9).await, "in_flight 2+0+0");
    let _ = key.denial(NOON + 9, &lease("e")).await;
    for hold in [third, fourth] {
        let _ = key.settle(hold, &Evidence::Void, NOON + 9).await;
    }
    assert_eq!(key.left(NOON + 9).await, [2]);
}

/// Also when a whole crowd has died: its places come back, all of them.
pub(super) async fn a_crowd_that_died_is_forgotten(desk: Desk) {
    let key = desk.key_with(limits("in_flight 150")).await;
    for n in 0..150 {
        let id = format!("request-{n:032}");
        let _ = key.take(NOON, &leasing(&id, NOON + 5, takes(1, 0, 0))).await;
    }
    let _ = key.denial(NOON, &lease("late")).await;
    let hold = key.take(NOON + 5, &lease("late")).await;
    let _ = key.settle(hold, &Evidence::Void, NOON + 6).await;
    assert_eq!(key.left(NOON + 6).await, [150]);
}

pub(super) async fn a_lease_weakens_no_other_limit(desk: Desk) {
    let key = desk.key_with(limits("in_flight 1, rpm 3, tokens_per_day 25")).await;
    let dead = key.take(NOON, &leasing("a", NOON + 5, takes(1, 10, 0))).await;
    drop(dead);
    // Also the request that sweeps must fit everything else, and else sweeps nothing.
    let too_much = leasing("b", NOON + MINUTE, takes(1, 16, 0));
    let denial = key.denial(NOON + 5, &too_much).await;
    assert_eq!(exhausted(&denial), "tokens_per_day 15/25, needs 16");
    let hold = key.take(NOON + 5, &leasing("c", NOON + MINUTE, takes(1, 15, 0))).await;
    assert_eq!(key.balance(NOON + 5).await, "in_flight 1+0+0, rpm 2+0+1, tokens_per_day 0+25+0");
    let _ = key.settle(hold, &Evidence::Unbilled, NOON + 6).await;
    let last = key.take(NOON + 6, &leasing("d", NOON + MINUTE, takes(1, 0, 0))).await;
    let _ = key.settle(last, &Evidence::Unbilled, NOON + 6).await;
    let denial = key.denial(NOON + 6, &leasing("e", NOON + MINUTE, takes(1, 0, 0))).await;
    assert_eq!(exhausted(&denial), "rpm 0/3, needs 1");
}

/// A further attempt of the same request has a place of its own.
pub(super) async fn a_further_attempt_takes_another_place(desk: Desk) {
    let key = desk.key_with(limits("in_flight 2, rpm 5, tokens_per_day 100")).await;
    let demand = lease("a");
    let first = key.take(NOON, &demand).await;
    let second = key.take(NOON, &demand.again("a-2".to_owned())).await;
    let expected = "in_flight 0/2 (1), rpm 4/5 (0), tokens_per_day 80/100 (10)";
    assert_eq!(figures(second.lines()), expected);
    let _ = key.denial(NOON, &demand.again("a-3".to_owned())).await;
    let _ = key.settle(first, &Evidence::Unknown, NOON).await;
    let _ = key.settle(second, &used(1, 0), NOON).await;
    assert_eq!(key.balance(NOON).await, "in_flight 0+0+2, rpm 1+0+4, tokens_per_day 11+0+89");
}

pub(super) async fn places_are_spread_over_shards(desk: Desk) {
    let key = desk.key_with(spread("in_flight 3", 2)).await;
    let mut holds = Vec::new();
    for id in ["a", "b", "c"] {
        holds.push(key.take(NOON, &lease(id)).await);
    }
    let _ = key.denial(NOON, &lease("d")).await;
    assert_eq!(key.balance(NOON).await, "in_flight 3+0+0");
    for hold in holds {
        let _ = key.settle(hold, &Evidence::Void, NOON).await;
    }
    assert_eq!(key.balance(NOON).await, "in_flight 0+0+3");
}
