//! Shared health: a target is set aside for every environment, and comes back by one probe.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use tollgate::routing::Aside;
use tollgate::store::dynamo::layout::{CONFIG, Row, health_row, number, text};
use tollgate::store::{Store, StoreError};

use super::desk::{Desk, Table};
use super::documents::pushed;
use super::relay::Relay;
use super::words::{DAY, NOON};
use crate::support::upstream::{Act, Upstream};

fn aside(target: &str, until_ms: u64, reason: &str) -> Aside {
    Aside { target: target.to_owned(), until_ms, reason: reason.to_owned() }
}

/// A store that holds nothing but a document.
async fn empty(desk: &Desk) -> Arc<dyn Store> {
    pushed(desk, &json!({})).await.0
}

/// What is read with the document: target, milliseconds since noon, reason.
async fn health(store: &Arc<dyn Store>) -> String {
    let stored = store.document().await.unwrap().unwrap();
    let mut rows: Vec<_> = stored.health.iter().collect();
    rows.sort_by_key(|aside| &aside.target);
    let row =
        |aside: &&Aside| format!("{} {} {}", aside.target, aside.until_ms - NOON, aside.reason);
    rows.iter().map(row).collect::<Vec<_>>().join(", ")
}

pub(super) async fn a_target_is_set_aside_for_everybody(desk: Desk) {
    let store = empty(&desk).await;
    assert_eq!(health(&store).await, "");
    for target in ["a/m", "pai/*", "bailian/deepseek-v3.2#é v#1"] {
        let aside = aside(target, NOON + 7, "rate_limit");
        assert_eq!(store.set_aside(&aside, NOON).await, Ok(()));
    }
    let all = "a/m 7 rate_limit, bailian/deepseek-v3.2#é v#1 7 rate_limit, pai/* 7 rate_limit";
    assert_eq!(health(&store).await, all);
}

pub(super) async fn it_is_only_ever_set_aside_for_longer(desk: Desk) {
    let store = empty(&desk).await;
    for (until, reason, standing) in [
        (500, "server", "a/m 500 server"),
        (499, "network", "a/m 500 server"),
        (500, "network", "a/m 500 server"),
        (501, "rate_limit", "a/m 501 rate_limit"),
        (10_000, "empty", "a/m 10000 empty"),
        (9_999, "server", "a/m 10000 empty"),
    ] {
        let aside = aside("a/m", NOON + until, reason);
        assert_eq!(store.set_aside(&aside, NOON).await, Ok(()), "{until} {reason}");
        assert_eq!(health(&store).await, standing);
    }
    // However many say so at once, the longest stays.
    let many: Vec<_> =
        (0..20).map(|n| aside("a/m", NOON + 20_000 + n * 7 % 20, "server")).collect();
    // What is too much for the moment is not written: whoever is last says it again.
    let _ = join_all(many.iter().map(|aside| store.set_aside(aside, NOON))).await;
    store.set_aside(&aside("a/m", NOON + 20_019, "server"), NOON).await.unwrap();
    assert_eq!(health(&store).await, "a/m 20019 server");
}

pub(super) async fn one_of_all_who_ask_gets_to_probe(desk: Desk) {
    let store = empty(&desk).await;
    store.set_aside(&aside("a/m", NOON, "server"), NOON).await.unwrap();
    let asked = join_all((1..=4).map(|n| store.probe("a/m", NOON, NOON + 15_000 + n))).await;
    let granted = asked.iter().filter(|granted| **granted == Ok(true)).count();
    assert_eq!((granted, asked.len()), (1, 4), "{asked:?}");
    // Who has read the row before the probe, or knows another one, comes too late.
    for seen_ms in [NOON, NOON - 1, NOON + 20_000] {
        assert_eq!(store.probe("a/m", seen_ms, NOON + 30_000).await, Ok(false));
    }
    // A probe that never ended is followed by another one.
    let stood = store.document().await.unwrap().unwrap().health[0].until_ms;
    assert_eq!(store.probe("a/m", stood, NOON + 60_000).await, Ok(true));
    assert_eq!(health(&store).await, "a/m 60000 server");
}

pub(super) async fn a_probe_that_succeeds_brings_it_back(desk: Desk) {
    let store = empty(&desk).await;
    store.set_aside(&aside("a/m", NOON, "server"), NOON).await.unwrap();
    assert_eq!(store.probe("a/m", NOON, NOON + 100).await, Ok(true));
    for seen_ms in [NOON, NOON + 99, NOON + 101] {
        assert_eq!(store.recovered("a/m", seen_ms).await, Ok(()));
        assert_eq!(health(&store).await, "a/m 100 server", "it is not {seen_ms}'s probe");
    }
    assert_eq!(store.recovered("a/m", NOON + 100).await, Ok(()));
    assert_eq!(health(&store).await, "");
    // Those who still take it for half-open may try it, all of them.
    for _ in 0..2 {
        assert_eq!(store.probe("a/m", NOON, NOON + 200).await, Ok(true));
        assert_eq!(health(&store).await, "");
    }
    // The next failure counts again, however short it is.
    store.set_aside(&aside("a/m", NOON + 1, "empty"), NOON).await.unwrap();
    assert_eq!(health(&store).await, "a/m 1 empty");
}

