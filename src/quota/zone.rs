//! The zone in which a key's days and months are counted.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// UTC, or the rules of a time zone in the form that POSIX gives them
/// (`CET-1CEST,M3.5.0,M10.5.0/3`): all that is needed to know a day's end from now on, without a
/// database of time zones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Zone(Option<(String, TimeZone)>);

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(None);

    /// Reads the rules of a zone.
    ///
    /// # Errors
    /// When they are no POSIX time zone.
    pub fn posix(rules: &str) -> Result<Self, NotAZone> {
        match rules {
            "UTC0" => Ok(Self::UTC),
            rules => match TimeZone::posix(rules) {
                Ok(zone) => Ok(Self(Some((rules.to_owned(), zone)))),
                Err(_) => Err(NotAZone),
            },
        }
    }

    /// Whether it is universal time.
    pub fn is_utc(&self) -> bool {
        self.0.is_none()
    }

    /// How far its clocks are ahead of UTC, in milliseconds.
    pub(super) fn ahead_ms(&self, now_ms: u64) -> i64 {
        let Some((_, zone)) = &self.0 else { return 0 };
        let now_ms = i64::try_from(now_ms).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(now_ms)
            .map_or(0, |now| i64::from(zone.to_offset(now).seconds()) * 1_000)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or("UTC0", |(rules, _)| rules))
    }
}

/// A text that is no POSIX time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAZone;
