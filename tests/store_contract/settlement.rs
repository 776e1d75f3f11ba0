//! Settlement: what comes back, and to which window.

use tollgate::dialect::Usage;
use tollgate::keys::KeyId;
use tollgate::quota::{Evidence, GiveBack, Settlement, UNLIMITED};
use tollgate::store::Denial;

use super::desk::{DAY, Desk, Key, MINUTE, NOON, takes};

const U: u64 = UNLIMITED;

/// The provider's word: these tokens, for that money.
fn used(tokens: u64, nano_usd: u64) -> Evidence {
    let usage = Usage { input_uncached: tokens, ..Usage::default() };
    Evidence::Exact { usage, nano_usd: Some(nano_usd) }
}

pub(super) async fn what_was_not_used_is_given_back(desk: Desk) {
    let key = desk.key(10, 100, 1_000).await;
    let first = key.take(NOON, &takes(1, 40, 400)).await;
    let second = key.take(NOON, &takes(1, 50, 500)).await;
    let _ = key.settle(first, &used(12, 120), NOON).await;
    assert_eq!(key.left(NOON).await, [8, 38, 380]);
    let _ = key.settle(second, &used(50, 499), NOON).await;
    assert_eq!(key.left(NOON).await, [8, 38, 381]);
    // What came back can be had again, to the last.
    let _ = key.take(NOON, &takes(8, 38, 381)).await;
    assert_eq!(key.left(NOON).await, [0, 0, 0]);
}

pub(super) async fn evidence_decides_what_is_given_back(desk: Desk) {
    for (evidence, left) in [
        (used(0, 0), [9, 100, 1_000]),
        (used(40, 400), [9, 60, 600]),
        (Evidence::exact(Usage { output: 7, ..Usage::default() }, None), [9, 93, 600]),
        (Evidence::Unknown, [9, 60, 600]),
        (Evidence::Unbilled, [9, 100, 1_000]),
        (Evidence::Void, [10, 100, 1_000]),
    ] {
        let key = desk.key(10, 100, 1_000).await;
        let hold = key.take(NOON, &takes(1, 40, 400)).await;
        let _ = key.settle(hold, &evidence, NOON).await;
        assert_eq!(key.left(NOON).await, left, "{evidence:?}");
    }
}

pub(super) async fn a_window_that_has_ended_gets_nothing(desk: Desk) {
    let key = desk.key(10, 100, 1_000).await;
    let hold = key.take(NOON, &takes(1, 40, 400)).await;
    let _ = key.settle(hold, &Evidence::Void, NOON + MINUTE).await;
    assert_eq!(key.left(NOON).await, [9, 100, 1_000]);
    assert_eq!(key.left(NOON + MINUTE).await, [10, 100, 1_000]);

    let hold = key.take(NOON, &takes(1, 40, 400)).await;
    let settlement = key.settle(hold, &Evidence::Void, NOON + 31 * DAY).await;
    assert_eq!(settlement.give_back, []);
    assert_eq!(key.left(NOON).await, [8, 60, 600]);
    assert_eq!(key.left(NOON + 31 * DAY).await, [10, 100, 1_000]);
}

/// Settlements are one write. When a window is gone that it gives back to, which takes clocks that
/// differ by minutes, none gets anything: what stays charged is safe, half a settlement is not
/// what anybody decided.
pub(super) async fn a_settlement_happens_as_a_whole_or_not_at_all(desk: Desk) {
    let key = desk.key(10, 100, U).await;
    let slow = key.take(NOON, &takes(1, 40, 0)).await;
    let late = slow.settle(&Evidence::Void, NOON);
    assert_eq!(late.give_back.len(), 2);
    // Another environment, minutes later, cleans up.
    let other = key.take(NOON + 2 * MINUTE, &takes(1, 10, 0)).await;
    let cleaned = key.settle(other, &Evidence::Unknown, NOON + 2 * MINUTE).await;
    assert_eq!(cleaned.stale.len(), 1, "{:?}", cleaned.stale);
    key.store.settle(&late).await.unwrap();
    assert_eq!(key.left(NOON + 2 * MINUTE).await, [9, 50]);
    // The counter that was removed did not come back.
    assert_eq!(key.left(NOON).await, [10, 50]);
}

