//! A table in DynamoDB Local, made and filled with the operator's own tool, and what its rows say.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Once;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tollgate::clock::Clock;
use tollgate::store::dynamo::SharedHttp;
use tollgate::upstream::http::Http;

use super::accounts::{Counter, KINDS, Limits};
use super::orders::MODEL;

/// A table of one test.
pub(super) struct Table {
    endpoint: String,
    name: String,
    client: Client,
}

/// A key with limits.
#[derive(Clone, Debug)]
pub(super) struct Key {
    id: String,
    pub(super) secret: String,
    pub(super) limits: Limits,
}

impl Table {
    /// A new table; nothing where there is no DynamoDB, which is said once.
    pub(super) fn create(test: &str) -> Option<Self> {
        static SAID: Once = Once::new();
        let Some(endpoint) = tollgate::settings::variable("TOLLGATE_TEST_DYNAMODB") else {
            let why = "skipped: the race (TOLLGATE_TEST_DYNAMODB is not set)";
            SAID.call_once(|| drop(writeln!(std::io::stderr(), "{why}")));
            return None;
        };
        let (process, now) = (std::process::id(), Clock::System.now_ms());
        let name = format!("race-{test}-{process}-{now}");
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .http_client(SharedHttp(Http::new().unwrap().any))
            .endpoint_url(&endpoint)
            .build();
        let table = Self { endpoint, name, client: Client::from_conf(config) };
        assert_eq!(table.tollgatectl(&["init"], "")["created"], true);
        Some(table)
    }

    /// Makes a document the live one.
    pub(super) fn push(&self, document: &Value) {
        self.tollgatectl(&["config", "push", "-"], &document.to_string());
    }

    /// A new key with these limits.
    pub(super) fn key(&self, limits: Limits) -> Key {
        let Limits([rpm, tokens, nano_usd]) = limits;
        let micro_usd = nano_usd.map(|nano_usd| {
            assert_eq!(nano_usd % 1_000, 0, "the tool takes whole micro-dollars");
            format!("{}.{:06}", nano_usd / 1_000_000_000, nano_usd / 1_000 % 1_000_000)
        });
        let options = [
            ("--rpm", rpm.map(|rpm| rpm.to_string())),
            ("--tokens-per-day", tokens.map(|tokens| tokens.to_string())),
            ("--usd-per-month", micro_usd),
        ];
        let given = options.iter().filter_map(|(name, value)| Some([*name, value.as_deref()?]));
        let given: Vec<&str> = given.flatten().collect();
        let create = ["key", "create", "--name", "racer", "--models", MODEL];
        let made = self.tollgatectl(&[&create[..], &given].concat(), "");
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        Key { id: text("id"), secret: text("secret"), limits }
    }

    fn tollgatectl(&self, arguments: &[&str], stdin: &str) -> Value {
        let place = ["--json", "--table", &self.name, "--endpoint-url", &self.endpoint];
        let mut child = Command::new(env!("CARGO_BIN_EXE_tollgatectl"))
            .args([&place[..], arguments].concat())
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).expect("the tool says JSON")
    }

    /// What a gateway needs to use it.
    pub(super) fn environment(&self) -> [(&str, &str); 6] {
        [
            ("TOLLGATE_TABLE", &self.name),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "AKIATEST"),
            ("AWS_SECRET_ACCESS_KEY", "aws-secret-credential"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.endpoint),
            ("FIRST_API_KEY", "sk-first-credential"),
        ]
    }

    /// A key's counters at this moment.
    pub(super) async fn counters(&self, key: &Key) -> Vec<Counter> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let get = get.key("pk", text(&format!("key#{}", key.id))).key("sk", text("key"));
        let row = get.send().await.expect("a read").item.expect("a row");
        let number = |name: &str| {
            let value = row.get(name)?.as_n().expect("a counter is a number");
            Some(value.parse::<i128>().expect("a counter is a whole number"))
        };
        let counters = row.keys().filter_map(|name| {
            let (attribute, window) = name.split_once('@')?;
            let kind = KINDS.iter().position(|(known, _)| *known == attribute)?;
            Some(Counter {
                kind,
                window: window.parse().ok()?,
                left: number(name).expect("it is there"),
                // Requests are never given back, so nothing is noted of them.
                spent: (kind > 0).then(|| number(&format!("{name}.spent")).unwrap_or(0)),
            })
        });
        counters.collect()
    }
}
