//! The store in DynamoDB: one table, `pk` and `sk`, no index, no scan.

mod connector;
mod credentials;
mod errors;
pub mod layout;
mod table;

pub use connector::SharedHttp;
pub use credentials::{ContainerCredentials, FunctionCredentials};
pub use errors::{explain, from_sdk};
pub use table::{DynamoSettings, DynamoStore};
