//! Many at once: what a limit allows is had by exactly as many.

use futures_util::future::join_all;
use tollgate::quota::{Demand, Evidence, Hold, UNLIMITED};
use tollgate::store::Denial;

use super::desk::{Desk, Key, NOON, takes};

const U: u64 = UNLIMITED;

/// The holds of those who got in. Nobody else has been refused for another reason than that limit.
async fn race(key: &Key, racers: usize, demand: &Demand, limit: &str) -> Vec<Hold> {
    let outcomes = join_all((0..racers).map(|_| key.admit(NOON, demand))).await;
    let held = outcomes.into_iter().filter_map(|outcome| match outcome {
        Ok(admission) => Some(admission.hold),
        Err(Denial::Exhausted(exhausted)) => {
            assert_eq!(exhausted.limit.name, limit);
            None
        }
        Err(other) => panic!("{other:?}"),
    });
    held.collect()
}

pub(super) async fn of_120_at_once_50_get_in(desk: Desk) {
    let key = desk.key(50, U, U).await;
    let holds = race(&key, 120, &takes(1, 9, 0), "rpm").await;
    let mut left: Vec<i64> = holds.iter().map(|hold| hold.lines()[0].left).collect();
    left.sort_unstable();
    // Each of them saw a world of its own: nobody was admitted on what another had taken.
    assert_eq!(left, (0..50).collect::<Vec<_>>());
    assert_eq!(key.left(NOON).await, [0]);
}

pub(super) async fn a_tighter_second_limit_costs_the_first_nothing(desk: Desk) {
    let key = desk.key(100, 300, U).await;
    let holds = race(&key, 50, &takes(1, 10, 0), "tokens_per_day").await;
    assert_eq!(holds.len(), 30);
    assert_eq!(key.left(NOON).await, [70, 0]);
}

pub(super) async fn every_hold_of_a_race_can_be_settled(desk: Desk) {
    let key = desk.key(40, 400, U).await;
    let holds = race(&key, 60, &takes(1, 10, 0), "rpm").await;
    assert_eq!(holds.len(), 40);
    join_all(holds.into_iter().map(|hold| key.settle(hold, &Evidence::Void, NOON))).await;
    assert_eq!(key.left(NOON).await, [40, 400]);
}
