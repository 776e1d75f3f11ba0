//! How many calls an admission takes in DynamoDB, from an environment that knows the account and
//! from one that does not.

use tollgate::quota::{Account, Evidence, Ledger, LimitSet};
use tollgate::store::Denial;
use tollgate::store::dynamo::layout::{Row, account_key, from_row, key_partition, to_row};

use super::desk::{Desk, Key, Table, new_key};
use super::relay::Relay;
use super::words::{
    DAY, MINUTE, NOON, U, asking, counted_in, leasing, limits, spread, takes, used,
};

/// A table, the way to it, and a key in it; nothing where there is no DynamoDB.
async fn on_the_way(limits: LimitSet) -> Option<(Table, Relay, Key)> {
    let desk = Desk::in_dynamodb().await?;
    let relay = Relay::before(&desk).await?;
    let key = relay.fresh(&desk.key_with(limits).await);
    let Desk::Dynamo(table) = desk else { return None };
    Some((table, relay, key))
}

async fn row_of(table: &Table, key: &Key) -> Row {
    table.get(&key_partition(&key.presented.id), "key").await.unwrap()
}

fn counters(row: &Row) -> Vec<&String> {
    let mut counters: Vec<_> = row.keys().filter(|name| name.contains('@')).collect();
    counters.sort();
    counters
}

#[tokio::test]
async fn a_plain_key_is_admitted_by_one_write_on_first_sight() {
    for words in ["", "rpm 5", "rpm 5, tpm 1000, tokens_per_day 1000, usd_total 99"] {
        let Some((_, relay, key)) = on_the_way(limits(words)).await else { return };
        for _ in 0..2 {
            let admission = key.admit(NOON, &takes(1, 10, 10)).await.unwrap();
            assert_eq!((relay.calls().as_str(), admission.trips), ("U", 1), "'{words}'");
            let _ = key.settle(admission.hold, &used(3, 3), NOON).await;
            assert!(["", "U"].contains(&relay.calls().as_str()), "'{words}'");
        }
    }
}

#[tokio::test]
async fn a_custom_shape_is_learnt_by_one_refused_write() {
    for limits in [
        limits("tpm hard 1000"),
        limits("in_flight 3"),
        limits("rpm 5 for m"),
        counted_in("CST-8", "rpm 5"),
        spread("rpm 50", 1),
        spread("rpm 50", 2),
    ] {
        let is_plain = limits == spread("rpm 50", 1);
        let what = format!("{limits:?}");
        let Some((_, relay, key)) = on_the_way(limits).await else { return };
        for (environment, first) in [(key.clone(), "UU"), (relay.fresh(&key), "UU")] {
            let demand = |id| leasing(id, NOON + MINUTE, takes(1, 10, 10));
            let hold = environment.take(NOON, &demand("a")).await;
            assert_eq!(relay.calls(), if is_plain { "U" } else { first }, "{what}");
            let _ = environment.settle(hold, &Evidence::Void, NOON).await;
            let _ = relay.calls();
            let hold = environment.take(NOON, &demand("b")).await;
            assert_eq!(relay.calls(), "U", "{what}");
            let _ = environment.settle(hold, &Evidence::Void, NOON).await;
            let _ = relay.calls();
        }
    }
}

/// An operator changes the limits of a key that environments know.
#[tokio::test]
async fn a_shape_that_has_changed_is_learnt_by_one_more() {
    let Some((table, relay, key)) = on_the_way(limits("tpm hard 1000")).await else { return };
    let _ = key.take(NOON, &takes(1, 10, 10)).await;
    assert_eq!(relay.calls(), "UU");
    let (_, mut items) = new_key(&limits(""), None);
    items[0].account = Account::key(key.presented.id.clone());
    items[0].hash = key.presented.digest.to_hex();
    for (revision, changed) in (2..).zip([limits("tpm hard 1000, rpm 9"), limits("rpm 9")]) {
        items[0].ledger = Ledger::new(changed.shape(revision, None), changed.share(0));
        table.put(to_row(&items[0])).await;
        let _ = key.take(NOON, &takes(1, 10, 10)).await;
        assert_eq!(relay.calls(), "UU");
        let _ = key.take(NOON, &takes(1, 10, 10)).await;
        assert_eq!(relay.calls(), "U");
    }
}

