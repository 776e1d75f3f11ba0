//! The local server between a client and two providers that do what a script says.

mod after_commit;
mod ahead;
mod client_gone;
mod connections;
mod course;
mod explain;
mod fallback;
mod forwarding;
mod injected;
mod mirror;
mod quota;
mod refusals;
mod stopping;
mod streams;

use serde_json::{Value, json};

use crate::support::answers::{ANSWER, DONE, HI, ROLE, STOP, USAGE, sound};
use crate::support::client::{Answer, Request};
use crate::support::gateway::Gateway;
use crate::support::upstream::{Script, Upstream};
use crate::support::{CREDENTIALS, duo, secret};

/// A chat request for the route of both providers.
const PLAIN: &str = r#"{"model":"duo","messages":[{"role":"user","content":"ping"}]}"#;
const STREAMED: &str =
    r#"{"model":"duo","messages":[{"role":"user","content":"ping"}],"stream":true}"#;

fn chat(body: &str) -> Request {
    Request::post("/v1/chat/completions", body).key(&secret(1))
}

fn body(streamed: bool) -> &'static str {
    if streamed { STREAMED } else { PLAIN }
}

/// A gateway between two providers.
struct Duo {
    first: Upstream,
    second: Upstream,
    gateway: Gateway,
}

impl Duo {
    /// Providers that answer one request each, for a key without limits.
    async fn of(first: Script, second: Script) -> Self {
        Self::with(Upstream::scripted([first]).await, Upstream::scripted([second]).await, |_| {})
            .await
    }

    /// These providers, with a change of the document.
    async fn with(first: Upstream, second: Upstream, change: impl FnOnce(&mut Value)) -> Self {
        let mut document = duo(&first.base_url(), &second.base_url(), &json!({}));
        change(&mut document);
        let gateway = Gateway::local(&document, &CREDENTIALS).await;
        Self { first, second, gateway }
    }

    async fn ask(&self, body: &str) -> Answer {
        self.gateway.ask(&chat(body)).await
    }
}

/// The changes that tests make most.
fn timeouts(timeouts: Value) -> impl FnOnce(&mut Value) {
    move |document| document["routes"][0]["timeouts"] = timeouts
}

fn limits(limits: Value) -> impl FnOnce(&mut Value) {
    move |document| document["keys"][0]["limits"] = limits
}
