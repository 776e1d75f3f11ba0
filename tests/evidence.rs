//! Evidence: what a provider does, and what is refunded for it. Only exact usage of a complete
//! answer refunds the rest of a hold, and only what never reached a provider, or was refused by a
//! complete error, refunds all of it.

mod journeys;
mod panics;
mod row;
mod streams;
mod wholes;

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use tollgate::keys::{RANDOM_BYTES, mint};

use crate::support::CREDENTIALS;
use crate::support::client::Request;
use crate::support::gateway::Gateway;
use crate::support::upstream::{Received, Script, Upstream};
use row::{Charge, Leaves, Row};

const MONEY: u64 = 1_000_000_000;

#[tokio::test]
async fn nothing_but_evidence_refunds() {
    let mut rows = wholes::with_usage();
    rows.extend(wholes::without_an_answer());
    rows.extend(wholes::prices());
    rows.extend(wholes::violations());
    rows.extend(wholes::other_endpoints());
    rows.extend(streams::complete());
    rows.extend(streams::cut());
    rows.extend(journeys::fallbacks());
    rows.extend(journeys::clients_that_leave());
    check(&rows).await;
}

#[tokio::test]
async fn a_usage_of_nothing_is_no_evidence() {
    let mut rows = wholes::of_nothing();
    rows.extend(streams::of_nothing());
    check(&rows).await;
}

#[tokio::test]
async fn an_error_that_breaks_off_is_no_evidence() {
    check(&wholes::broken_errors()).await;
}

async fn check(rows: &[Row]) {
    // Once more, from the beginning, when a day has ended meanwhile.
    let wrong = loop {
        if let Some(wrong) = all_mistakes(rows).await {
            break wrong;
        }
    };
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with any row; nothing when a window has ended meanwhile.
async fn all_mistakes(rows: &[Row]) -> Option<Vec<String>> {
    let mut stage = Stage::set(rows).await;
    let first_window = stage.window(rows, 0).await;
    let mut wrong = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let mistakes = stage.play(row, &key_of(number)).await;
        let about = |mistake| format!("{}: {mistake} ({})", row.name, row.why);
        wrong.extend(mistakes.into_iter().map(about));
    }
    (stage.window(rows, rows.len() - 1).await == first_window).then_some(wrong)
}

/// The key of a row: none like another's, whatever part of it.
fn key_of(number: usize) -> String {
    let mut random = [0; RANDOM_BYTES];
    for (place, byte) in random.iter_mut().enumerate() {
        // Bytes become letters and digits: so many are told apart.
        *byte = u8::try_from(if place == 0 { number / 60 } else { number % 60 }).unwrap();
    }
    mint(&random).expect("enough random bytes").1.reveal().to_owned()
}

/// The gateway, and the providers of every row: a row's scripts are found by its name, which is
/// its model.
struct Stage {
    gateway: Gateway,
    providers: [Upstream; 2],
    _nobody: Upstream,
}

impl Stage {
    async fn set(rows: &[Row]) -> Self {
        let providers = [provider(rows, 0).await, provider(rows, 1).await];
        let nobody = Upstream::refusing().await;
        let document = document(rows, &providers, &nobody);
        let gateway = Gateway::local(&document, &CREDENTIALS).await;
        Self { gateway, providers, _nobody: nobody }
    }

    async fn window(&self, rows: &[Row], number: usize) -> Value {
        assert!(number < rows.len());
        let key = self.gateway.key(&key_of(number)).await;
        named(&key)["tokens_per_day"]["resets_at_ms"].clone()
    }

    /// Plays a row and says what is wrong with what came of it.
    async fn play(&mut self, row: &Row, key: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let (path, body) = row.request();
        let request = Request::post(path, body).key(key);
        match &row.leaves {
            Leaves::Never => {
                let answer = self.gateway.ask(&request).await;
                if (answer.status, answer.is_whole) != (row.status, true) {
                    wrong.push(format!("answered {answer:?}"));
                }
            }
            Leaves::BeforeTheAnswer(gate) => {
                let is_this = |received: &Received| received.json()["model"] == row.name;
                tokio::select! {
                    _ = self.gateway.begin(&request) => panic!("an answer before there is one"),
                    () = self.providers[0].asked("the request", is_this) => {}
                }
                gate.open();
            }
            Leaves::After(text) => self.gateway.begin(&request).await.until(text).await,
        }
        let record = loop {
            let record = self.gateway.record().await;
            if record["alias"] == row.name {
                break record;
            }
        };
        if record["settled"] != row.settled() {
            wrong.push(format!("settled {}, not {}", record["settled"], row.settled()));
        }
        let key = self.gateway.key(key).await;
        wrong.extend(misbooked(row, &record, &named(&key)));
        wrong.extend(self.misreported(row, &record));
        wrong
    }

    /// Whether a provider that reports more than the bound is noticed, and no other.
    fn misreported(&mut self, row: &Row, record: &Value) -> Vec<String> {
        let violates = row.name.starts_with("violates");
        let mut wrong = Vec::new();
        if record["bound_violation"] != violates {
            wrong.push(format!("bound_violation {}", record["bound_violation"]));
        }
        let target = format!("first/{}", row.name);
        let log = self.gateway.err.by_now();
        let is_logged = log.iter().any(|line| line.contains("ERROR") && line.contains(&target));
        if is_logged != violates {
            wrong.push(format!("the log names its target as an error: {is_logged}"));
        }
        wrong
    }
}

