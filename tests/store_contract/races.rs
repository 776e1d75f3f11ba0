//! Many at once: what a limit allows is had by exactly as many.

use futures_util::{StreamExt, stream};
use tollgate::quota::{Demand, Evidence, Hold, UNLIMITED};
use tollgate::store::{Denial, StoreError};

use super::desk::{Desk, Key, NOON, takes};

const U: u64 = UNLIMITED;

/// So many want the same, of which a limit allows fewer.
struct Race {
    limits: [u64; 3],
    racers: usize,
    demand: Demand,
    /// Which limit refuses the others.
    limit: &'static str,
    winners: usize,
}

impl Race {
    /// The key after the race, and the holds of those who got in.
    ///
    /// Never more than may. Where a machine is too busy to answer within the store's time limits,
    /// the store reserves twice, which is safe and lets fewer in: then it is run again with fewer
    /// at once.
    async fn run(&self, desk: &Desk) -> (Key, Vec<Hold>) {
        for at_once in [self.racers, 16, 4, 2] {
            let [rpm, tpd, usdmo] = self.limits;
            let key = desk.key(rpm, tpd, usdmo).await;
            let holds = self.holds(&key, at_once).await;
            assert!(holds.len() <= self.winners, "{} got in", holds.len());
            if holds.len() == self.winners {
                return (key, holds);
            }
        }
        panic!("fewer than {} got in, also when only two came at once", self.winners);
    }

    async fn holds(&self, key: &Key, at_once: usize) -> Vec<Hold> {
        let tries = stream::iter(0..self.racers).map(|_| key.admit(NOON, &self.demand));
        let outcomes: Vec<_> = tries.buffer_unordered(at_once).collect().await;
        let held = outcomes.into_iter().filter_map(|outcome| match outcome {
            Ok(admission) => Some(admission.hold),
            Err(Denial::Exhausted(exhausted)) => {
                assert_eq!(exhausted.limit.name, self.limit);
                None
            }
            Err(Denial::Store(StoreError::Unavailable(_))) => None,
            Err(other) => panic!("{other:?}"),
        });
        held.collect()
    }
}

pub(super) async fn of_120_at_once_50_get_in(desk: Desk) {
    let race =
        Race { limits: [50, U, U], racers: 120, demand: takes(1, 9, 0), limit: "rpm", winners: 50 };
    let (key, holds) = race.run(&desk).await;
    let mut left: Vec<i64> = holds.iter().map(|hold| hold.lines()[0].left).collect();
    left.sort_unstable();
    // Each of them saw a world of its own: nobody was admitted on what another had taken.
    assert_eq!(left, (0..50).collect::<Vec<_>>());
    assert_eq!(key.left(NOON).await, [0]);
}

pub(super) async fn a_tighter_second_limit_costs_the_first_nothing(desk: Desk) {
    let race = Race {
        limits: [100, 300, U],
        racers: 50,
        demand: takes(1, 10, 0),
        limit: "tokens_per_day",
        winners: 30,
    };
    let (key, _) = race.run(&desk).await;
    assert_eq!(key.left(NOON).await, [70, 0]);
}

pub(super) async fn every_hold_of_a_race_can_be_settled(desk: Desk) {
    let race = Race {
        limits: [40, 400, U],
        racers: 60,
        demand: takes(1, 10, 0),
        limit: "rpm",
        winners: 40,
    };
    let (key, holds) = race.run(&desk).await;
    let settled = stream::iter(holds).map(|hold| key.settle(hold, &Evidence::Void, NOON));
    // A settlement is sent once, so a busy machine is not asked for too many.
    let _: Vec<_> = settled.buffer_unordered(4).collect().await;
    assert_eq!(key.left(NOON).await, [40, 400]);
}
