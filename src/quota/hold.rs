//! The hold: what an admitted request has reserved, until it is settled.

use super::limits::{Limit, UNLIMITED, Unit};
use super::settlement::{Evidence, GiveBack, Settlement};
use super::window::{Charge, Window};
use super::{Bound, window};
use crate::keys::KeyId;

/// What was taken from one limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which limit.
    pub limit: &'static Limit,
    /// In which window.
    pub window: Window,
    /// How much the key may use in a window.
    pub of: u64,
    /// How much this request holds.
    pub held: u64,
    /// How much is left for others; below zero after a provider reported more than its bound.
    pub left: i64,
}

impl Line {
    /// Whether the key has this limit at all.
    pub fn is_limited(&self) -> bool {
        self.of < UNLIMITED
    }
}

/// What one admitted request has reserved. Made by a store only; must be settled.
#[derive(Debug, PartialEq)]
#[must_use = "a hold is given back by settling it"]
pub struct Hold {
    key: KeyId,
    lines: Vec<Line>,
    stale: Vec<String>,
}

impl Hold {
    /// Called by a store whose conditional write succeeded; by nobody else (a house rule, tested).
    /// `stale` are counters in the key's item that no window needs any more.
    pub(crate) fn granted(key: KeyId, lines: Vec<Line>, stale: Vec<String>) -> Self {
        Self { key, lines, stale }
    }

    /// What is held, limit by limit.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How much of a unit is held.
    pub fn held(&self, unit: Unit) -> u64 {
        self.lines.iter().find(|line| line.limit.unit == unit).map_or(0, |line| line.held)
    }

    /// Whether any limit in tokens or money binds: then the output must be capped.
    pub fn binds_cost(&self) -> bool {
        self.lines.iter().any(|line| line.limit.unit != Unit::Requests && line.is_limited())
    }

    /// The tightest limit of a unit, for the `x-ratelimit-*` headers: the one with the least left.
    pub fn tightest(&self, unit: Unit) -> Option<&Line> {
        self.lines
            .iter()
            .filter(|line| line.limit.unit == unit && line.is_limited())
            .min_by_key(|line| line.left)
    }

    /// Ends the hold. What evidence shows to be unused is given back, in windows that still run:
    /// in one that has ended there is nobody to give it to.
    pub fn settle(self, evidence: &Evidence, now_ms: u64) -> Settlement {
        let mut give_back = Vec::new();
        let mut violation = false;
        for line in &self.lines {
            let Some(used) = evidence.used(line.limit.unit, line.held) else { continue };
            violation |= used > line.held;
            let amount = difference(line.held, used);
            if amount != 0 && now_ms < line.window.ends_ms {
                let counter = window::counter_name(line.limit, line.window.id);
                give_back.push(GiveBack { counter, amount });
            }
        }
        Settlement { key: self.key, give_back, stale: self.stale, bound_violation: violation }
    }
}

fn difference(held: u64, used: u64) -> i64 {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    signed(held).saturating_sub(signed(used))
}

/// A request did not fit a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Exhausted {
    /// Which limit.
    pub limit: &'static Limit,
    /// How much the key may use in a window.
    pub of: u64,
    /// How much is left in the window.
    pub left: i64,
    /// How much the request would have held.
    pub needed: u64,
    /// How long until the window ends, in milliseconds.
    pub resets_in_ms: u64,
}

impl Exhausted {
    /// Judges one charge against a counter: `left` is what the window has, or the whole limit when
    /// nobody has used it yet.
    pub fn check(charge: &Charge, of: u64, left: i64, now_ms: u64) -> Option<Self> {
        let Bound::AtMost(needed) = charge.amount else { return None };
        if needed == 0 || i64::try_from(needed).is_ok_and(|needed| needed <= left) {
            return None;
        }
        let resets_in_ms = charge.window.ends_ms.saturating_sub(now_ms);
        Some(Self { limit: charge.limit, of, left, needed, resets_in_ms })
    }

    /// How long to wait, in milliseconds; nothing when waiting does not help.
    pub fn retry_after_ms(&self) -> Option<u64> {
        (!self.never_fits()).then_some(self.resets_in_ms)
    }

    /// Whether the request is larger than the whole limit.
    pub fn never_fits(&self) -> bool {
        self.needed > self.of
    }

    /// What happened, and what to do.
    pub fn message(&self) -> String {
        let name = self.limit.name;
        let show = |amount: u64| shown(self.limit.unit, amount);
        let (of, needed) = (show(self.of), show(self.needed));
        if self.never_fits() {
            return format!(
                "This request may cost up to {needed} and the key's limit {name} is {of}: it can \
                 never fit. Lower max_tokens or shorten the input, or ask for a larger limit."
            );
        }
        let left = show(u64::try_from(self.left).unwrap_or(0));
        let wait = self.resets_in_ms.div_ceil(1_000);
        format!(
            "The key's limit {name} of {of} has {left} left and this request may need {needed}. \
             It renews in {wait} s."
        )
    }
}

/// An amount for people: money in dollars.
fn shown(unit: Unit, amount: u64) -> String {
    const NANO: u64 = 1_000_000_000;
    match unit {
        Unit::Requests | Unit::Tokens => amount.to_string(),
        Unit::NanoUsd => {
            let decimals = format!("{:09}", amount % NANO);
            let decimals = decimals.trim_end_matches('0');
            let point = if decimals.is_empty() { "" } else { "." };
            format!("${}{point}{decimals}", amount / NANO)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_in_dollars() {
        let cases =
            [(0, "$0"), (1, "$0.000000001"), (1_500_000_000, "$1.5"), (20 * 1_000_000_000, "$20")];
        for (nano_usd, expected) in cases {
            assert_eq!(shown(Unit::NanoUsd, nano_usd), expected);
        }
        assert_eq!(shown(Unit::Tokens, 1_000), "1000");
    }
}
