//! `tollgatectl` from outside: the real binary, without a table and on DynamoDB Local.

mod changes;
mod command_line;
mod config;
mod documents;
mod explain;
mod health;
mod in_flight;
mod init;
mod keys;
mod leaks;
mod money;
mod shards;
mod teams;
mod tool;
mod traffic;
mod usage;
