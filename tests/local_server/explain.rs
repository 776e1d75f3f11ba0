//! Explanations: what would happen is told, and what happens then is what was told.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Duo, PLAIN, chat, limits, secret};
use crate::support::client::{Answer, Request};
use crate::support::gateway::Gateway;
use crate::support::upstream::{Act, Received, Upstream, json as whole, response_with};
use crate::support::{CREDENTIALS, duo};

const NAME: &str = "x-tollgate-explain";

async fn explain(duo: &Duo, request: &Request) -> Answer {
    let before = duo.gateway.key(&secret(1)).await;
    let asked = (duo.first.received().len(), duo.second.received().len());
    let answer = duo.gateway.ask(&request.clone().with(NAME, "true")).await;
    assert_eq!((duo.first.received().len(), duo.second.received().len()), asked);
    let after = duo.gateway.key(&secret(1)).await;
    let standing = |key: &Value| {
        let limits = key["limits"].as_array().unwrap().iter();
        limits.map(|limit| (limit["used"].clone(), limit["held"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(standing(&before), standing(&after), "nothing is taken");
    answer
}

/// With the right to ask for explanations.
fn may_explain(document: &mut Value) {
    document["keys"][0]["rights"] = json!(["explain"]);
}

#[tokio::test]
async fn a_canary_with_a_target_set_aside_is_explained() {
    let limited = vec![Act::Send(response_with(429, &[("retry-after", "60")], "{}"))];
    let first = Upstream::scripted([limited]).await;
    let second = Upstream::scripted([super::sound(false)]).await;
    let mut duo = Duo::with(first, second, |document| {
        may_explain(document);
        limits(json!({ "tokens_per_day": 100_000, "in_flight": 2 }))(document);
        let route = document["routes"][0].as_object_mut().unwrap();
        let price = json!({ "input": 1, "output": 2 });
        route["targets"] = json!([
            { "provider": "first", "model": "uno", "weight": 100, "price": price },
            { "provider": "second", "model": "tre", "weight": 0, "price": price },
        ]);
        route["fallback"][0]["price"] = price;
    })
    .await;
    assert_eq!(duo.ask(PLAIN).await.header("x-tollgate-target"), Some("second/tre"));
    duo.gateway.record().await;

    let answer = explain(&duo, &chat(PLAIN)).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    for secret in ["sk-first-credential", "sk-second-credential", &secret(1)] {
        assert!(!answer.body.contains(secret), "{secret}");
    }
    let told = answer.json();
    assert_eq!(told["object"], "tollgate.explanation");
    assert_eq!(told["request_id"].as_str(), answer.header("x-request-id"));
    let would = "It would be sent to second/tre; if that fails, to second/due.";
    assert_eq!(told["would"], json!({ "status": null, "code": null, "message": would }));
    assert_eq!(told["route"]["match"], "duo");
    assert_eq!(told["route"]["drawn"], "at random: another request may fall otherwise");
    let order = |place: usize| {
        let target = &told["targets"][place];
        (target["order"].as_u64(), target["target"].as_str().unwrap(), &target["part"])
    };
    assert_eq!(order(0), (Some(1), "second/tre", &json!("targets")));
    assert_eq!(order(1), (Some(2), "second/due", &json!("fallback")));
    assert_eq!(order(2), (None, "first/uno", &json!("targets")));
    let skipped = told["targets"][2]["skipped"].as_str().unwrap();
    assert!(skipped.starts_with("set aside for ") && skipped.ends_with(" s after rate_limit"));
    assert_eq!(told["targets"][0]["request"]["headers"]["authorization"], "Bearer ***");
    // The request that came before was settled by what it used.
    assert_eq!(
        (&told["limits"][0]["limit"], &told["limits"][0]["hold"]),
        (&json!("in_flight"), &json!(1))
    );
    let day = &told["limits"][1];
    let hold = day["hold"].as_u64().unwrap();
    assert_eq!((&day["used"], &day["left_after"]), (&json!(7), &json!(99_993 - hold)));
    assert_eq!(told["bound"]["at_most"]["tokens"], hold);

    let record = loop {
        let record = duo.gateway.record().await;
        if record["operation"] == "explain" {
            break record;
        }
    };
    assert_eq!((&record["outcome"], &record["store"]["trips"]), (&json!("ok"), &json!(1)));
    assert_eq!((&record["settled"], &record["held"]["tokens"]), (&Value::Null, &json!(0)));
}

#[tokio::test]
async fn an_explanation_takes_a_right_and_a_request_that_can_be_read() {
    let without = Duo::of(vec![], vec![]).await;
    let answer = explain(&without, &chat(PLAIN)).await;
    assert_eq!((answer.status, &answer.error()["code"]), (403, &json!("right_missing")));
    assert_eq!(answer.error()["param"], NAME);
    let other = Upstream::scripted([]).await;
    let with = Duo::with(Upstream::scripted([]).await, other, may_explain).await;
    for (request, status) in [
        (chat("{"), 400),
        (chat(PLAIN).key(&secret(2)), 401),
        (chat(PLAIN).without("authorization"), 401),
        (chat(PLAIN).with("x-tollgate-timeout-ms", "soon"), 400),
        (chat(PLAIN), 200),
    ] {
        let answer = explain(&with, &request).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    // What would be refused is explained as well.
    let unknown = explain(&with, &chat(&PLAIN.replace("duo", "solo"))).await;
    assert_eq!((unknown.status, &unknown.json()["would"]["status"]), (200, &json!(404)));
    let told = explain(&with, &chat(PLAIN).with("x-tollgate-timeout-ms", "9000")).await.json();
    assert_eq!(told["deadline_ms"], 9_000);
}

/// What an explanation says of a request to a provider, its body byte for byte.
#[derive(Deserialize)]
struct Told {
    targets: Vec<Target>,
    #[serde(default)]
    instead: Vec<Self>,
}

#[derive(Deserialize)]
struct Target {
    order: Option<usize>,
    #[serde(rename = "target")]
    id: String,
    request: Option<Outgoing>,
}

#[derive(Deserialize)]
struct Outgoing {
    url: String,
    headers: std::collections::BTreeMap<String, String>,
    body: Box<RawValue>,
}

/// Headers of the transport, and of a signature.
const OF_THE_TRANSPORT: [&str; 6] =
    ["accept", "content-length", "host", "user-agent", "x-amz-date", "x-amz-security-token"];

/// Whether a header is what was told of it; what is hidden begins alike.
fn is_told(name: &str, value: &str, told: &str) -> bool {
    match told.strip_suffix("***") {
        _ if name == "x-client-request-id" => true,
        Some(beginning) => value.starts_with(beginning) && value.len() > beginning.len(),
        None => value == told,
    }
}

fn check_sent(case: &str, received: &Received, told: &Outgoing, base: &str) {
    let path = received.head.second_word();
    assert_eq!(format!("{base}{path}"), told.url, "{case}");
    assert_eq!(std::str::from_utf8(&received.body).unwrap(), told.body.get(), "{case}");
    let own = received.head.headers.iter();
    let own = own.filter(|(name, _)| !OF_THE_TRANSPORT.contains(&name.as_str()));
    let names = |name: &String| told.headers.contains_key(name);
    for (name, value) in own.clone() {
        assert!(names(name), "{case}: {name} was not told");
        assert!(is_told(name, value, &told.headers[name]), "{case}: {name}: {value}");
    }
    assert_eq!(own.count(), told.headers.len(), "{case}: {:?}", told.headers);
}

/// Every target fails that is asked, so that each is; and each gets what was told, in that order.
async fn check_agrees(duo: &mut Duo, request: &Request, case: &str) {
    let answer = explain(duo, request).await;
    let told: Told = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{case}"));
    let before = (duo.first.received().len(), duo.second.received().len());
    let answer = duo.gateway.ask(request).await;
    let record = loop {
        let record = duo.gateway.record().await;
        if record["request_id"].as_str() == answer.header("x-request-id") {
            break record;
        }
    };
    let tried = record["attempts"].as_array().unwrap().iter();
    let tried: Vec<_> = tried.map(|one| one["target"].as_str().unwrap()).collect();
    let legs = std::iter::once(&told.targets).chain(told.instead.iter().map(|leg| &leg.targets));
    let ordered: Vec<_> = legs.flatten().filter(|target| target.order.is_some()).collect();
    let expected: Vec<_> = ordered.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(expected, tried, "{case}: {record}");
    let mut first = duo.first.received().into_iter().skip(before.0);
    let mut second = duo.second.received().into_iter().skip(before.1);
    for request in ordered.iter().filter_map(|target| target.request.as_ref()) {
        let base = |upstream: &Upstream| format!("http://{}", upstream.address);
        let is_first = request.url.starts_with(&format!("{}/", base(&duo.first)));
        let (received, upstream) =
            if is_first { (first.next(), &duo.first) } else { (second.next(), &duo.second) };
        check_sent(case, &received.expect("a request"), request, &base(upstream));
    }
    assert!(first.next().is_none() && second.next().is_none(), "{case}: more was sent");
}

/// The same address as providers of other vendors, and routes to them.
fn vendors(document: &mut Value) {
    may_explain(document);
    let address = document["providers"]["second"]["base_url"].as_str().unwrap().to_owned();
    let provider = |vendor: &str| {
        json!({
            "vendor": vendor, "base_url": address, "private_network": true,
            "api_key": "env:SECOND_API_KEY",
        })
    };
    let providers = document["providers"].as_object_mut().unwrap();
    providers.insert("claude".into(), provider("anthropic-compatible"));
    providers.insert("scope".into(), provider("dashscope"));
    providers.insert("rock".into(), provider("bedrock"));
    let rock = providers["rock"].as_object_mut().unwrap();
    rock.remove("api_key");
    rock.insert("region".into(), "eu-west-1".into());
    let first = providers["first"].as_object_mut().unwrap();
    first.insert("headers".into(), json!({ "x-title": "tollgate", "x-access-token": "t-1" }));
    first.insert("query".into(), json!({ "api-version": "2024-10-21" }));
    first.insert("body".into(), json!({ "default": { "seed": 7 }, "remove": ["user"] }));
    let routes = document["routes"].as_array_mut().unwrap();
    routes.push(json!({
        "match": "canary",
        "split_by": "header:x-tenant",
        "targets": [
            { "provider": "first", "model": "old", "weight": 1 },
            { "provider": "scope", "model": "new", "weight": 1 },
        ],
        "fallback": [
            { "provider": "claude", "model": "claude-sonnet-4-5", "reasoning": "budget" },
            { "provider": "rock", "model": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0" },
            { "provider": "first", "model": "old" },
        ],
    }));
    let strict = json!([{ "provider": "claude", "model": "c" }, { "provider": "first" }]);
    routes.push(json!({ "match": "strict-*", "translation": "strict", "targets": strict }));
}

async fn many(limited: &Value) -> Duo {
    let failing = || whole(500, r#"{"error":{"message":"Oops"}}"#);
    let (first, second) = (Upstream::always(failing()).await, Upstream::always(failing()).await);
    let mut document = duo(&first.base_url(), &second.base_url(), limited);
    vendors(&mut document);
    let role = [("AWS_ACCESS_KEY_ID", "AKIATEST"), ("AWS_SECRET_ACCESS_KEY", "aws-secret")];
    let gateway = Gateway::local(&document, &[&role[..], &CREDENTIALS].concat()).await;
    Duo { first, second, gateway }
}

#[tokio::test]
async fn what_was_told_is_what_happens() {
    const CHAT: &str = r#"{ "model": "MODEL", "user":"u", "reasoning_effort":"low", "logprobs": true, "messages": [{"role":"system","content":"s"},{"role":"user","content":"\u00e9é"}]MORE}"#;
    const MESSAGES: &str = r#"{"model":"MODEL","max_tokens":77, "system":"s","top_k":5,"messages":[{"role":"user","content":"x"}]MORE}"#;
    const COUNT: &str =
        r#"{"model":"MODEL","system":"s","messages":[{"role":"user","content":"x"}]MORE}"#;
    const LISTS: [&str; 3] = ["", r#","models":["duo"]"#, r#","models":[]"#];
    const AND_STREAM: [&str; 4] = ["", LISTS[1], LISTS[2], r#","stream":true"#];
    for limited in [json!({}), json!({ "tokens_per_day": 10_000_000 })] {
        let mut duo = many(&limited).await;
        for (path, body, more) in [
            ("chat/completions", CHAT, &AND_STREAM[..]),
            ("messages", MESSAGES, &AND_STREAM),
            ("messages/count_tokens", COUNT, &LISTS),
            ("completions", r#"{"model":"MODEL","prompt":["a","b"],"n":2MORE}"#, &AND_STREAM),
            ("embeddings", r#"{"model":"MODEL","input":"a"MORE}"#, &LISTS),
        ] {
            for (model, more) in ["duo", "canary", "strict-x"]
                .iter()
                .flat_map(|model| more.iter().map(move |more| (model, more)))
            {
                let body = body.replace("MODEL", model).replace("MORE", more);
                let request = Request::post(&format!("/v1/{path}"), body.clone());
                let request = request.key(&secret(1)).with("x-tenant", "acme");
                check_agrees(&mut duo, &request, &format!("{limited} {path} {body}")).await;
            }
        }
    }
}
