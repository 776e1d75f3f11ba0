//! The `config` commands: check, push, show, history, rollback.

mod check;
mod file;
mod publish;
mod rows;
mod show;

pub(super) use check::check;
pub(super) use file::read;
pub(super) use publish::{push, rollback};
pub(super) use rows::live;
pub(super) use show::{history, show};
