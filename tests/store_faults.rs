//! The store fails, call by call, under the real gateway: throttled, lost with the write applied,
//! lost with it not applied, slow, without its table, with nonsense in it. Whatever happens, the
//! client gets an explicit end, a key never has more than its limits, and the log says what to do.

mod bench;
mod cases;
mod dying;
mod faulty;
mod over_tcp;
mod proxy;
mod table;

use std::sync::Arc;

use serde_json::Value;
use tollgate::store::MemoryStore;

use bench::{Bench, CONFIG_TTL_MS, Got};
use cases::{Ask, Case, Expected, Play, Read};
use faulty::{Call, Faulty};

use crate::support::answers::{ANSWER, DONE, HI, ROLE, sound};
use crate::support::itself::{self, Logged};
use crate::support::upstream::{Act, Script, Upstream, chunk, event, json, response, stream_head};

const PLAIN: &str = r#"{"model":"duo","messages":[{"role":"user","content":"ping"}]}"#;

fn body(streamed: bool) -> String {
    if streamed { PLAIN.replace("]}", "],\"stream\":true}") } else { PLAIN.to_owned() }
}

/// What the providers say.
fn scripts(play: Play, streamed: bool) -> [Script; 2] {
    let broken = if streamed {
        vec![stream_head(), chunk(event(ROLE)), Act::Close]
    } else {
        let whole = response(200, "application/json", ANSWER);
        vec![Act::Send(whole[..whole.len() - 10].to_vec()), Act::Close]
    };
    match play {
        Play::Answers | Play::Hurries => [sound(streamed), vec![]],
        Play::Breaks => [broken, sound(streamed)],
        Play::Fails => [json(500, "{}"), json(500, "{}")],
    }
}

/// Every fault of [`cases`], on a store in memory.
#[tokio::test]
async fn every_fault_of_the_store_has_its_outcome() {
    check("store_faults::every_fault_of_the_store_has_its_outcome", &cases::all()).await;
}

#[tokio::test]
async fn a_defect_of_the_store_does_not_cost_the_client_its_answer() {
    let test = "store_faults::a_defect_of_the_store_does_not_cost_the_client_its_answer";
    check(test, &cases::defects()).await;
}

#[tokio::test]
async fn an_admission_that_takes_all_the_time_costs_nothing_but_the_request() {
    let test = "store_faults::an_admission_that_takes_all_the_time_costs_nothing_but_the_request";
    check(test, &cases::late()).await;
}

/// Plays cases in a process of its own, and looks at what came of them and at what was logged.
async fn check(test: &str, cases: &[Case]) {
    if itself::is_played() {
        itself::log();
        for case in cases {
            itself::begin_case(&case.name);
            play(case).await.iter().for_each(|mistake| itself::note_mistake(mistake));
        }
        return;
    }
    let played = itself::play(test);
    let names: Vec<_> = played.iter().map(|(name, _)| name).collect();
    assert_eq!(names, cases.iter().map(|case| &case.name).collect::<Vec<_>>());
    let mut wrong = Vec::new();
    for (case, (name, logged)) in cases.iter().zip(&played) {
        let mistakes = logged.mistakes.iter().cloned().chain(misreported(&case.expected, logged));
        wrong.extend(mistakes.map(|mistake| format!("{name}: {mistake}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Plays a case and says what is wrong with what came of it.
async fn play(case: &Case) -> Vec<String> {
    let streamed = case.ask == Ask::Streamed;
    let [first, second] = scripts(case.play, streamed);
    let (first, second) = (Upstream::scripted([first]).await, Upstream::scripted([second]).await);
    let mut document = bench::document(&first, &second);
    if case.play == Play::Hurries {
        document["routes"][0]["timeouts"] = serde_json::json!({ "total_ms": 100 });
    }
    let (document, config) = bench::read(&document);
    let items = config.keys.iter().map(MemoryStore::item_of);
    let memory = Arc::new(MemoryStore::new(document, items));
    let faulty = Arc::new(Faulty::new(memory.clone(), case.faults.clone()));
    let bench = Bench::new(faulty.clone());
    bench.start().await;
    if case.read == Read::LongAgo {
        bench.pass(CONFIG_TTL_MS + 1);
    }
    let got = match case.ask {
        Ask::List(path) => bench.ask(&case.name, path, None).await,
        _ => bench.ask(&case.name, "/v1/chat/completions", Some(body(streamed))).await,
    };
    let asked = [first.received().len(), second.received().len()];
    let mut wrong = misanswered(&got, case.ask, &case.expected, asked);
    wrong.extend(case.expected.books.mistakes(&*memory, faulty.hold()).await);
    wrong.extend(settled_again(&faulty));
    wrong
}

/// What is wrong with what the client got.
fn misanswered(got: &Got, ask: Ask, expected: &Expected, asked: [usize; 2]) -> Vec<String> {
    let Expected { status, code, asked: called, .. } = *expected;
    let mut wrong = Vec::new();
    let mut expect = |what: &str, found: String, expected: String| {
        if found != expected {
            wrong.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    expect("the status", got.status.to_string(), status.to_string());
    expect("the code", got.code(), code.to_owned());
    expect("the calls of providers", format!("{asked:?}"), format!("{called:?}"));
    expect("an end", got.has_ended.to_string(), "true".to_owned());
    // The store will do better in a moment; that a provider failed says nothing of when.
    let waits = code.starts_with("store_") || code == "config_unavailable";
    let wait = got.headers.get("retry-after").map(|wait| wait.to_str().unwrap().to_owned());
    expect("retry-after", format!("{wait:?}"), format!("{:?}", waits.then_some("1")));
    if code.is_empty() && ask == Ask::Streamed {
        let whole = [ROLE, HI, STOP_AND_DONE[0], STOP_AND_DONE[1]].map(event).concat();
        expect("the stream", got.body.clone(), whole);
    }
    if code.is_empty() && ask == Ask::Plain {
        expect("the answer", got.body.clone(), ANSWER.to_owned());
    }
    wrong
}

/// The end of a sound stream, for a client that did not ask for usage.
const STOP_AND_DONE: [&str; 2] = [crate::support::answers::STOP, DONE];

/// Every hold is settled once, whatever becomes of that.
fn settled_again(store: &Faulty) -> Option<String> {
    let (granted, settled) = (store.granted(), store.called(Call::Settle));
    (granted != settled).then(|| format!("{granted} holds and {settled} settlements"))
}

/// What is wrong with what was logged.
fn misreported(expected: &Expected, logged: &Logged) -> Vec<String> {
    let Expected { status, code, settled, logs, .. } = *expected;
    let mut wrong = Vec::new();
    match logged.records.as_slice() {
        [record] => {
            let found = (&record["status"], &record["code"], &record["settled"]);
            let code = if code.is_empty() { Value::Null } else { code.into() };
            let (status, settled) = (Value::from(status), Value::from(settled));
            let expected = (&status, &code, &settled);
            if found != expected {
                wrong.push(format!("the record: expected {expected:?}, found {found:?}"));
            }
        }
        records => wrong.push(format!("{} records", records.len())),
    }
    let words: String = logged.warnings.iter().map(ToString::to_string).collect();
    let missing = logs.iter().filter(|word| !words.contains(**word));
    wrong.extend(missing.map(|word| format!("no {word:?} is logged: {words}")));
    if logs.is_empty() && !words.is_empty() && status != 500 {
        wrong.push(format!("nothing should be logged: {words}"));
    }
    wrong
}
