//! A gateway that cannot start says why, where, and what was meant.

use std::path::Path;

use crate::support::gateway::{Document, run};
use crate::support::secret;

/// Runs the gateway, which must fail, and gives what it says.
fn fails(document: &Path, environment: &[(&str, &str)]) -> String {
    let output = run(document, environment);
    let said = String::from_utf8(output.stderr).expect("words");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(said.starts_with("tollgate: "), "{said}");
    said
}

/// Checks the places and the words of every mistake in a document.
fn check(text: &str, mistakes: &[(&str, &str)]) {
    let document = Document::new(text);
    let said = fails(&document.path, &[]);
    for (place, words) in mistakes {
        let place = format!("{}:{place}: ", document.path.display());
        let found = said.lines().any(|line| line.contains(&place) && line.contains(words));
        assert!(found, "expected {place}…{words}… in\n{said}\nfor\n{text}");
    }
    let lines = said.lines().filter(|line| line.contains(&document.path.display().to_string()));
    assert_eq!(lines.count(), mistakes.len(), "{said}");
}

const MOCK: &str = "providers:\n  mock: { vendor: mock }\n";

#[test]
fn a_mistake_in_the_document_is_shown_with_its_place_and_the_nearest_name() {
    let routes = "routes:\n  - match: demo\n    targets: [{ provider: mock }]\n";
    check(
        &format!("{MOCK}{}", routes.replace("match", "mtach")),
        &[("4:5", "did you mean 'match'?"), ("4:5", "'match' is missing")],
    );
    check(
        &format!("{MOCK}{}", routes.replace("provider: mock", "provider: mokc")),
        &[("5:27", "unknown provider 'mokc': did you mean 'mock'?")],
    );
    check(
        &format!("{}{routes}", MOCK.replace("vendor: mock", "vendor: mok")),
        &[("2:19", "unknown vendor 'mok': did you mean 'mock'?")],
    );
    check(
        &format!("{}{routes}", MOCK.replace("providers", "provider")),
        &[("1:1", "did you mean 'providers'?"), ("5:27", "unknown provider 'mock'")],
    );
    check(
        &format!("{MOCK}{routes}    timeouts: {{ first_token_ms: 10s, idel_ms: 5 }}\n"),
        &[("6:33", "a whole number"), ("6:38", "did you mean 'idle_ms'?")],
    );
    check(
        &format!(
            "{MOCK}{routes}keys:\n  - {{ name: a, secret: tg-1, limits: {{ tokens_per_dya: 1 }} }}\n"
        ),
        &[("7:24", "not a key"), ("7:40", "did you mean 'tokens_per_day'?")],
    );
    let url = "providers:\n  a: { vendor: openai-compatible, base_url: 'http://10.0.0.1/v1' }\n";
    check(&format!("{url}{}", routes.replace("mock", "a")), &[("2:45", "private_network: true")]);
    let key = "providers:\n  a: { vendor: openai, api_key: sk-123456789 }\n";
    check(&format!("{key}{}", routes.replace("mock", "a")), &[("2:33", "env:NAME or ssm:/path")]);
    check(MOCK, &[("1:1", "'routes' is missing")]);
    check("providers: [\n", &[("2:1", "not valid YAML")]);
    check("a: 1\na: 2\n", &[("2:1", "more than once")]);
}

/// A document with a key and what is said of its limits; the key begins at line 8.
fn limited(words: &str) -> String {
    let route = "routes:\n  - match: demo\n    targets: [{ provider: mock }]\n";
    let teams = "teams:\n  research: { limits: { rpm: 5 } }\n";
    let secret = secret(1);
    format!("{MOCK}{route}{teams}keys:\n  - name: tester\n    secret: {secret}\n    {words}\n")
}

#[test]
fn a_mistake_in_limits_is_shown_with_what_was_meant() {
    let check = |words: &str, place: &str, says: &str| check(&limited(words), &[(place, says)]);
    check("limits: { tokens_per_dya: 1 }", "11:15", "did you mean 'tokens_per_day'?");
    check("limits: { rpm: { limit: 1, mode: hrad } }", "11:38", "did you mean 'hard'?");
    check("limits: { rpm: { mode: hard } }", "11:15", "'limit' is missing");
    check("limits: { rpm: -1 }", "11:15", "a whole number");
    check("alias_limits: { \"gpt-5*\": { in_flight: 1 } }", "11:33", "of the whole key");
    check("alias_limits: { \"a b\": { rpm: 1 } }", "11:21", "a character");
    check("time_zone: Europe/Berlin", "11:16", "CET-1CEST,M3.5.0,M10.5.0/3");
    check("team: reserach", "11:11", "did you mean 'research'?");
    // Without a price nobody knows when the money is gone.
    check("limits: { usd_per_day: 5 }", "9:5", "under a limit in money, and mock");
    check("alias_limits: { \"d*\": { usd_total: 5 } }", "9:5", "under a limit in money, and mock");
}

#[test]
fn a_credential_in_a_document_is_not_repeated() {
    let text = "providers:\n  a: { vendor: openai, api_key: sk-a-real-credential }\n";
    let document = Document::new(text);
    let said = fails(&document.path, &[]);
    assert!(!said.contains("sk-a-real-credential"), "{said}");
}

#[test]
fn a_document_that_is_not_there_is_named() {
    let said = fails(Path::new("/nowhere/gateway.yaml"), &[]);
    for words in ["/nowhere/gateway.yaml", "No such file", "TOLLGATE_CONFIG", "TOLLGATE_TABLE"] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
}

#[test]
fn a_variable_that_is_wrong_is_named_with_what_was_expected() {
    let document = Document::of_the_repository();
    for (name, value, expected) in [
        ("TOLLGATE_LISTEN", "9000", "127.0.0.1:9000"),
        ("TOLLGATE_LISTEN", "localhost:9000", "127.0.0.1:9000"),
        ("TOLLGATE_RESPONSE_MODE", "streaming", "stream or buffered"),
        ("TOLLGATE_CONFIG_TTL_MS", "30s", "milliseconds"),
        ("TOLLGATE_SETTLE_MARGIN_MS", "-1", "milliseconds"),
        ("AWS_LAMBDA_MAX_CONCURRENCY", "many", "a number"),
        ("TOLLGATE_LOG_LEVEL", "LOUD", "TRACE, DEBUG, INFO, WARN or ERROR"),
    ] {
        let said = fails(&document.path, &[(name, value)]);
        for words in [name, expected, &format!("found '{value}'")] {
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
    }
    let both = [("TOLLGATE_LISTEN", "x"), ("TOLLGATE_RESPONSE_MODE", "y")];
    let said = fails(&document.path, &both);
    assert!(both.iter().all(|(name, _)| said.contains(name)), "{said}");
    let said = fails(&document.path, &[("TOLLGATE_TABLE", "tollgate")]);
    assert!(said.contains("AWS_REGION"), "{said}");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let document = Document::of_the_repository();
    let said = fails(&document.path, &[("TOLLGATE_LISTEN", &address)]);
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
}
