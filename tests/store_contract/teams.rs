//! Keys of a team: their own limits and the team's, together or not at all.

use tollgate::keys::{Digest, Presented, TeamId};
use tollgate::quota::Evidence;
use tollgate::store::{Denial, Item, State, StoreError};

use super::desk::{Desk, Key, new_key, new_team};
use super::words::{MINUTE, NOON, exhausted, figures, leasing, limits, reason, takes, used};

pub(super) async fn both_fit_or_neither_is_touched(desk: Desk) {
    let (team, own) = (limits("rpm 4, tokens_per_day 100"), limits("rpm 3, tokens_per_day 60"));
    let [key, other] = desk.team(&team, [&own, &own]).await;
    let hold = key.take(NOON, &takes(1, 50, 0)).await;
    let expected = "rpm 2/3 (1), tokens_per_day 10/60 (50), \
                    team's rpm 3/4 (1), team's tokens_per_day 50/100 (50)";
    assert_eq!(figures(hold.lines()), expected);
    // Refused by the key: the team is not touched.
    let denial = key.denial(NOON, &takes(1, 11, 0)).await;
    assert_eq!(exhausted(&denial), "tokens_per_day 10/60, needs 11");
    assert_eq!(reason(&denial).scope.to_string(), "key");
    assert_eq!(key.left(NOON).await, [2, 10, 3, 50]);
    // Refused by the team: the key is not touched.
    let denial = other.denial(NOON, &takes(1, 51, 0)).await;
    assert_eq!(exhausted(&denial), "tokens_per_day 50/100, needs 51");
    assert_eq!(reason(&denial).scope.to_string(), "team");
    assert_eq!(other.left(NOON).await, [3, 60, 3, 50]);
    // What is just enough for both is had, and is the last.
    let last = other.take(NOON, &takes(1, 50, 0)).await;
    let expected = "rpm 2/3 (1), tokens_per_day 10/60 (50), \
                    team's rpm 2/4 (1), team's tokens_per_day 0/100 (50)";
    assert_eq!(figures(last.lines()), expected);
    assert_eq!(key.left(NOON).await, [2, 10, 2, 0]);
}

pub(super) async fn a_settlement_gives_back_to_both(desk: Desk) {
    let (team, own) = (limits("tokens_per_day 100, usd_total 100"), limits("tokens_per_month 80"));
    let [key, other] = desk.team(&team, [&own, &own]).await;
    let hold = key.take(NOON, &takes(1, 60, 70)).await;
    assert_eq!(key.left(NOON).await, [20, 40, 30]);
    let settlement = key.settle(hold, &used(15, 25), NOON).await;
    assert_eq!(settlement.parts.len(), 2);
    assert_eq!(key.left(NOON).await, [65, 85, 75]);
    assert_eq!(other.left(NOON).await, [80, 85, 75]);
    let expected = "tokens_per_month 0+0+80, team's tokens_per_day 15+0+85, \
                    team's usd_total 25+0+75";
    assert_eq!(other.balance(NOON).await, expected);
    let hold = other.take(NOON + MINUTE, &takes(1, 80, 0)).await;
    let _ = other.settle(hold, &Evidence::Void, NOON + MINUTE).await;
    assert_eq!(other.left(NOON).await, [80, 85, 75]);
}

/// A team's limits may differ in kind from those of its keys, or be the only ones.
pub(super) async fn a_key_without_limits_has_its_teams(desk: Desk) {
    let [key, other] =
        desk.team(&limits("rpm 2, in_flight 1"), [&limits(""), &limits("rpm 9")]).await;
    let lease = |id| leasing(id, NOON + MINUTE, takes(1, 5, 5));
    let hold = key.take(NOON, &lease("a")).await;
    assert_eq!(figures(hold.lines()), "team's in_flight 0/1 (1), team's rpm 1/2 (1)");
    let denial = other.denial(NOON, &lease("b")).await;
    assert_eq!(exhausted(&denial), "in_flight 0/1, needs 1");
    let _ = key.settle(hold, &used(5, 5), NOON).await;
    let _ = other.take(NOON, &lease("c")).await;
    assert_eq!(other.left(NOON).await, [8, 0, 0]);
}

pub(super) async fn a_revoked_team_admits_nobody(desk: Desk) {
    let revoked = |item: &mut Item| item.state = State::Revoked;
    let own = limits("rpm 9");
    let [key] = desk.team_like(&limits("rpm 9"), [&own], revoked).await;
    for _ in 0..2 {
        assert_eq!(key.denial(NOON, &takes(1, 0, 0)).await, Denial::Revoked);
    }
    assert_eq!(key.store.inspect(&key.presented, NOON).await.unwrap_err(), Denial::Revoked);
    // Who does not know the secret does not learn that.
    let presented = Presented { digest: Digest::of("wrong"), ..key.presented.clone() };
    let guess = Key { presented, ..key };
    for _ in 0..2 {
        assert_eq!(guess.denial(NOON, &takes(1, 0, 0)).await, Denial::UnknownKey);
    }
}

pub(super) async fn a_team_that_does_not_exist_admits_nobody(desk: Desk) {
    let team = TeamId::parse("nobody-made-this-team").unwrap();
    let (presented, items) = new_key(&limits("rpm 9"), Some(&team));
    let key = Key { store: desk.open(items).await, presented };
    for _ in 0..2 {
        let denial = key.denial(NOON, &takes(1, 0, 0)).await;
        let Denial::Store(StoreError::Corrupt(why)) = &denial else { panic!("{denial:?}") };
        assert!(why.contains("team"), "{why}");
    }
    let standing = key.store.inspect(&key.presented, NOON).await;
    assert!(matches!(standing, Err(Denial::Store(StoreError::Corrupt(_)))), "{standing:?}");
}

pub(super) async fn a_forbidden_alias_costs_the_team_nothing(desk: Desk) {
    let (team, items) = new_team(&limits("rpm 9"));
    let (presented, mut keys) = new_key(&limits("rpm 9"), Some(&team));
    keys[0].policy.models = vec!["gpt-*".to_owned()];
    let key = Key { store: desk.open([items, keys].concat()).await, presented };
    for _ in 0..2 {
        let denial = key.denial(NOON, &takes(1, 0, 0)).await;
        assert_eq!(denial, Denial::Forbidden("gpt-*".to_owned()));
        assert_eq!(key.left(NOON).await, [9, 9]);
    }
}
