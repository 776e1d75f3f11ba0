//! `tollgatectl` from outside: the real binary, without a table and on DynamoDB Local.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tollgate::clock::Clock;
use tollgate::config::{Document, Strictness};
use tollgate::keys::{Presented, parse};
use tollgate::settings::variable;
use tollgate::store::dynamo::{DynamoSettings, DynamoStore};
use tollgate::store::{Denial, Store};
use tollgate::upstream::http::Http;

const GOOD: &str = r#"
providers:
  pai:     { vendor: openai-compatible, base_url: "https://deepseek.example.com/v1", api_key: env:PAI_API_KEY }
  bailian: { vendor: dashscope, api_key: ssm:/tollgate/bailian }
  mock:    { vendor: mock }
routes:
  - match: "DeepSeek-*"
    targets:
      - { provider: pai, weight: 90 }
      - { provider: bailian, model: deepseek-v3.2, weight: 10 }
    fallback: [{ provider: bailian, model: deepseek-v3.2, price: { input: 0.28, output: 0.42 } }]
  - { match: demo, targets: [{ provider: mock }] }
"#;

const GOOD_SHOWN: &str = "\
stdin is good: 2 routes, 3 providers

MODELS      TARGETS                                 FALLBACK
DeepSeek-*  pai/* (90), bailian/deepseek-v3.2 (10)  bailian/deepseek-v3.2
demo        mock/*                                  -

PROVIDER  VENDOR             ADDRESS                                            CREDENTIAL
bailian   dashscope          https://dashscope.aliyuncs.com/compatible-mode/v1  ssm:/tollgate/bailian
mock      mock               -                                                  -
pai       openai-compatible  https://deepseek.example.com/v1                    env:PAI_API_KEY
";

const BAD: &str = "
providers:
  a: { vendor: opnai, api_key: env:A }
routes:
  - match: x
    targets: [{ provider: b }]
";

const BAD_SHOWN: &str = "\
stdin:3:16: providers.a.vendor: unknown vendor 'opnai': did you mean 'openai'?
stdin:6:27: routes[0].targets[0].provider: unknown provider 'b': did you mean 'a'?
error: stdin has 2 mistakes
";

/// A document whose only route matches one name.
fn document(name: &str) -> String {
    format!(
        "providers: {{ m: {{ vendor: mock }} }}\nroutes: [{{ match: {name}, targets: [{{ provider: m }}] }}]"
    )
}

/// The tool, away from the settings and credentials of whoever runs the tests.
fn tollgatectl(arguments: &[&str]) -> Command {
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
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }
}

fn run_with(mut command: Command, stdin: &str) -> Said {
    let mut child = command.spawn().unwrap();
    // A run that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    Said::of(child.wait_with_output().unwrap())
}

fn run(arguments: &[&str], stdin: &str) -> Said {
    run_with(tollgatectl(arguments), stdin)
}

#[track_caller]
fn check(arguments: &[&str], stdin: &str, code: i32, out: &str, err: &str) {
    let expected = Said { code, out: out.to_owned(), err: err.to_owned() };
    assert_eq!(run(arguments, stdin), expected, "{arguments:?}");
}

/// Fails with that code, says this, and says nothing on stdout.
#[track_caller]
fn check_failure(command: Command, code: i32, part: &str) {
    let said = run_with(command, "");
    assert_eq!((said.code, said.out.as_str()), (code, ""), "{said:?}");
    assert!(said.err.contains(part), "{said:?}");
    // Nothing of Rust's own: no panic, no Debug output of an SDK error.
    for foreign in ["panicked", "RUST_BACKTRACE", "SdkError", "DispatchFailure", "Some(", " { "] {
        assert!(!said.err.contains(foreign), "{said:?}");
    }
}

#[test]
fn a_good_document_is_shown_and_every_mistake_has_its_place() {
    check(&["config", "check", "-"], GOOD, 0, GOOD_SHOWN, "");
    check(&["config", "check", "-"], BAD, 1, "", BAD_SHOWN);
    check(
        &["config", "check", "-"],
        "a: [",
        1,
        "",
        "stdin:2:1: not valid YAML: while parsing a node, did not find expected node content\n\
         error: stdin has 1 mistake\n",
    );
    let empty = "error: stdin is empty: without a route nothing is served\n";
    check(&["config", "check", "-"], "# nothing\n", 1, "", empty);
    check(
        &["config", "check", "/nonexistent/gateway.yaml"],
        "",
        1,
        "",
        "error: cannot read /nonexistent/gateway.yaml: No such file or directory (os error 2)\n  \
         name a YAML or JSON file, or - for the standard input\n",
    );
}

#[test]
fn a_document_that_the_table_cannot_hold_is_refused() {
    let names = (0..20_000).map(|n| format!("model-name-{n}")).collect::<Vec<_>>().join(", ");
    let document = format!(
        "providers: {{ m: {{ vendor: mock }} }}\nroutes: [{{ match: '*', models: [{names}], targets: [{{ provider: m }}] }}]"
    );
    let said = run(&["config", "check", "-"], &document);
    assert_eq!(said.code, 1);
    assert!(said.err.starts_with("error: stdin is too large for the table: "), "{said:?}");
}

#[test]
fn machines_get_one_document() {
    let said = run(&["--json", "config", "check", "-"], GOOD).json();
    assert_eq!(said["routes"][0]["match"], "DeepSeek-*");
    assert_eq!(
        said["routes"][0]["fallback"][0],
        json!({
            "target": "bailian/deepseek-v3.2", "weight": null, "priced": true,
        })
    );
    assert_eq!(said["providers"][2]["api_key"], "env:PAI_API_KEY");

    let said = run(&["config", "check", "-", "--json"], BAD);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    let error: Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(error["error"]["message"], "stdin has 2 mistakes");
    assert_eq!(
        error["error"]["problems"][0],
        json!({
            "file": "stdin", "line": 3, "column": 16, "path": "providers.a.vendor",
            "message": "unknown vendor 'opnai': did you mean 'openai'?",
        })
    );
}

#[test]
fn a_wrong_command_line_is_2() {
    let check = |arguments: &[&str], part: &str| check_failure(tollgatectl(arguments), 2, part);
    check(&[], "Usage: tollgatectl");
    check(&["init", "--tabel", "x"], "'--table'");
    check(&["--table", "a b", "init"], "3 to 255 letters");
    check(&["--endpoint-url", "localhost:8000", "init"], "expected http://… or https://…");
    check(&["key", "create"], "--name <NAME>");
    check(&["key", "create", "--name", " "], "1 to 64 characters");
    check(&["key", "create", "--name", "a", "--rpm", "0"], "leave the option out");
    check(&["key", "create", "--name", "a", "--rpm=-1"], "expected a whole number");
    check(&["key", "create", "--name", "a", "--usd-per-month", "0.0000001"], "six decimals");
    check(&["key", "create", "--name", "a", "--models", "gpt 4"], "such as gpt-*");
    check(&["config", "rollback"], "<VERSION>");
    check(&["key", "revoke", "--json"], r#"{"error":{"message":"the following required"#);
    assert_eq!(run(&["help"], "").code, 0);
    assert_eq!(run(&["--version"], "").code, 0);
}

#[test]
fn a_minted_key_is_one_that_a_local_document_takes() {
    let limits = ["--rpm", "60", "--usd-per-month", "1.5"];
    let arguments = [&["key", "mint", "--name", "it's: mine", "--models", "demo,x-*"], &limits[..]];
    let said = run(&arguments.concat(), "");
    assert_eq!(said.code, 0, "{said:?}");
    let text = format!("{}\n{}", document("demo"), said.out);
    let (config, _) = Document::parse(&text).unwrap().read(Strictness::Strict).unwrap();
    let key = &config.keys[0];
    assert_eq!((key.name.as_str(), key.models[1].as_str()), ("it's: mine", "x-*"));
    assert_eq!((key.limits[0], key.limits[2]), (60, 1_500_000_000));

    let plain = run(&["key", "mint", "--json"], "").json();
    assert!(parse(plain["secret"].as_str().unwrap()).is_ok());
    assert_eq!((&plain["models"], &plain["limits"]), (&json!(["*"]), &json!({})));
    assert_ne!(plain["secret"], run(&["key", "mint", "--json"], "").json()["secret"]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = tollgatectl(&["config", "check", "-"]);
    command.stdout(writer);
    assert_eq!(run_with(command, GOOD), Said { code: 0, out: String::new(), err: String::new() });
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_is_lost_is_a_failure() {
    let mut command = tollgatectl(&["config", "check", "-"]);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let said = run_with(command, GOOD);
    assert_eq!(said.code, 1);
    assert!(said.err.starts_with("error: the output could not be written: "), "{said:?}");
}

#[test]
fn colours_are_for_terminals() {
    let said = run(&["config", "check", "-"], BAD);
    assert!(!said.err.contains('\x1b'));
}

#[test]
fn without_credentials_or_a_region_it_says_how_to_get_them() {
    check_failure(tollgatectl(&["key", "list"]), 1, "give --region, or set AWS_REGION");
    let mut command = tollgatectl(&["key", "list"]);
    command.env("AWS_REGION", "eu-west-1");
    check_failure(command, 1, "error: no AWS credentials found\n  sign in ('aws sso login'");
    let profile = &["--region", "eu-west-1", "--profile", "nobody", "key", "list"];
    check_failure(tollgatectl(profile), 1, "there is no profile 'nobody' in ~/.aws");
    let mut command = tollgatectl(&["key", "list"]);
    command.env("TOLLGATE_TABLE", "a b");
    check_failure(command, 1, "TOLLGATE_TABLE is 'a b'");
}

#[test]
fn an_endpoint_that_is_none_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let nobody = format!("{url} does not answer: Connection refused");
    check_failure(tollgatectl(&["--endpoint-url", &url, "init"]), 1, &nobody);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\nnone\n");
        }
    });
    let mut command = tollgatectl(&["key", "list"]);
    command.env("AWS_ENDPOINT_URL_DYNAMODB", &url);
    check_failure(command, 1, &format!("{url} is not a DynamoDB"));
}

// === On DynamoDB Local ===

/// A table of the test's own.
struct Table {
    name: String,
    endpoint: String,
}

impl Table {
    /// Nothing when there is no DynamoDB Local to test on.
    fn named(test: &str) -> Option<Self> {
        let Some(endpoint) = variable("TOLLGATE_TEST_DYNAMODB") else {
            let _ = writeln!(std::io::stderr(), "skipped: TOLLGATE_TEST_DYNAMODB is not set");
            return None;
        };
        let (process, now) = (std::process::id(), Clock::System.now_ms());
        Some(Self { name: format!("ctl-{test}-{process}-{now}"), endpoint })
    }

    fn created(test: &str) -> Option<Self> {
        let table = Self::named(test)?;
        assert_eq!(table.json(&["init"], "")["created"], true);
        Some(table)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let place = ["--table", &self.name, "--endpoint-url", &self.endpoint];
        tollgatectl(&[&place[..], arguments].concat())
    }

    fn run(&self, arguments: &[&str], stdin: &str) -> Said {
        run_with(self.command(arguments), stdin)
    }

    #[track_caller]
    fn json(&self, arguments: &[&str], stdin: &str) -> Value {
        self.run(&[arguments, &["--json"]].concat(), stdin).json()
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], part: &str) {
        check_failure(self.command(arguments), 1, part);
    }

    /// The table as the function's store sees it.
    fn as_store(&self) -> DynamoStore {
        let settings = DynamoSettings {
            table: self.name.clone(),
            region: "us-east-1".to_owned(),
            endpoint: Some(self.endpoint.clone()),
        };
        let credentials = aws_credential_types::Credentials::for_tests();
        DynamoStore::new(
            &settings,
            Http::new().unwrap().any,
            aws_credential_types::provider::SharedCredentialsProvider::new(credentials),
        )
    }
}

#[test]
fn init_creates_once_and_checks_after_that() {
    let Some(table) = Table::named("init") else { return };
    table.fails(&["config", "show"], &format!("'tollgatectl --table {} init'", table.name));
    table.fails(&["key", "create", "--name", "a"], "there is no table");
    assert_eq!(table.json(&["init"], "")["created"], true);
    let again = table.run(&["init"], "");
    assert_eq!((again.code, again.err.as_str()), (0, ""));
    assert_eq!(
        again.out,
        format!(
            "table {} in {}: is there\n\
             SETTING                 FOUND      STATE\n\
             billing                 on demand  ok\n\
             expiry of rows          on         ok\n\
             point-in-time recovery  -          skipped: this DynamoDB does not know it\n\
             deletion protection     on         ok\n",
            table.name, table.endpoint
        )
    );
}

#[test]
fn init_beside_an_older_table_says_what_differs() {
    let Some(table) = Table::named("older") else { return };
    create_by_hand(&table, "pk", "sk");
    let said = table.run(&["init"], "");
    assert_eq!(said.code, 0);
    assert!(
        said.out.contains("off          differs: the table can be deleted by a slip"),
        "{said:?}"
    );
    assert!(said.err.contains("'tollgatectl init --repair'"), "{said:?}");
    assert_eq!(table.json(&["init"], "")["differs"], 3);
    let said = table.run(&["init", "--repair"], "");
    assert!(said.out.contains("expiry of rows          on           switched on"), "{said:?}");
    // Billing is a choice and stays.
    assert_eq!(table.json(&["init"], "")["differs"], 1);

    let Some(foreign) = Table::named("foreign") else { return };
    create_by_hand(&foreign, "id", "at");
    foreign
        .fails(&["init"], "has partition key id (S), sort key at (S); expected partition key pk");
}

/// A provisioned table with those keys and nothing else.
fn create_by_hand(table: &Table, partition: &str, sort: &str) {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, KeySchemaElement, KeyType, ProvisionedThroughput, ScalarAttributeType,
    };
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(tollgate::store::dynamo::SharedHttp(Http::new().unwrap().any))
        .endpoint_url(&table.endpoint)
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let throughput =
        ProvisionedThroughput::builder().read_capacity_units(1).write_capacity_units(1);
    let mut request = client
        .create_table()
        .table_name(&table.name)
        .provisioned_throughput(throughput.build().unwrap());
    for (name, role) in [(partition, KeyType::Hash), (sort, KeyType::Range)] {
        let attribute = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(role);
        request = request
            .attribute_definitions(attribute.build().unwrap())
            .key_schema(key.build().unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(request.send()).unwrap();
}

#[tokio::test]
async fn what_is_pushed_is_what_the_function_reads() {
    let Some(table) = Table::created("push") else { return };
    table.fails(&["config", "show"], "no configuration was pushed yet");
    table.fails(&["config", "push", "-", "--if-version", "1"], "stdin is empty");
    let push = |document: &str, more: &[&str]| {
        table.run(&[&["config", "push", "-"], more].concat(), document)
    };
    assert_eq!(push(BAD, &[]).err, BAD_SHOWN);
    let local = format!("{}\nkeys: [{{ name: a, secret: {} }}]", document("one"), a_key());
    let first = push(&local, &[]);
    assert_eq!((first.code, first.out.as_str()), (0, "stdin is version 1, the first one\n"));
    assert!(first.err.starts_with("note: not pushed: 1 local key in stdin"), "{first:?}");
    assert!(!table.run(&["config", "show"], "").out.contains("tg-"));

    assert_eq!(push(&document("one"), &[]).out, "nothing to do: version 1 is live and the same\n");
    let stale = push(&document("two"), &["--if-version", "0"]);
    assert_eq!(stale.code, 1);
    assert!(stale.err.contains("version 1 is live, not 0; nothing was written"), "{stale:?}");
    let second = push(&document("two"), &["--if-version", "1", "--by", "ci"]);
    assert_eq!(second.out, "stdin is version 2, live in the place of version 1\n");

    let live = table.as_store().document().await.unwrap().unwrap();
    assert_eq!((live.version, &live.document["routes"][0]["match"]), (2, &json!("two")));
    let shown = table.run(&["config", "show"], "");
    assert_eq!(serde_json::from_str::<Value>(&shown.out).unwrap(), live.document);
    assert_eq!(shown.err, "version 2, pushed just now by ci\n");
    let checked = run(&["config", "check", "-"], &shown.out);
    assert_eq!(checked.code, 0, "what is shown can be pushed: {checked:?}");
    let older = table.json(&["config", "show", "--version", "1"], "");
    assert_eq!(older["document"]["routes"][0]["match"], "one");
    table.fails(&["config", "show", "--version", "9"], "there is no version 9");
}

#[test]
fn a_rollback_is_a_new_version() {
    let Some(table) = Table::created("rollback") else { return };
    table.fails(&["config", "rollback", "1"], "there is no version 1");
    for name in ["one", "two"] {
        table.json(&["config", "push", "-"], &document(name));
    }
    assert_eq!(table.json(&["config", "rollback", "2"], "")["unchanged"], true);
    let back = table.run(&["config", "rollback", "1"], "");
    let said = "version 1 is live again as version 3, live in the place of version 2\n";
    assert_eq!((back.code, back.out.as_str()), (0, said));
    let live = table.json(&["config", "show"], "");
    assert_eq!((&live["version"], &live["restores"]), (&json!(3), &json!(1)));
    assert_eq!(live["document"]["routes"][0]["match"], "one");
    assert_eq!(live["pushed_by"], "tester");

    let history = table.json(&["config", "history"], "");
    let versions: Vec<_> = history["versions"].as_array().unwrap().iter().collect();
    let numbers: Vec<_> = versions.iter().map(|row| row["version"].as_u64().unwrap()).collect();
    assert_eq!((numbers, &history["live"]), (vec![3, 2, 1], &json!(3)));
    let two = table.run(&["config", "history", "--limit", "2"], "");
    assert_eq!(two.out.lines().count(), 3);
    assert!(two.out.lines().nth(1).unwrap().ends_with("tester  live, version 1 again"), "{two:?}");
}

#[test]
fn pushes_at_once_leave_no_half_state() {
    let Some(table) = Table::created("race") else { return };
    let pushes: Vec<_> = (0..8)
        .map(|n| {
            let mut child = table.command(&["config", "push", "-"]).spawn().unwrap();
            let text = document(&format!("model-{n}"));
            child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            child
        })
        .collect();
    let said: Vec<_> =
        pushes.into_iter().map(|child| Said::of(child.wait_with_output().unwrap())).collect();
    let (done, lost): (Vec<_>, Vec<_>) = said.iter().partition(|said| said.code == 0);
    assert!(!done.is_empty());
    assert!(
        lost.iter().all(|said| said.err.contains("were first; nothing was written")),
        "{lost:?}"
    );

    // Each push that was told so is one version, without a gap, and the last is the live one.
    let history = table.json(&["config", "history"], "");
    let rows = history["versions"].as_array().unwrap();
    let numbers: Vec<_> =
        rows.iter().map(|row| usize::try_from(row["version"].as_u64().unwrap()).unwrap()).collect();
    assert_eq!(numbers, (1..=done.len()).rev().collect::<Vec<_>>());
    let newest = numbers[0].to_string();
    let live = table.json(&["config", "show"], "");
    assert_eq!(live, table.json(&["config", "show", "--version", &newest], ""));
    let names: std::collections::BTreeSet<_> = numbers
        .iter()
        .map(|n| table.json(&["config", "show", "--version", &n.to_string()], ""))
        .map(|shown| shown["document"]["routes"][0]["match"].to_string())
        .collect();
    assert_eq!(names.len(), done.len(), "every document is in the history once");
}

#[tokio::test]
async fn a_key_that_is_made_is_admitted_until_it_is_revoked() {
    let Some(table) = Table::created("keys") else { return };
    assert_eq!(table.json(&["key", "list"], ""), json!({ "keys": [] }));
    table.json(&["config", "push", "-"], GOOD);
    let arguments = ["key", "create", "--name", "app", "--rpm", "60", "--tokens-per-day", "100000"];
    let more = ["--usd-per-month", "25.5", "--models", "demo,gpt-*"];
    let made = table.json(&[&arguments[..], &more].concat(), "");
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let limits = json!({ "rpm": 60, "tokens_per_day": 100_000, "usd_per_month": 25.5 });
    assert_eq!((&made["limits"], &made["models"]), (&limits, &json!(["demo", "gpt-*"])));
    assert_eq!(
        made["notes"],
        json!([
            "no route serves a model that fits 'gpt-*'",
            "requests for 'demo' will be refused under a limit of money: mock/* has no price",
        ])
    );

    let listed = table.json(&["key", "list"], "");
    assert_eq!((&listed["keys"][0]["id"], &listed["keys"][0]["limits"]), (&json!(id), &limits));
    let text = table.run(&["key", "list"], "").out;
    assert!(
        text.contains(
            "app   active  demo,gpt-*  rpm 60, tokens_per_day 100000, usd_per_month 25.5"
        ),
        "{text}"
    );
    assert!(!format!("{listed}{text}").contains(secret));

    let store = table.as_store();
    let (key, digest) = parse(secret).unwrap();
    let presented = Presented { id: key, digest };
    let admission = store.admit(&presented, &[], 0).await.unwrap();
    assert_eq!(admission.caller.name(), "app");
    assert!(admission.caller.may_use("gpt-4o") && !admission.caller.may_use("other"));

    assert_eq!(table.json(&["key", "revoke", id], "")["changed"], true);
    assert!(matches!(store.admit(&presented, &[], 0).await, Err(Denial::Revoked)));
    assert_eq!(table.json(&["key", "revoke", secret], "")["changed"], false);
    assert_eq!(table.json(&["key", "revoke", "app"], "")["changed"], false);
    table.fails(&["key", "revoke", "nobody"], "there is no key 'nobody'");
    table.fails(&["key", "revoke", &a_key()], "there is no key 'tg-…'");
}

#[test]
fn a_name_revokes_only_when_it_is_one_key_s() {
    let Some(table) = Table::created("names") else { return };
    let make = || table.json(&["key", "create", "--name", "twelve4lette"], "")["id"].clone();
    let (first, second) = (make(), make());
    table.fails(&["key", "revoke", "twelve4lette"], "2 keys have the name 'twelve4lette'");
    table.json(&["key", "revoke", first.as_str().unwrap()], "");
    let revoked = table.json(&["key", "revoke", "twelve4lette"], "");
    assert_eq!((&revoked["id"], &revoked["changed"]), (&second, &json!(true)));
}

#[test]
fn the_secret_is_shown_once_and_its_loss_is_told() {
    let Some(table) = Table::created("secret") else { return };
    let said = table.run(&["key", "create", "--name", "a"], "");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out.matches("tg-").count(), 1, "{said:?}");
    assert!(said.out.contains("\n    export OPENAI_API_KEY=tg-"), "{said:?}");
    assert_eq!(said.err, "note: no configuration was pushed yet: no model is served\n");

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = table.command(&["key", "create", "--name", "b"]);
    command.stdout(writer);
    check_failure(command, 1, "the secret is lost: 'tollgatectl key revoke ");
}

fn a_key() -> String {
    let made = run(&["key", "mint", "--json"], "").json();
    made["secret"].as_str().unwrap().to_owned()
}
