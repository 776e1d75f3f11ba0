//! The function under a Runtime API that behaves as Lambda's does.

mod answers;
mod concurrency;
mod deadlines;
mod events;
mod hung_up;
mod records;
mod store_faults;

use std::path::Path;

use serde_json::{Value, json};

use crate::support::gateway::Gateway;
use crate::support::runtime_api::RuntimeApi;
use crate::support::secret;

/// What a test says to the model: it must be in no log.
const PROMPT: &str = "a-secret-prompt";

/// An event of the repository's.
fn example(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("events").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A whole event of a Function URL: a POST with the tests' key.
pub(crate) fn event(path: &str, body: &str) -> Value {
    let mut event = example("chat.json");
    event["rawPath"] = path.into();
    event["requestContext"]["http"]["path"] = path.into();
    event["headers"]["authorization"] = format!("Bearer {}", secret(1)).into();
    event["body"] = body.into();
    event
}

/// An event that asks for this alias.
fn chat(alias: &str, streamed: bool) -> Value {
    let messages = json!([{ "role": "user", "content": PROMPT }]);
    let body = json!({ "model": alias, "messages": messages, "stream": streamed });
    event("/v1/chat/completions", &body.to_string())
}

/// A document with a mock for each of these aliases, and limits that no test reaches: `demo` answers
/// at once, `slow` takes 100 ms for each word, `late` a minute for the first, and `broken` fails.
fn mocks() -> Value {
    let mocks = json!({
        "demo": {},
        "slow": { "token_ms": 100, "reply": "word ".repeat(300) },
        "late": { "latency_ms": 60_000 },
        "broken": { "fail": "server" },
    });
    let mocks = mocks.as_object().unwrap();
    let provider =
        |(name, mock): (&String, &Value)| (name.clone(), json!({ "vendor": "mock", "mock": mock }));
    let route = |name: &String| json!({ "match": name, "targets": [{ "provider": name }] });
    let limits = json!({ "rpm": 1_000, "tokens_per_day": 1_000_000 });
    json!({
        "providers": mocks.iter().map(provider).collect::<serde_json::Map<_, _>>(),
        "routes": mocks.keys().map(route).collect::<Vec<_>>(),
        "keys": [{ "name": "tester", "secret": secret(1), "limits": limits }],
    })
}

/// A function on the mocks, with a Runtime API of its own.
async fn function(environment: &[(&str, &str)]) -> (RuntimeApi, Gateway) {
    let api = RuntimeApi::start().await;
    let gateway = Gateway::function(&api, &mocks(), environment);
    (api, gateway)
}
