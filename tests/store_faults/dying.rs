//! A store that fails again and again: nobody gets more than the limit out of it.

use std::sync::Arc;

use tollgate::store::{MemoryStore, Store};

use super::bench::{self, Bench, NOON, presented};
use super::body;
use super::faulty::Fault::{Corrupt, Credentials, LostAfter, LostBefore, NoTable, Throttled};
use super::faulty::{Call, Faults, Faulty};
use crate::support::answers::sound;
use crate::support::itself;
use crate::support::upstream::Upstream;

const REQUESTS: usize = 60;
/// Of the limit, a request holds about a tenth.
const TOKENS: u64 = 2_000;
const SEEDS: u64 = 12;

#[tokio::test]
async fn a_store_that_dies_opens_no_limit() {
    if !itself::is_played() {
        let played = itself::play("store_faults::dying::a_store_that_dies_opens_no_limit");
        assert_eq!(played.len(), usize::try_from(SEEDS).unwrap());
        let mistakes = played.iter().flat_map(|(seed, logged)| {
            logged.mistakes.iter().map(move |mistake| format!("{seed}: {mistake}"))
        });
        let mistakes: Vec<_> = mistakes.collect();
        assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
        return;
    }
    for seed in 1..=SEEDS {
        itself::begin_case(&format!("seed {seed}"));
        play(seed).await.iter().for_each(|mistake| itself::note_mistake(mistake));
    }
}

/// Sends one request after another while every third call of the store, or so, fails.
async fn play(seed: u64) -> Vec<String> {
    let streamed = seed.is_multiple_of(2);
    let first = Upstream::always(sound(streamed)).await;
    let mut document = bench::document(&first, &first);
    document["routes"][0]["fallback"] = serde_json::json!([]);
    document["keys"][0]["limits"] = serde_json::json!({ "tokens_per_day": TOKENS });
    let (stored, config) = bench::read(&document);
    let memory = Arc::new(MemoryStore::new(stored, config.keys.iter().map(MemoryStore::item_of)));
    let faulty = Arc::new(Faulty::new(memory.clone(), faults(seed)));
    let bench = Bench::new(faulty.clone());
    bench.start().await;
    let mut mistakes = Vec::new();
    let mut answers = 0;
    for _ in 0..REQUESTS {
        let body = body(streamed).replace("\"duo\"", "\"duo\",\"max_tokens\":50");
        let got = bench.ask("-", "/v1/chat/completions", Some(body)).await;
        answers += usize::from(got.status == 200);
        if !matches!(got.status, 200 | 429 | 503) || !got.has_ended {
            mistakes.push(format!("{got:?}"));
        }
    }
    let asked = first.received().len();
    if asked != answers {
        mistakes.push(format!("{asked} calls of the provider and {answers} answers"));
    }
    let used = u64::try_from(asked).unwrap() * 7;
    let standing = memory.inspect(&presented(), NOON).await.unwrap();
    let line = &standing.lines[0];
    let left = u64::try_from(line.left).unwrap_or(0);
    if used > TOKENS - left || line.spent > used || line.left < 0 {
        mistakes.push(format!("{used} tokens were used: {line:?}"));
    }
    mistakes
}

/// Which calls fail, and how: the same for the same seed.
fn faults(seed: u64) -> Faults {
    let kinds = [Throttled, LostBefore, LostAfter, NoTable, Credentials, Corrupt];
    let mut state = seed;
    let mut draw = |below: usize| {
        // Knuth's MMIX generator: its high bits are good enough.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut faults = Vec::new();
    for nth in 1..=REQUESTS {
        for call in [Call::Admit, Call::Settle, Call::Count] {
            if draw(3) == 0 {
                faults.push((call, nth..=nth, kinds[draw(kinds.len())]));
            }
        }
    }
    faults
}
