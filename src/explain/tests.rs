//! What explanations say, of documents, keys and requests.

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use super::*;
use crate::config::{Document, Strictness};
use crate::dialect::{Operation, take_alternatives};
use crate::keys::Secret;
use crate::quota::decimal_usd;
use crate::routing::{Aside, Health};
use crate::store::{MemoryStore, standing};

const NOW_MS: u64 = 1_795_348_800_000;

const HELLO: &str = r#""messages":[{"role":"user","content":"Hello"}]"#;

/// A request, and what it would meet.
struct Case<'a> {
    document: &'a str,
    operation: Operation,
    body: String,
    headers: &'a [(&'static str, &'a str)],
    /// Which of the document's keys.
    key: Option<usize>,
    host_ms: Option<u64>,
    asides: &'a [(&'static str, u64)],
    usual_ms: &'a [(&'static str, u64)],
}

impl<'a> Case<'a> {
    fn chat(document: &'a str, members: &str) -> Self {
        Self {
            document,
            operation: Operation::ChatCompletions,
            body: format!("{{{members},{HELLO}}}"),
            headers: &[],
            key: None,
            host_ms: None,
            asides: &[],
            usual_ms: &[],
        }
    }

    fn told(&self) -> Value {
        let read = Document::parse(self.document).unwrap().read(Strictness::Strict);
        let (config, _) = read.unwrap_or_else(|problems| panic!("{problems:?}"));
        let key = self.key.map(|place| {
            let item = MemoryStore::item_of(&config.keys[place]);
            standing(&[&item], &[], NOW_MS).unwrap()
        });
        let secret = |name: &&crate::config::CredentialRef| {
            let found = match name.to_string().as_str() {
                "env:MISSING" => Err("MISSING is not set".to_owned()),
                _ => Ok(Secret::new("credential-of-the-gateway")),
            };
            ((*name).clone(), found)
        };
        let secrets = config.credentials().iter().map(secret).collect();
        let asides = self.asides.iter().map(|(target, until_ms)| Aside {
            target: (*target).to_owned(),
            until_ms: *until_ms,
            reason: "rate_limit".to_owned(),
        });
        let health = Health::new(asides, NOW_MS);
        let snapshot = Snapshot { config, version: 7, read_ms: NOW_MS - 9_000, secrets, health };
        self.explained(&snapshot, key.as_ref().map(|key| (&key.caller, &key.books)))
    }

    fn explained(&self, snapshot: &Snapshot, key: Option<(&Caller, &Books)>) -> Value {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        let headers: HeaderMap = self.headers.iter().map(pair).collect();
        let (body, alternatives) = take_alternatives(Bytes::from(self.body.clone())).unwrap();
        let question = Question {
            request_id: "req-1",
            headers: &headers,
            call: &Call::parse(self.operation, &headers, body).unwrap(),
            alternatives: alternatives.as_deref(),
            faults: &Faults::from_headers(&headers).unwrap(),
            timeout: None,
        };
        let stands = |id: &str| (snapshot.health.standing(id, NOW_MS), None);
        let facts = Facts {
            snapshot,
            key,
            host: self.host_ms.map(Duration::from_millis),
            draw: 0,
            now_ms: NOW_MS,
            usable: &|target| decision::usable(target, snapshot, NOW_MS, stands),
            usual_ms: &|target| {
                let known = self.usual_ms.iter().find(|(id, _)| *id == target.id);
                known.map(|(_, usual_ms)| *usual_ms)
            },
        };
        serde_json::to_value(explain(&question, &facts)).unwrap()
    }
}

/// Each target of a leg in a line: `1 a/one`, `- b/two: why not`.
fn lines(leg: &Value) -> Vec<String> {
    let line = |target: &Value| {
        let order = target["order"].as_u64().map_or_else(|| "-".to_owned(), |n| n.to_string());
        let said = ["skipped", "refused", "note"].map(|name| target[name].as_str());
        let said: Vec<_> = said.into_iter().flatten().collect();
        let said = if said.is_empty() { String::new() } else { format!(": {}", said.join("; ")) };
        format!("{order} {}{said}", target["target"].as_str().unwrap())
    };
    leg["targets"].as_array().unwrap().iter().map(line).collect()
}

const ROUTES: &str = r#"
providers:
  a: { vendor: openai, api_key: env:A }
  m: { vendor: mock }
