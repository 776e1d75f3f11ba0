//! OpenAI as the client's dialect: its requests are read, its answers and streams are written.

mod answer;
mod field;
mod messages;
mod parts;
mod reasoning;
mod request;
mod stream;
mod tools;
mod wire;

pub use answer::write_answer;
pub use request::read_request;
pub use stream::StreamWriter;
