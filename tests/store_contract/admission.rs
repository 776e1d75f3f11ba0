//! Admission: who gets in, and what it takes.

use tollgate::keys::{Digest, KeyId, Presented};
use tollgate::quota::{Demand, Evidence};
use tollgate::store::{Denial, State};

use super::desk::{Desk, Key};
use super::words::{
    DAY, MINUTE, NOON, U, asking, exhausted, figures, limits, reason, takes, unbounded,
};

pub(super) async fn an_unknown_key_and_a_wrong_secret_are_the_same(desk: Desk) {
    let Key { store, presented } = desk.key(1, U, U).await;
    let wrong = Presented { digest: Digest::of("wrong"), ..presented.clone() };
    let unknown = Presented { id: KeyId::parse("nobody000000").unwrap(), ..presented };
    for presented in [wrong, unknown] {
        let key = Key { store: store.clone(), presented };
        assert_eq!(key.denial(NOON, &takes(1, 0, 0)).await, Denial::UnknownKey);
        assert_eq!(key.denial(NOON, &Demand::nothing()).await, Denial::UnknownKey);
        // Not even what limits a key has can be found out.
        assert_eq!(key.denial(NOON, &takes(2, 0, 0)).await, Denial::UnknownKey);
    }
}

pub(super) async fn a_revoked_key_is_refused(desk: Desk) {
    let key = desk.key_like(&limits("rpm 9"), |item| item.state = State::Revoked).await;
    for demand in [takes(1, 1, 1), Demand::nothing()] {
        assert_eq!(key.denial(NOON, &demand).await, Denial::Revoked);
    }
    // Who does not know the secret does not learn that the key was one.
    let presented = Presented { digest: Digest::of("wrong"), ..key.presented };
    let guess = Key { store: key.store, presented };
    assert_eq!(guess.denial(NOON, &takes(1, 1, 1)).await, Denial::UnknownKey);
}

pub(super) async fn the_caller_is_what_the_policy_says(desk: Desk) {
    let models = ["gpt-*", "ep-1"].map(str::to_owned);
    let key = desk.key_like(&limits("rpm 9"), |item| item.policy.models = models.to_vec()).await;
    let demand = asking("gpt-4o", takes(1, 1, 1));
    let caller = key.admit(NOON, &demand).await.unwrap().caller;
    assert_eq!((caller.id(), caller.name()), (&key.presented.id, "tester"));
    assert_eq!(caller.allowed(), "gpt-*, ep-1");
    assert!(caller.may_use("gpt-4o") && caller.may_use("ep-1") && !caller.may_use("ep-2"));
}

pub(super) async fn every_limit_is_taken_from_at_once(desk: Desk) {
    let key = desk.key(10, 100, 1_000).await;
    let hold = key.take(NOON, &takes(1, 40, 700)).await;
    let expected = "rpm 9/10 (1), tokens_per_day 60/100 (40), usd_per_month 300/1000 (700)";
    assert_eq!(figures(hold.lines()), expected);
    assert_eq!(key.left(NOON).await, [9, 60, 300]);
}

pub(super) async fn a_refusal_takes_nothing_from_any_limit(desk: Desk) {
    for (demand, refused) in [
        (takes(11, 1, 1), "rpm 10/10, needs 11"),
        (takes(1, 101, 1), "tokens_per_day 100/100, needs 101"),
        (takes(1, 1, 1_001), "usd_per_month 1000/1000, needs 1001"),
        // Of several the first is named.
        (takes(1, 101, 1_001), "tokens_per_day 100/100, needs 101"),
    ] {
        let key = desk.key(10, 100, 1_000).await;
        assert_eq!(exhausted(&key.denial(NOON, &demand).await), refused);
        assert_eq!(key.left(NOON).await, [10, 100, 1_000], "after {refused}");
    }
    // The same when the windows have their counters.
    let key = desk.key(10, 100, 1_000).await;
    let _ = key.take(NOON, &takes(1, 40, 700)).await;
    let denial = key.denial(NOON, &takes(1, 61, 1)).await;
    assert_eq!(exhausted(&denial), "tokens_per_day 60/100, needs 61");
    assert_eq!(key.left(NOON).await, [9, 60, 300]);
}

