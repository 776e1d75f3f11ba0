//! Shared health: which targets are set aside, until when and why, as every environment reads it.

use std::collections::BTreeMap;

/// A target whose time is over is tried by one request at a time for so long. If nobody has tried
/// it by then, what it once failed at says nothing any more.
pub(super) const HALF_OPEN_MS: u64 = 600_000;

/// A target that nobody is to try for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The target's id.
    pub target: String,
    /// Until when, in milliseconds since 1970; 0 when it no longer counts.
    pub until_ms: u64,
    /// The name of the failure class that it is set aside for.
    pub reason: String,
}

/// How a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may be tried.
    Ready,
    /// It is not to be tried before that time.
    Aside {
        /// In milliseconds since 1970.
        until_ms: u64,
    },
    /// Its time is over and nobody has succeeded since: one request at a time may try it.
    HalfOpen {
        /// When its time was over, in milliseconds since 1970: what the row says.
        until_ms: u64,
    },
}

impl Standing {
    /// How a target stands that is, or was, set aside until then; 0 is never.
    pub fn of(until_ms: u64, now_ms: u64) -> Self {
        match now_ms.checked_sub(until_ms) {
            None => Self::Aside { until_ms },
            Some(over_ms) if until_ms > 0 && over_ms < HALF_OPEN_MS => Self::HalfOpen { until_ms },
            Some(_) => Self::Ready,
        }
    }
}

/// What was known of the targets when the configuration was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    rows: BTreeMap<String, Aside>,
    read_ms: u64,
}

impl Health {
    /// The health that these rows tell, which were read at that time, in milliseconds since 1970.
    pub fn new(rows: impl IntoIterator<Item = Aside>, read_ms: u64) -> Self {
        let rows = rows.into_iter().map(|aside| (aside.target.clone(), aside)).collect();
        Self { rows, read_ms }
    }

    /// What the table said of a target, whether that is over or not.
    pub fn of(&self, target_id: &str) -> Option<&Aside> {
        self.rows.get(target_id)
    }

    /// How a target stands. What this environment has seen since is known to its
    /// [`Breaker`](super::Breaker), which is the one to ask.
    pub fn standing(&self, target_id: &str, now_ms: u64) -> Standing {
        Standing::of(self.until_ms(target_id), now_ms)
    }

    /// Until when a target is, or was, set aside; 0 is never.
    pub(super) fn until_ms(&self, target_id: &str) -> u64 {
        self.of(target_id).map_or(0, |aside| aside.until_ms)
    }

    /// When it was read.
    pub(super) fn read_ms(&self) -> u64 {
        self.read_ms
    }
}

#[cfg(test)]
mod tests {
    use super::Standing::{Aside as Out, HalfOpen, Ready};
    use super::*;

    const NOW: u64 = 1_000_000_000;

    #[test]
    fn a_target_stands_by_its_row() {
        for (until_ms, standing) in [
            (0, Ready),
            (NOW + 1, Out { until_ms: NOW + 1 }),
            (NOW, HalfOpen { until_ms: NOW }),
            (NOW - HALF_OPEN_MS + 1, HalfOpen { until_ms: NOW - HALF_OPEN_MS + 1 }),
            (NOW - HALF_OPEN_MS, Ready),
            (1, Ready),
            (u64::MAX, Out { until_ms: u64::MAX }),
        ] {
            let aside = Aside { target: "p/m".into(), until_ms, reason: "server".into() };
            let health = Health::new([aside.clone()], NOW);
            assert_eq!(health.standing("p/m", NOW), standing, "{until_ms}");
            assert_eq!(health.standing("p/n", NOW), Ready);
            assert_eq!((health.of("p/m"), health.of("p/n")), (Some(&aside), None));
        }
        assert_eq!(Standing::of(0, 5), Ready, "a clock that begins");
    }
}
