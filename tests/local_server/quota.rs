//! What a request takes from its key's limits, and what is given back.

use serde_json::{Value, json};

use super::{ANSWER, DONE, Duo, HI, PLAIN, ROLE, STOP, STREAMED, USAGE, limits, sound};
use crate::support::client::{Answer, Request};
use crate::support::secret;
use crate::support::upstream::{
    Act, Script, Upstream, chunk, event, json as whole, last_chunk, stream_head,
};

const TOKENS_PER_DAY: u64 = 100_000;

/// What a request leaves behind.
struct Trace {
    answer: Answer,
    record: Value,
    /// What is left of the requests a minute and of the tokens a day.
    left: (u64, u64),
}

impl Trace {
    fn held(&self) -> u64 {
        self.record["held"]["tokens"].as_u64().unwrap()
    }

    fn used(&self) -> u64 {
        TOKENS_PER_DAY - self.left.1
    }
}

/// Sends one request of a key with 10 requests a minute and some tokens a day. Once more, from the
/// beginning, when a window has ended meanwhile.
async fn trace(body: &str, first: Script, second: Script) -> Trace {
    loop {
        let (first, second) = (first.clone(), second.clone());
        let (first, second) =
            (Upstream::scripted([first]).await, Upstream::scripted([second]).await);
        let limited = limits(json!({ "rpm": 10, "tokens_per_day": TOKENS_PER_DAY }));
        let mut duo = Duo::with(first, second, limited).await;
        let before = duo.gateway.key(&secret(1)).await;
        assert_eq!(left(&before), (10, TOKENS_PER_DAY));
        let answer = duo.ask(body).await;
        duo.gateway.record().await;
        let record = duo.gateway.record().await;
        let after = duo.gateway.key(&secret(1)).await;
        if windows(&before) == windows(&after) {
            return Trace { answer, record, left: left(&after) };
        }
    }
}

fn left(key: &Value) -> (u64, u64) {
    let left = |index: usize| key["limits"][index]["left"].as_u64().unwrap();
    (left(0), left(1))
}

fn windows(key: &Value) -> Vec<&Value> {
    key["limits"].as_array().unwrap().iter().map(|limit| &limit["resets_at_ms"]).collect()
}

#[tokio::test]
async fn what_an_exact_answer_did_not_use_is_given_back() {
    for (body, script) in [(PLAIN, sound(false)), (STREAMED, sound(true))] {
        let trace = trace(body, script, vec![]).await;
        assert_eq!((trace.answer.status, trace.left), (200, (9, TOKENS_PER_DAY - 7)));
        assert!(trace.held() > 7, "{}", trace.record);
        assert_eq!(trace.record["settled"], "exact");
        assert_eq!(trace.record["tokens"]["input_uncached"], 5);
        assert_eq!(trace.record["tokens"]["output"], 2);
        // The headers show what was left while the request was held.
        let remaining = (TOKENS_PER_DAY - trace.held()).to_string();
        assert_eq!(trace.answer.header("x-ratelimit-limit-requests"), Some("10"));
        assert_eq!(trace.answer.header("x-ratelimit-remaining-requests"), Some("9"));
        assert_eq!(trace.answer.header("x-ratelimit-limit-tokens"), Some("100000"));
        assert_eq!(trace.answer.header("x-ratelimit-remaining-tokens"), Some(remaining.as_str()));
        assert!(trace.answer.header("x-ratelimit-reset-requests").unwrap().ends_with('s'));
        assert!(trace.answer.header("x-ratelimit-reset-tokens").unwrap().ends_with('s'));
    }
}

#[tokio::test]
async fn what_nobody_can_say_stays_charged() {
    let no_usage = ANSWER.replace("usage", "no_usage");
    let negative = ANSWER.replace("\"prompt_tokens\":5", "\"prompt_tokens\":-5");
    let streamed_without = crate::support::upstream::stream(&[ROLE, HI, STOP, DONE]);
    let cut = vec![stream_head(), chunk([ROLE, HI, USAGE].map(event).concat()), last_chunk()];
    for (name, body, script) in [
        ("no usage", PLAIN, whole(200, &no_usage)),
        ("usage that cannot be", PLAIN, whole(200, &negative)),
        ("a stream without usage", STREAMED, streamed_without),
        ("a stream that was cut", STREAMED, cut),
    ] {
        let trace = trace(body, script, vec![]).await;
        assert_eq!((trace.answer.status, trace.left.0), (200, 9), "{name}");
        assert_eq!(trace.used(), trace.held(), "{name}: {}", trace.record);
        assert_eq!(trace.record["settled"], "kept", "{name}");
    }
}

