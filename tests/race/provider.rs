//! The provider: it bills whatever it began to answer, and keeps books of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use tollgate::clock::Clock;

use super::accounts::{Amounts, Held};
use super::dice::Dice;
use super::orders::{Asked, FORBIDDEN, MODEL, PRICE, Usage};
use crate::support::upstream::{
    Act, Received, Script, Upstream, chunk, event, json as whole, last_chunk, stream_head,
};

const HI: &str = r#"{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}"#;
const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const BROKEN: &str = r#"{"error":{"code":"server_error","message":"broke down"}}"#;

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Complete,
    /// The request is rejected: nothing is billed.
    Rejects,
    /// An error that another target may answer: nothing is billed.
    Fails,
    /// Complete, and nobody says what it cost.
    HidesUsage,
    /// No byte of an answer.
    Resets,
    /// An answer that ends before its content.
    CutEarly,
    /// An answer that ends within its content.
    CutLate,
    /// An error inside of an answer.
    BreaksDown,
}

impl Manner {
    fn draw(dice: &mut Dice, has_faults: bool) -> Self {
        match dice.between(0, 99) {
            0..3 => Self::Rejects,
            3..6 if has_faults => Self::Fails,
            6..9 if has_faults => Self::HidesUsage,
            9..12 if has_faults => Self::Resets,
            12..15 if has_faults => Self::CutEarly,
            15..20 if has_faults => Self::CutLate,
            20..23 if has_faults => Self::BreaksDown,
            _ => Self::Complete,
        }
    }

    fn is_billed(self) -> bool {
        !matches!(self, Self::Rejects | Self::Fails)
    }
}

/// What one request has cost at the provider.
#[derive(Clone, Debug)]
struct Entry {
    /// When it was asked first, in milliseconds since 1970.
    asked_ms: u64,
    /// Each attempt with what it cost.
    attempts: Vec<(Manner, Amounts)>,
}

impl Entry {
    /// However often it is tried, it is one request.
    fn cost(&self) -> Amounts {
        let mut cost = Amounts([1, 0, 0]);
        self.attempts.iter().for_each(|(_, attempt)| cost += *attempt);
        cost
    }

    /// See [`Books::held`].
    fn held(&self, holds: Amounts, has_ended: bool) -> Held {
        let mut held = Held::default();
        let count = self.attempts.len();
        for (place, (manner, cost)) in (1..).zip(&self.attempts) {
            let is_last = place == count;
            let kept = holds.attempt().without(*cost);
            // The usage settles the hold of the attempt that was answered with.
            let is_settled = is_last && *manner == Manner::Complete;
            if manner.is_billed() && (!is_last || has_ended) && !is_settled {
                held += Held { least: kept, most: kept };
            } else if manner.is_billed() && !has_ended {
                held.most += kept;
            }
            // A hold that was not billed serves for the next attempt as well. After one that was,
            // the next attempt may have taken a hold of its own.
            let goes_on = !manner.is_billed() || (*manner != Manner::Complete && count == 1);
            if is_last && !has_ended && goes_on {
                held.most += holds.attempt();
            }
        }
        held
    }
}

/// What was served, by the numbers of the requests.
#[derive(Debug, Default)]
pub(super) struct Books {
    entries: HashMap<u64, Entry>,
}

impl Books {
    /// All that was served.
    pub(super) fn total(&self) -> Amounts {
        let mut total = Amounts::default();
        self.entries.values().for_each(|entry| total += entry.cost());
        total
    }

    /// What is held of a request for ever, beyond what it has cost, when one attempt holds so much.
    /// `has_ended` says whether the client saw the end of the answer, which comes after the
    /// settlement.
    pub(super) fn held(&self, number: u64, holds: Amounts, has_ended: bool) -> Held {
        let never_asked = Held { least: Amounts::default(), most: holds };
        self.entries.get(&number).map_or(never_asked, |entry| entry.held(holds, has_ended))
    }

    /// How many requests were asked at such times.
    pub(super) fn asked(&self, when: impl Fn(u64) -> bool) -> u64 {
        let asked = self.entries.values().filter(|entry| when(entry.asked_ms));
        u64::try_from(asked.count()).unwrap()
    }

