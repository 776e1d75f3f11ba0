//! The budget for trying a target again: retries must not multiply the load of one that is down.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a retry costs, in what ten requests bring.
const RETRY: u64 = 10;
const REQUEST: u64 = 1;
/// What there is at the beginning, and at most.
const FIRST: u64 = 5 * RETRY;
const MOST: u64 = 20 * RETRY;

/// A budget that every request fills by a tenth of a retry: in the long run at most a tenth of all
/// requests is sent again.
#[derive(Debug)]
pub struct RetryBudget(AtomicU64);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicU64::new(FIRST))
    }
}

impl RetryBudget {
    /// Counts a request.
    pub fn request(&self) {
        let add = |left: u64| Some((left + REQUEST).min(MOST));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Whether a retry fits.
    pub fn has_room(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= RETRY
    }

    /// Takes a retry.
    pub fn retry(&self) {
        let take = |left: u64| Some(left.saturating_sub(RETRY));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_all_requests_may_be_sent_again() {
        let budget = RetryBudget::default();
        let mut retried = 0;
        for _ in 0..10_000 {
            budget.request();
            if budget.has_room() {
                budget.retry();
                retried += 1;
            }
        }
        assert_eq!(retried, 1_000 + FIRST / RETRY);
    }
}