#[tokio::test]
async fn a_failure_that_nobody_bills_gives_the_tokens_back() {
    for (name, first, second) in [
        ("errors", whole(500, "{}"), whole(503, "{}")),
        ("the client's mistake", whole(400, "{}"), vec![]),
    ] {
        let trace = trace(PLAIN, first, second).await;
        // The request itself was made.
        assert_eq!(trace.left, (9, TOKENS_PER_DAY), "{name}: {}", trace.answer.body);
        assert_eq!(trace.record["settled"], "unbilled", "{name}");
        assert!(trace.held() > 0, "{name}");
    }
}

#[tokio::test]
async fn an_attempt_that_may_be_billed_keeps_its_hold() {
    let cut = || vec![stream_head(), chunk(event(ROLE)), Act::Reset];
    // The second attempt needs a hold of its own, and gives the rest of it back.
    let answered = trace(STREAMED, cut(), sound(true)).await;
    assert_eq!(answered.answer.header("x-tollgate-attempts"), Some("2"));
    assert_eq!(answered.left.0, 9, "it is still one request");
    assert_eq!(answered.used(), answered.held() / 2 + 7, "{}", answered.record);
    // When that fails too without being billed, only the first one's stays.
    let refused = trace(STREAMED, cut(), whole(500, "{}")).await;
    assert_eq!(refused.answer.status, 502);
    assert_eq!(refused.used(), refused.held() / 2, "{}", refused.record);
    // And when both may be billed, both do.
    let lost = trace(STREAMED, cut(), cut()).await;
    assert_eq!(lost.answer.status, 502);
    assert_eq!(lost.used(), lost.held(), "{}", lost.record);
    assert_eq!(lost.held(), refused.held());
}

#[tokio::test]
async fn a_second_attempt_needs_room_for_a_second_hold() {
    let cut = vec![stream_head(), chunk(event(ROLE)), Act::Reset];
    let (first, second) = (Upstream::scripted([cut]).await, Upstream::scripted([]).await);
    // A request without a cap of its own holds the default of 4096 tokens and some more.
    let limited = limits(json!({ "tokens_per_day": 6_000 }));
    let mut duo = Duo::with(first, second, limited).await;
    let answer = duo.ask(STREAMED).await;
    assert_eq!((answer.status, &answer.error()["code"]), (502, &"upstream_failed".into()));
    assert_eq!(answer.header("x-tollgate-attempts"), Some("1"));
    assert!(duo.second.received().is_empty());
    let held = duo.gateway.record().await["held"]["tokens"].as_u64().unwrap();
    let key = duo.gateway.key(&secret(1)).await;
    assert_eq!(key["limits"][0]["left"], 6_000 - held, "{key}");
}

/// A key with these limits sends a request that must be refused before any provider is called.
async fn check_refused(limited: Value, body: &str, expected: (u16, &str, &str)) -> Answer {
    let (first, second) = (Upstream::scripted([]).await, Upstream::scripted([]).await);
    let duo = Duo::with(first, second, limits(limited)).await;
    let answer = duo.ask(body).await;
    let error = answer.error();
    let message = error["message"].as_str().unwrap();
    assert_eq!((answer.status, error["code"].as_str().unwrap()), (expected.0, expected.1));
    assert!(message.contains(expected.2), "{message}");
    assert!(duo.first.received().is_empty() && duo.second.received().is_empty());
    for limit in duo.gateway.key(&secret(1)).await["limits"].as_array().unwrap() {
        assert_eq!(limit["left"], limit["limit"], "{body}: something stays held");
    }
    answer
}

#[tokio::test]
async fn what_never_fits_is_refused() {
    let body = r#"{"model":"duo","messages":[],"max_tokens":500}"#;
    let expected = (429, "insufficient_quota", "it can never fit");
    let answer = check_refused(json!({ "tokens_per_day": 400 }), body, expected).await;
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert_eq!(answer.header("x-ratelimit-limit-tokens"), Some("400"));
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("400"));
    assert_eq!(answer.header("retry-after"), None);
    let expected = (429, "rate_limit_exceeded", "it can never fit");
    check_refused(json!({ "rpm": 0 }), body, expected).await;
}

