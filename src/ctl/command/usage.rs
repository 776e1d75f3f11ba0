//! The options of `usage`.

use clap::Args;

use crate::ctl::usage::{By, Day};
use crate::keys::TeamId;

#[derive(Debug, Args)]
pub(in crate::ctl) struct UsageOptions {
    /// The last N days, today included
    #[arg(long, value_name = "N", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=400))]
    pub(in crate::ctl) days: u64,
    /// From that day on, in UTC
    #[arg(long, value_name = "DAY", conflicts_with = "days", value_parser = Day::parse)]
    pub(in crate::ctl) from: Option<Day>,
    /// Up to that day, which is included [default: today]
    #[arg(long, value_name = "DAY", requires = "from", value_parser = Day::parse)]
    pub(in crate::ctl) to: Option<Day>,
    /// What there is one line for
    #[arg(long, value_enum, default_value_t = By::Day)]
    pub(in crate::ctl) by: By,
    /// Only that key: its id, its name if no other key has it, or the key itself
    #[arg(long)]
    pub(in crate::ctl) key: Option<String>,
    /// Only what keys used while they belonged to that team
    #[arg(long, value_name = "ID", value_parser = TeamId::parse)]
    pub(in crate::ctl) team: Option<TeamId>,
    /// Only aliases that fit, with * and ?
    #[arg(long, value_name = "PATTERN")]
    pub(in crate::ctl) alias: Option<String>,
    /// For a spreadsheet: RFC 4180, money in nano-USD
    #[arg(long, conflicts_with = "json")]
    pub(in crate::ctl) csv: bool,
}
