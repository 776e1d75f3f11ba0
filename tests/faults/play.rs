//! One play of a case: plain or streamed, at one place of the plan, for a client of one dialect; and
//! what is wrong with what came of it.

use serde_json::{Value, json};
use tollgate::failure::Class;
use tollgate::keys::{RANDOM_BYTES, mint};

use super::line::{Asked, Case, Charged, HTML, Line, Outcome, Place};
use crate::runtime_api;
use crate::support::client::{Answer, Request};
use crate::support::upstream::Gate;

/// What a sound answer costs, in nano-USD: seven tokens at a dollar a million.
const COST: u64 = 7_000;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    OpenAi,
    Anthropic,
}

pub(super) struct Play<'a> {
    pub(super) line: &'a Line,
    pub(super) case: &'a Case,
    /// Which of all cases it is.
    pub(super) of_case: usize,
    pub(super) asked: Asked,
    pub(super) place: Place,
    pub(super) client: Client,
    /// The alias, which is the model at every target too.
    pub(super) alias: String,
    pub(super) secret: String,
    /// Opens when the client has the first content.
    pub(super) gate: Gate,
}

/// All plays of all lines.
pub(super) fn plays(lines: &[Line]) -> Vec<Play<'_>> {
    let mut plays = Vec::new();
    let cases = lines.iter().flat_map(|line| line.cases.iter().map(move |case| (line, case)));
    for (of_case, (line, case)) in cases.enumerate() {
        for asked in case.asked {
            for place in case.places {
                for client in clients(line, *place) {
                    let number = plays.len();
                    plays.push(Play {
                        line,
                        case,
                        of_case,
                        asked: *asked,
                        place: *place,
                        client: *client,
                        alias: format!("play-{number}"),
                        secret: secret(number),
                        gate: Gate::closed(),
                    });
                }
            }
        }
    }
    plays
}

/// Which target answers does not depend on the client; what it is told does.
fn clients(line: &Line, place: Place) -> &'static [Client] {
    let is_told = place == Place::Only || matches!(line.outcome, Outcome::Cut { .. });
    if is_told { &[Client::OpenAi, Client::Anthropic] } else { &[Client::OpenAi] }
}

/// A key for each play: none like another's, whatever part of it.
fn secret(number: usize) -> String {
    let mut random = [0; RANDOM_BYTES];
    for (place, byte) in random.iter_mut().enumerate() {
        *byte = u8::try_from(if place == 0 { number / 60 } else { number % 60 }).unwrap();
    }
    mint(&random).expect("enough random bytes").1.reveal().to_owned()
}

