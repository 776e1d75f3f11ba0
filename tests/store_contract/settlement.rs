//! Settlement: what comes back, and to which window.

use tollgate::dialect::Usage;
use tollgate::keys::KeyId;
use tollgate::quota::{Account, Change, Evidence, Part, Settlement};
use tollgate::store::{Denial, Item};

use super::desk::{Desk, Key};
use super::words::{DAY, DECEMBER, MINUTE, NOON, U, limits, takes, used};

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

/// A request may take longer than a window: what it gives back goes to the one it took from, as
/// long as that one's counter is kept, and never to another.
pub(super) async fn a_window_that_has_ended_gets_its_own_back(desk: Desk) {
    let key = desk.key(10, 100, 1_000).await;
    let hold = key.take(NOON, &takes(1, 40, 400)).await;
    let next = key.take(NOON + MINUTE, &takes(3, 1, 1)).await;
    let _ = key.settle(hold, &Evidence::Void, NOON + MINUTE).await;
    assert_eq!(key.left(NOON).await, [10, 99, 999]);
    assert_eq!(key.left(NOON + MINUTE).await, [7, 99, 999]);
    let _ = key.settle(next, &Evidence::Void, NOON + MINUTE).await;

    // The minute is two minutes old and left alone, the day is yesterday and gets its own.
    let hold = key.take(NOON, &takes(1, 40, 400)).await;
    let settlement = key.settle(hold, &used(10, 100), NOON + DAY).await;
    assert_eq!(settlement.parts[0].changes.len(), 2);
    assert_eq!(key.left(NOON).await, [9, 90, 900]);
    assert_eq!(key.left(NOON + DAY).await, [10, 100, 900]);

    // Longer ago, nothing is left that could be settled.
    let hold = key.take(NOON, &takes(1, 40, 400)).await;
    let settlement = key.settle(hold, &Evidence::Void, DECEMBER + 31 * DAY).await;
    assert_eq!(settlement.parts[0].changes, []);
    assert_eq!(key.left(NOON).await, [8, 50, 500]);
    assert_eq!(key.left(DECEMBER).await, [10, 100, 1_000]);
}

/// Another environment whose clock is minutes ahead cleans up, or the operator has reset a counter:
/// the others get what is theirs, and what was removed does not come back.
pub(super) async fn a_counter_that_has_vanished_gets_nothing_and_the_others_theirs(desk: Desk) {
    let key = desk.key(10, 100, U).await;
    let slow = key.take(NOON, &takes(1, 40, 0)).await;
    let late = slow.settle(&used(15, 0), NOON);
    assert_eq!(late.parts[0].changes.len(), 1, "a request is not given back");
    let void = key.take(NOON, &takes(2, 20, 0)).await.settle(&Evidence::Void, NOON);
    assert_eq!(void.parts[0].changes.len(), 2);

    let other = key.take(NOON + 2 * MINUTE, &takes(1, 10, 0)).await;
    let cleaned = key.settle(other, &Evidence::Unknown, NOON + 2 * MINUTE).await;
    assert!(cleaned.parts[0].stale.contains(&format!("rpm@{}", NOON / MINUTE)));
    for (settlement, left) in [(void, 50), (late, 75)] {
        key.store.settle(&settlement).await.unwrap();
        assert_eq!(key.left(NOON + 2 * MINUTE).await, [9, left]);
        // The counter that was removed did not come back.
        assert_eq!(key.left(NOON).await, [10, left]);
    }
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
        (format!("tpd@{day}.spent"), 40),
        (format!("tpd@{}.spent", day - 2), 41),
        // Of limits that the key does not have.
        ("tpmo@1".to_owned(), 7),
        (format!("usdmo@{}", 2_026 * 12 + 10), 8),
    ];
    let seeded = counters.clone();
    let like = |item: &mut Item| item.ledger.counters = seeded.clone().into();
    let key = desk.key_like(&limits("rpm 10, tokens_per_day 100"), like).await;
    let hold = key.take(NOON, &takes(1, 10, 0)).await;
    let settlement = key.settle(hold, &used(3, 0), NOON).await;
    let stale = &settlement.parts[0].stale;
    let removed: Vec<_> = (0..10).filter(|place| stale.contains(&counters[*place].0)).collect();
    assert_eq!(removed, [0, 1, 4, 7, 8, 9]);
    for (now_ms, left) in [
        (NOON - 9 * MINUTE, [10, 57]),
        (NOON - 2 * MINUTE, [10, 57]),
        (NOON - MINUTE, [3, 57]),
        (NOON, [3, 57]),
        (NOON - 2 * DAY, [10, 100]),
    ] {
        assert_eq!(key.left(now_ms).await, left, "{now_ms}");
    }
    assert_eq!(key.balance(NOON).await, "rpm 7+0+3, tokens_per_day 43+0+57");
    // A second settlement finds nothing to clean up.
    let again = key.take(NOON, &takes(1, 0, 0)).await;
    assert!(key.settle(again, &Evidence::Unknown, NOON).await.parts[0].is_empty());
}

/// The store writes what it is given: it is the type of the hold, which settling consumes, that
/// keeps a settlement from being made twice, and the gateway that writes it once.
pub(super) async fn a_settlement_that_is_written_twice_is_given_back_twice(desk: Desk) {
    let key = desk.key(10, 100, U).await;
    let hold = key.take(NOON, &takes(1, 40, 0)).await;
    let once = key.settle(hold, &used(10, 0), NOON).await;
    assert_eq!(key.left(NOON).await, [9, 90]);
    key.store.settle(&once).await.unwrap();
    assert_eq!(key.left(NOON).await, [9, 120]);
}

pub(super) async fn a_key_that_has_vanished_is_not_brought_back(desk: Desk) {
    let Key { store, mut presented } = desk.key(10, 100, U).await;
    presented.id = KeyId::parse("vanished0000").unwrap();
    let account = Account::key(presented.id.clone());
    let change = Change { counter: format!("tpd@{}", NOON / DAY), give_back: 40, spent: 2 };
    let lease = || Some("lease".to_owned());
    for (changes, release, stale) in [
        (vec![change], None, vec![]),
        (vec![], lease(), vec![]),
        (vec![], None, vec!["rpm@1".to_owned()]),
        (vec![], None, vec![]),
    ] {
        let account = account.clone();
        let part =
            Part { account, changes, release, stale, shape: String::new(), stale_leases: vec![] };
        let settlement = Settlement { parts: vec![part], bound_violation: false };
        assert_eq!(store.settle(&settlement).await, Ok(()));
    }
    let vanished = Key { store, presented };
    assert_eq!(vanished.denial(NOON, &takes(1, 1, 0)).await, Denial::UnknownKey);
}
