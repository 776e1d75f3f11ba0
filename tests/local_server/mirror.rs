//! Copies of requests for a second target, whose answers nobody gets.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Duo, PLAIN, STREAMED, body, sound};
use crate::support::client::Answer;
use crate::support::secret;
use crate::support::upstream::{
    Act, Script, Upstream, chunk, event, json as whole, response_with, stream_head,
};

const TOKENS_PER_DAY: u64 = 100_000;
const CUT: &str = "cut off: the request had ended";

/// Two providers, of which the second is the mirror of the first; a change of the mirror, and the
/// limit of the key.
async fn mirrored<const A: usize, const B: usize>(
    first: [Script; A],
    second: [Script; B],
    mirror: Value,
    tokens_per_day: u64,
) -> Duo {
    let (first, second) = (Upstream::scripted(first).await, Upstream::scripted(second).await);
    Duo::with(first, second, |document| {
        let mut all = json!({ "provider": "second", "model": "due", "percent": 100 });
        all.as_object_mut().unwrap().extend(mirror.as_object().unwrap().clone());
        document["routes"][0]["mirror"] = all;
        document["routes"][0]["fallback"] = json!([]);
        document["keys"][0]["limits"] = json!({ "rpm": 100, "tokens_per_day": tokens_per_day });
    })
    .await
}

/// The answer is the first provider's. How often each was asked, and what the record says.
async fn check(duo: &mut Duo, answer: &Answer, asked: (usize, usize)) -> Value {
    assert_eq!((answer.status, answer.is_whole), (200, true), "{}", answer.body);
    assert_eq!(answer.header("x-tollgate-target"), Some("first/uno"));
    assert_eq!(answer.header("x-tollgate-attempts"), Some("1"));
    let record = duo.gateway.record().await;
    assert_eq!((duo.first.received().len(), duo.second.received().len()), asked);
    assert_eq!((&record["outcome"], &record["settled"]), (&json!("ok"), &json!("exact")));
    assert_eq!(record["tokens"]["output"], 2, "only the answer's: {record}");
    record
}

/// What the requests so far, so many, have left of the tokens.
async fn used(duo: &Duo, requests: u64) -> u64 {
    let key = duo.gateway.key(&secret(1)).await;
    let left = |index: usize| key["limits"][index]["left"].as_u64().unwrap();
    // A minute may have ended meanwhile.
    assert!(100 - left(0) <= requests, "copies are no requests: {key}");
    key["limits"][1]["limit"].as_u64().unwrap() - left(1)
}

fn waits() -> Value {
    json!({ "wait_ms": 20_000 })
}

