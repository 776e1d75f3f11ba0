use super::*;

const GOOD: &str = r#"
providers:
  pai:     { vendor: openai-compatible, base_url: "https://deepseek.example.com/v1", api_key: env:PAI_API_KEY }
  ark:     { vendor: volcengine, api_key: ssm:/tollgate/ark }
  bailian: { vendor: dashscope,  api_key: env:DASHSCOPE_API_KEY }
routes:
  - match: "DeepSeek-*"
    case_insensitive: true
    targets:
      - { provider: pai, weight: 90 }
      - { provider: bailian, model: deepseek-v3.2, weight: 10 }
    fallback:
      - { provider: bailian, model: deepseek-v3.2, price: { input: 0.28, output: 0.42 } }
    timeouts: { first_token_ms: 10000 }
  - { match: "ep-*", targets: [{ provider: ark }], fallback: [{ provider: bailian, model: deepseek-v3.2 }] }
"#;

/// Every mistake as `line:column: path: message`.
fn check(text: &str, expected: &[&str]) {
    let found = match Document::parse(text) {
        Ok(document) => document.read(Strictness::Strict).err().unwrap_or_default(),
        Err(problem) => vec![problem],
    };
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn the_documents_of_the_design_are_read() {
    let (config, problems) = Document::parse(GOOD).unwrap().read(Strictness::Strict).unwrap();
    assert_eq!(problems, []);
    let route = config.routes.find("deepseek-R1").unwrap();
    assert_eq!(route.timeouts.first_token_ms, 10_000);
    let ids: Vec<_> = route.all_targets().map(|target| &target.id).collect();
    assert_eq!(ids, ["pai/*", "bailian/deepseek-v3.2", "bailian/deepseek-v3.2"]);
    let price = route.fallback[0].terms.price.as_ref().unwrap();
    assert_eq!((price.input, price.output), (280_000, 420_000));
    assert_eq!(config.credentials().len(), 3);
}

#[test]
fn prices_are_read() {
    let sonnet =
        "{ input: 3, cached_input: 0.3, cache_write: 3.75, cache_write_1h: 6, output: 15 }";
    let text = GOOD.replace("{ input: 0.28, output: 0.42 }", sonnet);
    let (config, _) = Document::parse(&text).unwrap().read(Strictness::Strict).unwrap();
    let route = config.routes.find("deepseek-R1").unwrap();
    let expected = crate::quota::Price {
        input: 3_000_000,
        cached_input: Some(300_000),
        cache_write: Some(3_750_000),
        cache_write_1h: Some(6_000_000),
        output: 15_000_000,
        ..Default::default()
    };
    assert_eq!(route.fallback[0].terms.price, Some(expected));
}

#[test]
fn a_mirror_is_read() {
    let with = |mirror: &str| {
        GOOD.replace("\n    timeouts:", &format!("\n    mirror: {{ {mirror} }}\n    timeouts:"))
    };
    let text = with("provider: bailian, model: qwen3, percent: 5, output_tokens: 9, wait_ms: 250");
    let (config, _) = Document::parse(&text).unwrap().read(Strictness::Strict).unwrap();
    let route = config.routes.find("deepseek-R1").unwrap();
    let mirror = route.mirror.as_ref().unwrap();
    let found = (mirror.target.id.clone(), mirror.target.terms.output_tokens);
    assert_eq!(found, ("bailian/qwen3".to_owned(), 9));
    assert_eq!((mirror.percent, mirror.wait_ms), (5, 250));
    assert_eq!(route.all_targets().count(), 3, "it answers nobody");
    check(
        &with("provider: pia, weight: 1, percnt: 5"),
        &[
            "14:13: routes[0].mirror: 'percent' is missing",
            "14:25: routes[0].mirror.provider: unknown provider 'pia': did you mean 'pai'?",
            "14:41: routes[0].mirror: unknown field 'percnt': did you mean 'percent'?",
        ],
    );
    check(
        &with("provider: pai, weight: 1, percent: 101"),
        &[
            "14:13: routes[0].mirror: a mirror is not drawn with others: it has a percentage and no weight",
            "14:50: routes[0].mirror.percent: expected a whole number from 0 to 100, found 101",
        ],
    );
}

#[test]
fn a_stored_document_reads_the_same() {
    let document = Document::parse(GOOD).unwrap();
    let (stored, keys) = document.to_stored();
    assert_eq!(keys, 0);
    let stored = Document::from_json(&serde_json::from_str(&stored.to_string()).unwrap());
    assert_eq!(stored.read(Strictness::Strict), document.read(Strictness::Strict));
}

#[test]
fn mistakes_are_shown_with_their_place_and_the_nearest_name() {
    check(
        "providers:\n  a: { vendor: opnai, api_key: env:A }\nroutes:\n  - match: x\n    targets: [{ provider: b }]\n",
        &[
            "2:16: providers.a.vendor: unknown vendor 'opnai': did you mean 'openai'?",
            "5:27: routes[0].targets[0].provider: unknown provider 'b': did you mean 'a'?",
        ],
    );
    check(
        "providers: { m: { vendor: mock, mock: { fail: ratelimit, latency_ms: -1 } } }\nroutes: [{ match: x, target: [] }]\n",
        &[
            "1:47: providers.m.mock.fail: unknown failure class 'ratelimit': did you mean 'rate_limit'?",
            "1:70: providers.m.mock.latency_ms: expected a whole number from 0 to 3600000, found -1",
            "2:10: routes[0]: 'targets' is missing: a route needs at least one target",
            "2:22: routes[0]: unknown field 'target': did you mean 'targets'?",
        ],
    );
    check(
        "providers: { o: { vendor: openai, api_key: sk-123 } }\nroutes: [{ match: x, targets: [{ provider: o }] }]",
        &[
            "1:44: providers.o.api_key: expected a reference, env:NAME or ssm:/path; the credential itself does not belong into a configuration",
        ],
    );
    check(
        "routs: []",
        &[
            "1:1: 'routes' is missing: without a route nothing is served",
            "1:1: unknown field 'routs': did you mean 'routes'?",
        ],
    );
    check("[]", &["1:1: expected a map, found a list"]);
    check(
        "a: [",
        &["2:1: not valid YAML: while parsing a node, did not find expected node content"],
    );
}

#[test]
fn routes_that_would_never_be_used_are_refused() {
    let routes =
        |routes: &str| format!("providers: {{ m: {{ vendor: mock }} }}\nroutes:\n{routes}");
    check(
        &routes(
            "  - { match: a, targets: [{ provider: m }] }\n  - { match: a, targets: [{ provider: m }] }\n",
        ),
        &[
            "4:5: routes[1]: 'a' is already the pattern of routes[0]: this route would never be used",
        ],
    );
    check(
        &routes(
            "  - { match: 'a*', models: [ab, xb], targets: [{ provider: m }] }\n  - { match: ab, targets: [{ provider: m }] }\n",
        ),
        &[
            "routes: the route 'a*' lists 'ab', but 'ab' serves it",
            "3:33: routes[0].models[1]: 'xb' is not covered by the pattern 'a*'",
        ],
    );
}

#[test]
fn reading_survives_what_writing_refuses() {
    let text = "
providers:
  m: { vendor: mock, from_the_future: 1 }
  x: { vendor: unheard-of }
routes:
  - { match: good, targets: [{ provider: m }, { provider: x }] }
  - { match: bad, targets: [{ provider: x }] }
  - { match: 7, targets: 3 }
";
    let (config, problems) = Document::parse(text).unwrap().read(Strictness::Lenient).unwrap();
    assert_eq!(config.routes.iter().count(), 1);
    assert_eq!(config.routes.find("good").unwrap().targets.len(), 1);
    assert!(problems.len() >= 3, "{problems:?}");
}

#[test]
fn local_keys_are_checked_and_never_stored() {
    let text = "
providers: { m: { vendor: mock } }
routes: [{ match: x, targets: [{ provider: m }] }]
keys:
  - { name: local, secret: tg-bad, limits: { rpm: 60, token_per_day: 5, usd_per_month: 1.5 } }
";
    let problems = Document::parse(text).unwrap().read(Strictness::Strict).unwrap_err();
    assert_eq!(
        problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "5:28: keys[0].secret: not a key: make one with 'tollgatectl key mint'",
            "5:55: keys[0].limits.token_per_day: unknown limit 'token_per_day': did you mean 'tokens_per_day'?",
        ]
    );
    let (stored, keys) = Document::parse(text).unwrap().to_stored();
    assert_eq!((stored.get("keys"), keys), (None, 1));
}
