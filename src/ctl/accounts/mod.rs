//! Keys and teams as the table holds them: rows with limits that are read, shown and changed beside
//! traffic.

mod expression;
mod figures;
mod find;
mod grow;
mod holder;
mod list;
mod make;
mod money;
mod places;
mod reset;
mod revoke;
mod rows;
mod show;
mod shrink;
mod spread;
mod standing;
mod update;
mod windows;
mod write;

pub(super) use find::{find, team};
pub(super) use holder::{Holder, Kind};
pub(super) use list::list;
pub(super) use make::{make, new_item};
pub(super) use money::{Access, check, check_config};
pub(super) use reset::{Pardon, reset};
pub(super) use revoke::revoke;
pub(super) use rows::{Holders, all};
pub(super) use show::show;
pub(super) use update::{Update, update};
