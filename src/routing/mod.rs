//! Routing: from the alias that a client sends to the ordered targets that may answer. Pure.

mod alias;
mod overlap;
mod pattern;
mod plan;
mod route;

pub use alias::check_alias;
pub use overlap::overlap;
pub use pattern::Pattern;
pub use plan::{Plan, Skipped};
pub use route::{Route, Routes, Target, TargetTerms, Timeouts};
