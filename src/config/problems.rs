//! What is wrong with a document, and where.

use std::cell::RefCell;
use std::fmt;

/// A place in a text, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where in the text, when the document came as text.
    pub at: Option<Position>,
    /// Where in the document: `routes[2].targets[0].provider`.
    pub path: String,
    /// What is wrong and what was expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.at {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// All mistakes found so far; readers share it.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Notes a mistake.
    pub fn add(&self, at: Option<Position>, path: &str, message: impl Into<String>) {
        let problem = Problem { at, path: path.to_owned(), message: message.into() };
        self.0.borrow_mut().push(problem);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// All of them in the order of the text.
    pub fn into_sorted(self) -> Vec<Problem> {
        let mut problems = self.0.into_inner();
        problems.sort();
        problems.dedup();
        problems
    }
}

/// The known name that is nearest to one that is not known, if any is near enough to be meant.
pub(crate) fn nearest<'a>(
    unknown: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let unknown = unknown.to_ascii_lowercase();
    known
        .into_iter()
        .map(|name| (distance(&unknown, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// The sentence about a name that is not known.
pub(super) fn unknown_name<'a>(
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    let list = known.clone().into_iter().collect::<Vec<_>>().join(", ");
    match nearest(name, known) {
        Some(meant) => format!("unknown {what} '{name}': did you mean '{meant}'?"),
        None if list.is_empty() => format!("unknown {what} '{name}': there is none"),
        None => format!("unknown {what} '{name}': expected one of {list}"),
    }
}

/// Levenshtein's distance, with a swap of neighbours as one step.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = vec![];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (at(&row, j) + usize::from(x != y)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_when_it_is_near() {
        let known = ["provider", "model", "weight", "price"];
        assert_eq!(nearest("providr", known), Some("provider"));
        assert_eq!(nearest("Model", known), Some("model"));
        assert_eq!(nearest("wieght", known), Some("weight"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(
            unknown_name("field", "x", ["ab", "cd"]),
            "unknown field 'x': expected one of ab, cd"
        );
    }
}
