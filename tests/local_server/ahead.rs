//! Ahead of the grant: a connection to the provider is opened while the store decides, and nothing is
//! sent to it before the grant, or without one.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{PLAIN, STREAMED, chat, sound};
use crate::support::client::{self, Answer};
use crate::support::gateway::Gateway;
use crate::support::upstream::{Act, Gate, Received, Script, Upstream};
use crate::support::{duo, soon, table};

/// A gateway whose store decides when the test says so.
struct Ahead {
    first: Upstream,
    second: Upstream,
    gateway: Gateway,
    gate: Gate,
    table: Upstream,
}

impl Ahead {
    async fn of(first: Upstream, decision: Script) -> Self {
        let second = Upstream::always(sound(false)).await;
        let document = duo(&first.base_url(), &second.base_url(), &json!({}));
        let gate = Gate::closed();
        let decision = [Act::Await(gate.clone())].into_iter().chain(decision).collect();
        let table = table::deciding(document.clone(), decision).await;
        let endpoint = format!("http://{}", table.address);
        let gateway = Gateway::local(&document, &table::environment(&endpoint)).await;
        Self { first, second, gateway, gate, table }
    }

    /// Asks, waits for the connection that comes ahead, and lets the store decide.
    async fn ask(&mut self, body: &str) -> Answer {
        let asking = self.begin(body);
        self.first.met().await;
        assert!(self.first.received().is_empty(), "nothing is sent before the grant");
        self.gate.open();
        answer(asking).await
    }

    fn begin(&self, body: &str) -> JoinSet<Answer> {
        let (address, request) = (self.gateway.address.unwrap(), chat(body));
        let mut asking = JoinSet::new();
        asking.spawn(async move { client::begin(address, &request).await.answer().await });
        asking
    }
}

async fn answer(mut asking: JoinSet<Answer>) -> Answer {
    soon("an answer", asking.join_next()).await.unwrap().unwrap()
}

fn is_admission(request: &Received) -> bool {
    request.json()["ReturnValues"] == "ALL_NEW"
}

/// Which connection brought each request, and what it has for a cap of the output.
fn brought(upstream: &Upstream) -> Vec<(usize, Value)> {
    let received = upstream.received();
    received
        .iter()
        .map(|request| (request.connection, request.json()["max_tokens"].take()))
        .collect()
}

async fn check(what: &str, body: &str, limits: &[&str], cap: Value) {
    let first = Upstream::always(sound(body == STREAMED)).await;
    let mut ahead = Ahead::of(first, table::granted(limits)).await;
    let answer = ahead.ask(body).await;
    assert_eq!((answer.status, answer.is_whole), (200, true), "{what}: {}", answer.body);
    assert_eq!(brought(&ahead.first), [(1, cap)], "{what}");
    assert_eq!(ahead.first.connections(), 1, "{what}");
    assert_eq!(ahead.second.connections(), 0, "{what}");
}

#[tokio::test]
async fn a_connection_that_was_opened_ahead_brings_the_request() {
    // The first key is taken for one whose limits bind what a request costs.
    check("such a key", PLAIN, &["tokens_per_day"], json!(4_096)).await;
    check("a stream of such a key", STREAMED, &["tokens_per_day"], json!(4_096)).await;
    check("a key without limits", PLAIN, &[], Value::Null).await;
    check("a key with a limit on requests", PLAIN, &["rpm"], Value::Null).await;
}

#[tokio::test]
async fn nothing_is_sent_without_a_grant() {
    for (error, status) in [
        ("ConditionalCheckFailedException", 401),
        ("ResourceNotFoundException", 503),
        ("ProvisionedThroughputExceededException", 429),
    ] {
        let first = Upstream::always(sound(false)).await;
        let mut ahead = Ahead::of(first, table::failed(error)).await;
        assert_eq!(ahead.ask(PLAIN).await.status, status, "{error}");
        ahead.first.left().await;
        assert!(ahead.first.received().is_empty(), "{error}");
    }
}

#[tokio::test]
async fn of_several_requests_one_opens_a_connection_ahead() {
    let first = Upstream::always(sound(false)).await;
    let mut ahead = Ahead::of(first, table::granted(&[])).await;
    let asking = [0; 5].map(|_| ahead.begin(PLAIN));
    ahead.table.asked_often(5, "admissions", is_admission).await;
    ahead.first.met().await;
    assert_eq!((ahead.first.connections(), ahead.first.received().len()), (1, 0));
    ahead.gate.open();
    for asking in asking {
        assert_eq!(answer(asking).await.status, 200);
    }
    assert_eq!(ahead.first.received().len(), 5);
}

#[tokio::test]
async fn where_nobody_takes_the_connection_the_next_target_answers() {
    for (first, class) in
        [(Upstream::refusing().await, "network"), (Upstream::hanging().await, "timeout_connect")]
    {
        let mut ahead = Ahead::of(first, table::granted(&[])).await;
        let asking = ahead.begin(PLAIN);
        ahead.table.asked("an admission", is_admission).await;
        ahead.gate.open();
        assert_eq!(answer(asking).await.status, 200, "{class}");
        let record = ahead.gateway.record().await;
        let attempts = record["attempts"].as_array().unwrap();
        let attempts: Vec<_> = attempts.iter().map(|a| (&a["target"], &a["class"])).collect();
        let (failed, answered) = (json!("first/uno"), json!("second/due"));
        assert_eq!(attempts, [(&failed, &json!(class)), (&answered, &Value::Null)]);
        assert_eq!(ahead.second.received().len(), 1, "{class}");
    }
}
