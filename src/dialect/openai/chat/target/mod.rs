//! OpenAI as the target's dialect: requests are written, answers and streams are read.

mod answer;
mod blocks;
mod calls;
mod messages;
mod reasoning;
mod request;
mod said;
mod stream;
mod strict;
mod turn;

pub use answer::read_answer;
pub use reasoning::ReasoningStyle;
pub use request::{SignedCalls, Target, write_request};
pub use stream::Decoder;