routes:
  - { match: "gpt-*", targets: [{ provider: a }] }
  - { match: "gpt-4*", targets: [{ provider: a }] }
  - { match: "*-mini", targets: [{ provider: a }] }
  - { match: gpt-4o, targets: [{ provider: a }] }
  - { match: "GPT-5*", case_insensitive: true, targets: [{ provider: m }] }
"#;

#[test]
fn the_route_is_told_and_why_the_others_lost() {
    let check = |alias: &str, served: (&str, &str), lost: &[(&str, &str)]| {
        let told = Case::chat(ROUTES, &format!(r#""model":"{alias}""#)).told();
        let route = &told["route"];
        let found = (route["match"].as_str(), route["why"].as_str());
        assert_eq!(found, (Some(served.0), Some(served.1)), "{alias}");
        for (place, (pattern, why)) in lost.iter().enumerate() {
            let found = &told["lost"][place];
            assert_eq!(*found, json!({ "match": pattern, "why": why }), "{alias}");
        }
        assert_eq!(told["lost"].as_array().unwrap().len(), 4, "{alias}");
    };
    check(
        "gpt-4o",
        ("gpt-4o", "it is the exact name"),
        &[
            ("gpt-4*", "it matches, and the exact name 'gpt-4o' goes before patterns"),
            ("gpt-*", "it matches, and the exact name 'gpt-4o' goes before patterns"),
            ("*-mini", "it does not match"),
        ],
    );
    check(
        "gpt-4-mini",
        ("gpt-4*", "of the patterns that match it has the most literal characters, 5"),
        &[
            ("*-mini", "it matches as closely, and 'gpt-4*' is declared before it"),
            ("gpt-*", "it matches, with fewer literal characters (4) than 'gpt-4*' (5)"),
            ("gpt-4o", "it does not match"),
            ("GPT-5*", "it does not match"),
        ],
    );
    check("gpt-2", ("gpt-*", "no other pattern matches"), &[]);
    let told = Case::chat(ROUTES, r#""model":"Gpt-4o""#).told();
    assert_eq!(told["route"], Value::Null);
    assert_eq!(told["lost"][0], json!({ "match": "gpt-4o", "why": "it differs in case" }));
    assert_eq!((&told["targets"], &told["timeouts"]), (&json!([]), &Value::Null));
}

const TARGETS: &str = r"
providers:
  a: { vendor: openai, api_key: env:A }
  off: { vendor: openai, api_key: env:MISSING }
  claude: { vendor: anthropic, api_key: env:A }
routes:
  - match: m
    attempts: 3
    targets: [{ provider: a, model: one }, { provider: off, model: two }]
    fallback:
      - { provider: a, model: one }
      - { provider: claude, model: three }
      - { provider: a, model: four }
      - { provider: a, model: five }
    fallback_on: { context_length: [{ provider: a, model: long }] }
  - { match: n, targets: [{ provider: a, model: six }] }
  - { match: only, falls_back: { unsupported: false }, targets: [{ provider: claude, model: c }, { provider: a, model: d }] }
";

#[test]
fn the_targets_are_told_in_order_with_why_not() {
    let check = |case: Case<'_>, expected: &[&str]| {
        let told = case.told();
        assert_eq!(lines(&told), expected, "{}", told["would"]["message"]);
    };
    let typed = "- a/long: it answers when another has failed with context_length";
    let (off, same) =
        ("- off/two: MISSING is not set", "- a/one: it is the same as a target before it");
    let most = "- a/five: at most 3 attempts are made";
    let m = || Case::chat(TARGETS, r#""model":"m""#);
    check(m(), &["1 a/one", "2 claude/three", "3 a/four", off, same, most, typed]);
    let first = "the request asks nobody but the first target ('models' is empty)";
    check(
        Case::chat(TARGETS, r#""model":"m","models":[]"#),
        &[
            "1 a/one",
            off,
            same,
            &format!("- claude/three: {first}"),
            &format!("- a/four: {first}"),
            most,
            typed,
        ],
    );
    let aside = Case { asides: &[("a/one", NOW_MS + 4_000)], ..m() };
    let set_aside = "- a/one: set aside for 4 s after rate_limit";
    let expected = ["1 claude/three", "2 a/four", "3 a/five", set_aside, off, same, typed];
    check(aside, &expected);
    let n = || Case::chat(TARGETS, r#""model":"n""#);
    let all = "1 a/six: set aside for 4 s after rate_limit, and so are all: it returns soonest";
    check(Case { asides: &[("a/six", NOW_MS + 4_000)], ..n() }, &[all]);
    let probe = "1 a/six: it was set aside: one request at a time tries whether it is well again, \
                 and the others pass it over";
    check(Case { asides: &[("a/six", NOW_MS - 1)], ..n() }, &[probe]);
    let late = Case { host_ms: Some(1_000), usual_ms: &[("a/one", 9_000)], ..m() };
    let behind = "3 a/one: put behind others: no first content expected in the 1000 ms that are \
                  left (usually it takes 9000 ms)";
    check(late, &["1 claude/three", "2 a/four", behind, off, same, most, typed]);
    let faulty =
        Case { headers: &[("x-tollgate-fault", "target=a/one,class=context_length")], ..m() };
    let fails = "1 a/one: it fails with context_length: the request asks for that";
    let no_way = "what fails before it does not lead to it";
    check(
        faulty,
        &[
            fails,
            "2 a/long",
            off,
            same,
            &format!("- claude/three: {no_way}"),
            &format!("- a/four: {no_way}"),
            most,
        ],
    );
    let several = Case::chat(TARGETS, r#""model":"only","n":2"#);
    let refuses = "1 claude/c: This model gives one choice: leave 'n' out, or set it to 1.";
    check(several, &[refuses, &format!("- a/d: {no_way}")]);
}

const KEYS: &str = "
providers:
  a: { vendor: openai, api_key: env:A }
  c: { vendor: anthropic, api_key: env:A }
  off: { vendor: openai, api_key: env:MISSING }
routes:
  - { match: m, targets: [{ provider: a, PRICE }] }
  - { match: dear, targets: [{ provider: a }] }
  - { match: off, targets: [{ provider: off }] }
  - { match: one, targets: [{ provider: c, model: c }] }
  - { match: x, targets: [{ provider: a, PRICE }], fallback: [{ provider: c, model: c, PRICE }] }
keys:
  - { name: few, secret: SECRET1, models: [m, dear], limits: { rpm: 5, tokens_per_day: 4200 } }
  - name: poor
    secret: SECRET2
    models: [m, x]
    limits: { usd_total: 1 }
    alias_limits: { x: { rpm: 0 } }
";

/// The document with keys in it.
fn keys() -> String {
    let secret = |number: u8| {
        let mut random = [0; crate::keys::RANDOM_BYTES];
        random.iter_mut().zip(0..).for_each(|(byte, place)| *byte = number.wrapping_add(place));
        crate::keys::mint(&random).unwrap().1.reveal().to_owned()
    };
    let priced = KEYS.replace("PRICE", "price: { input: 1, output: 2 }");
    priced.replace("SECRET1", &secret(1)).replace("SECRET2", &secret(2))
}

#[test]
fn what_the_client_would_get_is_told() {
    let document = keys();
    let check = |case: Case<'_>, status: Option<u16>, code: Option<&str>, part: &str| {
        let told = case.told();
        let would = &told["would"];
        assert_eq!((&would["status"], &would["code"]), (&json!(status), &json!(code)), "{would}");
        assert!(would["message"].as_str().unwrap().contains(part), "{would}");
    };
    let chat = |members: &str| Case::chat(&document, members);
    let with = |key, members: &str| Case { key: Some(key), ..Case::chat(&document, members) };
    check(chat(r#""model":"m""#), None, None, "It would be sent to a/*.");
    let both = "It would be sent to a/*; if that fails, to c/c.";
    check(chat(r#""model":"x""#), None, None, both);
    let list = "It would be sent to a/*; if nobody answers, by the routes of 'one', 'off'.";
    check(chat(r#""models":["m","one","off"]"#), None, None, list);
    check(chat(r#""models":["off","m"]"#), None, None, "It would be sent to a/*.");
    let missing = "off/*: MISSING is not set";
    check(chat(r#""model":"off""#), Some(503), Some("no_target"), missing);
    let unknown = Some("model_not_found");
    check(chat(r#""model":"nope""#), Some(404), unknown, "may use: dear, m, one, x.");
    check(with(0, r#""model":"nope""#), Some(404), unknown, "may use: dear, m.");
    let forbidden = Some("model_not_allowed");
    check(with(0, r#""model":"one""#), Some(403), forbidden, "It may use: m, dear.");
    check(with(0, r#""models":["m","one"],"max_tokens":9"#), Some(403), forbidden, "'one'");
    check(with(0, r#""model":"m","max_tokens":9"#), None, None, "sent to a/*");
    check(with(0, r#""model":"m""#), Some(429), Some("insufficient_quota"), "can never fit");
    // The limits come first, but not before the first model.
    check(with(0, r#""models":["m","one"]"#), Some(429), Some("insufficient_quota"), "never fit");
    check(with(1, r#""model":"x""#), Some(429), Some("rate_limit_exceeded"), "for 'x'");
    let image = Case { body: IMAGE.to_owned(), key: Some(0), ..chat(r#""model":"m""#) };
    check(image, Some(400), Some("unbounded_cost"), "media_tokens");
    let several = chat(r#""model":"one","n":2"#);
    check(several, Some(400), Some("unsupported_by_target"), "leave 'n' out");
    let short = Case { host_ms: Some(499), ..chat(r#""model":"m""#) };
    check(short, Some(503), Some("deadline_too_short"), "Too little");
    let count = Case { operation: Operation::CountTokens, ..chat(r#""model":"m""#) };
    check(count, Some(200), None, "estimate");
    let fault = &[("x-tollgate-fault", "class=rate_limit")];
    let fails = Case { headers: fault, ..chat(r#""model":"m""#) };
    check(fails, Some(429), Some("upstream_rate_limited"), "Every target");
    let may_not = Case { headers: fault, ..with(0, r#""model":"m","max_tokens":9"#) };
    check(may_not, Some(403), Some("right_missing"), "x-tollgate-fault");
}

const IMAGE: &str = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}]}]}"#;

#[test]
fn the_limits_and_the_bound_are_told() {
    let document = keys();
    let few = Case { key: Some(0), ..Case::chat(&document, r#""model":"m","max_tokens":9"#) };
    let told = few.told();
    let resets_in_s = told["limits"][1]["resets_in_s"].clone();
    let most = &told["bound"]["at_most"];
    let tokens = most["tokens"].as_u64().unwrap();
    assert_eq!(most["input_tokens"].as_u64().unwrap() + 9, tokens);
    assert_eq!(most["output_tokens"], 9);
    assert_eq!(most["usd"].to_string(), decimal_usd((tokens - 9) * 1_000 + 18_000));
    let day = json!({
        "limit": "tokens_per_day", "scope": "key", "mode": "hard", "unit": "tokens", "of": 4_200,
        "used": 0, "held": 0, "hold": tokens, "left_after": 4_200 - tokens,
        "resets_in_s": resets_in_s, "fits": true,
    });
    assert_eq!((&told["limits"][1], &told["permitted"]), (&day, &json!(true)));
    assert_eq!(told["key"]["name"], "few");
    assert_eq!((&told["config_version"], &told["config_age_s"]), (&json!(7), &json!(9)));
    // A limited key's request gets a cap, and so would the one that is explained.
    let capped = Case { key: Some(0), ..Case::chat(&document, r#""model":"m""#) }.told();
    assert_eq!(capped["targets"][0]["request"]["body"]["max_completion_tokens"], 4_096);
    assert_eq!(
        (&capped["limits"][1]["fits"], &capped["limits"][0]["fits"]),
        (&json!(false), &json!(true))
    );
    // A rule about other aliases is not shown, and each alias has its own.
    let list = Case { key: Some(1), ..Case::chat(&document, r#""models":["m","x"]"#) }.told();
    let names = |leg: &Value| {
        let limits = leg["limits"].as_array().unwrap().iter();
        limits.map(|limit| limit["scope"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (names(&list), names(&list["instead"][0])),
        (vec!["key".into()], vec!["key".into(), "key:x".into()])
    );
    let unpriced = Case::chat(&document, r#""model":"dear""#).told();
    assert_eq!(
        (&unpriced["bound"]["at_most"]["usd"], &unpriced["limits"]),
        (&Value::Null, &Value::Null)
    );
    assert!(unpriced["bound"]["unbounded"][0].as_str().unwrap().contains("price"));
}

const SECRETS: &str = r#"
providers:
  a: { vendor: openai-compatible, base_url: "https://a.example/credential-of-the-gateway/v1", api_key: env:A,
       headers: { x-title: tollgate, x-functions-key: hidden-1, x-note: credential-of-the-gateway },
       query: { sig: hidden-2, api-version: "3" }, body: { set: { note: credential-of-the-gateway } } }
  c: { vendor: anthropic, api_key: env:A }
  b: { vendor: bedrock, region: eu-west-1 }
  k: { vendor: bedrock, region: eu-west-1, api_key: env:A }
  o: { vendor: openai-compatible, base_url: "https://o.example/v1" }
routes:
  - match: m
    targets: [{ provider: a }, { provider: c }, { provider: b }, { provider: k }, { provider: o }]
"#;

#[test]
fn a_mirror_is_told() {
    let check = |percent: u64, members: &str, expected: &str| {
        let mirror = format!("mirror: {{ provider: claude, model: c, percent: {percent} }}, ");
        let document = TARGETS.replace("{ match: n, ", &format!("{{ match: n, {mirror}"));
        let told = Case::chat(&document, members).told();
        assert_eq!(lines(&told), ["1 a/six", expected]);
        assert_eq!(told["targets"][1]["part"], "mirror");
    };
    let copied = "- claude/c: it gets a copy of 100 % of the requests, this one too, and answers \
                  nobody";
    check(100, r#""model":"n""#, copied);
    let not = "- claude/c: it gets a copy of 100 % of the requests, and not of this one";
    check(100, r#""model":"n","models":[]"#, not);
}

#[test]
fn what_decides_the_draw_is_told() {
    let check = |split_by: &str, expected: &str| {
        let target = "{ provider: a, weight: 1, price: { input: 1, output: 2 } }";
        let weighted = format!("match: m, split_by: {split_by}, targets: [{target}] }}");
        let plain = "match: m, targets: [{ provider: a, price: { input: 1, output: 2 } }] }";
        let document = keys().replace(plain, &weighted);
        let members = r#""model":"m","user":"u1""#;
        let headers = &[("x-tenant", "acme"), ("authorization", "Bearer tg-mine")];
        let told = Case { headers, ..Case::chat(&document, members) }.told();
        assert_eq!(told["route"]["drawn"], expected, "{split_by}");
    };
    let stays = |by: &str| format!("by {by} always falls so while the weights stay");
    check("random", "at random: another request may fall otherwise");
    check("user", &stays("user: 'u1'"));
    check("header:x-tenant", &stays("header:x-tenant: 'acme'"));
    check("header:authorization", &stays("header:authorization: '***'"));
    let without = "at random, for the request has no header:x-other: another may fall otherwise";
    check("header:x-other", without);
    check("key", "at random, for the request has no key: another may fall otherwise");
}

#[test]
fn what_is_secret_is_hidden() {
    let told = Case::chat(SECRETS, r#""model":"m""#).told();
    let text = told.to_string();
    for secret in ["hidden-1", "hidden-2", "credential-of-the-gateway"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let request = |place: usize| &told["targets"][place]["request"];
    assert_eq!(
        request(0)["url"],
        "https://a.example/***/v1/chat/completions?api-version=3&sig=***"
    );
    let headers = &request(0)["headers"];
    assert_eq!(
        (&headers["x-title"], &headers["x-functions-key"]),
        (&json!("tollgate"), &json!("***"))
    );
    assert_eq!(request(0)["body"]["note"], "***");
    for (place, name, value) in [
        (0, "authorization", json!("Bearer ***")),
        (1, "x-api-key", json!("***")),
        (2, "authorization", json!("AWS4-HMAC-SHA256 ***")),
        (3, "authorization", json!("Bearer ***")),
        (4, "authorization", Value::Null),
    ] {
        assert_eq!(request(place)["headers"][name], value, "{place}");
    }
}

#[test]
fn what_is_shown_is_bounded() {
    let long = "x".repeat(400_000);
    let case = Case {
        body: format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{long}"}}]}}"#),
        ..Case::chat(SECRETS, r#""model":"m""#)
    };
    let told = case.told();
    let shown = |place: usize| !told["targets"][place]["request"]["body"].is_null();
    assert_eq!([0, 1, 2, 3, 4].map(shown), [true, true, false, false, false]);
    assert!(told["targets"][4]["request"]["body_bytes"].as_u64().unwrap() > 400_000);
}
