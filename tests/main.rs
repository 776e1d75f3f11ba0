//! The tests of the whole, in one binary.

// Everything here is a test: for clippy, as it is for the compiler.
#![cfg(test)]

mod bad_input;
mod ctl;
mod evidence;
mod faults;
mod fuzz;
mod golden;
mod house;
mod local_server;
mod quota_model;
mod quota_property;
mod race;
mod runtime_api;
mod store_contract;
mod store_faults;
mod support;
mod translations;
mod vault;
