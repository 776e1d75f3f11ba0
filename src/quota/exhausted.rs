//! Why a request does not fit a limit, in figures and in words.

use super::account::Scope;
use super::limits::{Limit, Unit};
use super::price::decimal_usd;

/// A wait that is worth announcing: nobody keeps a request for longer.
const LONGEST_WAIT_MS: u64 = 86_400_000;
/// What SDKs wait at most before they try again by their own rule.
const LONGEST_RETRY_MS: u64 = 60_000;
/// When a place among the requests in flight may be free.
const IN_FLIGHT_WAIT_MS: u64 = 1_000;

/// A request did not fit a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Exhausted {
    /// Which limit.
    pub limit: &'static Limit,
    /// Whose.
    pub scope: Scope,
    /// Over how many items it is spread: a request must fit one of them.
    pub shards: u16,
    /// How much may be used in a window, in the shard that was asked.
    pub of: u64,
    /// How much is left of that.
    pub left: i64,
    /// How much of it can come back before the window ends, because it is held and not spent.
    pub held: u64,
    /// How much the request would have held.
    pub needed: u64,
    /// How long until the window ends, in milliseconds; nothing when it never does.
    pub resets_in_ms: Option<u64>,
    /// Whether the store was not asked, for it would have said so again.
    pub is_remembered: bool,
}

impl Exhausted {
    /// How long to wait, in milliseconds; nothing when waiting does not help, or for longer than a
    /// day.
    pub fn retry_after_ms(&self) -> Option<u64> {
        let wait = if self.limit.is_window() { self.resets_in_ms? } else { IN_FLIGHT_WAIT_MS };
        (!self.never_fits() && wait <= LONGEST_WAIT_MS).then_some(wait)
    }

    /// Whether an SDK that tries again by itself would do so in vain.
    pub fn is_final(&self) -> bool {
        let wait = self.retry_after_ms();
        !self.limit.is_short() || wait.is_none_or(|wait| wait > LONGEST_RETRY_MS)
    }

    /// Whether the request is larger than the whole limit.
    pub fn never_fits(&self) -> bool {
        self.needed > self.of
    }

    /// Whether it came closer to fitting than the other.
    pub fn is_closer_than(&self, other: &Self) -> bool {
        (!self.never_fits(), self.left) > (!other.never_fits(), other.left)
    }

    /// Whether it cannot fit before the window ends, whatever is given back: only the operator
    /// can change that.
    pub fn is_certain(&self) -> bool {
        let room = i128::from(self.left) + i128::from(self.held);
        self.limit.is_window() && i128::from(self.needed) > room
    }

    /// What happened, and what to do.
    pub fn message(&self) -> String {
        let whose = if self.scope.is_team { "team's" } else { "key's" };
        let about = self.scope.alias.as_ref();
        let about = about.map_or_else(String::new, |alias| format!(" for '{alias}'"));
        let limit = format!("the {whose} limit {}{about}", self.limit.name);
        let show = |amount: u64| shown(self.limit.unit, amount);
        let (of, needed) = (show(self.of), show(self.needed));
        if self.limit.unit == Unit::InFlight {
            return format!(
                "As many requests are being answered as {limit} allows, {of}. Try again when one \
                 has ended."
            );
        }
        let share = if self.shards > 1 {
            format!(" in each of its {} shards", self.shards)
        } else {
            String::new()
        };
        if self.never_fits() {
            return format!(
                "This request may cost up to {needed} and {limit} is {of}{share}: it can never \
                 fit. Lower max_tokens or shorten the input, or ask for a larger limit."
            );
        }
        let left = show(u64::try_from(self.left).unwrap_or(0));
        let renews = self.resets_in_ms.map_or_else(
            || "It does not renew: ask for a larger limit.".to_owned(),
            |ms| format!("It renews in {} s.", ms.div_ceil(1_000)),
        );
        let capital = limit.replacen('t', "T", 1);
        format!(
            "{capital} of {of}{share} has {left} left and this request may need {needed}. {renews}"
        )
    }
}

/// An amount for people: money in dollars.
fn shown(unit: Unit, amount: u64) -> String {
    match unit {
        Unit::NanoUsd => format!("${}", decimal_usd(amount)),
        _ => amount.to_string(),
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

    fn exhausted(name: &str, left: i64, needed: u64, resets_in_ms: Option<u64>) -> Exhausted {
        Exhausted {
            limit: Limit::named(name).unwrap(),
            scope: Scope { is_team: false, alias: None },
            shards: 1,
            of: 100,
            left,
            held: 10,
            needed,
            resets_in_ms,
            is_remembered: false,
        }
    }

    /// What a client is told: when to come back, whether an SDK should by itself, and whether
    /// anything but the operator can make it fit.
    #[test]
    fn waiting_helps_or_not() {
        let day = 86_400_000;
        for (name, left, needed, resets_in_ms, retry_after_ms, is_final, is_certain) in [
            ("rpm", 0, 1, Some(30_000), Some(30_000), false, false),
            ("tpm", 5, 20, Some(30_000), Some(30_000), false, true),
            ("tpm", 5, 15, Some(30_000), Some(30_000), false, false),
            ("tpm", 100, 101, Some(30_000), None, true, false),
            ("requests_per_hour", 0, 1, Some(90_000), Some(90_000), true, false),
            ("tokens_per_day", 0, 1, Some(5_000), Some(5_000), true, false),
            ("usd_per_month", -5, 90, Some(2 * day), None, true, true),
            ("usd_total", 0, 50, None, None, true, true),
            ("in_flight", 0, 1, None, Some(1_000), false, false),
        ] {
            let found = exhausted(name, left, needed, resets_in_ms);
            let said = (found.retry_after_ms(), found.is_final(), found.is_certain());
            assert_eq!(said, (retry_after_ms, is_final, is_certain), "{name} {left} {needed}");
        }
    }
}
