//! Ids of calls of tools, as a target takes them.

use std::collections::{HashMap, HashSet};

/// Gives every call of a conversation an id of its own. Most targets refuse two calls with one id,
/// also in different turns, but some models number the calls of each answer from 0; and what one
/// provider takes for an id is too long or of the wrong letters for another. An id that fits and is
/// free stays.
#[derive(Debug)]
pub(super) struct CallIds {
    fits: fn(char) -> bool,
    longest: usize,
    taken: HashSet<String>,
    /// The last number that was tried for a name: a conversation may have a great many calls of one.
    numbers: HashMap<String, u32>,
    written: HashMap<String, Written>,
}

/// What stands for an id: one for each call that had it, and how many of those have their result.
#[derive(Debug, Default)]
struct Written {
    ids: Vec<String>,
    answered: usize,
}

impl CallIds {
    /// No ids yet, for a target that takes ids of these letters, and of so many at most.
    pub(super) fn new(fits: fn(char) -> bool, longest: usize) -> Self {
        let (taken, numbers, written) = (HashSet::new(), HashMap::new(), HashMap::new());
        Self { fits, longest, taken, numbers, written }
    }

    /// The id of a call.
    pub(super) fn call(&mut self, id: &str) -> String {
        let free = self.free(id);
        self.written.entry(id.to_owned()).or_default().ids.push(free.clone());
        free
    }

    /// The id of the call that a result is of: of several with one id, the first that has none yet.
    pub(super) fn result(&mut self, id: &str) -> String {
        let written = self.written.entry(id.to_owned()).or_default();
        let at = written.answered.min(written.ids.len().saturating_sub(1));
        if let Some(id) = written.ids.get(at) {
            written.answered = at + 1;
            return id.clone();
        }
        // A result of no call: whoever gets it may say so.
        let free = self.free(id);
        self.written.insert(id.to_owned(), Written { ids: vec![free.clone()], answered: 1 });
        free
    }

    fn free(&mut self, id: &str) -> String {
        let clean = |c: char| if (self.fits)(c) { c } else { '_' };
        let id = if id.is_empty() { "call" } else { id };
        let clean: String = id.chars().map(clean).take(self.longest).collect();
        let mut free = clean.clone();
        while !self.taken.insert(free.clone()) {
            let number = self.numbers.entry(clean.clone()).or_insert(1);
            *number = number.saturating_add(1);
            let suffix = format!("_{number}");
            let room = self.longest.saturating_sub(suffix.len());
            free = clean.chars().take(room).chain(suffix.chars()).collect();
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(steps: &[(&str, &str)]) {
        let mut ids = CallIds::new(|c| c.is_ascii_alphanumeric() || c == '_', 8);
        for (step, expected) in steps {
            let (kind, id) = step.split_once(' ').unwrap();
            let found = if kind == "call" { ids.call(id) } else { ids.result(id) };
            assert_eq!(found, *expected, "{step} of {steps:?}");
        }
    }

    #[test]
    fn every_call_has_an_id_of_its_own_and_its_result_finds_it() {
        check(&[("call a", "a"), ("call b", "b"), ("result b", "b"), ("result a", "a")]);
        // A model that numbers the calls of each answer.
        check(&[("call a", "a"), ("result a", "a"), ("call a", "a_2"), ("result a", "a_2")]);
        check(&[("call a", "a"), ("call a", "a_2"), ("result a", "a"), ("result a", "a_2")]);
        // Letters and lengths that do not fit, and what they would be mistaken for.
        check(&[("call f.g:0", "f_g_0"), ("call f:g.0", "f_g_0_2"), ("result f.g:0", "f_g_0")]);
        check(&[("call 123456789", "12345678"), ("call 123456780", "123456_2")]);
        check(&[("call ", "call"), ("result ", "call")]);
        // A result twice, and one of no call.
        check(&[("call a", "a"), ("result a", "a"), ("result a", "a")]);
        check(&[("result a", "a"), ("result a", "a"), ("call a", "a_2")]);
    }
}
