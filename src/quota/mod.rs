//! Quota: limits, windows, the bound of what a request may cost, the hold and its settlement.
//! Pure arithmetic: it takes the time as a number and never sees the store.
//!
//! Why a limit holds: let a window have `c` left of `L`. A request is admitted by one conditional
//! write that takes its hold `E` from `c` and fails when `c < E`. Its true cost `A` is at most `E`
//! (the bound). Settlement gives back `E - A` at most once, and only on exact evidence. So what was
//! spent never exceeds `L`: crashes, lost replies and retries can only leave `c` too low until the
//! window ends, never too high.

mod bound;
mod hold;
mod limits;
mod price;
mod settlement;
mod window;

pub use bound::{Bound, Demand, InputSize, Terms, demand};
pub use hold::{Exhausted, Hold, Line};
pub use limits::{LIMITS, Limit, Period, UNLIMITED, Unit};
pub use price::Price;
pub use settlement::{Evidence, GiveBack, Settlement};
pub use window::{Charge, Window, charges, counter_name, stale};
