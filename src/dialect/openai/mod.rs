//! The OpenAI dialect: chat completions, completions and embeddings.

mod answer;
pub mod chat;
mod envelope;
mod errors;
mod request;
mod size;
mod stream;

pub use answer::read_answer;
pub(in crate::dialect) use answer::{inner_error, told};
pub use envelope::{envelope, error_event};
pub(in crate::dialect) use errors::clean;
pub use errors::read_error;
pub use request::{Call, Encoding};
pub use stream::{Ending, Step, StreamReader};
