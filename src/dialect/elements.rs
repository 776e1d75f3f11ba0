//! The elements of a JSON array, one after the other, without building it in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The text is no array.
pub(super) struct NotAnArray;

/// Calls `visit` with the JSON of each element of an array.
pub(super) fn each(json: &str, visit: impl FnMut(&str)) -> Result<(), NotAnArray> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Elements(visit).deserialize(&mut deserializer).map_err(|_| NotAnArray)
}

struct Elements<F>(F);

impl<'de, F: FnMut(&str)> DeserializeSeed<'de> for Elements<F> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&str)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element::<&RawValue>()? {
            (self.0)(element.get());
        }
        Ok(())
    }
}
