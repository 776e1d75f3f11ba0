//! Amounts and times as people read and write them.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value};

use crate::config::millionths;
use crate::quota::{LIMITS, Limit, UNLIMITED, Unit};

const NANO_PER_USD: u64 = 1_000_000_000;
const NANO_PER_MICRO: u64 = 1_000;

/// Reads a limit that counts something.
///
/// # Errors
/// What was expected.
pub(super) fn count(text: &str) -> Result<u64, &'static str> {
    match text.parse() {
        Ok(0) => Err("0 would allow nothing: leave the option out for no limit"),
        Ok(count) if count < UNLIMITED => Ok(count),
        _ => Err("expected a whole number"),
    }
}

/// Reads an amount of US dollars as nano-USD, without rounding.
///
/// # Errors
/// What was expected.
pub(super) fn usd(text: &str) -> Result<u64, &'static str> {
    let nano_usd = millionths(text).and_then(|micro_usd| micro_usd.checked_mul(NANO_PER_MICRO));
    match nano_usd {
        Some(0) => Err("0 would allow nothing: leave the option out for no limit"),
        Some(nano_usd) if nano_usd < UNLIMITED => Ok(nano_usd),
        _ => Err("expected US dollars with at most six decimals, such as 25 or 0.50"),
    }
}

/// A key's limits as people write them, without those that are none: `("rpm", "60")`.
pub(super) fn limits(limits: &[u64]) -> impl Iterator<Item = (&'static str, String)> {
    let limited = |(limit, value): (&'static Limit, &u64)| {
        (*value < UNLIMITED).then(|| match limit.unit {
            Unit::NanoUsd => (limit.name.trim_start_matches("nano_"), decimal_usd(*value)),
            Unit::Requests | Unit::Tokens => (limit.name, value.to_string()),
        })
    };
    LIMITS.iter().zip(limits).filter_map(limited)
}

/// The same in one line.
pub(super) fn limits_line(values: &[u64]) -> String {
    let parts: Vec<_> = limits(values).map(|(name, value)| format!("{name} {value}")).collect();
    if parts.is_empty() { "no limits".to_owned() } else { parts.join(", ") }
}

/// The same as it stands in a document.
pub(super) fn limits_json(values: &[u64]) -> Value {
    // A decimal number is written as it is read, so there is always one.
    let number = |text: String| serde_json::from_str(&text).unwrap_or(Value::Null);
    let members = limits(values).map(|(name, value)| (name.to_owned(), number(value)));
    Value::Object(members.collect::<Map<_, _>>())
}

fn decimal_usd(nano_usd: u64) -> String {
    let (whole, rest) = (nano_usd / NANO_PER_USD, nano_usd % NANO_PER_USD);
    match rest {
        0 => whole.to_string(),
        rest => format!("{whole}.{rest:09}").trim_end_matches('0').to_owned(),
    }
}

/// A moment, in UTC to the second.
pub(super) fn moment(at_ms: u64) -> String {
    let seconds = i64::try_from(at_ms / 1_000).unwrap_or(i64::MAX);
    DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_else(|_| "unknown".to_owned())
}

/// How long ago something was.
pub(super) fn age(now_ms: u64, then_ms: u64) -> String {
    let seconds = now_ms.saturating_sub(then_ms) / 1_000;
    let (count, unit) = match seconds {
        0..5 => return "just now".to_owned(),
        5..120 => (seconds, "seconds"),
        120..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// `1 route`, `2 routes`.
pub(super) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact() {
        assert_eq!(usd("25"), Ok(25_000_000_000));
        assert_eq!(usd("0.000001"), Ok(1_000));
        assert_eq!(usd("999999999.999999"), Ok(999_999_999_999_999_000));
        for bad in ["", "-1", "0", "0.0000001", "1,5", "1e3", "$5", "1000000000"] {
            assert!(usd(bad).is_err(), "{bad}");
        }
        for text in ["25", "0.5", "0.000001", "999999999.999999"] {
            assert_eq!(decimal_usd(usd(text).unwrap()), text);
        }
    }

    #[test]
    fn limits_are_shown_as_they_are_written() {
        let values = [60, UNLIMITED, 1_500_000_000];
        assert_eq!(limits_line(&values), "rpm 60, usd_per_month 1.5");
        assert_eq!(limits_json(&values).to_string(), r#"{"rpm":60,"usd_per_month":1.5}"#);
        assert_eq!(limits_line(&[UNLIMITED; 3]), "no limits");
    }

    #[test]
    fn times() {
        assert_eq!(moment(1_764_000_000_000), "2025-11-24T16:00:00Z");
        for (seconds, expected) in [
            (0, "just now"),
            (59, "59 seconds ago"),
            (119, "119 seconds ago"),
            (120, "2 minutes ago"),
            (7_200, "2 hours ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(age(seconds * 1_000, 0), expected);
        }
        assert_eq!(age(0, 5), "just now");
    }
}
