//! Failures that a client asks for, to see what its fallbacks do.

use serde_json::{Value, json};

use super::{Duo, body, chat, secret, sound};
use crate::support::client::Answer;
use crate::support::upstream::{Script, Upstream};

const NAME: &str = "x-tollgate-fault";

async fn duo(second: Vec<Script>, rights: Value) -> Duo {
    let (first, second) = (Upstream::scripted([]).await, Upstream::scripted(second).await);
    let change = |document: &mut Value| {
        let key = document["keys"][0].as_object_mut().unwrap();
        key.insert("rights".to_owned(), rights);
        key.insert("limits".to_owned(), json!({ "tokens_per_day": 100_000 }));
    };
    Duo::with(first, second, change).await
}

async fn ask(duo: &Duo, streamed: bool, fault: &str) -> Answer {
    duo.gateway.ask(&chat(body(streamed)).with(NAME, fault)).await
}

/// Nobody was asked, and nothing was charged.
async fn check_untouched(duo: &Duo) {
    assert!(duo.first.received().is_empty() && duo.second.received().is_empty());
    let limit = &duo.gateway.key(&secret(1)).await["limits"][0];
    assert_eq!((&limit["left"], &limit["held"]), (&json!(100_000), &json!(0)), "{limit}");
}

#[tokio::test]
async fn a_fault_makes_the_next_target_answer() {
    for streamed in [false, true] {
        let mut duo = duo(vec![sound(streamed)], json!(["fault"])).await;
        let answer = ask(&duo, streamed, "target=first/*,class=rate_limit").await;
        assert_eq!((answer.status, answer.header("x-tollgate-target")), (200, Some("second/due")));
        assert_eq!(answer.header("x-tollgate-attempts"), Some("2"));
        assert_eq!((duo.first.received().len(), duo.second.received().len()), (0, 1));
        let record = duo.gateway.record().await;
        assert_eq!(record["attempts"][0]["class"], "rate_limit", "{record}");
        assert_eq!(record["attempts"][0]["detail"], "the client asked for this failure");
    }
}

#[tokio::test]
async fn faults_everywhere_cost_nothing_and_set_nobody_aside() {
    let mut duo = duo(vec![], json!(["fault", "explain"])).await;
    for (class, status, code) in [
        ("overloaded", 503, "upstream_overloaded"),
        ("rate_limit", 429, "upstream_rate_limited"),
        ("timeout_first_token", 504, "upstream_timeout"),
        ("bad_request", 400, "upstream_rejected"),
        ("upstream_auth", 502, "upstream_credentials"),
    ] {
        let answer = ask(&duo, false, &format!("class={class}")).await;
        assert_eq!((answer.status, &answer.error()["code"]), (status, &json!(code)));
        let record = duo.gateway.record().await;
        assert_eq!((&record["settled"], &record["skipped"]), (&json!("unbilled"), &json!([])));
    }
    check_untouched(&duo).await;
}

#[tokio::test]
async fn a_fault_takes_a_right_and_a_known_class() {
    let without = duo(vec![], json!([])).await;
    let answer = ask(&without, false, "class=server").await;
    assert_eq!((answer.status, &answer.error()["code"]), (403, &json!("right_missing")));
    assert_eq!(answer.error()["param"], NAME);
    let with = duo(vec![], json!(["fault"])).await;
    let answer = ask(&with, false, "target=first/uno,class=slow").await;
    assert_eq!((answer.status, &answer.error()["param"]), (400, &json!(NAME)));
    let message = answer.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("'slow' is no class of failures, which are network, "), "{message}");
    check_untouched(&without).await;
    check_untouched(&with).await;
}
