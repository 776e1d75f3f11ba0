//! Dialects: the wire formats of clients and providers. Pure: bytes in, bytes out.
//!
//! A dialect has two faces: it encodes a request for a target, and it decodes an answer, whole or
//! event by event. Vendors that speak the same dialect are rows of a table, not files.

pub mod anthropic;
pub mod chat;
pub mod converse;
mod elements;
pub mod event_stream;
mod json;
pub mod openai;
mod operation;
mod refuse;
pub mod sse;
mod usage;
mod vendors;
mod verdict;

pub use json::{Edit, Object, ObjectError};
pub use operation::Operation;
pub use usage::Usage;
pub use vendors::{Auth, VENDORS, Vendor};
pub use verdict::classify;
