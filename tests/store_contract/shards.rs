//! A limit that is spread over several items is still one limit.

use tollgate::quota::{Demand, Evidence};
use tollgate::store::Denial;

use super::desk::Desk;
use super::words::{NOON, exhausted, figures, reason, spread, takes, used};

/// The same request with another draw of the shard that is asked first.
fn drawn(draw: u64, demand: Demand) -> Demand {
    Demand { draw, ..demand }
}

/// An empty shard is not the end while another has room, whatever is drawn.
pub(super) async fn all_of_a_limit_can_be_had_and_no_more(desk: Desk) {
    for shards in 1..=4 {
        for draws in [[0; 10], [7; 10], [0, 1, 2, 3, 4, 5, 6, 7, 8, u64::MAX]] {
            let key = desk.key_with(spread("rpm 10", shards)).await;
            for draw in draws {
                let _ = key.take(NOON, &drawn(draw, takes(1, 0, 0))).await;
            }
            for draw in draws {
                let denial = key.denial(NOON, &drawn(draw, takes(1, 0, 0))).await;
                assert_eq!((reason(&denial).left, reason(&denial).shards), (0, shards));
            }
            assert_eq!(key.balance(NOON).await, "rpm 10+0+0");
        }
    }
}

pub(super) async fn a_request_must_fit_one_shard(desk: Desk) {
    let key = desk.key_with(spread("tokens_per_day 100", 3)).await;
    // The shares are 34, 33 and 33.
    let denial = key.denial(NOON, &drawn(1, takes(1, 35, 0))).await;
    assert!(reason(&denial).never_fits(), "{denial:?}");
    assert_eq!(reason(&denial).retry_after_ms(), None);
    assert!(reason(&denial).message().contains("3 shards"), "{}", reason(&denial).message());
    assert_eq!(key.left(NOON).await, [100]);
    let hold = key.take(NOON, &drawn(1, takes(1, 34, 0))).await;
    assert_eq!(figures(hold.lines()), "tokens_per_day 0/34 (34)");
    // It fits the first one, which is empty until the day ends: that is worth waiting for.
    let denial = key.denial(NOON, &drawn(1, takes(1, 34, 0))).await;
    assert!(!reason(&denial).never_fits(), "{denial:?}");
}

/// The refusal of the shard that has most is shown.
pub(super) async fn a_refusal_shows_the_shard_that_came_closest(desk: Desk) {
    let key = desk.key_with(spread("tokens_per_day 90", 3)).await;
    for (draw, tokens) in [(0, 25), (1, 10), (2, 20)] {
        let _ = key.take(NOON, &drawn(draw, takes(1, tokens, 0))).await;
    }
    for draw in 0..3 {
        let denial = key.denial(NOON, &drawn(draw, takes(1, 21, 0))).await;
        assert_eq!(exhausted(&denial), "tokens_per_day 20/30, needs 21", "draw {draw}");
    }
}

pub(super) async fn a_settlement_goes_to_the_shard_that_it_was_taken_from(desk: Desk) {
    let key = desk.key_with(spread("tokens_per_day 100", 2)).await;
    let first = key.take(NOON, &drawn(0, takes(1, 50, 0))).await;
    let second = key.take(NOON, &drawn(0, takes(1, 50, 0))).await;
    let settlement = key.settle(second, &used(20, 0), NOON).await;
    assert_eq!(settlement.parts[0].account.shard, 1);
    assert_eq!(key.balance(NOON).await, "tokens_per_day 20+50+30");
    assert!(matches!(key.denial(NOON, &takes(1, 31, 0)).await, Denial::Exhausted(_)));
    let _ = key.settle(first, &Evidence::Unbilled, NOON).await;
    assert_eq!(key.balance(NOON).await, "tokens_per_day 20+0+80");
    let _ = key.take(NOON, &drawn(1, takes(1, 50, 0))).await;
    let _ = key.take(NOON, &drawn(1, takes(1, 30, 0))).await;
    assert_eq!(key.left(NOON).await, [0]);
}

pub(super) async fn a_key_and_its_team_may_be_spread_differently(desk: Desk) {
    let (team, own) = (spread("rpm 7", 3), spread("rpm 5, tokens_per_day 100", 2));
    let [key, other] = desk.team(&team, [&own, &own]).await;
    for draw in 0..5 {
        let _ = key.take(NOON, &drawn(draw, takes(1, 1, 0))).await;
    }
    assert_eq!(key.left(NOON).await, [0, 95, 2]);
    let denial = key.denial(NOON, &drawn(9, takes(1, 1, 0))).await;
    assert_eq!(reason(&denial).scope.to_string(), "key");
    for draw in [u64::MAX, 3] {
        let _ = other.take(NOON, &drawn(draw, takes(1, 1, 0))).await;
    }
    let denial = other.denial(NOON, &drawn(4, takes(1, 1, 0))).await;
    assert_eq!(reason(&denial).scope.to_string(), "team");
    assert_eq!(other.left(NOON).await, [3, 98, 0]);
}
