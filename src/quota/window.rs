//! Calendar windows. A window's id is part of its counter's name, so that a new window is a new
//! counter: rolling over has no branch and no race.

use super::limits::Period;
use super::zone::Zone;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 86_400_000;

/// One window of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its number since 1970: the minute, the hour, the day, or the month.
    pub id: u64,
    /// When it ends and the limit is whole again, in milliseconds since 1970, UTC; nothing when it
    /// never does.
    pub ends_ms: Option<u64>,
}

impl Window {
    /// The window of a period that is running at that time in that zone.
    pub fn at(period: Period, zone: &Zone, now_ms: u64) -> Self {
        let of = |length_ms: u64| {
            let id = now_ms / length_ms;
            Self { id, ends_ms: Some((id + 1) * length_ms) }
        };
        match period {
            Period::Minute => of(MINUTE_MS),
            Period::Hour => of(HOUR_MS),
            Period::Day => {
                let day = local_day(zone, now_ms);
                Self { id: day, ends_ms: Some(begin_of_day(zone, day + 1)) }
            }
            Period::Month => {
                let (year, month) = civil_month(local_day(zone, now_ms));
                let (next_year, next_month) =
                    if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                let next = days_before(next_year, next_month);
                Self { id: year * 12 + month - 1, ends_ms: Some(begin_of_day(zone, next)) }
            }
            Period::Life | Period::Moment => Self { id: 0, ends_ms: None },
        }
    }

    /// Whether a window of that number may still be settled, and so must be kept: the running one
    /// and the one before it. Clocks that differ a little then never bring back one that was
    /// removed.
    pub fn is_kept(self, id: u64) -> bool {
        id + 1 >= self.id
    }
}

/// The day since 1970 that a zone's calendars show.
fn local_day(zone: &Zone, now_ms: u64) -> u64 {
    now_ms.saturating_add_signed(zone.ahead_ms(now_ms)) / DAY_MS
}

/// When a zone's day begins, in UTC. Where clocks are changed at midnight, as near as an hour.
fn begin_of_day(zone: &Zone, day: u64) -> u64 {
    let local_ms = day * DAY_MS;
    let guess = local_ms.saturating_add_signed(-zone.ahead_ms(local_ms));
    local_ms.saturating_add_signed(-zone.ahead_ms(guess))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(period: Period, zone: &Zone, now_ms: u64, id: u64, ends_ms: u64) {
        let expected = Window { id, ends_ms: Some(ends_ms) };
        assert_eq!(Window::at(period, zone, now_ms), expected, "{period:?} {zone} at {now_ms}");
    }

    #[test]
    fn windows_are_the_calendars() {
        let utc = &Zone::UTC;
        check(Period::Minute, utc, 0, 0, 60_000);
        check(Period::Minute, utc, 59_999, 0, 60_000);
        check(Period::Minute, utc, 60_000, 1, 120_000);
        check(Period::Hour, utc, 7_199_999, 1, 7_200_000);
        check(Period::Day, utc, 1_763_769_600_000, 20_414, 1_763_856_000_000);
        // 1970-01, 2000-02 (a leap year by the 400 rule), 2026-11, 2026-12 into 2027, 2100-02.
        check(Period::Month, utc, 0, 1_970 * 12, 2_678_400_000);
        check(Period::Month, utc, 951_782_400_000, 2_000 * 12 + 1, 951_868_800_000);
        check(Period::Month, utc, 1_795_305_600_000, 2_026 * 12 + 10, 1_796_083_200_000);
        check(Period::Month, utc, 1_798_761_599_999, 2_026 * 12 + 11, 1_798_761_600_000);
        check(Period::Month, utc, 4_107_456_000_000, 2_100 * 12 + 1, 4_107_542_400_000);
        let life = Window { id: 0, ends_ms: None };
        assert_eq!(Window::at(Period::Life, utc, 4_107_456_000_000), life);
    }

    #[test]
    fn days_and_months_begin_where_the_key_lives() {
        let shanghai = &Zone::posix("CST-8").unwrap();
        // 2026-11-22T15:59:59Z is still the 22nd there, a second later it is the 23rd.
        check(Period::Day, shanghai, 1_795_363_199_999, 20_779, 1_795_363_200_000);
        check(Period::Day, shanghai, 1_795_363_200_000, 20_780, 1_795_449_600_000);
        // The month of December begins on November 30th at 16:00 UTC.
        check(Period::Month, shanghai, 1_796_054_399_999, 2_026 * 12 + 10, 1_796_054_400_000);
        // Minutes and hours are everybody's.
        check(Period::Hour, shanghai, 7_199_999, 1, 7_200_000);

        let berlin = &Zone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // 2026-03-29 has 23 hours and 2026-10-25 has 25.
        check(Period::Day, berlin, 1_774_738_800_000, 20_541, 1_774_821_600_000);
        check(Period::Day, berlin, 1_792_879_200_000, 20_751, 1_792_969_200_000);
        let new_york = &Zone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        check(Period::Day, new_york, 1_795_323_599_999, 20_778, 1_795_323_600_000);
    }
}
