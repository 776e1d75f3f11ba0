//! A conversation between two dialects: what a chat request, its answer and its stream mean,
//! whoever's wire they came from. Only traffic between different dialects passes through here;
//! between equal ones the bytes go through as they are.
//!
//! A dialect reads its wire into these types and writes them to its wire. What the other side has
//! no place for is noted by its name in [`Dropped`], never lost silently.

mod answer;
mod dropped;
mod event;
mod request;

pub use answer::{Answer, Finish};
pub use dropped::Dropped;
pub use event::Event;
pub use request::{
    Block, CacheMark, Chat, Effort, Format, Knobs, Media, MediaKind, Reasoning, Role, Source, Tool,
    ToolChoice, Turn,
};
