//! What a translation had no place for.

/// The names of request fields that a target cannot take, in the words of the client's dialect:
/// `logprobs`, `tools[2].strict`, `messages[0].content[1]`. Each once, in the order in which they
/// were met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped(Vec<String>);

impl Dropped {
    /// Notes a field.
    pub fn note(&mut self, field: impl Into<String>) {
        let field = field.into();
        if !self.0.contains(&field) {
            self.0.push(field);
        }
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
