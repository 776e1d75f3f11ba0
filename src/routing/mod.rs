//! Routing: from the alias that a client sends to the ordered targets that may answer. Pure.

mod alias;
mod breaker;
mod course;
mod expectation;
mod faults;
mod health;
mod mirror;
mod overlap;
mod pattern;
mod plan;
mod retry_budget;
mod route;
mod split;

pub use alias::check_alias;
pub use breaker::{Breaker, Notice};
pub use course::{Course, Next};
pub use expectation::{Expectations, is_late};
pub use faults::Faults;
pub use health::{Aside, Health, Standing};
pub use mirror::Mirror;
pub use overlap::overlap;
pub use pattern::Pattern;
pub use plan::{Candidate, Plan, Skipped, Usable};
pub use retry_budget::RetryBudget;
pub use route::{Route, Routes, Target, TargetTerms, Timeouts};
pub use split::{SplitBy, stable_draw};