/// A provider that plays the scripts of all rows at one of their places.
async fn provider(rows: &[Row], place: usize) -> Upstream {
    let script = |row: &Row| {
        let script = row.targets.get(place).cloned().flatten();
        (row.name, script.unwrap_or_default())
    };
    let scripts: HashMap<&str, Script> = rows.iter().map(script).collect();
    Upstream::answering(move |_, request| {
        scripts[request.json()["model"].as_str().unwrap()].clone()
    })
    .await
}

fn document(rows: &[Row], providers: &[Upstream; 2], nobody: &Upstream) -> Value {
    let provider = |upstream: &Upstream| {
        json!({
            "vendor": "openai-compatible",
            "base_url": upstream.base_url(),
            "private_network": true,
            "api_key": "env:FIRST_API_KEY",
        })
    };
    let route = |row: &Row| {
        let targets = row.targets.iter().zip(["first", "second"]).map(|(script, name)| {
            let provider = if script.is_some() { name } else { "nobody" };
            json!({ "provider": provider, "model": row.name, "price": row.price })
        });
        let mut targets: Vec<Value> = targets.collect();
        let fallback = targets.split_off(1);
        json!({
            "match": row.name,
            "targets": targets,
            "fallback": fallback,
            "timeouts": row.timeouts,
        })
    };
    let key = |(number, row): (usize, &Row)| {
        json!({
            "name": row.name,
            "secret": key_of(number),
            "limits": {
                "in_flight": 3,
                "requests_per_day": 10,
                "tokens_per_day": row.limit,
                "input_tokens_per_day": row.limit,
                "output_tokens_per_day": row.limit,
                "usd_per_day": 1,
                "tokens_per_month": { "limit": row.limit, "mode": "estimate" },
                "usd_per_month": { "limit": 1, "mode": "shadow" },
            },
        })
    };
    let [first, second] = providers.each_ref().map(provider);
    json!({
        "providers": { "first": first, "second": second, "nobody": provider(nobody) },
        "routes": rows.iter().map(route).collect::<Vec<_>>(),
        "keys": rows.iter().enumerate().map(key).collect::<Vec<_>>(),
    })
}

/// The limits of a key by their names.
fn named(key: &Value) -> Map<String, Value> {
    let limits = key["limits"].as_array().unwrap().iter();
    limits.map(|limit| (limit["name"].as_str().unwrap().to_owned(), limit.clone())).collect()
}

/// What is wrong with a key's limits after its one request.
fn misbooked(row: &Row, record: &Value, limits: &Map<String, Value>) -> Vec<String> {
    let holds = u64::try_from(row.charges.len()).unwrap();
    let held = |unit: &str| record["held"][unit].as_u64().unwrap() / holds;
    let (tokens, nano_usd, output) = (held("tokens"), held("nano_usd"), row.output_bound());
    let input = tokens - output;
    let sum = |part: fn((u64, u64, u64)) -> u64, hold: u64| {
        row.charges.iter().fold(0, |sum, charge| match *charge {
            Charge::Exact(input, output, nano_usd) => sum + part((input, output, nano_usd)),
            Charge::Kept => sum + hold,
            Charge::Unbilled => sum,
        })
    };
    // Likely is less than at most; what a provider says is the same for both.
    let kept = u64::try_from(row.charges.iter().filter(|charge| **charge == Charge::Kept).count());
    let estimate = limits["tokens_per_month"]["used"].as_u64().unwrap();
    let exact = sum(|(input, output, _)| input + output, 0);
    let most = exact + kept.unwrap() * tokens;
    let is_estimate =
        if exact == most { estimate == exact } else { (exact..most).contains(&estimate) };
    let mut wrong = Vec::new();
    if !is_estimate {
        wrong.push(format!("{estimate} estimated tokens of {exact} to {most}"));
    }
    for (name, of, used) in [
        ("in_flight", 3, 0),
        ("requests_per_day", 10, 1),
        ("tokens_per_day", row.limit, sum(|(input, output, _)| input + output, tokens)),
        ("input_tokens_per_day", row.limit, sum(|(input, ..)| input, input)),
        ("output_tokens_per_day", row.limit, sum(|(_, output, _)| output, output)),
        ("tokens_per_month", row.limit, estimate),
        ("usd_per_day", MONEY, sum(|(.., nano_usd)| nano_usd, nano_usd)),
        ("usd_per_month", MONEY, sum(|(.., nano_usd)| nano_usd, nano_usd)),
    ] {
        let expected = (used, 0, of.saturating_sub(used));
        let figure = |field: &str| limits[name][field].as_u64().unwrap();
        let found = (figure("used"), figure("held"), figure("left"));
        if found != expected {
            wrong.push(format!("{name} (used, held, left): {found:?}, not {expected:?}"));
        }
    }
    wrong
}