pub(super) async fn the_last_of_a_limit_can_be_had_and_no_more(desk: Desk) {
    let key = desk.key(2, 100, U).await;
    let whole = key.take(NOON, &takes(1, 100, 0)).await;
    assert_eq!(figures(whole.lines()), "rpm 1/2 (1), tokens_per_day 0/100 (100)");
    let denial = key.denial(NOON, &takes(1, 1, 0)).await;
    assert_eq!(exhausted(&denial), "tokens_per_day 0/100, needs 1");
    let last = key.take(NOON, &takes(1, 0, 0)).await;
    assert_eq!(figures(last.lines()), "rpm 0/2 (1), tokens_per_day 0/100 (0)");
    assert_eq!(exhausted(&key.denial(NOON, &takes(1, 0, 0)).await), "rpm 0/2, needs 1");

    let none = desk.key(0, U, U).await;
    assert_eq!(exhausted(&none.denial(NOON, &takes(1, 0, 0)).await), "rpm 0/0, needs 1");
}

pub(super) async fn a_refusal_says_which_limit_and_when_it_renews(desk: Desk) {
    let key = desk.key(1, 10, U).await;
    let resets_in_ms = |denial| (reason(&denial).limit.name, reason(&denial).resets_in_ms);
    let _ = key.take(NOON + 1_000, &takes(1, 10, 0)).await;
    let short = key.denial(NOON + 2_000, &takes(1, 0, 0)).await;
    assert_eq!(resets_in_ms(short), ("rpm", Some(58_000)));
    let long = key.denial(NOON + MINUTE, &takes(1, 1, 0)).await;
    assert_eq!(resets_in_ms(long), ("tokens_per_day", Some(DAY / 2 - MINUTE)));
}

pub(super) async fn amounts_beyond_all_limits_are_refused(desk: Desk) {
    let key = desk.key(U, U - 1, U).await;
    for tokens in [U, U + 1, u64::MAX] {
        let denial = key.denial(NOON, &takes(1, tokens, 0)).await;
        let of = U - 1;
        assert_eq!(exhausted(&denial), format!("tokens_per_day {of}/{of}, needs {tokens}"));
    }
    let _ = key.take(NOON, &takes(1, U - 1, 0)).await;
}

/// Not even absurd amounts meet a limit that nobody has set.
pub(super) async fn what_is_not_limited_is_not_refused(desk: Desk) {
    for amount in [1, U, U + 1, u64::MAX] {
        let key = desk.key(10, U, U).await;
        let hold = key.take(NOON, &takes(1, amount, amount)).await;
        assert_eq!(figures(hold.lines()), "rpm 9/10 (1)");
        let _ = key.settle(hold, &Evidence::Unbilled, NOON).await;
        assert_eq!(key.left(NOON).await, [9]);
    }
}

/// Over the limit or not: who may not use an alias is told that, and pays nothing for asking.
pub(super) async fn a_forbidden_alias_is_said_before_any_limit(desk: Desk) {
    let models = vec!["gpt-*".to_owned(), "ep-?".to_owned()];
    let forbidden = Denial::Forbidden("gpt-*, ep-?".to_owned());
    let words = limits("rpm 2, tokens_per_day 100");
    let key = desk.key_like(&words, |item| item.policy.models = models.clone()).await;
    assert_eq!(key.denial(NOON, &asking("claude", takes(1, 101, 0))).await, forbidden);
    assert_eq!(key.denial(NOON, &asking("claude", takes(1, 1, 0))).await, forbidden);
    assert_eq!(key.left(NOON).await, [2, 100]);
    // The same once the key is known, with room and without.
    let _ = key.take(NOON, &asking("gpt-5", takes(1, 60, 0))).await;
    assert_eq!(key.denial(NOON, &asking("claude", takes(1, 1, 0))).await, forbidden);
    assert_eq!(key.left(NOON).await, [1, 40]);
    let _ = key.take(NOON, &asking("ep-1", takes(1, 40, 0))).await;
    let denial = key.denial(NOON, &asking("gpt-5", takes(1, 1, 0))).await;
    assert_eq!(exhausted(&denial), "rpm 0/2, needs 1");
    assert_eq!(key.denial(NOON, &asking("claude", takes(1, 1, 0))).await, forbidden);
    assert_eq!(key.left(NOON).await, [0, 0]);
}

