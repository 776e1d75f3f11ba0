//! Which days a report is about, in UTC as the rollups are.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::ctl::command::UsageOptions;
use crate::ctl::output::Failed;

const DAY_S: i64 = 86_400;
const DAY_MS: u64 = 86_400_000;

/// A day of the calendar, as days since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ctl) struct Day(pub(super) u64);

impl Day {
    /// Reads `2026-11-01`.
    ///
    /// # Errors
    /// What was expected.
    pub(in crate::ctl) fn parse(text: &str) -> Result<Self, &'static str> {
        let expected = "expected a day such as 2026-11-01";
        let date: Date = text.parse().map_err(|_| expected)?;
        let begins = date.to_zoned(TimeZone::UTC).map_err(|_| expected)?.timestamp();
        u64::try_from(begins.as_second() / DAY_S).map(Self).map_err(|_| expected)
    }

    /// The day of a moment.
    pub(super) fn at(now_ms: u64) -> Self {
        Self(now_ms / DAY_MS)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let second = i64::try_from(self.0).unwrap_or(i64::MAX).saturating_mul(DAY_S);
        match Timestamp::from_second(second) {
            Ok(begins) => write!(f, "{}", begins.to_zoned(TimeZone::UTC).date()),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

/// The first day and the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Days {
    pub(super) first: Day,
    pub(super) last: Day,
}

impl Days {
    /// The days that were asked for; without any those up to today.
    pub(super) fn asked(options: &UsageOptions, now_ms: u64) -> Result<Self, Failed> {
        let today = Day::at(now_ms);
        let last = options.to.unwrap_or(today);
        let back = options.days.saturating_sub(1);
        let first = options.from.unwrap_or_else(|| Day(today.0.saturating_sub(back)));
        if first > last {
            let what = format!("--from {first} is after --to {last}");
            return Err(Failed::new(what).advice("the first day comes first"));
        }
        Ok(Self { first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_the_calendars() {
        for (text, day) in [("1970-01-01", 0), ("2025-11-22", 20_414), ("2026-11-22", 20_779)] {
            assert_eq!(Day::parse(text), Ok(Day(day)));
            assert_eq!(Day(day).to_string(), text);
        }
        for bad in ["", "today", "2026-02-30", "1969-12-31", "22.11.2026"] {
            assert!(Day::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Day::at(20_414 * DAY_MS + 5), Day(20_414));
    }
}