#[tokio::test]
async fn what_has_no_bound_is_refused_where_a_limit_needs_one() {
    let image = r#"{"model":"duo","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}]}]}"#;
    let tokens = json!({ "tokens_per_day": TOKENS_PER_DAY });
    check_refused(tokens, image, (400, "unbounded_cost", "media_tokens")).await;
    // Where no limit needs it, nobody asks.
    let (first, second) = (Upstream::scripted([sound(false)]).await, Upstream::scripted([]).await);
    let duo = Duo::with(first, second, limits(json!({ "rpm": 100 }))).await;
    assert_eq!(duo.ask(image).await.status, 200);
}

#[tokio::test]
async fn the_requests_of_a_minute_are_counted() {
    loop {
        let first = Upstream::always(sound(false)).await;
        let limited = limits(json!({ "rpm": 2 }));
        let duo = Duo::with(first, Upstream::scripted([]).await, limited).await;
        let before = duo.gateway.key(&secret(1)).await;
        let answers = [duo.ask(PLAIN).await, duo.ask(PLAIN).await, duo.ask(PLAIN).await];
        let after = duo.gateway.key(&secret(1)).await;
        if windows(&before) != windows(&after) {
            continue;
        }
        assert_eq!(answers.each_ref().map(|answer| answer.status), [200, 200, 429]);
        let remaining =
            |answer: &Answer| answer.header("x-ratelimit-remaining-requests").map(str::to_owned);
        assert_eq!(answers.each_ref().map(remaining), ["1", "0", "0"].map(|n| Some(n.to_owned())));
        let refused = &answers[2];
        assert_eq!(refused.error()["code"], "rate_limit_exceeded");
        assert_eq!(refused.error()["type"], "rate_limit_error");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert!(refused.header("x-ratelimit-reset-requests").is_some());
        assert_eq!(refused.header("x-ratelimit-limit-requests"), Some("2"));
        assert_eq!(duo.first.received().len(), 2);
        return;
    }
}

/// The body that a provider gets of a key with these limits.
async fn reaches(limited: Value, body: &str) -> Value {
    let streamed = body.contains("\"stream\":true");
    let (first, second) =
        (Upstream::scripted([sound(streamed)]).await, Upstream::scripted([]).await);
    let change = |document: &mut Value| {
        limits(limited)(document);
        document["routes"][0]["targets"][0]["output_tokens"] = 321.into();
        document["routes"][0]["fallback"] = json!([]);
    };
    let duo = Duo::with(first, second, change).await;
    let answer = duo.ask(body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    duo.first.received()[0].json()
}

#[tokio::test]
async fn the_output_is_capped_where_a_limit_relies_on_it() {
    let limited = || json!({ "tokens_per_day": TOKENS_PER_DAY });
    assert_eq!(reaches(limited(), PLAIN).await["max_tokens"], 321);
    assert_eq!(reaches(limited(), STREAMED).await["max_tokens"], 321);
    let own = r#"{"model":"duo","messages":[],"max_tokens":9}"#;
    assert_eq!(reaches(limited(), own).await["max_tokens"], 9);
    let own = r#"{"model":"duo","messages":[],"max_completion_tokens":9}"#;
    let body = reaches(limited(), own).await;
    assert_eq!((&body["max_completion_tokens"], &body["max_tokens"]), (&9.into(), &9.into()));
    for unlimited in [json!({}), json!({ "rpm": 100 })] {
        assert_eq!(reaches(unlimited, PLAIN).await["max_tokens"], Value::Null);
    }
}

#[tokio::test]
async fn what_a_provider_runs_itself_has_no_bound() {
    let limited = limits(json!({ "tokens_per_day": TOKENS_PER_DAY }));
    let (first, second) = (Upstream::scripted([]).await, Upstream::scripted([]).await);
    let duo = Duo::with(first, second, limited).await;
    let ask = async |field: &str| {
        let body = format!(
            r#"{{"model":"duo","max_tokens":9,"messages":[{{"role":"user","content":"x"}}],{field}}}"#
        );
        let request = Request::post("/v1/messages", body).key(&secret(1));
        let answer = duo.gateway.ask(&request).await;
        (answer.status, answer.json()["error"]["code"].as_str().map(str::to_owned))
    };
    let unbounded = (400, Some("unbounded_cost".to_owned()));
    let search = r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#;
    assert_eq!(ask(search).await, unbounded);
    assert_eq!(ask(r#""speed":"fast""#).await, unbounded);
    assert_eq!(duo.first.received().len() + duo.second.received().len(), 0);
}
