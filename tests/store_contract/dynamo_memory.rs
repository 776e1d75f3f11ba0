//! Refusals that only time can change are repeated from memory for a while, and nothing else is.

use tollgate::keys::{Digest, Presented};
use tollgate::quota::{Demand, Evidence, LimitSet};
use tollgate::store::Denial;

use super::desk::{Desk, Key};
use super::relay::Relay;
use super::words::{MINUTE, NOON, asking, exhausted, leasing, limits, reason, takes, used};

/// For so long a refusal is remembered at most.
const WHILE: u64 = 10_000;

async fn on_the_way(limits: LimitSet) -> Option<(Relay, Key)> {
    let desk = Desk::in_dynamodb().await?;
    let relay = Relay::before(&desk).await?;
    let key = relay.fresh(&desk.key_with(limits).await);
    Some((relay, key))
}

#[tokio::test]
async fn a_caller_who_insists_costs_nothing_for_ten_seconds() {
    let Some((relay, key)) = on_the_way(limits("tokens_per_day 100")).await else { return };
    let hold = key.take(NOON, &takes(1, 80, 0)).await;
    let _ = key.settle(hold, &Evidence::Unknown, NOON).await;
    let denial = key.denial(NOON, &takes(1, 30, 0)).await;
    let _ = relay.calls();
    for (after, needs) in [(0, 30), (1, 30), (WHILE - 1, 31)] {
        let again = key.denial(NOON + after, &takes(1, needs, 0)).await;
        assert_eq!(exhausted(&again), format!("tokens_per_day 20/100, needs {needs}"));
        let waits = reason(&denial).resets_in_ms.map(|ms| ms - after);
        assert_eq!(reason(&again).resets_in_ms, waits);
    }
    assert_eq!(relay.calls(), "");
    let _ = key.denial(NOON + WHILE, &takes(1, 30, 0)).await;
    assert_eq!(relay.calls(), "U", "it is asked again, and remembered again");
    let _ = key.denial(NOON + 2 * WHILE - 1, &takes(1, 30, 0)).await;
    assert_eq!(relay.calls(), "");
    // A clock that was set back does not make it longer.
    let _ = key.denial(NOON - 1, &takes(1, 30, 0)).await;
    assert_eq!(relay.calls(), "U");
}

#[tokio::test]
async fn what_would_fit_is_asked_for() {
    let words = "rpm 9, tokens_per_day 100, usd_per_month 100";
    let Some((relay, key)) = on_the_way(limits(words)).await else { return };
    let hold = key.take(NOON, &takes(1, 80, 0)).await;
    let _ = key.settle(hold, &Evidence::Unknown, NOON).await;
    let _ = key.denial(NOON, &takes(1, 30, 0)).await;
    let _ = relay.calls();
    for demand in [takes(1, 20, 0), takes(1, 0, 50), Demand::nothing()] {
        let hold = key.take(NOON, &demand).await;
        assert_eq!(relay.calls(), "U", "{demand:?}");
        let _ = key.settle(hold, &Evidence::Void, NOON).await;
        let _ = relay.calls();
    }
}

/// A new window is whole, whatever is remembered of the old one.
#[tokio::test]
async fn a_new_window_is_asked_for() {
    let Some((relay, key)) = on_the_way(limits("rpm 1")).await else { return };
    let late = NOON + MINUTE - 1;
    let _ = key.take(late, &takes(1, 0, 0)).await;
    let _ = key.denial(late, &takes(1, 0, 0)).await;
    let _ = relay.calls();
    let _ = key.denial(late, &takes(1, 0, 0)).await;
    assert_eq!(relay.calls(), "");
    let _ = key.take(late + 1, &takes(1, 0, 0)).await;
    assert_eq!(relay.calls(), "U");
}

/// What others may still give back is not certain.
#[tokio::test]
async fn what_may_still_come_back_is_asked_for() {
    let words = "in_flight 2, tokens_per_day 100";
    let Some((relay, key)) = on_the_way(limits(words)).await else { return };
    let lease = |id| leasing(id, NOON + MINUTE, takes(1, 40, 0));
    let first = key.take(NOON, &lease("a")).await;
    let second = key.take(NOON, &lease("b")).await;
    let _ = relay.calls();
    let denial = key.denial(NOON, &lease("c")).await;
    assert_eq!(reason(&denial).limit.name, "in_flight");
    let _ = key.denial(NOON, &takes(1, 40, 0)).await;
    assert_eq!(relay.calls(), "UU");
    let _ = key.settle(first, &used(10, 0), NOON).await;
    let _ = key.take(NOON, &takes(1, 40, 0)).await;
    let _ = key.settle(second, &used(40, 0), NOON).await;
    assert_eq!(key.left(NOON).await, [2, 10]);
    // Requests of others that are void give theirs back; until then there is none.
    let _ = key.denial(NOON, &takes(1, 101, 0)).await;
    let _ = relay.calls();
    let _ = key.denial(NOON, &takes(1, 101, 0)).await;
    assert_eq!(relay.calls(), "");
}

#[tokio::test]
async fn only_the_key_that_was_refused_hears_of_it() {
    let Some((relay, key)) = on_the_way(limits("tokens_per_day 10")).await else { return };
    let _ = key.denial(NOON, &takes(1, 30, 0)).await;
    let _ = relay.calls();
    let presented = Presented { digest: Digest::of("wrong"), ..key.presented.clone() };
    let guess = Key { presented, ..key.clone() };
    assert_eq!(guess.denial(NOON, &takes(1, 30, 0)).await, Denial::UnknownKey);
    assert_eq!(relay.calls(), "U");
    // Nor has that made anybody forget.
    let _ = key.denial(NOON, &takes(1, 30, 0)).await;
    assert_eq!(relay.calls(), "");
    // Another environment has to find out by itself.
    let _ = relay.fresh(&key).denial(NOON, &takes(1, 30, 0)).await;
    assert_eq!(relay.calls(), "U");
}

/// A refusal of a limit about some aliases says nothing about others.
#[tokio::test]
async fn other_aliases_are_asked_for() {
    let words = "tokens_per_day 10 for gpt-*, tokens_per_day 50";
    let Some((relay, key)) = on_the_way(limits(words)).await else { return };
    let _ = key.denial(NOON, &asking("gpt-5", takes(1, 30, 0))).await;
    let _ = relay.calls();
    let _ = key.denial(NOON, &asking("gpt-4", takes(1, 30, 0))).await;
    assert_eq!(relay.calls(), "");
    let _ = key.take(NOON, &asking("claude", takes(1, 30, 0))).await;
    assert_eq!(relay.calls(), "U");
}

#[tokio::test]
async fn a_team_that_refused_is_not_asked_again() {
    let Some(desk) = Desk::in_dynamodb().await else { return };
    let Some(relay) = Relay::before(&desk).await else { return };
    let [key] = desk.team(&limits("rpm 1"), [&limits("rpm 9")]).await;
    let key = relay.fresh(&key);
    let _ = key.take(NOON, &takes(1, 0, 0)).await;
    let denial = key.denial(NOON, &takes(1, 0, 0)).await;
    assert!(reason(&denial).scope.is_team);
    let _ = relay.calls();
    let again = key.denial(NOON, &takes(1, 0, 0)).await;
    assert_eq!(
        (exhausted(&again), &reason(&again).scope),
        (exhausted(&denial), &reason(&denial).scope)
    );
    assert_eq!(relay.calls(), "");
}
