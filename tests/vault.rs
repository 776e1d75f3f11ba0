//! The vault: providers' credentials from the environment and from SSM's parameter store, which a
//! script plays.

mod signature;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value, json};
use tollgate::config::{CredentialRef, Secrets};
use tollgate::store::dynamo::FunctionCredentials;
use tollgate::upstream::http::Http;
use tollgate::upstream::{Ssm, Vault};

use crate::support::upstream::{Act, Received, Script, Upstream, response};

const NOON: u64 = 1_795_348_800_000;
/// How long a parameter is believed.
const FRESH_MS: u64 = 300_000;
const KEY: &str = "secret-access-key";

fn env(name: &str) -> CredentialRef {
    CredentialRef::Env(name.to_owned())
}

fn ssm(path: &str) -> CredentialRef {
    CredentialRef::Ssm(path.to_owned())
}

/// What the environment of these tests holds.
fn environment(name: &str) -> Option<String> {
    match name {
        "GOOD" => Some("sk-good".to_owned()),
        "PASTED" => Some("  sk-pasted\n".to_owned()),
        "BLANK" => Some(" \n".to_owned()),
        _ => None,
    }
}

fn ssm_at(upstream: &Upstream, credentials: SharedCredentialsProvider) -> Ssm {
    Ssm {
        endpoint: format!("http://{}/", upstream.address),
        region: "eu-west-3".to_owned(),
        credentials,
        http: Http::new().unwrap().any,
    }
}

fn vault_on(upstream: &Upstream) -> Vault {
    let credentials = Credentials::from_keys("AKIATEST", KEY, Some("session-token".to_owned()));
    let credentials = SharedCredentialsProvider::new(credentials);
    Vault::new(environment, Some(ssm_at(upstream, credentials)))
}

type Parameters = Arc<Mutex<BTreeMap<String, String>>>;

/// A parameter store with these parameters, which a test may change.
async fn store_of(parameters: &[(&str, &str)]) -> (Upstream, Parameters) {
    let owned = parameters.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned()));
    let parameters: Parameters = Arc::new(Mutex::new(owned.collect()));
    let known = Arc::clone(&parameters);
    let upstream = Upstream::answering(move |_, request| {
        let known = known.lock().unwrap();
        let asked = names(request);
        let found = asked.iter().filter_map(|name| {
            let value = known.get(name)?;
            Some(json!({ "Name": name, "Type": "SecureString", "Value": value, "Version": 3 }))
        });
        let found: Vec<Value> = found.collect();
        let missing: Vec<&String> =
            asked.iter().filter(|name| !known.contains_key(*name)).collect();
        answer(200, &json!({ "Parameters": found, "InvalidParameters": missing }))
    });
    (upstream.await, parameters)
}

fn answer(status: u16, body: &Value) -> Script {
    vec![Act::Send(response(status, "application/x-amz-json-1.1", &body.to_string()))]
}

