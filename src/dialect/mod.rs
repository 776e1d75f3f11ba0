//! Dialects: the wire formats of clients and providers. Pure: bytes in, bytes out.
//!
//! A dialect has two faces: it encodes a request for a target, and it decodes an answer, whole or
//! event by event. Vendors that speak the same dialect are rows of a table, not files.
//!
//! A [`Call`] is a client's request. [`Call::encode`] makes of it what a target gets, and the
//! [`Reading`] by which the target's answer becomes the client's: as it came where both speak the
//! same, and through a [`chat::Chat`] where they do not.

mod alternatives;
mod answer_stream;
pub mod anthropic;
mod base64;
mod call;
mod call_ids;
pub mod chat;
pub mod converse;
pub mod edits;
mod elements;
mod encode;
mod errors;
pub mod event_stream;
mod json;
pub mod openai;
mod operation;
mod percent;
mod reading;
mod refuse;
mod skip;
pub mod sse;
#[cfg(test)]
mod tests;
mod translation;
mod usage;
mod vendors;
mod verdict;

pub use alternatives::take_alternatives;
pub use answer_stream::{AnswerStream, Step};
pub use call::Call;
pub use encode::{Encoded, Encoding};
pub use errors::{envelope, error_event, read_error};
pub use json::{Edit, Object, ObjectError, Outline};
pub use operation::Operation;
pub use percent::percent_encoded;
pub use reading::{Reading, Telling, Whole};
pub use translation::Translation;
pub use usage::Usage;
pub use vendors::{Auth, Dialect, VENDORS, Vendor};
pub use verdict::classify;
