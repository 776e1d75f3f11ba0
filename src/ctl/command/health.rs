//! The options of the `health` commands.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in crate::ctl) enum HealthCommand {
    /// Put a target back at once
    Clear {
        /// Its id as it is listed, such as bailian/deepseek-v3.2
        target: String,
    },
}