/// The parameters that a request names.
fn names(request: &Received) -> Vec<String> {
    let body = request.json();
    let names = body["Names"].as_array().expect("names").iter();
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Every reference with what was found, as `reference = value` or `reference: why not`.
async fn found(vault: &Vault, references: &[CredentialRef], now_ms: u64) -> Vec<String> {
    let references: Vec<&CredentialRef> = references.iter().collect();
    let secrets = vault.find(&references, now_ms).await;
    assert_eq!(secrets.len(), references.len());
    let line = |reference: &CredentialRef| match &secrets[reference] {
        Ok(secret) => format!("{reference} = {}", secret.reveal()),
        Err(why) => format!("{reference}: {why}"),
    };
    references.into_iter().map(line).collect()
}

#[tokio::test]
async fn variables_are_read_without_asking_anybody() {
    let upstream = Upstream::scripted([]).await;
    let references = ["GOOD", "PASTED", "BLANK", "ABSENT"].map(env);
    let expected = [
        "env:GOOD = sk-good",
        "env:PASTED = sk-pasted",
        "env:BLANK: BLANK is not set",
        "env:ABSENT: ABSENT is not set",
    ];
    assert_eq!(found(&vault_on(&upstream), &references, NOON).await, expected);
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn parameters_are_asked_for_decrypted_and_signed() {
    let (upstream, _) = store_of(&[("/tollgate/ark", "sk-ark")]).await;
    let references = [ssm("/tollgate/ark"), env("GOOD")];
    let expected = ["ssm:/tollgate/ark = sk-ark", "env:GOOD = sk-good"];
    assert_eq!(found(&vault_on(&upstream), &references, NOON).await, expected);

    let [request] = &upstream.received()[..] else { panic!("one request") };
    assert_eq!(request.head.line, "POST / HTTP/1.1");
    assert_eq!(request.json(), json!({ "Names": ["/tollgate/ark"], "WithDecryption": true }));
    let header = |name| request.head.header(name);
    assert_eq!(header("x-amz-target"), Some("AmazonSSM.GetParameters"));
    assert_eq!(header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(header("x-amz-security-token"), Some("session-token"));
    let day = &header("x-amz-date").unwrap()[..8];
    let authorization = header("authorization").unwrap();
    let scope = format!("AWS4-HMAC-SHA256 Credential=AKIATEST/{day}/eu-west-3/ssm/aws4_request, ");
    assert!(authorization.starts_with(&scope), "{authorization}");
    signature::check(request, KEY);
}

#[tokio::test]
async fn an_endpoint_without_a_slash_is_signed_as_it_is_asked() {
    let (upstream, _) = store_of(&[("/a", "sk-a")]).await;
    let credentials = SharedCredentialsProvider::new(Credentials::from_keys("AKIATEST", KEY, None));
    let endpoint = format!("http://{}", upstream.address);
    let vault = Vault::new(environment, Some(Ssm { endpoint, ..ssm_at(&upstream, credentials) }));
    assert_eq!(found(&vault, &[ssm("/a")], NOON).await, ["ssm:/a = sk-a"]);
    signature::check(&upstream.received()[0], KEY);
}

#[tokio::test]
async fn at_most_ten_are_asked_for_at_once() {
    let all: Vec<(String, String)> =
        (0..23).map(|n| (format!("/p/{n}"), format!("sk-{n}"))).collect();
    let all: Vec<(&str, &str)> =
        all.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
    let (upstream, _) = store_of(&all).await;
    let references: Vec<_> = all.iter().map(|(path, _)| ssm(path)).collect();
    let expected: Vec<_> =
        all.iter().map(|(path, value)| format!("ssm:{path} = {value}")).collect();
    assert_eq!(found(&vault_on(&upstream), &references, NOON).await, expected);
    let asked: Vec<_> = upstream.received().iter().map(|request| names(request).len()).collect();
    assert_eq!(asked, [10, 10, 3]);
}

#[tokio::test]
async fn a_parameter_that_does_not_exist_leaves_the_others_alone() {
    let (upstream, parameters) = store_of(&[("/a", "sk-a")]).await;
    let vault = vault_on(&upstream);
    let references = [ssm("/a"), ssm("/b")];
    let expected = ["ssm:/a = sk-a", "ssm:/b: the parameter /b does not exist or may not be read"];
    assert_eq!(found(&vault, &references, NOON).await, expected);
    // It is asked for again at once, and alone: somebody is about to make it.
    parameters.lock().unwrap().insert("/b".to_owned(), "sk-b".to_owned());
    assert_eq!(found(&vault, &references, NOON + 1).await, ["ssm:/a = sk-a", "ssm:/b = sk-b"]);
    assert_eq!(names(&upstream.received()[1]), ["/b"]);
}

#[tokio::test]
async fn a_parameter_is_believed_for_five_minutes() {
    let (upstream, parameters) = store_of(&[("/a", "old"), ("/b", "b")]).await;
    let vault = vault_on(&upstream);
    let a = [ssm("/a")];
    assert_eq!(found(&vault, &a, NOON).await, ["ssm:/a = old"]);
    parameters.lock().unwrap().insert("/a".to_owned(), "rotated".to_owned());
    assert_eq!(found(&vault, &a, NOON + FRESH_MS).await, ["ssm:/a = old"]);
    // Each has an age of its own.
    let both = [ssm("/a"), ssm("/b")];
    assert_eq!(found(&vault, &both, NOON + FRESH_MS).await, ["ssm:/a = old", "ssm:/b = b"]);
    assert_eq!(found(&vault, &both, NOON + FRESH_MS + 1).await, ["ssm:/a = rotated", "ssm:/b = b"]);
    let asked: Vec<_> = upstream.received().iter().map(names).collect();
    assert_eq!(asked, [["/a"], ["/b"], ["/a"]]);
}

#[tokio::test]
async fn what_was_known_stays_in_use_when_ssm_fails() {
    let failures: [Script; 4] = [
        answer(500, &json!({ "__type": "InternalServerError", "message": "Try later." })),
        vec![Act::Close],
        vec![Act::Reset],
        answer(200, &json!({ "Parameters": "none" })),
    ];
    for failure in failures {
        let good = json!({ "Parameters": [{ "Name": "/a", "Value": "sk-a" }] });
        let scripts = [answer(200, &good), failure.clone(), answer(200, &good)];
        let upstream = Upstream::scripted(scripts).await;
        let vault = vault_on(&upstream);
        let references = [ssm("/a"), env("GOOD")];
        let both = ["ssm:/a = sk-a", "env:GOOD = sk-good"];
        assert_eq!(found(&vault, &references, NOON).await, both);
        let later = NOON + FRESH_MS + 1;
        assert_eq!(found(&vault, &references, later).await, both, "after {failure:?}");
        assert_eq!(upstream.received().len(), 2, "it is asked again");
        assert_eq!(found(&vault, &references, later).await, both, "and again");
        assert_eq!(upstream.received().len(), 3);
    }
}

/// The reason, when nothing was known before.
async fn why(upstream: &Upstream) -> String {
    let mut found = found(&vault_on(upstream), &[ssm("/a")], NOON).await;
    found.remove(0).split_off("ssm:/a: ".len())
}

#[tokio::test]
async fn a_failure_says_what_failed() {
    // AWS writes the member with a capital in errors of access, and without one in others.
    let denied = json!({
        "__type": "AccessDeniedException",
        "Message": "User: arn:aws:sts::1:assumed-role/t is not authorized",
    });
    let upstream = Upstream::always(answer(400, &denied)).await;
    let reason = why(&upstream).await;
    assert!(reason.contains("400") && reason.contains("not authorized"), "{reason}");

    let throttled = json!({ "__type": "ThrottlingException", "message": "Rate exceeded" });
    let upstream = Upstream::always(answer(400, &throttled)).await;
    let reason = why(&upstream).await;
    assert!(reason.contains("Rate exceeded"), "{reason}");

    let upstream = Upstream::always(answer(200, &json!([1]))).await;
    assert!(why(&upstream).await.contains("cannot be read"));

    let upstream = Upstream::refusing().await;
    assert!(why(&upstream).await.contains("does not answer"));
}

#[tokio::test]
async fn without_credentials_or_a_region_the_reason_says_so() {
    let nowhere = Vault::new(environment, None);
    let references = [ssm("/a"), env("GOOD")];
    let lines = found(&nowhere, &references, NOON).await;
    let expected = "ssm:/a: ssm: references need AWS credentials and a region";
    assert_eq!(lines, [expected, "env:GOOD = sk-good"]);

    let upstream = Upstream::scripted([]).await;
    let nobody = SharedCredentialsProvider::new(FunctionCredentials::default());
    let vault = Vault::new(environment, Some(ssm_at(&upstream, nobody)));
    let lines = found(&vault, &references, NOON).await;
    assert!(lines[0].starts_with("ssm:/a: cannot sign for SSM"), "{lines:?}");
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn no_secret_can_be_printed() {
    let (upstream, _) = store_of(&[("/a", "sk-parameter")]).await;
    let vault = vault_on(&upstream);
    let references = [ssm("/a"), ssm("/b"), env("GOOD")];
    let references: Vec<&CredentialRef> = references.iter().collect();
    let secrets: Secrets = vault.find(&references, NOON).await;
    assert_eq!(secrets.values().filter(|found| found.is_ok()).count(), 2);
    let printed = format!("{vault:?} {secrets:#?}");
    for secret in ["sk-parameter", "sk-good", KEY, "session-token"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert!(printed.contains("/a"), "what it is, and not what it holds: {printed}");
}
