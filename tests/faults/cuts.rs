//! A provider whose connection ends at every byte of an answer: nothing is lost, doubled or left
//! held.

use std::collections::HashMap;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::play::used;
use crate::support::answers::{DONE, HI, ROLE, STOP, sound};
use crate::support::client::{Answer, Request};
use crate::support::gateway::Gateway;
use crate::support::upstream::{Act, Script, Upstream, event};
use crate::support::{CREDENTIALS, secret};

/// What a sound answer costs, in nano-USD: seven tokens at a dollar a million.
const COST: u64 = 7_000;
/// How many requests one gateway gets, which compares each of its routes with all others; and how
/// many at once.
const OF_GATEWAY: usize = 100;
const AT_ONCE: usize = 16;

/// The bytes of a sound answer.
fn bytes(is_streamed: bool) -> Vec<u8> {
    let sent = sound(is_streamed).into_iter().flat_map(|act| match act {
        Act::Send(bytes) => bytes,
        other => panic!("{other:?} is no bytes"),
    });
    sent.collect()
}

/// What the second target says: nobody takes it for the first one's.
fn otherwise(is_streamed: bool) -> Script {
    let said = |act| match act {
        Act::Send(bytes) => {
            let text = String::from_utf8(bytes).unwrap();
            Act::Send(text.replace("\"hi\"", "\"ho\"").into())
        }
        other => other,
    };
    sound(is_streamed).into_iter().map(said).collect()
}

/// Ends the connection behind so many bytes, in an order or with a reset.
fn cut(bytes: &[u8], at: usize) -> Script {
    let end = if at.is_multiple_of(2) { Act::Close } else { Act::Reset };
    vec![Act::Send(bytes[..at].to_vec()), end]
}

#[tokio::test]
async fn an_answer_may_be_cut_at_any_byte() {
    for is_streamed in [false, true] {
        let bytes = bytes(is_streamed);
        let places: Vec<usize> = (0..=bytes.len()).collect();
        for places in places.chunks(OF_GATEWAY) {
            check(is_streamed, &bytes, places).await;
        }
    }
}

async fn check(is_streamed: bool, bytes: &[u8], places: &[usize]) {
    let aliases: Vec<String> = places.iter().map(|at| format!("cut-{at}")).collect();
    let bytes = bytes.to_vec();
    let first = Upstream::answering(move |_, request| {
        let model = request.json()["model"].as_str().unwrap().to_owned();
        cut(&bytes, model[4..].parse().unwrap())
    })
    .await;
    let second = Upstream::always(otherwise(is_streamed)).await;
    let document = document(&aliases, &first, &second);
    let mut gateway = Gateway::local(&document, &CREDENTIALS).await;
    let asking = aliases.iter().map(|alias| gateway.ask_for(alias, is_streamed));
    let answers: Vec<Answer> = stream::iter(asking).buffered(AT_ONCE).collect().await;
    let key = gateway.key(&secret(1)).await;

    let mut records: HashMap<String, Value> = HashMap::new();
    for line in gateway.out.by_now() {
        let record: Value = serde_json::from_str(line).unwrap();
        if let Some(alias) = record["alias"].as_str() {
            let before = records.insert(alias.to_owned(), record.clone());
            assert_eq!(before, None, "{alias} has two records");
        }
    }
    let (mut charged, mut of_second) = (0, 0);
    for (alias, answer) in aliases.iter().zip(&answers) {
        let record = &records[alias];
        let is_first = told(answer, record, is_streamed);
        of_second += usize::from(!is_first);
        charged += charge(record);
    }
    assert_eq!(first.received().len(), aliases.len(), "each was asked for once");
    assert_eq!(second.received().len(), of_second, "somebody was asked in vain");
    assert_eq!(used(&key), [("in_flight", 0, 0), ("usd_total", charged, 0)]);
}

/// Checks that the client has one answer, or the beginning of one and an error. Says whether it is
/// the first target's.
fn told(answer: &Answer, record: &Value, is_streamed: bool) -> bool {
    let about = format!("{record}: {}", answer.body);
    assert_eq!((answer.status, answer.is_whole), (200, true), "{about}");
    let attempts = record["attempts"].as_array().unwrap();
    let is_first = attempts.len() == 1;
    let said =
        |hi: &str, ho: &str| (answer.body.matches(hi).count(), answer.body.matches(ho).count());
    let expected = if is_first { (1, 0) } else { (0, 1) };
    assert_eq!(said(":\"hi\"", ":\"ho\""), expected, "{about}");
    if record["outcome"] == "ok" {
        assert_eq!(attempts.last().unwrap()["class"], Value::Null, "{about}");
        if is_streamed {
            let whole = [ROLE, HI, STOP, DONE].map(event).concat();
            let whole = if is_first { whole } else { whole.replace("\"hi\"", "\"ho\"") };
            assert_eq!(answer.body, whole, "{about}");
        } else {
            answer.json();
        }
    } else {
        assert_eq!((&record["outcome"], is_first, is_streamed), (&"cut".into(), true, true));
        let events = answer.events();
        assert!(events.last().unwrap().contains(r#""code":"upstream_failed""#), "{about}");
        assert!(!events.contains(&DONE.to_owned()), "{about}");
    }
    is_first
}

/// What must be charged: a hold for whatever broke off, and the usage of what came whole.
fn charge(record: &Value) -> u64 {
    let attempts = record["attempts"].as_array().unwrap();
    let holds = u64::try_from(attempts.len()).unwrap();
    let hold = record["held"]["nano_usd"].as_u64().unwrap() / holds;
    let broken = attempts.iter().filter(|attempt| !attempt["class"].is_null()).count();
    let is_whole = record["outcome"] == "ok";
    let settled = if broken > 0 { "kept" } else { "exact" };
    assert_eq!(record["settled"], settled, "{record}");
    u64::try_from(broken).unwrap() * hold + u64::from(is_whole) * COST
}

impl Gateway {
    async fn ask_for(&self, alias: &str, is_streamed: bool) -> Answer {
        let body = json!({
            "model": alias,
            "messages": [{ "role": "user", "content": "ping" }],
            "max_tokens": 100,
            "stream": is_streamed,
        });
        let request = Request::post("/v1/chat/completions", body.to_string());
        self.ask(&request.key(&secret(1))).await
    }
}

/// A route for each, so that no target's health is another's.
fn document(aliases: &[String], first: &Upstream, second: &Upstream) -> Value {
    let mut document = crate::support::duo(
        &first.base_url(),
        &second.base_url(),
        &json!({ "in_flight": 1_000, "usd_total": 1_000 }),
    );
    let route = |alias: &String| {
        let price = json!({ "input": 1, "output": 1 });
        let target = |provider| json!({ "provider": provider, "model": alias, "price": price });
        json!({ "match": alias, "targets": [target("first")], "fallback": [target("second")] })
    };
    document["routes"] = aliases.iter().map(route).collect();
    document
}