#[tokio::test]
async fn a_copy_costs_and_answers_nobody() {
    for streamed in [false, true] {
        let other = if streamed {
            sound(true)
                .into_iter()
                .map(|act| match act {
                    Act::Send(bytes) => {
                        Act::Send(String::from_utf8(bytes).unwrap().replace("hi", "no").into())
                    }
                    act => act,
                })
                .collect()
        } else {
            sound(false)
        };
        let mut duo = mirrored([sound(streamed)], [other], waits(), TOKENS_PER_DAY).await;
        let answer = duo.ask(body(streamed)).await;
        assert!(answer.body.contains(r#""content":"hi""#), "{}", answer.body);
        let record = check(&mut duo, &answer, (1, 1)).await;
        let sent = duo.second.received()[0].json();
        assert_eq!(
            (&sent["model"], &sent["messages"][0]["content"]),
            (&json!("due"), &json!("ping"))
        );
        assert_eq!(sent["max_tokens"], 4_096, "its hold relies on it");
        let copy = &record["mirror"];
        assert_eq!(
            (&copy["target"], &copy["status"]),
            (&json!("second/due"), &json!(200)),
            "{copy}"
        );
        assert_eq!((&copy["class"], &copy["settled"]), (&Value::Null, &json!("exact")), "{copy}");
        assert_eq!(
            (&copy["tokens"]["input_uncached"], &copy["tokens"]["output"]),
            (&json!(5), &json!(2))
        );
        assert_eq!(record["attempts"].as_array().unwrap().len(), 1);
        assert_eq!(used(&duo, 1).await, 14, "both are charged: {record}");
    }
}

#[tokio::test]
async fn of_none_a_copy_is_made_and_of_none_that_only_the_first_may_see() {
    let mut duo = mirrored([sound(false)], [], json!({ "percent": 0 }), TOKENS_PER_DAY).await;
    let answer = duo.ask(PLAIN).await;
    assert!(check(&mut duo, &answer, (1, 0)).await["mirror"].is_null());
    let mut duo = mirrored([sound(false)], [], json!({}), TOKENS_PER_DAY).await;
    let answer = duo.ask(&PLAIN.replace("\"messages\"", "\"models\":[],\"messages\"")).await;
    assert!(check(&mut duo, &answer, (1, 0)).await["mirror"].is_null());
}

#[tokio::test]
async fn without_room_for_its_hold_there_is_no_copy() {
    // A request without a cap of its own holds the default of 4096 tokens and some more.
    let mut duo = mirrored([sound(false)], [], waits(), 6_000).await;
    let answer = duo.ask(PLAIN).await;
    let record = check(&mut duo, &answer, (1, 0)).await;
    assert_eq!(record["mirror"]["detail"], "it got no hold: insufficient_quota", "{record}");
    assert_eq!((&record["mirror"]["settled"], used(&duo, 1).await), (&Value::Null, 7), "{record}");
}

#[tokio::test]
async fn what_a_copy_meets_is_nobodys_trouble() {
    let limited = response_with(429, &[("retry-after", "60")], "{}");
    let cut = || vec![stream_head(), chunk(event(super::HI)), Act::Close];
    for (name, streamed, script, class, settled) in [
        ("a limit", false, vec![Act::Send(limited)], "rate_limit", "unbilled"),
        ("an error", true, whole(500, "{}"), "server", "unbilled"),
        ("a reset", false, vec![Act::Reset], "network", "kept"),
        ("half a stream", true, cut(), "truncated", "kept"),
    ] {
        let late = vec![Act::Pause(Duration::from_millis(300))];
        let first = [sound(streamed), [late, whole(500, "{}")].concat()];
        let mut duo = mirrored(first, [script, vec![Act::Stall]], waits(), TOKENS_PER_DAY).await;
        let answer = duo.ask(body(streamed)).await;
        let record = check(&mut duo, &answer, (1, 1)).await;
        let copy = &record["mirror"];
        assert_eq!(
            (&copy["class"], &copy["settled"]),
            (&json!(class), &json!(settled)),
            "{name}: {copy}"
        );
        let kept = if settled == "kept" { copy["held_tokens"].as_u64().unwrap() } else { 0 };
        assert_eq!(used(&duo, 1).await, 7 + kept, "{name}: {record}");
        // It is not set aside: the next copy is sent. A refusal waits for no copy.
        let began = Instant::now();
        let answer = duo.ask(body(streamed)).await;
        assert_eq!((answer.status, duo.second.received().len()), (502, 2), "{name}");
        assert!(began.elapsed() < Duration::from_secs(15), "{name}: {:?}", began.elapsed());
        duo.gateway.record().await;
        let copy = duo.gateway.record().await["mirror"].take();
        assert_eq!((&copy["detail"], &copy["settled"]), (&json!(CUT), &json!("kept")), "{name}");
        let kept = kept + copy["held_tokens"].as_u64().unwrap();
        assert_eq!(used(&duo, 2).await, 7 + kept, "{name}: {copy}");
    }
}

#[tokio::test]
async fn nobody_waits_longer_for_a_copy_than_the_route_says() {
    let silent = || vec![stream_head(), chunk(event(super::HI)), Act::Stall];
    for (streamed, second, wait_ms) in
        [(false, vec![Act::Stall], 0), (true, silent(), 0), (true, vec![Act::Stall], 300)]
    {
        let wait = json!({ "wait_ms": wait_ms });
        let late = [vec![Act::Pause(Duration::from_millis(300))], sound(streamed)].concat();
        let mut duo = mirrored([late], [second], wait, TOKENS_PER_DAY).await;
        let began = Instant::now();
        let answer = duo.ask(body(streamed)).await;
        let record = check(&mut duo, &answer, (1, 1)).await;
        let took = began.elapsed();
        assert!(
            took >= Duration::from_millis(300 + wait_ms) && took < Duration::from_secs(15),
            "{took:?}"
        );
        let copy = &record["mirror"];
        assert_eq!(copy["detail"], CUT, "{copy}");
        assert_eq!(copy["settled"], "kept", "{copy}");
        assert_eq!(used(&duo, 1).await, 7 + copy["held_tokens"].as_u64().unwrap(), "{record}");
        duo.second.left().await;
    }
}

#[tokio::test]
async fn a_mirror_that_cannot_be_used_says_why() {
    let first = Upstream::scripted([sound(true)]).await;
    let mut duo = Duo::with(first, Upstream::scripted([]).await, |document| {
        document["providers"]["second"]["api_key"] = json!("env:NOT_THERE");
        document["routes"][0]["mirror"] = json!({ "provider": "second", "percent": 100 });
    })
    .await;
    let answer = duo.ask(STREAMED).await;
    let record = check(&mut duo, &answer, (1, 0)).await;
    let why = record["mirror"]["detail"].as_str().unwrap();
    assert!(why.contains("NOT_THERE"), "{record}");
}