    /// How many requests were rejected.
    pub(super) fn rejected(&self) -> u64 {
        let is_rejected = |entry: &&Entry| entry.attempts[0].0 == Manner::Rejects;
        u64::try_from(self.entries.values().filter(is_rejected).count()).unwrap()
    }

    fn enter(&mut self, number: u64, cost: Amounts, manner: Manner) {
        let asked_ms = Clock::System.now_ms();
        let new = Entry { asked_ms, attempts: vec![] };
        let cost = if manner.is_billed() { cost } else { Amounts::default() };
        self.entries.entry(number).or_insert(new).attempts.push((manner, cost));
    }
}

/// A provider on a port of its own.
#[derive(Debug)]
pub(super) struct Provider {
    upstream: Upstream,
    books: Arc<Mutex<Books>>,
}

impl Provider {
    pub(super) async fn start(seed: u64, has_faults: bool) -> Self {
        let books = Arc::new(Mutex::new(Books::default()));
        let kept = Arc::clone(&books);
        let answering = move |_, request: &Received| {
            let asked = Asked::read(&request.json());
            let mut dice = Dice::new(!seed, asked.number * 2 + asked.attempt);
            let manner = Manner::draw(&mut dice, has_faults && asked.number > 0);
            let usage = asked.usage(&mut dice);
            // Billed from the first byte on, whoever is still there at the end.
            kept.lock().unwrap().enter(asked.number, usage.cost(), manner);
            script(manner, &asked, &usage, &mut dice)
        };
        Self { upstream: Upstream::answering(answering).await, books }
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// The configuration of a gateway before it.
    pub(super) fn document(&self) -> Value {
        let [input, cached_input, output] = PRICE.map(|price| price.parse::<f64>().unwrap());
        let price = json!({ "input": input, "cached_input": cached_input, "output": output });
        let target =
            |model: &str| json!([{ "provider": "scripted", "model": model, "price": price }]);
        let route = |name: &str| json!({ "match": name, "targets": target("first"), "fallback": target("second") });
        json!({
            "providers": { "scripted": {
                "vendor": "openai-compatible",
                "base_url": self.upstream.base_url(),
                "private_network": true,
                "api_key": "env:FIRST_API_KEY",
            } },
            "routes": [route(MODEL), route(FORBIDDEN)],
        })
    }
}

fn script(manner: Manner, asked: &Asked, usage: &Usage, dice: &mut Dice) -> Script {
    let pause = Act::Pause(dice.ms(0, 60));
    let answer = match manner {
        Manner::Rejects => whole(400, r#"{"error":{"message":"no","code":"invalid_value"}}"#),
        Manner::Fails => whole(500, BROKEN),
        Manner::Resets => vec![Act::Reset],
        _ if asked.stream => streamed(manner, usage, dice),
        _ => complete(manner, usage),
    };
    [vec![pause], answer].concat()
}

fn complete(manner: Manner, usage: &Usage) -> Script {
    let message = json!({ "role": "assistant", "content": "hi" });
    let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
    let usage = if manner == Manner::HidesUsage { Value::Null } else { usage.json() };
    let body = json!({ "id": "x", "choices": [choice], "usage": usage }).to_string();
    match manner {
        Manner::BreaksDown => whole(200, BROKEN),
        Manner::CutEarly | Manner::CutLate => {
            let Some(Act::Send(mut bytes)) = whole(200, &body).pop() else { unreachable!() };
            bytes.truncate(bytes.len() - 9);
            vec![Act::Send(bytes), Act::Close]
        }
        _ => whole(200, &body),
    }
}

fn streamed(manner: Manner, usage: &Usage, dice: &mut Dice) -> Script {
    let mut script = vec![stream_head()];
    if manner == Manner::CutEarly {
        script.push(Act::Close);
        return script;
    }
    for _ in 0..dice.between(1, 3) {
        script.extend([chunk(event(HI)), Act::Pause(dice.ms(0, 20))]);
    }
    let mut rest = event(STOP);
    match manner {
        Manner::CutLate => {
            script.push(Act::Close);
            return script;
        }
        Manner::BreaksDown => rest = event(BROKEN),
        Manner::HidesUsage => {}
        _ => rest += &event(&json!({ "choices": [], "usage": usage.json() }).to_string()),
    }
    script.extend([chunk(rest + &event("[DONE]")), last_chunk()]);
    script
}
