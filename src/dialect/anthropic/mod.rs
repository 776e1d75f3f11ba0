//! The Anthropic dialect: Messages. Sources, unless a place names another: Anthropic's API
//! reference and the types of its Python SDK.
//!
//! Equal dialects keep their bytes: [`MessagesCall`], [`StreamReader`], [`read_answer`]. For a client
//! of this dialect and a target of another there are [`read_request`], [`write_answer`] and
//! [`StreamWriter`]; for the other way round [`write_request`], [`read_answer_chat`] and [`Decoder`].

mod answer;
mod client_answer;
mod client_blocks;
mod client_request;
mod client_settings;
mod client_stream;
mod count;
mod envelope;
mod errors;
mod expected;
mod meter;
pub(in crate::dialect) mod model;
mod request;
pub(in crate::dialect) mod schema;
mod server_tools;
mod signed_ids;
mod size;
mod target_answer;
mod target_blocks;
mod target_request;
mod target_sampling;
mod target_stream;
mod target_thinking;
mod target_tools;
mod target_turns;
#[cfg(test)]
mod tests;
mod wire;
mod words;

pub use answer::read_answer;
pub use client_answer::write_answer;
pub use client_request::read_request;
pub use client_stream::StreamWriter;
pub use count::{count_answer, count_request, read_count};
pub use envelope::{envelope, error_event};
pub use errors::read_error;
pub use meter::StreamReader;
pub use request::{MessagesCall, headers};
pub use target_answer::read_answer_chat;
pub use target_request::{Target, write_request};
pub use target_stream::Decoder;
pub use target_thinking::Thinking;
pub use words::in_its_words;
