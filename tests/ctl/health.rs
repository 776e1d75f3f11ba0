//! Targets that are set aside: shown, and put back.

use serde_json::json;
use tollgate::routing::Aside;
use tollgate::store::Store;

use super::tool::{Table, now_ms};

#[tokio::test]
async fn what_is_set_aside_is_shown_and_can_be_put_back() {
    let Some(table) = Table::created("health") else { return };
    assert_eq!(table.run(&["health"], "").out, "no target is set aside\n");
    assert_eq!(table.json(&["health"], ""), json!({ "targets": [] }));
    let (store, now_ms) = (table.as_store(), now_ms());
    let hour_ms = 3_600_000;
    for (target, until_ms, reason) in [
        ("pai/*", now_ms + hour_ms, "rate_limit"),
        ("ark/ep-1", now_ms - 60_000, "server"),
        ("old/m", now_ms - hour_ms, "network"),
        ("back/m", now_ms, "network"),
    ] {
        let (target, reason) = (target.to_owned(), reason.to_owned());
        store.set_aside(&Aside { target, until_ms, reason }, now_ms).await.unwrap();
    }
    store.recovered("back/m", now_ms).await.unwrap();
    let expected = json!({ "targets": [
        { "target": "ark/ep-1", "standing": "half-open", "until_ms": now_ms - 60_000, "reason": "server" },
        { "target": "pai/*", "standing": "aside", "until_ms": now_ms + hour_ms, "reason": "rate_limit" },
    ] });
    assert_eq!(table.json(&["health"], ""), expected);
    let shown = table.run(&["health"], "").out;
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[0].starts_with("TARGET    STANDING   UNTIL"), "{shown}");
    assert!(lines[1].starts_with("ark/ep-1  half-open  "), "{shown}");
    assert!(lines[1].contains(" ago  server"), "{shown}");
    assert!(lines[2].starts_with("pai/*     aside      "), "{shown}");
    assert!(lines[2].contains(", in ") && lines[2].ends_with("  rate_limit"), "{shown}");

    table.fails(&["health", "clear", "back/m"], "the target 'back/m' is not set aside");
    table.fails(&["health", "clear", "pai"], "the target 'pai' is not set aside");
    let cleared = table.json(&["health", "clear", "pai/*"], "");
    assert_eq!(cleared, json!({ "target": "pai/*", "cleared": true }));
    table.fails(&["health", "clear", "pai/*"], "'tollgatectl health' lists those that are");
    assert_eq!(table.json(&["health"], "")["targets"][0]["target"], "ark/ep-1");
    assert_eq!(table.json(&["health"], "")["targets"][1], json!(null));
    // A failure after that counts again.
    let again = Aside { target: "pai/*".into(), until_ms: now_ms + 9_000, reason: "empty".into() };
    store.set_aside(&again, now_ms).await.unwrap();
    assert_eq!(table.json(&["health"], "")["targets"][1]["reason"], "empty");
}