pub(super) async fn more_than_the_bound_is_a_debt(desk: Desk) {
    let key = desk.key(10, 100, 1_000).await;
    let hold = key.take(NOON, &takes(1, 60, 600)).await;
    let settlement = key.settle(hold, &used(130, 1_300), NOON).await;
    assert!(settlement.bound_violation);
    assert_eq!(key.left(NOON).await, [9, -30, -300]);
    for demand in [takes(1, 1, 0), takes(1, 0, 1)] {
        let denial = key.denial(NOON, &demand).await;
        assert!(matches!(&denial, Denial::Exhausted(e) if e.left < 0), "{denial:?}");
    }
    assert_eq!(key.left(NOON).await, [9, -30, -300]);
    assert_eq!(key.left(NOON + 31 * DAY).await, [10, 100, 1_000]);
}

pub(super) async fn only_stale_counters_are_removed(desk: Desk) {
    let minute = NOON / MINUTE;
    let day = NOON / DAY;
    let counters = [
        (format!("rpm@{}", minute - 9), 1),
        (format!("rpm@{}", minute - 2), 2),
        (format!("rpm@{}", minute - 1), 3),
        (format!("rpm@{minute}"), 4),
        (format!("tpd@{}", day - 2), 5),
        (format!("tpd@{day}"), 60),
        ("other@1".to_owned(), 7),
    ];
    let seeded = counters.clone();
    let key = desk
        .key_like(|item| {
            item.limits = vec![10, 100, U];
            item.counters = seeded.into();
        })
        .await;
    let hold = key.take(NOON, &takes(1, 10, 0)).await;
    let mut settlement = key.settle(hold, &used(3, 0), NOON).await;
    settlement.stale.sort();
    let stale = [0, 1, 4].map(|place| counters[place].0.as_str());
    assert_eq!(settlement.stale, stale);
    for (now_ms, left) in [
        (NOON - 9 * MINUTE, [10, 57]),
        (NOON - 2 * MINUTE, [10, 57]),
        (NOON - MINUTE, [3, 57]),
        (NOON, [3, 57]),
        (NOON - 2 * DAY, [10, 100]),
    ] {
        assert_eq!(key.left(now_ms).await, left, "{now_ms}");
    }
    // A second settlement finds nothing to clean up, also when it gives nothing back.
    let again = key.take(NOON, &takes(1, 10, 0)).await;
    assert!(key.settle(again, &Evidence::Unknown, NOON).await.is_empty());
}

/// The store writes what it is given: it is the type of the hold, which settling consumes, that
/// keeps a settlement from being made twice, and the gateway that writes it once.
pub(super) async fn a_settlement_that_is_written_twice_is_given_back_twice(desk: Desk) {
    let key = desk.key(10, 100, U).await;
    let hold = key.take(NOON, &takes(1, 40, 0)).await;
    let once = key.settle(hold, &used(10, 0), NOON).await;
    assert_eq!(key.left(NOON).await, [9, 90]);
    let Settlement { key: id, give_back, stale, bound_violation } = once;
    let twice = Settlement { key: id, give_back, stale, bound_violation };
    key.store.settle(&twice).await.unwrap();
    assert_eq!(key.left(NOON).await, [9, 120]);
}

pub(super) async fn a_key_that_has_vanished_is_not_brought_back(desk: Desk) {
    let Key { store, mut presented } = desk.key(10, 100, U).await;
    presented.id = KeyId::parse("vanished0000").unwrap();
    let give_back = vec![GiveBack { counter: format!("tpd@{}", NOON / DAY), amount: 40 }];
    for (give_back, stale) in
        [(give_back, vec![]), (vec![], vec!["rpm@1".to_owned()]), (vec![], vec![])]
    {
        let key = presented.id.clone();
        let settlement = Settlement { key, give_back, stale, bound_violation: false };
        assert_eq!(store.settle(&settlement).await, Ok(()));
    }
    let vanished = Key { store, presented };
    assert_eq!(vanished.denial(NOON, &takes(1, 1, 0)).await, Denial::UnknownKey);
}
