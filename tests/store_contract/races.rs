//! Many at once: what a limit allows is had by exactly as many.

use futures_util::{StreamExt, stream};
use tollgate::quota::{Demand, Evidence, Hold};
use tollgate::store::{Denial, StoreError};

use super::desk::{Desk, Key};
use super::words::{MINUTE, NOON, U, leasing, limits, takes};

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
            Err(Denial::Store(StoreError::Unavailable(_) | StoreError::Throttled(_))) => None,
            Err(other) => panic!("{other:?}"),
        });
        held.collect()
    }
}

pub(super) async fn of_120_at_once_50_get_in(desk: Desk) {
    let race =
        Race { limits: [50, U, U], racers: 120, demand: takes(1, 9, 0), limit: "rpm", winners: 50 };
    let (key, holds) = race.run(&desk).await;
    let mut left: Vec<i64> = holds.iter().map(|hold| hold.lines().next().unwrap().left).collect();
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

/// Two keys of one team race for what the team has.
pub(super) async fn keys_of_a_team_race_for_its_limit(desk: Desk) {
    for at_once in [24, 8, 2] {
        let (team, own) = (limits("tokens_per_day 100"), limits("rpm 50"));
        let keys = desk.team(&team, [&own, &own]).await;
        let demand = takes(1, 10, 0);
        let tries = stream::iter(0..24).map(|n| keys[n % 2].admit(NOON, &demand));
        let outcomes: Vec<_> = tries.buffer_unordered(at_once).collect().await;
        let mut got_in = 0;
        for outcome in &outcomes {
            match outcome {
                Ok(_) => got_in += 1,
                Err(Denial::Exhausted(exhausted)) => assert!(exhausted.scope.is_team),
                Err(Denial::Store(StoreError::Unavailable(_) | StoreError::Throttled(_))) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(got_in <= 10, "{got_in} got in");
        let (first, second) = (keys[0].left(NOON).await, keys[1].left(NOON).await);
        assert!(first[1] == second[1] && first[1] >= 0);
        // Requests that had no answer may have been admitted, and none but those.
        assert_eq!(100 - first[0] - second[0], (100 - first[1]) / 10, "the key without the team");
        if got_in == 10 {
            return;
        }
    }
    panic!("fewer than 10 got in, also when only two came at once");
}

/// Many want the last place among the requests in flight; those who died have left theirs.
pub(super) async fn a_race_for_places_in_flight(desk: Desk) {
    for at_once in [16, 4, 2] {
        let key = desk.key_with(limits("in_flight 5")).await;
        for id in ["x", "y"] {
            drop(key.take(NOON, &leasing(id, NOON + 5, takes(1, 0, 0))).await);
        }
        let demands: Vec<_> =
            (0..20).map(|n| leasing(&format!("r{n}"), NOON + MINUTE, takes(1, 0, 0))).collect();
        let tries = stream::iter(&demands).map(|demand| key.admit(NOON + 6, demand));
        let outcomes: Vec<_> = tries.buffer_unordered(at_once).collect().await;
        let got_in = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(got_in <= 5, "{got_in} got in");
        if got_in == 5 {
            assert_eq!(key.left(NOON + 6).await, [0]);
            return;
        }
        let corrupt =
            |outcome: &&Result<_, _>| matches!(outcome, Err(Denial::Store(StoreError::Corrupt(_))));
        assert_eq!(outcomes.iter().filter(corrupt).count(), 0, "{outcomes:?}");
    }
    panic!("fewer than 5 got in, also when only two came at once");
}
