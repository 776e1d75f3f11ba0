//! Places among the requests in flight, when a key is spread over more or fewer rows.

use tollgate::keys::Presented;
use tollgate::quota::Demand;
use tollgate::store::{Denial, Store};

use super::tool::{Table, lease, now_ms, takes};

/// Takes places until there is none; how many there were.
async fn take_all(table: &Table, key: &Presented, name: &str) -> usize {
    let store = table.as_store();
    for taken in 0.. {
        let lease = Some(lease(&format!("{name}-{taken}"), now_ms() + 60_000));
        let demand = Demand { lease, draw: taken, ..takes(0, 0) };
        match store.admit(key, &demand, now_ms()).await {
            Ok(admission) => drop(admission),
            Err(Denial::Exhausted(_)) => return usize::try_from(taken).unwrap(),
            Err(other) => panic!("{other:?}"),
        }
    }
    unreachable!()
}

async fn take(table: &Table, key: &Presented, name: &str) {
    let lease = Some(lease(name, now_ms() + 60_000));
    let demand = Demand { lease, ..takes(0, 0) };
    drop(table.as_store().admit(key, &demand, now_ms()).await.unwrap());
}

/// Of eight places three are taken before: five are free, whatever the rows.
#[tokio::test]
async fn no_place_is_given_away_twice() {
    let Some(table) = Table::created("places") else { return };
    for shards in [&["3"][..], &["3", "1"], &["4", "2"], &["2", "8", "3"]] {
        let (id, key) = table.key(&["--in-flight", "8"]);
        for name in ["a", "b", "c"] {
            take(&table, &key, name).await;
        }
        for count in shards {
            table.json(&["key", "update", &id, "--shards", count], "");
        }
        let free = take_all(&table, &key, "more").await;
        assert!(free <= 5, "{shards:?}: {free}");
        assert!(free >= 3, "{shards:?}: {free}");
    }
}
