//! What a key's holder is shown: used, held and left, at every stage of a request.

use tollgate::keys::{Digest, KeyId, Presented};
use tollgate::quota::Evidence;
use tollgate::store::{Denial, Item, State};

use super::desk::{Desk, Key};
use super::words::{MINUTE, NOON, U, limits, takes, used};

pub(super) async fn every_stage_of_a_request_is_shown(desk: Desk) {
    for (evidence, after) in [
        (used(12, 120), "rpm 1+0+9, tokens_per_day 12+0+88, usd_per_month 120+0+880"),
        (used(0, 0), "rpm 1+0+9, tokens_per_day 0+0+100, usd_per_month 0+0+1000"),
        (used(130, 1_300), "rpm 1+0+9, tokens_per_day 130+0+-30, usd_per_month 1300+0+-300"),
        (Evidence::Unknown, "rpm 1+0+9, tokens_per_day 40+0+60, usd_per_month 400+0+600"),
        (Evidence::Unbilled, "rpm 1+0+9, tokens_per_day 0+0+100, usd_per_month 0+0+1000"),
        (Evidence::Void, "rpm 0+0+10, tokens_per_day 0+0+100, usd_per_month 0+0+1000"),
    ] {
        let key = desk.key(10, 100, 1_000).await;
        let new = "rpm 0+0+10, tokens_per_day 0+0+100, usd_per_month 0+0+1000";
        assert_eq!(key.balance(NOON).await, new);
        let hold = key.take(NOON, &takes(1, 40, 400)).await;
        let in_flight = "rpm 1+0+9, tokens_per_day 0+40+60, usd_per_month 0+400+600";
        assert_eq!(key.balance(NOON).await, in_flight);
        let _ = key.settle(hold, &evidence, NOON).await;
        assert_eq!(key.balance(NOON).await, after, "{evidence:?}");
    }
}

/// A request that was lost is held until its window ends, and then nowhere.
pub(super) async fn what_was_lost_is_held_until_the_window_ends(desk: Desk) {
    let key = desk.key_with(limits("tpm hard 100, tokens_per_month 1000")).await;
    drop(key.take(NOON, &takes(1, 30, 0)).await);
    let hold = key.take(NOON, &takes(1, 20, 0)).await;
    let _ = key.settle(hold, &used(5, 0), NOON).await;
    assert_eq!(key.balance(NOON).await, "tpm 5+30+65, tokens_per_month 5+30+965");
    assert_eq!(key.balance(NOON + MINUTE).await, "tpm 0+0+100, tokens_per_month 5+30+965");
}

pub(super) async fn looking_takes_nothing_and_shows_the_policy(desk: Desk) {
    let like = |item: &mut Item| {
        item.policy.time_zone = "Asia/Shanghai".to_owned();
        item.policy.models = vec!["gpt-*".to_owned()];
    };
    let words = limits("rpm 0, tokens_per_day 7 for ep-*, tokens_per_day 8 for gpt-*");
    let key = desk.key_like(&words, like).await;
    for _ in 0..3 {
        let standing = key.store.inspect(&key.presented, NOON).await.unwrap();
        assert_eq!(standing.time_zone, "Asia/Shanghai");
        assert_eq!(standing.caller.id(), &key.presented.id);
        assert_eq!(standing.caller.allowed(), "gpt-*");
        let whose: Vec<_> = standing.lines.iter().map(|line| line.scope.to_string()).collect();
        assert_eq!(whose, ["key", "key:ep-*", "key:gpt-*"]);
        assert_eq!(key.left(NOON).await, [0, 7, 8]);
    }
    let unlimited = desk.key(U, U, U).await;
    assert_eq!(unlimited.balance(NOON).await, "");
}

pub(super) async fn only_the_holder_of_a_good_key_is_shown_anything(desk: Desk) {
    let Key { store, presented } = desk.key(1, U, U).await;
    let wrong = Presented { digest: Digest::of("wrong"), ..presented.clone() };
    let unknown = Presented { id: KeyId::parse("nobody000000").unwrap(), ..presented };
    for presented in [wrong, unknown] {
        let shown = store.inspect(&presented, NOON).await;
        assert_eq!(shown.unwrap_err(), Denial::UnknownKey);
    }
    let key = desk.key_like(&limits("rpm 1"), |item| item.state = State::Revoked).await;
    let shown = key.store.inspect(&key.presented, NOON).await;
    assert_eq!(shown.unwrap_err(), Denial::Revoked);
}
