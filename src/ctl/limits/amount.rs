//! Figures of limits as people write and read them.

use crate::config::millionths;
use crate::quota::{Limit, Mode, UNLIMITED, Unit, decimal_usd};

const NANO_PER_MICRO: u64 = 1_000;
const NOTHING: &str = "0 would allow nothing: leave the option out for no limit";
/// What takes a limit away.
const NONE: &str = "none";

/// What an operator says of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ctl) struct Figure {
    /// How much may be used in a window.
    pub(in crate::ctl) of: u64,
    /// What it does; nothing when that was not said.
    pub(in crate::ctl) mode: Option<Mode>,
}

/// Reads `60`, `10000:hard` or `1.5:shadow`.
///
/// # Errors
/// What was expected.
pub(super) fn figure(limit: &Limit, text: &str) -> Result<Figure, String> {
    let (amount, mode) = match text.split_once(':') {
        Some((amount, mode)) => (amount, Some(named_mode(mode)?)),
        None => (text, None),
    };
    let of = match limit.unit {
        Unit::NanoUsd => usd(amount),
        _ => count(amount),
    };
    Ok(Figure { of: of?, mode })
}

/// The same, or `none`.
///
/// # Errors
/// What was expected.
pub(super) fn figure_or_none(limit: &Limit, text: &str) -> Result<Option<Figure>, String> {
    match text {
        NONE => Ok(None),
        text => figure(limit, text).map(Some),
    }
}

fn named_mode(text: &str) -> Result<Mode, String> {
    Mode::named(text).ok_or_else(|| {
        let known: Vec<_> = Mode::ALL.iter().map(|mode| mode.name()).collect();
        format!("unknown mode '{text}': expected one of {}", known.join(", "))
    })
}

fn count(text: &str) -> Result<u64, &'static str> {
    match text.parse() {
        Ok(0) => Err(NOTHING),
        Ok(count) if count < UNLIMITED => Ok(count),
        _ => Err("expected a whole number"),
    }
}

/// US dollars as nano-USD, without rounding.
fn usd(text: &str) -> Result<u64, &'static str> {
    let nano_usd = millionths(text).and_then(|micro_usd| micro_usd.checked_mul(NANO_PER_MICRO));
    match nano_usd {
        Some(0) => Err(NOTHING),
        Some(nano_usd) if nano_usd < UNLIMITED => Ok(nano_usd),
        _ => Err("expected US dollars with at most six decimals, such as 25 or 0.50"),
    }
}

/// A figure as it is written in options and documents: money in dollars.
pub(in crate::ctl) fn written(unit: Unit, figure: u64) -> String {
    match unit {
        Unit::NanoUsd => decimal_usd(figure),
        _ => figure.to_string(),
    }
}

/// An amount in a table for people, which may be a debt.
pub(in crate::ctl) fn shown(unit: Unit, amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let currency = if unit == Unit::NanoUsd { "$" } else { "" };
    format!("{sign}{currency}{}", written(unit, amount.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limit: &str, text: &str, expected: Result<(u64, Option<Mode>), &str>) {
        let found = figure(Limit::named(limit).unwrap(), text);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!((found.of, found.mode), expected, "{text}"),
            (Err(found), Err(part)) => assert!(found.contains(part), "{text}: {found}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn figures_have_a_mode_or_the_usual_one() {
        check("rpm", "60", Ok((60, None)));
        check("tpm", "10000:hard", Ok((10_000, Some(Mode::Hard))));
        check("usd_per_day", "1.5:shadow", Ok((1_500_000_000, Some(Mode::Shadow))));
        check("usd_total", "0.000001", Ok((1_000, None)));
        check("usd_total", "999999999.999999", Ok((999_999_999_999_999_000, None)));
        check("rpm", "0", Err("leave the option out"));
        check("rpm", "1.5", Err("whole number"));
        check("rpm", "-1", Err("whole number"));
        check("rpm", "60:soft", Err("expected one of hard, estimate, shadow"));
        check("rpm", "none", Err("whole number"));
        for bad in ["", "-1", "0.0000001", "1,5", "1e3", "$5", "1000000000"] {
            check("usd_per_day", bad, Err("US dollars"));
        }
        let rpm = Limit::named("rpm").unwrap();
        assert_eq!(figure_or_none(rpm, "none"), Ok(None));
        assert_eq!(figure_or_none(rpm, "2"), Ok(Some(Figure { of: 2, mode: None })));
    }

    #[test]
    fn money_is_shown_in_dollars() {
        assert_eq!(shown(Unit::NanoUsd, -1_500_000_000), "-$1.5");
        assert_eq!(shown(Unit::Tokens, 60), "60");
        assert_eq!(written(Unit::NanoUsd, 25_000_000_000), "25");
    }
}
