//! More and fewer shards: what is left is spread, and is never more than before.

use serde_json::Value;
use tollgate::quota::Demand;
use tollgate::store::{Denial, Store};

use super::tool::{Table, now_ms, takes, used};

fn figures(table: &Table, id: &str) -> Vec<[i64; 4]> {
    let line = |limit| table.standing(id, limit);
    let figures =
        |line: Value| ["of", "used", "held", "left"].map(|name| line[name].as_i64().unwrap());
    ["requests_per_day", "tokens_per_day", "usd_total"].map(line).map(figures).to_vec()
}

#[tokio::test]
async fn shards_up_and_down_conserve_what_is_left() {
    let Some(table) = Table::created("shards") else { return };
    let limits = ["--requests-per-day", "100", "--tokens-per-day", "1001", "--usd-total", "1"];
    let (id, key) = table.key(&[&limits[..], &["--alias-limit", "x*:rpm=5"]].concat());
    let (mut spent, mut lost) = (0, 0);
    for (step, shards) in ["1", "4", "3", "64", "2", "1", "5"].into_iter().enumerate() {
        let before = figures(&table, &id);
        table.json(&["key", "update", &id, "--shards", shards], "");
        assert_eq!(figures(&table, &id), before, "{shards}");
        // The rows that there are now are used, one after the other.
        let store = table.as_store();
        for draw in 0..4 {
            let demand = Demand { draw, ..takes(7, 70) };
            let hold = store.admit(&key, &demand, now_ms()).await.unwrap().hold;
            let settlement = hold.settle(&used(5, 50), now_ms());
            if draw == 3 && step % 2 == 1 {
                lost += 7;
            } else {
                store.settle(&settlement).await.unwrap();
                spent += 5;
            }
        }
        let tokens = figures(&table, &id)[1];
        assert_eq!(tokens, [1_001, spent, lost, 1_001 - spent - lost], "{shards}");
    }
    let listed = table.json(&["key", "list"], "");
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
    assert_eq!(listed["keys"][0]["limits"]["tokens_per_day"], 1_001);
}

/// What was there can be had to the last, and no more, from whatever rows.
#[tokio::test]
async fn a_spread_limit_is_as_large_as_before() {
    let Some(table) = Table::created("spread") else { return };
    let (id, key) = table.key(&["--requests-per-day", "20", "--shards", "3"]);
    let store = table.as_store();
    let mut admitted = 0_u64;
    for shards in ["3", "5", "2", "7"] {
        table.json(&["key", "update", &id, "--shards", shards], "");
        for draw in 0..3 {
            let demand = Demand { draw, ..takes(0, 0) };
            admitted += u64::from(store.admit(&key, &demand, now_ms()).await.is_ok());
        }
    }
    for draw in 0..30 {
        let demand = Demand { draw, ..takes(0, 0) };
        match store.admit(&key, &demand, now_ms()).await {
            Ok(_) => admitted += 1,
            Err(Denial::Exhausted(exhausted)) => assert_eq!(exhausted.shards, 7),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(admitted, 20);
    assert_eq!(figures_of_requests(&table, &id), [20, 20, 0, 0]);
}

fn figures_of_requests(table: &Table, id: &str) -> [i64; 4] {
    let line = table.standing(id, "requests_per_day");
    ["of", "used", "held", "left"].map(|name| line[name].as_i64().unwrap())
}

#[tokio::test]
async fn all_shards_are_revoked() {
    let Some(table) = Table::created("revoked") else { return };
    let (id, key) = table.key(&["--requests-per-day", "20", "--shards", "4"]);
    assert_eq!(table.json(&["key", "revoke", &id], "")["changed"], true);
    for draw in 0..4 {
        let demand = Demand { draw, ..takes(0, 0) };
        let denial = table.as_store().admit(&key, &demand, now_ms()).await.unwrap_err();
        assert_eq!(denial, Denial::Revoked);
    }
    // Shards that are added afterwards are revoked as well.
    table.json(&["key", "update", &id, "--shards", "6"], "");
    let demand = Demand { draw: 5, ..takes(0, 0) };
    let denial = table.as_store().admit(&key, &demand, now_ms()).await.unwrap_err();
    assert_eq!(denial, Denial::Revoked);
}