#[tokio::test]
async fn a_key_of_a_team_is_admitted_by_a_transaction_and_two_reads() {
    let Some(desk) = Desk::in_dynamodb().await else { return };
    let Some(relay) = Relay::before(&desk).await else { return };
    let [key, other] = desk.team(&limits("rpm 9"), [&limits(""), &limits("rpm 3")]).await;
    let key = relay.fresh(&key);
    let hold = key.take(NOON, &takes(1, 1, 1)).await;
    // Once: the write that shows that it has a team, and a look at the team.
    assert_eq!(relay.calls(), "UGTGG");
    let _ = key.settle(hold, &used(1, 1), NOON).await;
    let _ = relay.calls();
    let _ = key.take(NOON, &takes(1, 1, 1)).await;
    assert_eq!(relay.calls(), "TGG");
    // Another key of the team, in the same environment: only the key is new.
    let other = Key { store: key.store.clone(), ..other };
    let _ = other.take(NOON, &takes(1, 1, 1)).await;
    assert_eq!(relay.calls(), "UTGG");
    for _ in 0..2 {
        let _ = other.take(NOON, &takes(1, 1, 1)).await;
    }
    assert_eq!(relay.calls(), "TGGTGG");
    let _ = other.denial(NOON, &takes(1, 1, 1)).await;
    assert_eq!(relay.calls(), "T", "a refusal needs no reading");
}

/// An environment that does not know a key assumes every limit of it. What it has then counted for
/// nothing is removed by the settlement.
#[tokio::test]
async fn counters_of_limits_that_a_key_has_not_do_not_stay() {
    let Some((table, relay, key)) = on_the_way(limits("tokens_per_day 100")).await else { return };
    let hold = key.take(NOON, &takes(1, 10, 10)).await;
    assert!(counters(&row_of(&table, &key).await).len() > 5);
    let _ = key.settle(hold, &Evidence::Unknown, NOON).await;
    let day = NOON / DAY;
    let own = [format!("tpd@{day}"), format!("tpd@{day}.spent")];
    assert_eq!(counters(&row_of(&table, &key).await), own.iter().collect::<Vec<_>>());
    // Who knows the key makes none.
    let _ = key.take(NOON, &takes(1, 10, 10)).await;
    assert_eq!(counters(&row_of(&table, &key).await), own.iter().collect::<Vec<_>>());
    // Those that a crash has left are removed by the next request.
    drop(relay.fresh(&key).take(NOON, &takes(1, 10, 10)).await);
    let hold = key.take(NOON, &takes(1, 10, 10)).await;
    let _ = key.settle(hold, &Evidence::Void, NOON).await;
    assert_eq!(counters(&row_of(&table, &key).await), own.iter().collect::<Vec<_>>());
}

/// An admission whose reply was not seen is sent again. One with a place among the
/// requests in flight is recognised by it, although there is no room for a second one.
#[tokio::test]
async fn a_request_whose_reply_was_lost_is_recognised_by_its_lease() {
    let words = "in_flight 1, tokens_per_day 100";
    let Some((_, relay, key)) = on_the_way(limits(words)).await else { return };
    let demand = leasing("a", NOON + MINUTE, takes(1, 60, 0));
    relay.lose_a_reply_after(1);
    let hold = key.take(NOON, &demand).await;
    assert_eq!(relay.calls(), "UUU");
    assert_eq!(key.balance(NOON).await, "in_flight 1+0+0, tokens_per_day 0+60+40");
    let _ = key.settle(hold, &used(5, 0), NOON).await;
    assert_eq!(key.balance(NOON).await, "in_flight 0+0+1, tokens_per_day 5+0+95");
    // Somebody else's lease is not one's own.
    let hold = key.take(NOON, &demand).await;
    let _ = key.denial(NOON, &leasing("b", NOON + MINUTE, takes(1, 1, 0))).await;
    let _ = key.settle(hold, &Evidence::Void, NOON).await;
}

