//! The command line, on one page.

mod config;
mod explain;
mod health;
mod keys;
mod place;
mod usage;

use clap::{Parser, Subcommand};

pub(super) use config::{ConfigCommand, PushOptions};
pub(super) use explain::ExplainOptions;
pub(super) use health::HealthCommand;
pub(super) use keys::{
    CreateOptions, KeyCommand, KeyUpdateOptions, MintOptions, PolicyOptions, ResetOptions,
    TeamChoice, TeamCommand, TeamCreateOptions,
};
pub(super) use place::Place;
pub(super) use usage::UsageOptions;

/// The operator's tool of Tollgate: its table, its configuration and its keys.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed or refused, 2 the command line is wrong.")]
pub struct Invocation {
    /// One JSON document on stdout; errors as {"error": …} on stderr
    #[arg(long, global = true)]
    pub json: bool,

    #[command(flatten)]
    pub(super) place: Place,

    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create the table, or check the one that is there
    Init {
        /// Switch on what differs: expiry, point-in-time recovery, deletion protection
        #[arg(long)]
        repair: bool,
    },
    /// The configuration: check, push, show, roll back
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Virtual keys: create, list, show, update, reset, revoke
    #[command(subcommand)]
    Key(KeyCommand),
    /// Teams, whose limits bind their keys together
    #[command(subcommand)]
    Team(TeamCommand),
    /// The targets that are set aside now, until when and why; `clear` puts one back
    Health {
        #[command(subcommand)]
        command: Option<HealthCommand>,
    },
    /// What would happen to a request, and why; nothing is sent to a provider and nothing written
    Explain(Box<ExplainOptions>),
    /// What was used, by day, key, team or alias
    Usage(UsageOptions),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Invocation::command().debug_assert();
    }
}
