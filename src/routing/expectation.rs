//! Expectations: how long targets usually take to their first content, as one environment has seen
//! it.

use std::collections::BTreeMap;

/// So many answers make a habit: a single one may have been a long prompt, or a new connection.
const LEAST_ANSWERS: u32 = 3;

/// What was seen is believed for so long after the last answer: a slow hour is over some time, and
/// whoever is passed over for it must get the chance to show that.
const BELIEVED_MS: u64 = 300_000;

/// The configuration bounds the targets that are remembered. This does when it changes for ever.
const MOST_TARGETS: usize = 1_024;

/// How long targets take, in milliseconds. Streams and whole answers are habits of their own: the
/// first content of a whole answer is its end.
#[derive(Debug, Default)]
pub struct Expectations(BTreeMap<(String, bool), Habit>);

/// How long one target takes.
#[derive(Clone, Copy, Debug)]
struct Habit {
    usual_ms: u64,
    answers: u32,
    /// When the last answer came, in milliseconds since 1970.
    seen_ms: u64,
}

impl Expectations {
    /// An answer of a target took so long to its first content.
    ///
    /// The estimate leans to the quick side of what is seen: half-way down at once, and up by an
    /// eighth. How slow an answer is depends on the prompt, how quick it can be on the target.
    pub fn took(&mut self, target_id: &str, is_stream: bool, ms: u64, now_ms: u64) {
        let key = (target_id.to_owned(), is_stream);
        let known = self.0.get(&key).filter(|habit| habit.is_believed(now_ms)).copied();
        let habit = known.unwrap_or(Habit { usual_ms: ms, answers: 0, seen_ms: now_ms });
        if self.0.len() >= MOST_TARGETS && !self.0.contains_key(&key) {
            self.0.clear();
        }
        let usual_ms = match ms.checked_sub(habit.usual_ms) {
            Some(more_ms) => habit.usual_ms.saturating_add(more_ms / 8),
            None => ms.midpoint(habit.usual_ms),
        };
        let answers = habit.answers.saturating_add(1);
        self.0.insert(key, Habit { usual_ms, answers, seen_ms: now_ms });
    }

    /// How long a target usually takes to its first content, in milliseconds; nothing when too few
    /// answers were seen lately.
    pub fn usual_ms(&self, target_id: &str, is_stream: bool, now_ms: u64) -> Option<u64> {
        let habit = self.0.get(&(target_id.to_owned(), is_stream))?;
        (habit.answers >= LEAST_ANSWERS && habit.is_believed(now_ms)).then_some(habit.usual_ms)
    }
}

impl Habit {
    fn is_believed(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.seen_ms) < BELIEVED_MS
    }
}

/// Whether a first content that usually takes so long is not to be expected in what is left.
///
/// Only when less than half of it is left: prompts differ, and a provider's cache of them may halve
/// the time. To pass a target over that would have answered is worse than to try it in vain now and
/// then.
pub fn is_late(usual_ms: u64, left_ms: u64) -> bool {
    left_ms < usual_ms / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000;

    /// What is usual after a target took so long each time, the last time just now.
    fn usual(took_ms: &[u64]) -> Option<u64> {
        let mut expectations = Expectations::default();
        for ms in took_ms {
            expectations.took("p/m", true, *ms, NOW);
        }
        assert_eq!(expectations.usual_ms("p/m", false, NOW), None, "whole answers are another");
        assert_eq!(expectations.usual_ms("p/n", true, NOW), None);
        expectations.usual_ms("p/m", true, NOW)
    }

    #[test]
    fn the_quick_count_for_more_than_the_slow() {
        for (took_ms, expected) in [
            (&[][..], None),
            (&[900, 900], None),
            (&[900, 900, 900], Some(900)),
            (&[900, 900, 900, 1_700], Some(1_000)),
            (&[900, 900, 900, 500], Some(700)),
            (&[900, 900, 900, 60_000], Some(8_287)),
            (&[900, 900, 900, 60_000, 900, 900, 900], Some(1_823)),
            (&[0, 0, u64::MAX], Some(u64::MAX / 8)),
            (&[u64::MAX, u64::MAX, 0], Some(u64::MAX / 2)),
        ] {
            assert_eq!(usual(took_ms), expected, "{took_ms:?}");
        }
        let slow = usual(&[2_000; 50]).unwrap();
        assert!(
            (1_990..=2_000).contains(&usual(&[[1; 3].as_slice(), &[2_000; 99]].concat()).unwrap())
        );
        assert_eq!(slow, 2_000);
    }

    #[test]
    fn what_was_seen_is_forgotten() {
        let mut expectations = Expectations::default();
        for ms in [9_000; 3] {
            expectations.took("p/m", true, ms, NOW);
        }
        let usual =
            |expectations: &Expectations, now_ms| expectations.usual_ms("p/m", true, now_ms);
        assert_eq!(usual(&expectations, NOW + BELIEVED_MS - 1), Some(9_000));
        assert_eq!(usual(&expectations, NOW + BELIEVED_MS), None);
        // It begins anew.
        for answers in 1..=3 {
            expectations.took("p/m", true, 400, NOW + BELIEVED_MS);
            let expected = (answers == 3).then_some(400);
            assert_eq!(usual(&expectations, NOW + BELIEVED_MS), expected, "{answers}");
        }
        assert_eq!(usual(&expectations, 0), Some(400), "a clock that is set back");
    }

    #[test]
    fn less_than_half_of_the_usual_time_is_too_little() {
        for (usual_ms, left_ms, expected) in [
            (2_100, 1_049, true),
            (2_100, 1_050, false),
            (0, 0, false),
            (1, 0, false),
            (2, 0, true),
        ] {
            assert_eq!(is_late(usual_ms, left_ms), expected, "{usual_ms}, {left_ms}");
        }
    }

    #[test]
    fn no_more_is_remembered_than_fits() {
        let mut expectations = Expectations::default();
        for target in 0..3 * MOST_TARGETS {
            expectations.took(&target.to_string(), true, 1, NOW);
        }
        assert!(expectations.0.len() <= MOST_TARGETS);
    }
}
