//! Who is asked next: by the route's rules, by the client's wish, and by the targets' health.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Duo, PLAIN, chat, sound};
use crate::support::client::Answer;
use crate::support::upstream::{Act, Script, Upstream, json as whole, response_with};

const TOO_LONG: &str = r#"{"error":{"message":"m","code":"context_length_exceeded"}}"#;

fn limited(retry_after: &str) -> Script {
    vec![Act::Send(response_with(429, &[("retry-after", retry_after)], "{}"))]
}

/// Two providers with a script for each request that they get, and a change of the route.
async fn duo<const A: usize, const B: usize>(
    first: [Script; A],
    second: [Script; B],
    route: Value,
) -> Duo {
    let (first, second) = (Upstream::scripted(first).await, Upstream::scripted(second).await);
    let change = |document: &mut Value| {
        let fields = document["routes"][0].as_object_mut().unwrap();
        fields.extend(route.as_object().unwrap().clone());
    };
    Duo::with(first, second, change).await
}

/// The status, the target that answered, and how often each provider was asked.
fn check(duo: &Duo, answer: &Answer, expected: (u16, Option<&str>), asked: (usize, usize)) {
    let target = answer.header("x-tollgate-target");
    assert_eq!((answer.status, target), expected, "{}", answer.body);
    assert_eq!((duo.first.received().len(), duo.second.received().len()), asked);
}

const FIRST: Option<&str> = Some("first/uno");
const SECOND: Option<&str> = Some("second/due");

#[tokio::test]
async fn a_class_may_have_its_own_fallback() {
    let route = json!({
        "fallback": [],
        "fallback_on": { "context_length": [{ "provider": "second", "model": "due" }] },
    });
    let typed = duo([whole(400, TOO_LONG)], [sound(false)], route.clone()).await;
    check(&typed, &typed.ask(PLAIN).await, (200, SECOND), (1, 1));
    let other = duo([whole(500, "{}")], [], route).await;
    check(&other, &other.ask(PLAIN).await, (502, None), (1, 0));
}

#[tokio::test]
async fn a_route_may_say_what_falls_back() {
    let route = json!({ "falls_back": { "bad_request": true, "server": false } });
    let yes = duo([whole(400, "{}")], [sound(false)], route.clone()).await;
    check(&yes, &yes.ask(PLAIN).await, (200, SECOND), (1, 1));
    let no = duo([whole(500, "{}")], [], route).await;
    check(&no, &no.ask(PLAIN).await, (502, None), (1, 0));
}

#[tokio::test]
async fn the_last_one_may_be_asked_again() {
    let route = json!({ "fallback": [], "retries": 1 });
    let again = duo([whole(503, "{}"), sound(false)], [], route.clone()).await;
    let answer = again.ask(PLAIN).await;
    check(&again, &answer, (200, FIRST), (2, 0));
    assert_eq!(answer.header("x-tollgate-attempts"), Some("2"));
    // It would have to wait for longer than the route allows.
    let later = duo([limited("60")], [], route.clone()).await;
    let answer = later.ask(PLAIN).await;
    check(&later, &answer, (429, None), (1, 0));
    assert_eq!(answer.header("retry-after"), Some("60"));
    // What was sent and lost may be billed: it is not sent twice to the same.
    let lost = duo([vec![Act::Reset]], [], route).await;
    check(&lost, &lost.ask(PLAIN).await, (502, None), (1, 0));
}

#[tokio::test]
async fn a_client_may_bring_its_own_list() {
    let list = r#"{"models":["duo","other"],"messages":[{"role":"user","content":"ping"}]}"#;
    let none = r#"{"model":"duo","models":[],"messages":[{"role":"user","content":"ping"}]}"#;
    let (first, second) =
        (Upstream::scripted([whole(500, "{}")]).await, Upstream::scripted([sound(false)]).await);
    let mut own = Duo::with(first, second, |document| {
        document["routes"][0]["fallback"] = json!([]);
        let other = json!({ "match": "other", "targets": [{ "provider": "second" }] });
        document["routes"].as_array_mut().unwrap().push(other);
        document["keys"][0]["limits"] = json!({ "rpm": 10 });
    })
    .await;
    let answer = own.ask(list).await;
    check(&own, &answer, (200, Some("second/*")), (1, 1));
    let sent = own.second.received()[0].json();
    assert_eq!((&sent["model"], sent.get("models")), (&json!("other"), None), "{sent}");
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some("9"), "it is one request");
    let record = own.gateway.record().await;
    assert_eq!((&record["alias"], &record["Route"]), (&json!("duo"), &json!("other")), "{record}");

    let alone = duo([whole(500, "{}")], [], json!({})).await;
    check(&alone, &alone.ask(none).await, (502, None), (1, 0));
    let unknown = PLAIN.replace("\"messages\"", "\"models\":[\"nobody\"],\"messages\"");
    let answer = alone.ask(&unknown).await;
    assert_eq!((answer.status, &answer.error()["code"]), (404, &json!("model_not_found")));
}

#[tokio::test]
async fn a_client_may_say_how_long_it_waits() {
    let slow = duo([vec![Act::Stall]], [], json!({})).await;
    let answer = slow.gateway.ask(&chat(PLAIN).with("x-tollgate-timeout-ms", "300")).await;
    check(&slow, &answer, (504, None), (1, 0));
    let answer = slow.gateway.ask(&chat(PLAIN).with("x-tollgate-timeout-ms", "soon")).await;
    assert_eq!(answer.error()["param"], "x-tollgate-timeout-ms");
}

