//! Quota: limits, windows, the bound of what a request may cost, the hold and its settlement.
//! Pure arithmetic: it takes the time as a number and never sees the store.
//!
//! Why a limit holds: let a window have `c` left of `L`. A request is admitted by one conditional
//! write that takes its hold `E` from `c` and fails when `c < E`. Its true cost `A` is at most `E`
//! (the bound). Settlement gives back `E - A` to the window that it was taken from, at most once,
//! and only on exact evidence. So what was spent never exceeds `L`: crashes, lost replies and
//! retries can only leave `c` too low until the window ends, never too high.

mod account;
mod books;
mod bound;
mod charge;
mod exhausted;
mod hold;
mod ledger;
mod limit_set;
mod limits;
mod price;
mod rule;
mod settlement;
mod shape;
mod window;
mod zone;

pub use account::{Account, Owner, Scope};
pub use books::{Books, Prospect, room, shard_order};
pub use bound::{Bound, Demand, InputSize, Lease, Need, Terms, demand};
pub use charge::{Charge, charges};
pub use exhausted::Exhausted;
pub use hold::{Held, Hold, Line, Tightest};
pub use ledger::{Ledger, Objection, always_stored};
pub use limit_set::LimitSet;
pub use limits::{LIMITS, Limit, Mode, Period, UNLIMITED, Unit};
pub use price::{Price, decimal_usd};
pub use rule::Rule;
pub use settlement::{Change, Evidence, Part, Settlement};
pub use shape::{MOST_RULES, MOST_SHARDS, PLAIN, Shape};
pub use window::Window;
pub use zone::{NotAZone, Zone};
