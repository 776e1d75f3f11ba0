//! Calendar windows. A window's id is part of its counter's name, so that a new window is a new
//! counter: rolling over has no branch and no race.

use super::bound::{Bound, Demand};
use super::limits::{LIMITS, Limit, Period, Unit};

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;

/// One window of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its number since 1970: the minute, the day, or the month.
    pub id: u64,
    /// When it ends and the limit is whole again, in milliseconds since 1970, UTC.
    pub ends_ms: u64,
}

impl Window {
    /// The window of a period that is running at that time.
    pub fn at(period: Period, now_ms: u64) -> Self {
        match period {
            Period::Minute => {
                let id = now_ms / MINUTE_MS;
                Self { id, ends_ms: (id + 1) * MINUTE_MS }
            }
            Period::Day => {
                let id = now_ms / DAY_MS;
                Self { id, ends_ms: (id + 1) * DAY_MS }
            }
            Period::Month => {
                let (year, month) = civil_month(now_ms / DAY_MS);
                let (next_year, next_month) =
                    if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                Self {
                    id: year * 12 + month - 1,
                    ends_ms: days_before(next_year, next_month) * DAY_MS,
                }
            }
        }
    }
}

/// The year and month (1 to 12) of a day since 1970.
fn civil_month(day: u64) -> (u64, u64) {
    // Howard Hinnant's civil-from-days: eras of 400 years, years that begin in March.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month)
}

/// How many days since 1970 lie before the first day of a month.
fn days_before(year: u64, month: u64) -> u64 {
    let march_year = year - u64::from(month <= 2);
    let (era, year_of_era) = (march_year / 400, march_year % 400);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * march_month + 2) / 5;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// What one request takes from one limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// Which limit.
    pub limit: &'static Limit,
    /// In which window.
    pub window: Window,
    /// At most how much.
    pub amount: Bound,
}

impl Charge {
    /// The name of the counter: `rpm@29940987`.
    pub fn counter(&self) -> String {
        counter_name(self.limit, self.window.id)
    }
}

/// The name of a limit's counter in a window.
pub fn counter_name(limit: &Limit, window_id: u64) -> String {
    format!("{}@{window_id}", limit.attribute)
}

/// What a request takes from every limit, in windows that run at that time. An empty demand takes
/// nothing and still authenticates.
pub fn charges(demand: &Demand, now_ms: u64) -> Vec<Charge> {
    LIMITS
        .iter()
        .map(|limit| Charge {
            limit,
            window: Window::at(limit.period, now_ms),
            amount: match limit.unit {
                Unit::Requests => Bound::AtMost(demand.requests),
                Unit::Tokens => demand.tokens.clone(),
                Unit::NanoUsd => demand.nano_usd.clone(),
            },
        })
        .collect()
}

/// The counters in an item that belong to windows before the last one: nothing reads them again.
pub fn stale<'a>(counters: impl Iterator<Item = &'a str>, now_ms: u64) -> Vec<String> {
    counters
        .filter(|name| {
            let Some((attribute, id)) = name.split_once('@') else { return false };
            let limit = LIMITS.iter().find(|limit| limit.attribute == attribute);
            match (limit, id.parse::<u64>()) {
                // A window is kept for one more period, so that clocks that differ a little
                // never bring one back that was removed.
                (Some(limit), Ok(id)) => id + 1 < Window::at(limit.period, now_ms).id,
                _ => false,
            }
        })
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(period: Period, now_ms: u64, id: u64, ends_ms: u64) {
        assert_eq!(Window::at(period, now_ms), Window { id, ends_ms }, "{period:?} at {now_ms}");
    }

    #[test]
    fn windows_are_the_calendars() {
        check(Period::Minute, 0, 0, 60_000);
        check(Period::Minute, 59_999, 0, 60_000);
        check(Period::Minute, 60_000, 1, 120_000);
        check(Period::Day, 1_763_769_600_000, 20_414, 1_763_856_000_000);
        // 1970-01, 2000-02 (a leap year by the 400 rule), 2026-11, 2026-12 into 2027, 2100-02.
        check(Period::Month, 0, 1_970 * 12, 2_678_400_000);
        check(Period::Month, 951_782_400_000, 2_000 * 12 + 1, 951_868_800_000);
        check(Period::Month, 1_795_305_600_000, 2_026 * 12 + 10, 1_796_083_200_000);
        check(Period::Month, 1_798_761_599_999, 2_026 * 12 + 11, 1_798_761_600_000);
        check(Period::Month, 4_107_456_000_000, 2_100 * 12 + 1, 4_107_542_400_000);
    }

    #[test]
    fn only_counters_two_windows_back_are_stale() {
        let now_ms = 10 * MINUTE_MS;
        let counters = ["rpm@8", "rpm@9", "rpm@10", "tpd@0", "other@1", "rpm@x", "rpm", "pk"];
        assert_eq!(stale(counters.into_iter(), now_ms), ["rpm@8"]);
    }
}
