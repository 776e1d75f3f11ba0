//! The wide event: one line a request, complete before the answer has ended.

use serde_json::{Value, json};

use super::{PROMPT, chat, event, function};
use crate::support::answers::sound;
use crate::support::gateway::Gateway;
use crate::support::runtime_api::{Happening, RuntimeApi};
use crate::support::upstream::{Act, Gate, Upstream, json as whole, stream};
use crate::support::{CREDENTIALS, duo, secret, table};

#[tokio::test]
async fn every_request_has_one_record_before_its_answer_ends() {
    let (api, mut gateway) = function(&[]).await;
    let mut no_method = chat("demo", false);
    no_method["requestContext"]["http"]["method"] = "G E T".into();
    let events = [
        ("plain", chat("demo", false), ("ok", 200)),
        ("streamed", chat("demo", true), ("ok", 200)),
        ("failed", chat("broken", true), ("failed", 502)),
        ("unknown", chat("unknown", false), ("refused", 404)),
        ("nowhere", event("/nowhere", "{}"), ("refused", 404)),
        ("no body", event("/v1/chat/completions", ""), ("refused", 400)),
        ("no event", json!({}), ("refused", 400)),
        ("no method", no_method, ("refused", 405)),
    ];
    for (name, event, (outcome, status)) in events {
        let id = api.reply(&event).await.id;
        let lines = gateway.out.by_now().iter().map(|line| parsed(line));
        let of_this =
            |line: &Value| line["event"] == "request" && line["request_id"] == id.as_str();
        let records: Vec<Value> = lines.filter(of_this).collect();
        assert_eq!(records.len(), 1, "{name}: {records:?}");
        let found = (&records[0]["outcome"], &records[0]["status"]);
        assert_eq!(found, (&outcome.into(), &status.into()), "{name}");
        check_metrics(&records[0]);
    }
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))
}

