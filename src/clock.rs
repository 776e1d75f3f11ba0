//! The clock: the one place that reads the time of day, so that everything that decides takes it as
//! a number.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 in UTC, from the system or from a test.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that a test sets.
    Fixed(Arc<AtomicU64>),
}

impl Clock {
    /// The time of day in milliseconds since 1970, UTC.
    pub fn now_ms(&self) -> u64 {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
            Self::Fixed(now) => now.load(Ordering::Relaxed),
        }
    }
}