pub(super) async fn a_probe_that_fails_extends_it(desk: Desk) {
    let store = empty(&desk).await;
    store.set_aside(&aside("a/m", NOON, "server"), NOON).await.unwrap();
    assert_eq!(store.probe("a/m", NOON, NOON + 100).await, Ok(true));
    store.set_aside(&aside("a/m", NOON + 99, "network"), NOON).await.unwrap();
    assert_eq!(health(&store).await, "a/m 100 server", "the probe's own time is longer");
    store.set_aside(&aside("a/m", NOON + 200, "network"), NOON).await.unwrap();
    assert_eq!(store.recovered("a/m", NOON + 100).await, Ok(()));
    assert_eq!(health(&store).await, "a/m 200 network", "another request's answer is older");
}

pub(super) async fn nobody_needs_a_probe_for_what_was_never_set_aside(desk: Desk) {
    let store = empty(&desk).await;
    assert_eq!(store.probe("a/m", NOON, NOON + 100).await, Ok(true));
    assert_eq!(store.recovered("a/m", NOON + 100).await, Ok(()));
    assert_eq!(health(&store).await, "");
}

/// The function's role may write these attributes in the partition of the configuration, and no
/// others (template.yaml, `ShareHealth`).
#[tokio::test]
async fn the_row_has_what_the_role_allows_and_expires() {
    let Some(table) = Table::of_its_own().await else { return };
    let row = |until_ms: u64, from_ms: u64| {
        Row::from([
            ("pk".to_owned(), text(CONFIG)),
            ("sk".to_owned(), text("health#a/m")),
            ("until_ms".to_owned(), number(until_ms)),
            ("reason".to_owned(), text("server")),
            ("ttl".to_owned(), number((from_ms + DAY) / 1_000)),
        ])
    };
    let found = async || table.get(CONFIG, &health_row("a/m")).await;
    table.store.set_aside(&aside("a/m", NOON + 9_000, "server"), NOON).await.unwrap();
    assert_eq!(found().await, Some(row(NOON + 9_000, NOON)));
    let probe_ms = NOON + 20_000;
    assert_eq!(table.store.probe("a/m", NOON + 9_000, probe_ms).await, Ok(true));
    assert_eq!(found().await, Some(row(probe_ms, probe_ms)));
    table.store.recovered("a/m", probe_ms).await.unwrap();
    assert_eq!(found().await, Some(row(0, probe_ms)));
    // Nothing is brought into being by a probe.
    assert_eq!(table.store.probe("a/n", NOON, NOON + 1).await, Ok(true));
    table.store.recovered("a/n", NOON + 1).await.unwrap();
    assert_eq!(table.get(CONFIG, &health_row("a/n")).await, None);
}

#[tokio::test]
async fn rows_that_make_no_sense_are_left_out() {
    let desk = Desk::in_dynamodb().await;
    let Some(desk) = desk else { return };
    let (store, _, table) = pushed(&desk, &json!({})).await;
    let table = table.unwrap();
    let row = |sk: &str, until_ms| {
        Row::from([
            ("pk".to_owned(), text(CONFIG)),
            ("sk".to_owned(), text(sk)),
            ("until_ms".to_owned(), until_ms),
        ])
    };
    for (sk, until_ms) in [
        ("health#a/text", text("soon")),
        ("health#a/before", number(-1)),
        ("health#a/half", number("1.5")),
        ("health#a/never", number(0)),
        ("healthy", number(NOON)),
        ("health#a/good", number(NOON + 3)),
    ] {
        table.put(row(sk, until_ms)).await;
    }
    let mut none = row("health#a/none", number(1));
    none.remove("until_ms");
    table.put(none).await;
    assert_eq!(health(&store).await, "a/good 3 ");
}

#[tokio::test]
async fn each_is_one_call_that_is_read_with_the_document() {
    let Some(desk) = Desk::in_dynamodb().await else { return };
    let Some(relay) = Relay::before(&desk).await else { return };
    let key = relay.fresh(&desk.key(1, 1, 1).await);
    let target = format!("a/{}", key.presented.id);
    key.store.set_aside(&aside(&target, NOON, "server"), NOON).await.unwrap();
    assert_eq!(relay.calls(), "U");
    assert_eq!(key.store.probe(&target, NOON, NOON + 1).await, Ok(true));
    assert_eq!(relay.calls(), "U");
    assert_eq!(key.store.probe(&target, NOON, NOON + 1).await, Ok(false));
    assert_eq!(relay.calls(), "U");
    key.store.recovered(&target, NOON + 1).await.unwrap();
    assert_eq!(relay.calls(), "U");
    key.store.document().await.unwrap();
    assert_eq!(relay.calls(), "Q");
}

/// A table that hangs takes a few of these calls and not for long; the others are not made.
#[tokio::test]
async fn what_is_too_much_for_the_moment_is_not_written() {
    let silent = Upstream::always(vec![Act::Stall]).await;
    let table = Table::at(&format!("http://{}", silent.address), "table");
    let aside = aside("a/m", NOON, "server");
    let calls = join_all((0..20).map(|_| table.store.set_aside(&aside, NOON)));
    let said = tokio::time::timeout(std::time::Duration::from_secs(10), calls).await.unwrap();
    let throttled = said.iter().filter(|said| matches!(said, Err(StoreError::Throttled(_))));
    let lost = said.iter().filter(|said| matches!(said, Err(StoreError::Unavailable(_))));
    assert_eq!((throttled.count(), lost.count()), (16, 4));
}
