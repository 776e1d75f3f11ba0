//! What clients got, answer by answer.

use serde_json::Value;

use super::accounts::{Amounts, Held, Limits};
use super::orders::Order;
use super::provider::Books;
use crate::support::client::Answer;
use crate::support::runtime_api::Reply;

/// An answer, whoever brought it.
pub(super) struct Got {
    status: u64,
    attempts: Option<String>,
    should_retry: Option<String>,
    has_retry_after: bool,
    /// What is left of the tokens after the request's own hold.
    pub(super) remaining_tokens: Option<u64>,
    body: String,
}

impl Got {
    fn new<'a>(status: u64, body: &str, header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let text = |name: &str| header(name).map(str::to_owned);
        Self {
            status,
            attempts: text("x-tollgate-attempts"),
            should_retry: text("x-should-retry"),
            remaining_tokens: header("x-ratelimit-remaining-tokens")
                .and_then(|tokens| tokens.parse().ok()),
            has_retry_after: header("retry-after").is_some(),
            body: body.to_owned(),
        }
    }

    /// The code of an error, at whatever place.
    fn code(&self) -> String {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["error"]["code"].as_str().unwrap_or("none").to_owned()
    }

    /// Whether a 200 has brought all of an answer.
    fn is_complete(&self, order: &Order) -> bool {
        if order.stream {
            self.body.ends_with("data: [DONE]\n\n") && !self.body.contains(r#"{"error""#)
        } else {
            serde_json::from_str::<Value>(&self.body).is_ok_and(|json| json["choices"].is_array())
        }
    }
}

impl From<&Reply> for Got {
    fn from(reply: &Reply) -> Self {
        Self::new(reply.status, &reply.body, |name| reply.header(name))
    }
}

impl From<&Answer> for Got {
    fn from(answer: &Answer) -> Self {
        Self::new(answer.status.into(), &answer.body, |name| answer.header(name))
    }
}

/// A request of which something may be held for ever.
#[derive(Debug)]
struct Suspect {
    number: u64,
    holds: Amounts,
    has_ended: bool,
}

impl Suspect {
    fn of(order: &Order, has_ended: bool) -> Self {
        Self { number: order.number, holds: order.holds, has_ended }
    }
}

/// How often what happened.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) asked: u64,
    pub(super) answered: u64,
    /// Refused by each kind of limit: of a minute, or of a day or month.
    pub(super) refused: [u64; 2],
    /// Refused for the model.
    pub(super) forbidden: u64,
    pub(super) rejected: u64,
    /// Without an answer, or without all of it; or the client did not wait for it.
    pub(super) broken: u64,
    /// With the error of a provider.
    pub(super) failed: u64,
    /// Answered by the fallback.
    pub(super) second: u64,
    /// With an error of the store.
    pub(super) store_faults: u64,
    /// What nobody should get.
    pub(super) wrong: Vec<String>,
    suspects: Vec<Suspect>,
}

impl Tally {
    pub(super) fn add(&mut self, order: &Order, got: Option<&Got>, limits: &Limits) {
        self.asked += 1;
        let Some(got) = got else {
            self.broken += 1;
            return self.suspects.push(Suspect::of(order, false));
        };
        let code = if got.status == 200 { String::new() } else { got.code() };
        let has_cost = limits.0[1..].iter().any(Option::is_some);
        let is_final = got.should_retry.as_deref() == Some("false");
        match (got.status, code.as_str()) {
            (200, _) if got.is_complete(order) => {
                self.answered += 1;
                self.second += u64::from(got.attempts.as_deref() != Some("1"));
            }
            (200, _) => self.broken += 1,
            (429, "rate_limit_exceeded") if limits.0[0].is_some() && got.has_retry_after => {
                return self.refused[0] += 1;
            }
            (429, "insufficient_quota") if has_cost && is_final => {
                return self.refused[1] += 1;
            }
            (403, "model_not_allowed") => return self.forbidden += 1,
            (400, "upstream_rejected") => self.rejected += 1,
            (502, "upstream_failed") => self.failed += 1,
            (503, "store_unavailable" | "config_unavailable") | (429, "store_throttled") => {
                self.store_faults += 1;
                return self.suspects.push(Suspect::of(order, false));
            }
            _ => self.wrong.push(format!("{} {code}: {}", got.status, got.body)),
        }
        self.suspects.push(Suspect::of(order, true));
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.iter().sum()
    }

    /// What is held for nobody.
    pub(super) fn held(&self, books: &Books) -> Held {
        let mut held = Held::default();
        for Suspect { number, holds, has_ended } in &self.suspects {
            held += books.held(*number, *holds, *has_ended);
        }
        held
    }
}
