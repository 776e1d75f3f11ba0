use super::*;
use crate::config::{Config, Document, Strictness};

/// Every mistake in the extras of a provider; they begin in line 5, column 5.
fn check(extras: &str, expected: &[&str]) {
    let extras = extras.replace('\n', "\n    ");
    let text = format!(
        "routes: [{{ match: x, targets: [{{ provider: m }}] }}]\nproviders:\n  m:\n    vendor: mock\n    {extras}\n"
    );
    let found = Document::parse(&text).unwrap().read(Strictness::Strict).err().unwrap_or_default();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn headers_that_the_gateway_sets_are_refused() {
    check(r#"headers: { x-title: tollgate, HTTP-Referer: "https://a.example/ b", x-n: 7 }"#, &[]);
    for name in ["authorization", "X-Api-Key", "api-key", "x-goog-api-key"] {
        let expected = format!(
            "5:16: providers.m.headers.{name}: '{name}' cannot be set here: a credential goes into 'api_key'"
        );
        check(&format!("headers: {{ {name}: x }}"), &[&expected]);
    }
    for name in
        ["content-length", "Content-Type", "transfer-encoding", "connection", "x-client-request-id"]
    {
        let expected = format!(
            "5:16: providers.m.headers.{name}: '{name}' cannot be set here: the gateway sets it"
        );
        check(&format!("headers: {{ {name}: x }}"), &[&expected]);
    }
    check(
        "headers: { host: x, X-Amz-Date: x, accept-encoding: gzip }",
        &[
            "5:16: providers.m.headers.host: 'host' cannot be set here: 'base_url' names the host",
            "5:25: providers.m.headers.X-Amz-Date: 'X-Amz-Date' cannot be set here: the gateway sets it when it signs a request",
            "5:40: providers.m.headers.accept-encoding: 'accept-encoding' cannot be set here: the gateway reads answers that are not compressed",
        ],
    );
}

#[test]
fn texts_that_are_none_are_refused() {
    check(
        "headers: { a b: x, c: é, d: ' x', e: [], f: 1.10, g: ~, h: 1, H: 2 }",
        &[
            "5:16: providers.m.headers.a b: 'a b' is not the name of a header",
            "5:24: providers.m.headers.c: a header's value is visible ASCII, without a space at its ends",
            "5:30: providers.m.headers.d: a header's value is visible ASCII, without a space at its ends",
            "5:39: providers.m.headers.e: expected a text, found a list",
            "5:46: providers.m.headers.f: 1.10 is a number, and would become 1.1: put it in quotes",
            "5:55: providers.m.headers.g: expected a text, found nothing",
            "5:67: providers.m.headers.H: 'h' is there more than once",
        ],
    );
    check(r#"query: { api-version: 2024-10-21, v: "1.10", "ü &": "=", n: 3 }"#, &[]);
    check(
        "query: { v: 1.0e1, w: {} }\nheaders: []",
        &[
            "5:14: providers.m.query.v: 1.0e1 is a number, and would become 10.0: put it in quotes",
            "5:24: providers.m.query.w: expected a text, found a map",
            "6:14: providers.m.headers: expected a map, found a list",
        ],
    );
}

#[test]
fn body_edits_that_cannot_be_are_refused() {
    check(
        "body:\n  set: { model: x, inferenceConfig: {}, tools: [], stream_options.a: 1 }\n  default: { max_tokens: 5, a..b: 1 }\n  remove: [n, system, {}, mcp_servers]\n  sets: {}",
        &[
            "6:14: providers.m.body.set.model: 'model' is protected: use 'model' of the target",
            "6:24: providers.m.body.set.inferenceConfig: 'inferenceConfig' holds 'inferenceConfig.maxTokens', which is protected: use 'output_tokens' of the target, or a 'max' in 'clamp'",
            "6:45: providers.m.body.set.tools: 'tools' is protected: quotas count the tools that the client names",
            "6:56: providers.m.body.set.stream_options.a: 'stream_options.a' is protected: use 'stream_usage' of the provider",
            "7:18: providers.m.body.default.max_tokens: 'max_tokens' is protected: use 'output_tokens' of the target, or a 'max' in 'clamp'",
            "7:33: providers.m.body.default.a..b: 'a..b' is not the name of a field",
            "8:16: providers.m.body.remove[0]: 'n' is protected: it multiplies the cost, and only a 'max' in 'clamp' may lower it",
            "8:19: providers.m.body.remove[1]: 'system' is protected: quotas count it as the client wrote it",
            "8:27: providers.m.body.remove[2]: expected a text, found a map",
            "8:31: providers.m.body.remove[3]: 'mcp_servers' is protected: quotas count the tools that the client names",
            "9:7: providers.m.body: unknown field 'sets': did you mean 'set'?",
        ],
    );
    check(
        "body:\n  clamp:\n    n: { min: 1, max: 2 }\n    a: {}\n    b: { min: 2, max: 1 }\n    c: { max: x }\n    d: { maximum: 1 }\n    max_tokens: { max: 1.5 }\n    messages: { max: 1 }\n    e: 5",
        &[
            "7:9: providers.m.body.clamp.n: 'n' may be lowered, not raised: give no 'min'",
            "8:9: providers.m.body.clamp.a: give a 'min', a 'max' or both",
            "9:9: providers.m.body.clamp.b: no number is between 2 and 1",
            "10:19: providers.m.body.clamp.c.max: expected a number, found 'x'",
            "11:9: providers.m.body.clamp.d: give a 'min', a 'max' or both",
            "11:14: providers.m.body.clamp.d: unknown field 'maximum': expected one of min, max",
            "12:9: providers.m.body.clamp.max_tokens: the 'max' of 'max_tokens' is a whole number from 1",
            "13:9: providers.m.body.clamp.messages: 'messages' is protected: quotas count it as the client wrote it",
            "14:9: providers.m.body.clamp.e: expected a map, found 5",
        ],
    );
    check("body: { set: [] }", &["5:18: providers.m.body.set: expected a map, found a list"]);
    check("body: { clamp: { temperature: { min: 0, max: 1 }, max_tokens: { max: 8192 } } }", &[]);
    // A target's are checked as a provider's are.
    let text = "providers: { m: { vendor: mock } }\nroutes: [{ match: x, targets: [{ provider: m, body: { remove: [model] } }] }]";
    let found = Document::parse(text).unwrap().read(Strictness::Strict).unwrap_err();
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "2:64: routes[0].targets[0].body.remove[0]: 'model' is protected: use 'model' of the target"
        ]
    );
}

const GOOD: &str = r#"
providers:
  groq:
    vendor: openai-compatible
    base_url: "https://api.groq.com/openai/v1"
    headers: { X-Title: tollgate, b: 1 }
    query: { z: "1", api-version: "2024-10-21" }
    body:
      set: { service_tier: flex, chat_template_kwargs.enable_thinking: false, seed: 18446744073709551615 }
      default: { temperature: 0.6, stop: ["</s>"], a: { b: [1.50, ~, "x"] } }
      remove: [logit_bias, user]
      clamp: { temperature: { min: 0, max: 1 }, max_tokens: { max: 8192.0 } }
routes:
  - match: x
    targets:
      - provider: groq
        headers: { x-TITLE: other, c: d }
        query: { z: "2" }
        body: { default: { temperature: 0.7 }, remove: [service_tier] }
      - provider: groq
"#;

fn extras(document: &Document) -> Vec<Extras> {
    let (config, problems): (Config, _) = document.read(Strictness::Strict).unwrap();
    assert_eq!(problems, []);
    let route = config.routes.find("x").unwrap();
    route.all_targets().map(|target| target.extras.clone()).collect()
}

#[test]
fn a_target_has_its_providers_extras_and_then_its_own() {
    let pairs = |pairs: &[Pair]| -> Vec<String> {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect()
    };
    let [own, bare] = &extras(&Document::parse(GOOD).unwrap())[..] else { panic!() };
    assert_eq!(pairs(&bare.headers), ["b=1", "x-title=tollgate"]);
    assert_eq!(pairs(&bare.query), ["api-version=2024-10-21", "z=1"]);
    assert_eq!(pairs(&own.headers), ["b=1", "c=d", "x-title=other"]);
    assert_eq!(pairs(&own.query), ["api-version=2024-10-21", "z=2"]);

    let body = r#"{"model":"m","user":"u","max_tokens":9000,"stop":null}"#;
    assert_eq!(
        bare.edits.apply(body).unwrap(),
        r#"{"model":"m","max_tokens":8192,"stop":["</s>"],"a":{"b":[1.5,null,"x"]},"temperature":0.6,"chat_template_kwargs":{"enable_thinking":false},"seed":18446744073709551615,"service_tier":"flex"}"#
    );
    assert_eq!(
        own.edits.apply(body).unwrap(),
        r#"{"model":"m","max_tokens":8192,"stop":["</s>"],"a":{"b":[1.5,null,"x"]},"chat_template_kwargs":{"enable_thinking":false},"seed":18446744073709551615,"temperature":0.7}"#
    );
}

#[test]
fn extras_survive_the_table() {
    let document = Document::parse(GOOD).unwrap();
    let (stored, _) = document.to_stored();
    let stored = Document::from_json(&serde_json::from_str(&stored.to_string()).unwrap());
    assert_eq!(extras(&stored), extras(&document));
    assert_eq!(stored.read(Strictness::Strict), document.read(Strictness::Strict));
}

#[test]
fn what_is_wrong_is_left_out_alone() {
    let text = "
providers: { m: { vendor: mock, headers: { host: x, a: b }, body: { set: { model: x, c: 1 }, from_the_future: 1 } } }
routes: [{ match: x, targets: [{ provider: m }] }]
";
    let (config, problems) = Document::parse(text).unwrap().read(Strictness::Lenient).unwrap();
    assert_eq!(problems.len(), 3, "{problems:?}");
    let extras = &config.providers["m"].extras;
    assert_eq!(extras.headers, [("a".to_owned(), "b".to_owned())]);
    assert_eq!(extras.edits.apply(r#"{"model":"m"}"#).unwrap(), r#"{"model":"m","c":1}"#);
}
