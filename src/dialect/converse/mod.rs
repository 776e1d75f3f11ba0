//! The dialect of Bedrock's Converse API, as a target. Shapes and limits are those of the Amazon
//! Bedrock API Reference (`Converse`, `ConverseStream`) and of its service model, 2023-09-30; what
//! they do not say and Bedrock does is told where it matters.

mod answer;
mod blob;
mod count;
mod errors;
mod extra;
mod history;
mod media;
mod model;
mod path;
mod request;
mod stream;
mod tools;
mod usage;
mod wire;

#[cfg(test)]
mod tests;

pub use answer::read_answer;
pub use count::{count_request, read_count};
pub use errors::read_error;
pub use path::{count_path, path};
pub use request::{Target, write_request};
pub use stream::Decoder;