/// What CloudWatch's embedded metric format wants: every name that it declares is at the top.
fn check_metrics(record: &Value) {
    let metrics = &record["_aws"]["CloudWatchMetrics"][0];
    assert!(record["_aws"]["Timestamp"].as_u64().unwrap() > 1_577_836_800_000);
    assert_eq!(metrics["Namespace"], "Tollgate");
    for metric in metrics["Metrics"].as_array().unwrap() {
        assert!(record[metric["Name"].as_str().unwrap()].is_number(), "{metric}: {record}");
    }
    for dimension in
        metrics["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap())
    {
        assert!(record[dimension.as_str().unwrap()].is_string(), "{dimension}: {record}");
    }
}

#[tokio::test]
async fn a_record_says_what_happened() {
    let answer = r#"{"choices":[{"message":{"content":"an-answer"}}],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}}"#;
    let first = Upstream::scripted([whole(503, "{}")]).await;
    let second = Upstream::scripted([whole(200, answer)]).await;
    let mut document =
        duo(&first.base_url(), &second.base_url(), &json!({ "tokens_per_day": 50_000 }));
    document["routes"][0]["fallback"][0]["price"] =
        json!({ "input": 1, "cached_input": 0.5, "output": 2 });
    let api = RuntimeApi::start().await;
    let mut gateway = Gateway::function(&api, &document, &CREDENTIALS);
    let reply = api.reply(&chat("duo", false)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let record = gateway.record().await;

    let id = secret(1).split('-').nth(1).unwrap().to_owned();
    for (pointer, expected) in [
        ("/request_id", json!(reply.id)),
        ("/key", json!(id)),
        ("/key_name", json!("tester")),
        ("/alias", json!("duo")),
        ("/Route", json!("duo")),
        ("/target", json!("second/due")),
        ("/attempts/0/target", json!("first/uno")),
        ("/attempts/0/class", json!("overloaded")),
        ("/attempts/0/status", json!(503)),
        ("/attempts/1/target", json!("second/due")),
        ("/attempts/1/class", Value::Null),
        ("/tokens/input_uncached", json!(6)),
        ("/tokens/cache_read", json!(3)),
        ("/tokens/output", json!(4)),
        ("/tokens/reasoning", json!(2)),
        // 6 at a dollar a million, 3 at half, 4 at two.
        ("/nano_usd", json!(6_000 + 1_500 + 8_000)),
        ("/settled", json!("exact")),
        ("/outcome", json!("ok")),
        ("/stream", json!(false)),
    ] {
        assert_eq!(record.pointer(pointer), Some(&expected), "{pointer}: {record}");
    }
    assert!(record["attempts"][1]["ms_to_headers"].is_u64(), "{record}");
    assert!(record["attempts"][1]["ms"].is_u64(), "{record}");
    assert!(record["held"]["tokens"].as_u64().unwrap() > 13, "{record}");
    for time in ["/ms/total", "/ms/first_byte", "/ms/upstream", "/ms/overhead", "/store/ms"] {
        assert!(record.pointer(time).unwrap().is_number(), "{time}: {record}");
    }
    assert!(record["store"]["trips"].as_u64().unwrap() >= 2, "{record}");
}

#[tokio::test]
async fn no_log_holds_a_prompt_an_answer_or_a_secret() {
    let key = "Incorrect API key provided: sk-first-credential";
    let echo =
        json!({ "error": { "message": format!("{key} for {PROMPT}"), "code": "invalid_api_key" } });
    let answers = ["an-answer", "another-answer"];
    let chunk = |text: &str| json!({ "choices": [{ "delta": { "content": text } }] }).to_string();
    let cut = stream(&[&chunk(answers[0]), &chunk(answers[1]), &echo.to_string()]);
    let first = Upstream::scripted([whole(401, &echo.to_string()), cut]).await;
    let second = Upstream::scripted([whole(400, &echo.to_string())]).await;
    let document = duo(&first.base_url(), &second.base_url(), &json!({}));
    let api = RuntimeApi::start().await;
    let mut environment = CREDENTIALS.to_vec();
    environment.push(("AWS_LAMBDA_LOG_LEVEL", "DEBUG"));
    let mut gateway = Gateway::function(&api, &document, &environment);
    let refused = api.reply(&chat("duo", false)).await;
    let cut = api.reply(&chat("duo", true)).await;
    assert!(cut.body.contains(answers[1]), "{}", cut.body);
    let mut unsound = chat("duo", false);
    unsound["headers"]["authorization"] = format!("Bearer {}x", secret(1)).into();
    unsound["body"] = format!("{{\"{PROMPT}\": {PROMPT}").into();
    api.reply(&unsound).await;

    let written = [gateway.out.by_now().join("\n"), gateway.err.by_now().join("\n")].concat();
    let keys = [secret(1), "sk-first-credential".to_owned(), "sk-second-credential".to_owned()];
    for hidden in keys.iter().map(String::as_str).chain(answers).chain([PROMPT]) {
        assert!(!written.contains(hidden), "{hidden} is in the log: {written}");
    }
    for hidden in &keys {
        assert!(!refused.body.contains(hidden.as_str()), "{}", refused.body);
        assert!(!cut.body.contains(hidden.as_str()), "{}", cut.body);
    }
}

#[tokio::test]
async fn an_answer_does_not_end_before_it_is_settled() {
    for streamed in [true, false] {
        let gate = Gate::closed();
        let mut dynamodb = table::holding(super::mocks(), gate.clone()).await;
        let endpoint = format!("http://{}", dynamodb.address);
        let api = RuntimeApi::start().await;
        let mut gateway = Gateway::function(&api, &json!({}), &table::environment(&endpoint));
        let id = api.invoke(&chat("demo", streamed));
        // The client has all of it, and the settlement is on its way.
        api.has(&id, if streamed { "[DONE]" } else { "You said" }).await;
        let is_settlement = |request: &crate::support::upstream::Received| {
            let asked = request.json();
            asked["Key"]["sk"]["S"] == "key" && asked.get("ReturnValues").is_none()
        };
        dynamodb.asked("the settlement", is_settlement).await;
        assert_eq!(api.happenings(), [Happening::Taken(id.clone())]);
        gate.open();
        assert_eq!(api.ended(&id).await.status, 200);
        let record = parsed(gateway.out.by_now().last().unwrap());
        assert_eq!((&record["settled"], &record["config_version"]), (&"exact".into(), &7.into()));
    }
}

#[tokio::test]
async fn an_answer_does_not_end_before_its_copy() {
    for streamed in [true, false] {
        let gate = Gate::closed();
        let first = Upstream::scripted([sound(streamed)]).await;
        let copied = [vec![Act::Await(gate.clone())], sound(streamed)].concat();
        let second = Upstream::scripted([copied]).await;
        let mut document = duo(&first.base_url(), &second.base_url(), &json!({}));
        document["routes"][0]["mirror"] =
            json!({ "provider": "second", "model": "due", "percent": 100, "wait_ms": 20_000 });
        let api = RuntimeApi::start().await;
        let mut gateway = Gateway::function(&api, &document, &CREDENTIALS);
        let id = api.invoke(&chat("duo", streamed));
        // The client has all of it, and the copy is on its way.
        api.has(&id, if streamed { "[DONE]" } else { "hi" }).await;
        assert_eq!(api.happenings(), [Happening::Taken(id.clone())]);
        gate.open();
        assert_eq!(api.ended(&id).await.status, 200);
        let record = parsed(gateway.out.by_now().last().unwrap());
        assert_eq!(record["mirror"]["settled"], "exact", "{record}");
    }
}
