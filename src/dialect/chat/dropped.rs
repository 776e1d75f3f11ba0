//! What a translation had no place for.

/// The names of request fields that a target cannot take, in the words of the client's dialect:
/// `logprobs`, `tools[2].strict`, `messages[0].content[1]`. Each once, in the order in which they
/// were met. Of more than 64, the last is `…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped(Vec<String>);

/// What stands for all that there is no room for.
const MORE: &str = "…";

/// More than a person reads. A request of some megabytes can have half a million parts that have no
/// place: without a bound, each of them would be looked up among all.
const MOST_FIELDS: usize = 64;

impl Dropped {
    /// Notes a field.
    pub fn note(&mut self, field: impl Into<String>) {
        let field = field.into();
        if self.0.len() > MOST_FIELDS || self.0.contains(&field) {
            return;
        }
        let has_room = self.0.len() < MOST_FIELDS;
        self.0.push(if has_room { field } else { MORE.to_owned() });
    }

    /// The fields.
    pub fn fields(&self) -> &[String] {
        &self.0
    }

    /// Whether nothing was dropped.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_end_to_what_is_named() {
        let mut dropped = Dropped::default();
        for field in [0, 1, 1, 0] {
            dropped.note(field.to_string());
        }
        assert_eq!(dropped.fields(), ["0", "1"]);
        (0..1_000).for_each(|field| dropped.note(field.to_string()));
        assert_eq!(dropped.fields().len(), MOST_FIELDS + 1);
        assert_eq!(dropped.fields()[MOST_FIELDS - 1..], ["63", MORE]);
    }
}