/// A target that answers slowly is passed over by who cannot wait so long; `streamed` or plain.
async fn check_late(streamed: bool) {
    let pause = Act::Pause(Duration::from_millis(1_600));
    let slow = [vec![pause], sound(streamed)].concat();
    let (first, second) = (Upstream::always(slow).await, Upstream::always(sound(streamed)).await);
    let mut duo = Duo::with(first, second, |_| {}).await;
    let patient = super::body(streamed);
    let impatient = |body: &str| chat(body).with("x-tollgate-timeout-ms", "700");
    let (one, two, three) = tokio::join!(duo.ask(patient), duo.ask(patient), duo.ask(patient));
    for answer in [one, two, three] {
        check(&duo, &answer, (200, FIRST), (3, 0));
        duo.gateway.record().await;
    }

    let answer = duo.gateway.ask(&impatient(patient)).await;
    check(&duo, &answer, (200, SECOND), (3, 1));
    let record = duo.gateway.record().await;
    let skipped = record["skipped"][0].as_str().unwrap();
    assert!(skipped.starts_with("first/uno: no first content expected in the "), "{skipped}");
    assert_eq!(record["attempts"].as_array().unwrap().len(), 1, "{record}");
    // Where nobody else may answer, it is tried all the same.
    let alone = patient.replace("\"messages\"", "\"models\":[],\"messages\"");
    let answer = duo.gateway.ask(&impatient(&alone)).await;
    check(&duo, &answer, (504, None), (4, 1));
}

#[tokio::test]
async fn whoever_cannot_be_expected_in_time_is_passed_over() {
    tokio::join!(check_late(false), check_late(true));
}

#[tokio::test]
async fn nobody_waits_for_a_whole_answer_while_others_could_give_one() {
    let route = json!({ "timeouts": { "answer_ms": 300 } });
    let hanging = duo([vec![Act::Stall]], [sound(false)], route).await;
    check(&hanging, &hanging.ask(PLAIN).await, (200, SECOND), (1, 1));
}

#[tokio::test]
async fn a_target_that_limits_is_left_alone() {
    let well = duo([limited("60")], [sound(false), sound(false)], json!({})).await;
    check(&well, &well.ask(PLAIN).await, (200, SECOND), (1, 1));
    let answer = well.ask(PLAIN).await;
    check(&well, &answer, (200, SECOND), (1, 2));
    assert_eq!(answer.header("x-tollgate-attempts"), Some("1"));
}

#[tokio::test]
async fn when_all_are_left_alone_the_one_that_returns_first_is_asked() {
    let all = duo([limited("60")], [limited("30"), sound(false)], json!({})).await;
    let answer = all.ask(PLAIN).await;
    check(&all, &answer, (429, None), (1, 1));
    assert_eq!(answer.header("retry-after"), Some("30"));
    check(&all, &all.ask(PLAIN).await, (200, SECOND), (1, 2));
}

#[tokio::test]
async fn one_clients_bad_requests_set_nobody_aside() {
    let bad = || whole(400, "{}");
    let broken = || whole(500, "{}");
    let first = [bad(), bad(), bad(), broken(), broken(), broken(), sound(false)];
    let second = [sound(false), sound(false), sound(false)];
    let one = duo(first, second, json!({})).await;
    for _ in 0..3 {
        assert_eq!(one.ask(PLAIN).await.status, 400);
    }
    for _ in 0..3 {
        assert_eq!(one.ask(PLAIN).await.header("x-tollgate-target"), SECOND);
    }
    check(&one, &one.ask(PLAIN).await, (200, FIRST), (7, 3));
}

#[tokio::test]
async fn whoever_asks_is_told_what_happened() {
    for streamed in [false, true] {
        let well = duo([whole(500, "{}")], [sound(streamed)], json!({})).await;
        let request = chat(super::body(streamed)).with("x-tollgate-debug", "true");
        let answer = well.gateway.ask(&request).await;
        check(&well, &answer, (200, SECOND), (1, 1));
        let trail = if streamed {
            // Behind the end that every client waits for.
            let (_, last) = answer.body.split_once("data: [DONE]\n\n: tollgate ").unwrap();
            last.strip_suffix("\n\n").unwrap().to_owned()
        } else {
            answer.header("x-tollgate-debug").unwrap().to_owned()
        };
        let trail: Value = serde_json::from_str(&trail).unwrap();
        assert_eq!(trail["route"], "duo");
        assert_eq!(trail["attempts"][0]["class"], "server");
        assert_eq!(trail["attempts"][1]["target"], "second/due");
    }
    let silent = duo([sound(true)], [], json!({})).await;
    assert!(!silent.ask(super::STREAMED).await.body.contains(": tollgate"));
}

#[tokio::test]
async fn users_stay_on_their_side_of_a_canary() {
    let route = json!({
        "split_by": "user",
        "targets": [
            { "provider": "first", "model": "uno", "weight": 1 },
            { "provider": "second", "model": "due", "weight": 1 },
        ],
        "fallback": [],
    });
    let scripts = || std::array::from_fn::<_, 48, _>(|_| sound(false));
    let split = duo(scripts(), scripts(), route).await;
    let mut sides = [0, 0];
    for user in 0..16 {
        let body = PLAIN.replace("\"messages\"", &format!("\"user\":\"u{user}\",\"messages\""));
        let mut targets = Vec::new();
        for _ in 0..3 {
            let answer = split.ask(&body).await;
            targets.push(answer.header("x-tollgate-target").map(str::to_owned));
        }
        targets.dedup();
        assert_eq!(targets.len(), 1, "{targets:?}");
        sides[usize::from(targets[0].as_deref() == SECOND)] += 1;
    }
    assert!(sides.iter().all(|users| *users > 2), "{sides:?}");
}