impl Play<'_> {
    fn path(&self) -> &'static str {
        match self.client {
            Client::OpenAi => "/v1/chat/completions",
            Client::Anthropic => "/v1/messages",
        }
    }

    fn body(&self) -> String {
        let body = json!({
            "model": self.alias,
            "messages": [{ "role": "user", "content": "ping" }],
            "max_tokens": 100,
            "stream": self.asked == Asked::Streamed,
        });
        body.to_string()
    }

    pub(super) fn request(&self) -> Request {
        Request::post(self.path(), self.body()).key(&self.secret)
    }

    /// The same as an event of a Function URL.
    pub(super) fn event(&self) -> Value {
        self.keyed(runtime_api::event(self.path(), &self.body()))
    }

    /// An event that asks what its key says of itself.
    pub(super) fn key_event(&self) -> Value {
        let mut event = runtime_api::event("/v1/key", "");
        event["requestContext"]["http"]["method"] = "GET".into();
        self.keyed(event)
    }

    fn keyed(&self, mut event: Value) -> Value {
        event["headers"]["authorization"] = format!("Bearer {}", self.secret).into();
        event
    }

    pub(super) fn has_timeouts(&self) -> bool {
        self.case.timeouts != json!({})
    }

    /// How many targets fail before the faulty one.
    pub(super) fn before(&self) -> usize {
        match self.place {
            Place::Only | Place::First => 0,
            Place::Second => 1,
            Place::Last => 2,
        }
    }

    /// How many sound targets are behind it.
    pub(super) fn behind(&self) -> usize {
        if self.place == Place::Only { 0 } else { 2 - self.before() }
    }

    /// What is wrong with what came of it; `key` is what `GET /v1/key` says of its key.
    pub(super) fn mistakes(&self, answer: &Answer, record: &Value, key: &Value) -> Vec<String> {
        let mut wrong = Wrong(vec![]);
        match self.line.outcome {
            Outcome::Answers => self.is_answered(&mut wrong, answer, record, None),
            Outcome::Cut { class, code } => self.is_cut(&mut wrong, answer, record, (class, code)),
            Outcome::Fails { class, status, code, .. } => {
                let falls_back = Class::named(class).unwrap().falls_back();
                if falls_back && self.behind() > 0 {
                    self.is_answered(&mut wrong, answer, record, Some(class));
                } else {
                    let told = (self.case.status.unwrap_or(status), code);
                    self.is_refused(&mut wrong, answer, record, class, told);
                }
            }
        }
        wrong.expect("the framing", [answer.is_whole, true]);
        wrong.expect("a page in the answer", [answer.body.contains(HTML), false]);
        wrong.expect("a header of a provider", [answer.header("set-cookie"), None]);
        wrong.expect("the key", [record["key"].as_str(), self.secret.split('-').nth(1)]);
        self.is_settled(&mut wrong, record, key);
        let detail = record["attempts"][self.before()]["detail"].as_str().unwrap_or_default();
        wrong.expect(detail, [detail.contains(self.case.logged), true]);
        if !wrong.0.is_empty() {
            wrong.0.push(format!("the attempts: {}", record["attempts"]));
        }
        let who = (self.line.number, self.case.name, self.asked, self.place, self.client);
        wrong.0.into_iter().map(|mistake| format!("{who:?}: {mistake}")).collect()
    }

    /// A whole answer of the faulty target, if it had no failure, or of the one behind it.
    fn is_answered(
        &self,
        wrong: &mut Wrong,
        answer: &Answer,
        record: &Value,
        failed: Option<&str>,
    ) {
        wrong.expect("status", [answer.status, 200]);
        wrong.expect("contents", [answer.body.matches(":\"hi\"").count(), 1]);
        let last = answer.events().pop();
        let end = match (self.asked, self.client) {
            (Asked::Plain, _) => None,
            (Asked::Streamed, Client::OpenAi) => Some("[DONE]"),
            (Asked::Streamed, Client::Anthropic) => Some(r#"{"type":"message_stop"}"#),
        };
        wrong.expect("the end", [last.as_deref(), end]);
        wrong.expect("outcome", [record["outcome"].as_str(), Some("ok")]);
        let mut classes = self.classes_before();
        classes.extend(failed.map(Value::from));
        classes.push(Value::Null);
        let attempts = classes.len().to_string();
        wrong.expect("attempts", [answer.header("x-tollgate-attempts"), Some(attempts.as_str())]);
        wrong.expect("classes", [classes_of(record), classes]);
    }

    fn is_cut(&self, wrong: &mut Wrong, answer: &Answer, record: &Value, told: (&str, &str)) {
        let (class, code) = told;
        wrong.expect("status", [answer.status, 200]);
        let is_begun = answer.body.contains(":\"hi\"");
        wrong.expect("what had been said", [is_begun, true]);
        let last = answer.events().pop().unwrap_or_default();
        let last: Value = serde_json::from_str(&last).unwrap_or_default();
        wrong.expect("the last event", [last["error"]["code"].as_str(), Some(code)]);
        let named = answer.body.matches("event: error").count();
        wrong.expect("named", [named, usize::from(self.client == Client::Anthropic)]);
        for end in ["[DONE]", "message_stop"] {
            wrong.expect(end, [answer.body.contains(end), false]);
        }
        wrong.expect("outcome", [record["outcome"].as_str(), Some("cut")]);
        wrong.expect("code", [record["code"].as_str(), Some(code)]);
        let mut classes = self.classes_before();
        classes.push(class.into());
        wrong.expect("classes", [classes_of(record), classes]);
    }

    /// What the client is told when nobody has answered.
    fn is_refused(
        &self,
        wrong: &mut Wrong,
        answer: &Answer,
        record: &Value,
        class: &str,
        told: (u16, &str),
    ) {
        let useful = |class| Class::named(class).unwrap().usefulness();
        // Of equally useful reasons the first is told.
        let is_told = self.before() == 0 || useful(class) > useful("server");
        let (status, code) = if is_told { told } else { (502, "upstream_failed") };
        let error = answer.error();
        wrong.expect("status", [answer.status, status]);
        wrong.expect("the error", [error["code"].as_str(), Some(code)]);
        let mut classes = self.classes_before();
        classes.push(class.into());
        let listed = error["attempts"].as_array().cloned().unwrap_or_default();
        let listed: Vec<Value> = listed.iter().map(|attempt| attempt["class"].clone()).collect();
        wrong.expect("the listed classes", [&listed, &classes]);
        wrong.expect("outcome", [record["outcome"].as_str(), Some("failed")]);
        wrong.expect("code", [record["code"].as_str(), Some(code)]);
        wrong.expect("classes", [classes_of(record), classes]);
    }

    fn classes_before(&self) -> Vec<Value> {
        vec!["server".into(); self.before()]
    }

    /// Each hold is charged in full, by the usage, or not at all; and nothing stays held.
    fn is_settled(&self, wrong: &mut Wrong, record: &Value, key: &Value) {
        let is_kept = match self.line.outcome {
            Outcome::Answers => false,
            Outcome::Cut { .. } => true,
            Outcome::Fails { charged, .. } => charged == Charged::Hold,
        };
        let is_answered = record["outcome"] == "ok";
        let settled = match (is_kept, is_answered) {
            (true, _) => "kept",
            (false, true) => "exact",
            (false, false) => "unbilled",
        };
        wrong.expect("settled", [record["settled"].as_str(), Some(settled)]);
        let holds = 1 + u64::from(is_kept && is_answered);
        let hold = record["held"]["nano_usd"].as_u64().unwrap_or_default() / holds;
        wrong.expect("a hold", [hold > COST, true]);
        let cost = u64::from(is_kept) * hold + u64::from(is_answered) * COST;
        wrong.expect("used, held", [used(key), [("in_flight", 0, 0), ("usd_total", cost, 0)]]);
    }
}

/// What of a key's limits, which never renew, is used and held.
pub(super) fn used(key: &Value) -> [(&'static str, u64, u64); 2] {
    let limits = key["limits"].as_array().unwrap();
    ["in_flight", "usd_total"].map(|name| {
        let limit = limits.iter().find(|limit| limit["name"] == name).unwrap();
        let figure = |field: &str| limit[field].as_u64().unwrap();
        (name, figure("used"), figure("held"))
    })
}

fn classes_of(record: &Value) -> Vec<Value> {
    let attempts = record["attempts"].as_array().unwrap();
    attempts.iter().map(|attempt| attempt["class"].clone()).collect()
}

/// What is wrong with a play.
struct Wrong(Vec<String>);

impl Wrong {
    /// Takes a pair, the found and the expected, so that both are only looked at.
    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, pair: [T; 2]) {
        let [found, expected] = pair;
        if found != expected {
            self.0.push(format!("{what}: {found:?}, not {expected:?}"));
        }
    }
}
