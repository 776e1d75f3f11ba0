//! New keys, in the table and for a local document.

mod create;
mod draw;
mod mint;
mod name;

pub(super) use create::create;
pub(super) use mint::mint;
pub(super) use name::name;
