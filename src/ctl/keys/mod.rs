//! The `key` commands: create, list, revoke, mint.

mod create;
mod list;
mod policy;
mod revoke;
mod rows;

pub(super) use create::{create, mint};
pub(super) use list::list;
pub(super) use policy::{model_pattern, name};
pub(super) use revoke::revoke;
