//! What a request takes from each rule of an account.

use super::bound::{Bound, Demand, Need};
use super::limits::{Mode, UNLIMITED, Unit};
use super::rule::Rule;
use super::shape::Shape;
use super::window::Window;

/// What one request takes from one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge<'a> {
    /// Which rule.
    pub rule: &'a Rule,
    /// In which window.
    pub window: Window,
    /// How much; at most so much, or likely so much, as the rule's mode has it.
    pub amount: Bound,
    /// Whether it may be charged at the end although nothing is held: its counter must be there.
    pub is_open: bool,
}

impl Charge<'_> {
    /// The name of its counter.
    pub fn counter(&self) -> String {
        self.rule.counter(self.window.id)
    }

    /// How much is taken: what has no bound takes nothing where it is admitted at all.
    pub fn held(&self) -> u64 {
        match self.amount {
            Bound::AtMost(amount) => amount,
            Bound::Unknown(_) => 0,
        }
    }

    /// Whether the rule refuses what does not fit.
    pub fn binds(&self) -> bool {
        self.rule.mode != Mode::Shadow
    }
}

/// What a request takes from every rule of a shape that has a window, in the windows that run at
/// that time. An empty demand takes nothing and still authenticates.
pub fn charges<'a>(shape: &'a Shape, demand: &Demand, now_ms: u64) -> Vec<Charge<'a>> {
    let windowed = shape.rules.iter().filter(|rule| rule.limit.is_window());
    let charge = |rule: &'a Rule| Charge {
        rule,
        window: Window::at(rule.limit.period, &shape.zone, now_ms),
        amount: amount(rule, demand),
        is_open: is_open(rule, demand),
    };
    windowed.map(charge).collect()
}

fn amount(rule: &Rule, demand: &Demand) -> Bound {
    if !rule.is_about(demand.alias.as_deref()) {
        return Bound::AtMost(0);
    }
    let of = |need: &Need| match rule.mode {
        Mode::Hard => need.at_most.clone(),
        Mode::Estimate => need.likely.clone(),
        // What a hard limit would have held; and whatever it is, it is counted at the end.
        Mode::Shadow => match need.at_most {
            Bound::AtMost(amount) => Bound::AtMost(amount.min(UNLIMITED)),
            Bound::Unknown(_) => Bound::AtMost(0),
        },
    };
    match rule.limit.unit {
        Unit::Requests => Bound::AtMost(demand.requests),
        Unit::Tokens => of(&demand.tokens),
        Unit::InputTokens => of(&demand.input),
        Unit::OutputTokens => of(&demand.output),
        Unit::NanoUsd => of(&demand.nano_usd),
        Unit::InFlight => Bound::AtMost(0),
    }
}

fn is_open(rule: &Rule, demand: &Demand) -> bool {
    let need = match rule.limit.unit {
        Unit::Requests | Unit::InFlight => return false,
        Unit::Tokens => &demand.tokens,
        Unit::InputTokens => &demand.input,
        Unit::OutputTokens => &demand.output,
        Unit::NanoUsd => &demand.nano_usd,
    };
    let is_about = rule.is_about(demand.alias.as_deref());
    is_about && rule.mode != Mode::Hard && need.at_most != Bound::AtMost(0)
}
