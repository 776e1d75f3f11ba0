//! The function's deadline rules everything: what cannot end before it does not begin, and what has
//! begun ends before it, and says so.

use super::{chat, function};
use crate::support::client::events;
use crate::support::runtime_api::in_ms;

#[tokio::test]
async fn a_deadline_that_cannot_be_true_is_none() {
    let (api, _gateway) = function(&[]).await;
    // What `cargo lambda watch` sends is the first of these.
    for deadline_ms in [600_000, 1, 0, 1_577_836_799_999] {
        let id = api.invoke_until(&chat("demo", false), deadline_ms);
        assert_eq!(api.ended(&id).await.status, 200, "{deadline_ms}");
    }
}

#[tokio::test]
async fn what_cannot_end_in_time_does_not_begin() {
    let (api, mut gateway) = function(&[]).await;
    // 2 s are kept for the settlement, and half a second is the least to begin with.
    for (name, deadline_ms) in [("near", in_ms(1_500)), ("past", 1_700_000_000_000)] {
        let id = api.invoke_until(&chat("demo", false), deadline_ms);
        let reply = api.ended(&id).await;
        assert_eq!(reply.status, 503, "{name}: {}", reply.body);
        assert_eq!(reply.json()["error"]["code"], "deadline_too_short", "{name}");
        let record = gateway.record().await;
        assert_eq!((&record["outcome"], &record["held"]["tokens"]), (&"refused".into(), &0.into()));
    }
}

/// A request that would take much longer than its deadline allows: it ends in time, as `outcome`.
async fn check_cut(alias: &str, streamed: bool, outcome: &str) -> String {
    // Time enough for a busy machine, on both sides of the cut.
    let (api, mut gateway) = function(&[("TOLLGATE_SETTLE_MARGIN_MS", "2500")]).await;
    // The start of the function is no part of it.
    assert_eq!(api.reply(&chat("demo", false)).await.status, 200);
    gateway.record().await;
    let deadline_ms = in_ms(3_500);
    let id = api.invoke_until(&chat(alias, streamed), deadline_ms);
    let reply = api.ended(&id).await;
    assert!(in_ms(0) < deadline_ms, "it ended after its deadline");
    let record = gateway.record().await;
    assert_eq!(record["outcome"], outcome, "{record}");
    assert_eq!(record["attempts"][0]["class"], "timeout_total", "{record}");
    assert_eq!(reply.status, if streamed && outcome == "cut" { 200 } else { 504 });
    reply.body
}

#[tokio::test]
async fn what_has_begun_ends_in_time() {
    let (stream, plain, late) = tokio::join!(
        check_cut("slow", true, "cut"),
        check_cut("slow", false, "failed"),
        check_cut("late", true, "failed"),
    );
    let events = events(&stream);
    assert!(events.len() > 2, "{events:?}");
    let last: serde_json::Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "upstream_timeout");
    assert!(!stream.contains("[DONE]"));
    for refusal in [plain, late] {
        assert!(refusal.contains(r#""code":"upstream_timeout""#), "{refusal}");
    }
}
