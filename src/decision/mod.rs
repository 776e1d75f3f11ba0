//! Decisions: what is decided of one request between its reading and its sending, a function a
//! decision. Pure: the gateway acts by them, and an explanation tells what they are.

mod deadline;
mod demand;
mod legs;
mod listed;
mod no_answer;
mod outgoing;
mod usable;

pub use deadline::time;
pub use demand::{bound, demand};
pub use legs::{Asked, Leg, asked, draw, may_use, mirror, permitted, split_value};
pub use listed::{listed, names};
pub use no_answer::{may_estimate, no_answer};
pub use outgoing::{Asking, Prepared, prepare};
pub use usable::usable;
