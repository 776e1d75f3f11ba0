//! Explanations, by a file and by the table.

use serde_json::{Value, json};
use tollgate::routing::Aside;
use tollgate::store::Store;

use super::documents::{GOOD, document};
use super::tool::{Table, a_key, check_failure, now_ms, run, tollgatectl};
use crate::support::client::Request;
use crate::support::gateway::Gateway;

const SHOWN: &str = "\
chat for 'DeepSeek-V3'
It would be sent to pai/*; if that fails, to bailian/deepseek-v3.2.

ROUTE       WHY
DeepSeek-*  serves it: no other pattern matches; drawn by header:x-tenant: 'acme' always falls so while the weights stay
demo        it does not match

#  TARGET                 PART      WEIGHT  SPEAKS
1  pai/*                  targets   90      openai
2  bailian/deepseek-v3.2  targets   10      openai
-  bailian/deepseek-v3.2  fallback  -       openai  not tried: it is the same as a target before it

1  POST https://deepseek.example.com/v1/chat/completions
   authorization: Bearer ***
   content-type: application/json
   x-client-request-id: tollgatectl
   {\"messages\":[{\"content\":\"Hello\",\"role\":\"user\"}],\"model\":\"DeepSeek-V3\"}

2  POST https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions
   authorization: Bearer ***
   content-type: application/json
   x-client-request-id: tollgatectl
   {\"messages\":[{\"content\":\"Hello\",\"role\":\"user\"}],\"model\":\"deepseek-v3.2\"}

timeouts: to connect 3000 ms, to a stream's first content 90000 ms, between events 60000 ms, to a whole answer while others are left 300000 ms

all of it may take 880000 ms

COST     INPUT  OUTPUT  TOKENS       USD
at most    150    4096    4246  no bound
likely      23    4096    4119  no bound
A limit in money needs a price, and pai/* has none: set price on the target in the configuration.
";

/// The good document, with a canary that is no matter of chance.
fn split_by(attribute: &str) -> String {
    GOOD.replace("    targets:\n", &format!("    split_by: {attribute}\n    targets:\n"))
}

#[test]
fn a_file_explains_a_request() {
    let split = split_by("header:x-tenant");
    let arguments =
        ["explain", "--file", "-", "--model", "DeepSeek-V3", "--header", "x-tenant: acme"];
    let said = run(&arguments, &split);
    assert_eq!((said.code, said.out.as_str()), (0, SHOWN));
    let notes = ["note: the function's credentials", "note: no key is named (--key)"];
    assert!(notes.iter().all(|note| said.err.contains(note)), "{}", said.err);
}

/// What the tool says as JSON, of a body on the standard input.
fn told(document: &str, arguments: &[&str], body: &str) -> Value {
    let path = crate::support::gateway::Document::new(document);
    let file = ["--json", "explain", "--file", path.path.to_str().unwrap(), "-"];
    run(&[&file[..], arguments].concat(), body).json()
}

#[test]
fn a_file_s_own_key_has_its_limits() {
    let (mine, other) = (a_key(), a_key());
    let text = format!(
        "{}\nteams: {{ crew: {{ limits: {{ rpm: 9 }} }} }}\nkeys:\n  - {{ name: mine, secret: {mine}, team: crew, models: [demo], limits: {{ tokens_per_day: 90 }} }}\n  - {{ name: other, secret: {other} }}",
        document("demo"),
    );
    let body = r#"{"model":"demo","messages":[],"max_tokens":1}"#;
    let shown = |key: &str| told(&text, &["--key", key], body);
    for key in ["mine", mine.as_str()] {
        let told = shown(key);
        let day = &told["limits"][0];
        assert_eq!(
            (&day["limit"], &day["of"], &day["fits"]),
            (&json!("tokens_per_day"), &json!(90), &json!(false))
        );
        assert_eq!(
            (&told["limits"][1]["scope"], &told["limits"][1]["left_after"]),
            (&json!("team"), &json!(8))
        );
        assert_eq!(
            (&told["would"]["status"], &told["would"]["code"]),
            (&json!(429), &json!("insufficient_quota"))
        );
        assert_eq!(told["key"]["team"], "crew");
        assert!(!told.to_string().contains(&mine));
    }
    assert_eq!(shown("other")["limits"], json!([]));
    assert_eq!(told(&text, &[], body)["limits"], Value::Null);
    let messages = r#"{"model":"demo","max_tokens":5,"messages":[{"role":"user","content":"x"}]}"#;
    let translated = told(&text, &["--endpoint", "messages"], messages);
    assert_eq!(translated["endpoint"], "messages");
    let fault = ["--header", "x-tollgate-fault: class=server"];
    assert_eq!(told(&text, &fault, body)["would"]["code"], "upstream_failed");
}

#[test]
fn what_cannot_be_explained_says_why() {
    let check = |arguments: &[&str], code: i32, part: &str| {
        check_failure(tollgatectl(&[&["explain"], arguments].concat()), code, part);
    };
    check(&[], 2, "<BODY.json|--model <NAME>>");
    check(&["-", "--model", "m"], 2, "cannot be used with");
    check(&["--model", "m", "--header", "x"], 2, "'x-tenant: acme'");
    check(&["--model", "m", "--endpoint", "images"], 2, "chat, completions, embeddings");
    check(&["--model", "m", "--file", "/nonexistent/g.yaml"], 1, "cannot read");
    check(&["/nonexistent/b.json", "--file", "-"], 1, "cannot read /nonexistent/b.json");
    check(&["--model", "a b"], 1, "400 invalid_value: 'model' holds ' '");
    check(&["-", "--file", "-"], 1, "only one of them");
    let said = run(&["explain", "--file", "-", "--model", "demo", "--key", "nobody"], GOOD);
    assert!(said.err.contains("the file has no key 'nobody'"), "{said:?}");
}

/// The function, with the credential of one of the two providers.
async fn function_on(table: &Table) -> Gateway {
    let environment = [
        ("TOLLGATE_TABLE", table.name.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &table.endpoint),
        ("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:9"),
        ("PAI_API_KEY", "sk-of-pai-0123456789"),
    ];
    Gateway::local(&json!({}), &environment).await
}

const HI: &str = r#"{"model":"DeepSeek-V3","messages":[{"role":"user","content":"x"}]}"#;

/// What the function says of a request is what the tool says of it.
fn check_alike(by_function: &Value, by_tool: &Value) {
    let same = "would key config_version alias permitted route lost timeouts deadline_ms bound";
    for name in same.split(' ') {
        assert_eq!(by_function[name], by_tool[name], "{name}");
    }
    let limits = |told: &Value| -> Vec<Value> {
        let limit = |limit: &Value| {
            let names = ["limit", "of", "hold", "left_after", "fits"];
            names.iter().map(|name| limit[name].clone()).collect()
        };
        told["limits"].as_array().unwrap().iter().map(limit).collect()
    };
    let expected = [json!(["in_flight", 2, 1, 1, true]), json!(["rpm", 5, 1, 4, true])];
    assert_eq!(limits(by_function)[..2], expected);
    assert_eq!(limits(by_function), limits(by_tool));
    // The function has no credential for the other provider, which the tool cannot know.
    assert_eq!(by_function["targets"][0]["target"], "pai/*");
    let body = |told: &Value| told["targets"][0]["request"]["body"].clone();
    assert_eq!(body(by_function), body(by_tool));
    let skipped = by_tool["targets"][1]["skipped"].as_str().unwrap();
    assert!(skipped.starts_with("set aside for ") && skipped.ends_with("after rate_limit"));
}

#[tokio::test]
async fn the_table_explains_as_the_function_does() {
    let Some(table) = Table::created("explain") else { return };
    table.fails(&["explain", "--model", "demo"], "holds no configuration");
    table.json(&["config", "push", "-"], &split_by("key"));
    let create = "key create --name a --rights explain --rpm 5 --in-flight 2 --shards 2 \
                  --tokens-per-day 9000";
    let made = table.json(&create.split_whitespace().collect::<Vec<_>>(), "");
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let now_ms = now_ms();
    let aside = Aside {
        target: "bailian/deepseek-v3.2".to_owned(),
        until_ms: now_ms + 3_600_000,
        reason: "rate_limit".to_owned(),
    };
    table.as_store().set_aside(&aside, now_ms).await.unwrap();
    let mut function = function_on(&table).await;
    let before = table.json(&["key", "show", id], "");
    let request = Request::post("/v1/chat/completions", HI).key(secret);
    let answer = function.ask(&request.with("x-tollgate-explain", "true")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let record = function.record().await;
    assert_eq!((&record["operation"], &record["settled"]), (&json!("explain"), &Value::Null));

    let by_tool = table.json(&["explain", "-", "--key", id], HI);
    assert!(by_tool["notes"][0].as_str().unwrap().contains("not known here"));
    let after = table.json(&["key", "show", id], "");
    assert_eq!((&before["used_ms"], &before["standing"]), (&after["used_ms"], &after["standing"]));
    check_alike(&answer.json(), &by_tool);
    assert!(!answer.body.contains("sk-of-pai"));
    table.json(&["key", "revoke", id], "");
    table.fails(&["explain", "--model", "demo", "--key", id], "is revoked");
}
