//! What was charged and never settled: seen, told from what is in flight, and given back.

use serde_json::{Value, json};
use tollgate::store::Store;

use super::tool::{Table, lease, now_ms, takes};

const MINUTE: u64 = 60_000;

/// How a limit stands in the answer of `key show`: held, and what of it leaked.
fn leak(shown: &Value, part: &str, limit: &str) -> (Value, Value) {
    let line = shown[part].as_array().unwrap().iter().find(|line| line["limit"] == limit).unwrap();
    (line["held"].clone(), line["leaked"].clone())
}

#[tokio::test]
async fn a_leak_is_certain_when_no_request_can_be_under_way() {
    let Some(table) = Table::created("leak") else { return };
    let limits = ["--usd-total", "1", "--tpm", "100:hard", "--in-flight", "2"];
    let (id, key) = table.key(&limits);
    let long_ago = now_ms() - 17 * MINUTE;
    let mut demand = takes(70, 700);
    demand.lease = Some(lease("lost", long_ago + 5 * MINUTE));
    drop(table.as_store().admit(&key, &demand, long_ago).await.unwrap());

    let shown = table.json(&["key", "show", &id], "");
    assert_eq!(leak(&shown, "standing", "usd_total"), (json!(700), json!(700)));
    assert_eq!(leak(&shown, "ended", "tpm"), (json!(70), json!(70)));
    assert_eq!(shown["in_flight"], json!({ "live_until_ms": [], "expired": 1 }));
    let said = table.run(&["key", "show", &id], "");
    assert!(said.out.contains("\nheld in windows that have ended:\n"), "{said:?}");
    assert!(said.err.contains(&format!("'tollgatectl key reset {id} --leaked'")), "{said:?}");

    // A reset without it forgives nothing: nothing was settled.
    assert_eq!(table.json(&["key", "reset", &id], "")["reset"], json!([]));
    let reset = table.json(&["key", "reset", &id, "--leaked"], "");
    assert_eq!(reset["reset"][0]["given_back"], 700);
    let shown = table.json(&["key", "show", &id], "");
    assert_eq!(leak(&shown, "standing", "usd_total"), (json!(0), json!(0)));
    assert_eq!(shown["in_flight"]["expired"], 0);
}

#[tokio::test]
async fn what_may_be_in_flight_is_not_called_a_leak() {
    let Some(table) = Table::created("in-flight-or-leaked") else { return };
    let (id, key) = table.key(&["--usd-total", "1", "--in-flight", "2"]);
    let mut demand = takes(70, 700);
    demand.lease = Some(lease("live", now_ms() + 5 * MINUTE));
    drop(table.as_store().admit(&key, &demand, now_ms()).await.unwrap());
    let shown = table.json(&["key", "show", &id], "");
    assert_eq!(leak(&shown, "standing", "usd_total"), (json!(700), Value::Null));
    assert_eq!(shown["in_flight"]["live_until_ms"].as_array().unwrap().len(), 1);
    let said = table.run(&["key", "show", &id], "");
    assert!(said.err.contains("in flight or leaked"), "{said:?}");
    assert!(said.err.contains("1 request in flight; the last must have ended in "), "{said:?}");
    table.fails(&["key", "reset", &id, "--leaked"], "may be in flight; nothing was changed");
}