/// A transaction whose reply was lost is applied once.
#[tokio::test]
async fn a_transaction_whose_reply_was_lost_is_applied_once() {
    let Some(desk) = Desk::in_dynamodb().await else { return };
    let Some(relay) = Relay::before(&desk).await else { return };
    let [key] = desk.team(&limits("rpm 9"), [&limits("rpm 3")]).await;
    let key = relay.fresh(&key);
    relay.lose_a_reply_after(2);
    let _ = key.take(NOON, &takes(1, 1, 1)).await;
    assert_eq!(relay.calls(), "UGTTGG");
    assert_eq!(key.left(NOON).await, [2, 8]);
}

/// A partition of a shard is written alone: who asks it does not touch the others.
#[tokio::test]
async fn a_shard_with_room_is_the_only_one_that_is_written() {
    let Some((table, relay, key)) = on_the_way(spread("rpm 4", 2)).await else { return };
    let first = Account::key(key.presented.id.clone());
    let drawn = |draw| tollgate::quota::Demand { draw, ..takes(1, 0, 0) };
    let _ = key.take(NOON, &drawn(1)).await;
    assert_eq!(relay.calls(), "UU");
    let rows = [first.clone(), first.with_shard(1)].map(|account| account_key(&account));
    for (n, (pk, sk)) in rows.iter().enumerate() {
        assert_eq!(counters(&table.get(pk, sk).await.unwrap()).len(), n);
    }
    let _ = key.take(NOON, &drawn(1)).await;
    assert_eq!(relay.calls(), "U");
    // It is full now, which is remembered: the other one is asked at once.
    let _ = key.take(NOON, &drawn(1)).await;
    assert_eq!(relay.calls(), "UU");
    let _ = key.take(NOON, &drawn(1)).await;
    assert_eq!(relay.calls(), "U");
    let denial = key.denial(NOON, &asking("other", drawn(1))).await;
    assert!(matches!(denial, Denial::Exhausted(_)), "{denial:?}");
}

/// A request was admitted when the key had no such limit, and its environment had assumed one. The
/// limit that is set while it runs counts what others take: its end does not make that good.
#[tokio::test]
async fn a_limit_that_is_set_while_a_request_runs_holds() {
    let Some((table, relay, key)) = on_the_way(limits("rpm 9")).await else { return };
    let slow = key.take(NOON, &takes(1, 10, 10)).await;
    let mut item = from_row(&row_of(&table, &key).await).unwrap();
    let now = limits("rpm 9, tokens_per_day 100");
    item.ledger.shape = now.shape(2, None);
    item.ledger.figures = now.share(0);
    // The figure and the counter move by the same difference.
    let left = item.ledger.counters.get_mut(&format!("tpd@{}", NOON / DAY)).unwrap();
    *left = *left - i64::try_from(U).unwrap() + 100;
    table.put(to_row(&item)).await;
    let other = relay.fresh(&key);
    let hold = other.take(NOON, &takes(1, 90, 0)).await;
    let _ = other.settle(hold, &used(90, 0), NOON).await;
    let _ = key.settle(slow, &used(10, 10), NOON).await;
    let denial = other.denial(NOON, &takes(1, 11, 0)).await;
    assert!(matches!(denial, Denial::Exhausted(_)), "{denial:?}");
    let left = other.left(NOON).await[1];
    assert!(left <= 10, "{left} left after 90 of 100 were used");
}