pub(super) async fn nothing_is_had_by_anybody_with_a_good_key(desk: Desk) {
    let key = desk.key(1, 1, 1).await;
    let hold = key.take(NOON, &takes(1, 1, 1)).await;
    // Every limit is used up, and the list of models costs nothing.
    let list = key.take(NOON, &Demand::nothing()).await;
    assert_eq!(figures(list.lines()), "rpm 0/1 (0), tokens_per_day 0/1 (0), usd_per_month 0/1 (0)");
    let _ = key.settle(list, &Evidence::Void, NOON).await;
    assert_eq!(key.left(NOON).await, [0, 0, 0]);
    let _ = key.settle(hold, &Evidence::Void, NOON).await;
    assert_eq!(key.left(NOON).await, [1, 1, 1]);
}

pub(super) async fn asking_for_nothing_leaves_no_counter(desk: Desk) {
    let key = desk.key(10, 100, 1_000).await;
    for demand in [Demand::nothing(), takes(0, 7, 0)] {
        let hold = key.take(NOON, &demand).await;
        let _ = key.settle(hold, &Evidence::Unknown, NOON).await;
    }
    // A counter of a minute long ago would be stale now.
    let later = key.take(NOON + 5 * MINUTE, &Demand::nothing()).await;
    assert_eq!(later.settle(&Evidence::Void, NOON + 5 * MINUTE).parts[0].stale, [""; 0]);
}

pub(super) async fn what_nobody_can_bound_needs_a_key_without_that_limit(desk: Desk) {
    let demand = unbounded("tokens", "money");
    let free = desk.key(10, U, U).await;
    let hold = free.take(NOON, &demand).await;
    assert_eq!(figures(hold.lines()), "rpm 9/10 (1)");
    let _ = free.settle(hold, &Evidence::Void, NOON).await;
    assert_eq!(free.left(NOON).await, [10]);

    let limited = desk.key(10, U, 1_000).await;
    assert_eq!(limited.denial(NOON, &demand).await, Denial::Unbounded("money".to_owned()));
    assert_eq!(limited.left(NOON).await, [10, 1_000]);
    let limited = desk.key(10, U - 1, 1_000).await;
    assert_eq!(limited.denial(NOON, &demand).await, Denial::Unbounded("tokens".to_owned()));
}

pub(super) async fn a_new_window_is_whole_and_the_old_one_stays(desk: Desk) {
    let key = desk.key(10, 100, 1_000).await;
    let _ = key.take(NOON, &takes(4, 40, 400)).await;
    for (now_ms, left) in [
        (NOON + MINUTE - 1, [6, 60, 600]),
        (NOON + MINUTE, [10, 60, 600]),
        (NOON + DAY, [10, 100, 600]),
        (NOON + 31 * DAY, [10, 100, 1_000]),
        (NOON, [6, 60, 600]),
    ] {
        assert_eq!(key.left(now_ms).await, left, "{} s after noon", (now_ms - NOON) / 1_000);
    }
    let _ = key.take(NOON + MINUTE, &takes(1, 1, 1)).await;
    assert_eq!(key.left(NOON).await, [6, 59, 599]);
    assert_eq!(key.left(NOON + MINUTE).await, [9, 59, 599]);
}

pub(super) async fn a_hold_says_what_is_left_of_what(desk: Desk) {
    let key = desk.key(10, U, 1_000).await;
    for n in 1..=3_u64 {
        let hold = key.take(NOON, &takes(1, 5, 100)).await;
        let expected =
            format!("rpm {}/10 (1), usd_per_month {}/1000 (100)", 10 - n, 1_000 - n * 100);
        assert_eq!(figures(hold.lines()), expected);
        // What it can cost is known whether a limit asks for it or not.
        assert_eq!((hold.requests(), hold.tokens(), hold.nano_usd()), (1, 5, 100));
    }
}
