//! The elements of a JSON array, one after the other, without building it in memory.

use super::skip::Cursor;

/// The text is no array.
pub(super) struct NotAnArray;

/// Calls `visit` with the JSON of each element of an array.
pub(super) fn each(json: &str, mut visit: impl FnMut(&str)) -> Result<(), NotAnArray> {
    let array = Cursor::new(json).array(|cursor| cursor.value().map(&mut visit));
    array.map(|_| ()).ok_or(NotAnArray)
}
