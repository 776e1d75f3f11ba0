//! The tool, and a table of a test's own to use it on.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::Value;
use tollgate::clock::Clock;
use tollgate::dialect::Usage;
use tollgate::keys::{Presented, parse};
use tollgate::quota::{Demand, Evidence, Lease, Need};
use tollgate::settings::variable;
use tollgate::store::dynamo::{DynamoSettings, DynamoStore};
use tollgate::upstream::http::Http;

/// The tool, away from the settings and credentials of whoever runs the tests.
pub(super) fn tollgatectl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgatectl"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("USER", "tester")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a run said: its exit code, stdout and stderr.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Said {
    pub(super) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }
}

pub(super) fn run_with(mut command: Command, stdin: &str) -> Said {
    let mut child = command.spawn().unwrap();
    // A run that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    Said::of(child.wait_with_output().unwrap())
}

pub(super) fn run(arguments: &[&str], stdin: &str) -> Said {
    run_with(tollgatectl(arguments), stdin)
}

#[track_caller]
pub(super) fn check(arguments: &[&str], stdin: &str, code: i32, out: &str, err: &str) {
    let expected = Said { code, out: out.to_owned(), err: err.to_owned() };
    assert_eq!(run(arguments, stdin), expected, "{arguments:?}");
}

/// Fails with that code, says this, and says nothing on stdout.
#[track_caller]
pub(super) fn check_failure(command: Command, code: i32, part: &str) {
    let said = run_with(command, "");
    assert_eq!((said.code, said.out.as_str()), (code, ""), "{said:?}");
    assert!(said.err.contains(part), "{said:?}");
    // Nothing of Rust's own: no panic, no Debug output of an SDK error.
    for foreign in ["panicked", "RUST_BACKTRACE", "SdkError", "DispatchFailure", "Some(", " { "] {
        assert!(!said.err.contains(foreign), "{said:?}");
    }
}

/// A table of the test's own.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) endpoint: String,
}

impl Table {
    /// Nothing when there is no DynamoDB Local to test on.
    pub(super) fn named(test: &str) -> Option<Self> {
        let Some(endpoint) = variable("TOLLGATE_TEST_DYNAMODB") else {
            let _ = writeln!(std::io::stderr(), "skipped: TOLLGATE_TEST_DYNAMODB is not set");
            return None;
        };
        let (process, now) = (std::process::id(), Clock::System.now_ms());
        Some(Self { name: format!("ctl-{test}-{process}-{now}"), endpoint })
    }

    pub(super) fn created(test: &str) -> Option<Self> {
        let table = Self::named(test)?;
        assert_eq!(table.json(&["init"], "")["created"], true);
        Some(table)
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let place = ["--table", &self.name, "--endpoint-url", &self.endpoint];
        tollgatectl(&[&place[..], arguments].concat())
    }

    pub(super) fn run(&self, arguments: &[&str], stdin: &str) -> Said {
        run_with(self.command(arguments), stdin)
    }

    #[track_caller]
    pub(super) fn json(&self, arguments: &[&str], stdin: &str) -> Value {
        self.run(&[arguments, &["--json"]].concat(), stdin).json()
    }

    #[track_caller]
    pub(super) fn fails(&self, arguments: &[&str], part: &str) {
        check_failure(self.command(arguments), 1, part);
    }

    /// The table as the function's store sees it.
    pub(super) fn as_store(&self) -> DynamoStore {
        let settings = DynamoSettings {
            table: self.name.clone(),
            region: "us-east-1".to_owned(),
            endpoint: Some(self.endpoint.clone()),
        };
        let credentials = SharedCredentialsProvider::new(Credentials::for_tests());
        DynamoStore::new(&settings, Http::new().unwrap().any, credentials)
    }

    /// A key with those options, and what its clients present.
    #[track_caller]
    pub(super) fn key(&self, options: &[&str]) -> (String, Presented) {
        let made = self.json(&[&["key", "create", "--name", "tester"], options].concat(), "");
        let (id, digest) = parse(made["secret"].as_str().unwrap()).unwrap();
        (id.to_string(), Presented { id, digest })
    }

    /// A limit of a key as `key show` has it.
    #[track_caller]
    pub(super) fn standing(&self, key: &str, limit: &str) -> Value {
        let shown = self.json(&["key", "show", key], "");
        let standing = shown["standing"].as_array().unwrap().iter();
        standing.clone().find(|line| line["limit"] == limit).unwrap().clone()
    }
}

pub(super) fn now_ms() -> u64 {
    Clock::System.now_ms()
}

/// What a request takes at most, and is likely to.
pub(super) fn takes(tokens: u64, nano_usd: u64) -> Demand {
    let (tokens, nano_usd) = (Need::known(tokens, tokens), Need::known(nano_usd, nano_usd));
    Demand { requests: 1, tokens, nano_usd, alias: Some("m".to_owned()), ..Demand::nothing() }
}

/// A place among the requests in flight.
pub(super) fn lease(id: &str, expires_ms: u64) -> Lease {
    Lease { id: id.to_owned(), expires_ms }
}

/// What the provider says of an answer.
pub(super) fn used(tokens: u64, nano_usd: u64) -> Evidence {
    let usage = Usage { output: tokens, ..Usage::default() };
    Evidence::Exact { usage, nano_usd: Some(nano_usd) }
}

pub(super) fn a_key() -> String {
    let made = run(&["key", "mint", "--json"], "").json();
    made["secret"].as_str().unwrap().to_owned()
}
