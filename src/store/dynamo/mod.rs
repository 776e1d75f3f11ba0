//! The store in DynamoDB: one table, `pk` and `sk`, no index, no scan.

mod admit;
mod call;
mod connector;
mod credentials;
mod endpoint;
mod errors;
mod expression;
mod health;
mod inspect;
mod json;
mod kept_credentials;
mod known;
pub mod layout;
mod signing;
mod table;
mod transact;

pub use connector::SharedHttp;
pub use credentials::{ContainerCredentials, FunctionCredentials};
pub use errors::{explain, from_sdk};
pub use table::{DynamoSettings, DynamoStore};

use std::time::Duration;

/// How long to wait before a call that was turned away is sent again: longer each time, and
/// different for each caller.
fn pause(tries: u32, draw: u64) -> Duration {
    let step_ms = 8_u64 << tries.min(5);
    Duration::from_millis(step_ms / 2 + draw % step_ms)
}
