//! The options of the `config` commands.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::ctl) enum ConfigCommand {
    /// Read a document strictly and show every mistake; nothing is sent anywhere
    Check {
        /// YAML or JSON; - is the standard input
        file: String,
    },
    /// Make a document the live one
    Push(PushOptions),
    /// Show the live document, or an older one
    Show {
        /// The document of that number
        #[arg(long, value_name = "N")]
        version: Option<u64>,
    },
    /// List the documents that were pushed, the newest first
    History {
        /// At most so many
        #[arg(long = "limit", value_name = "N", default_value_t = 20)]
        most: usize,
    },
    /// Make an older document the live one, as a new version
    Rollback {
        /// The number of the document to go back to
        version: u64,
        /// Who does it, for the history [default: USER]
        #[arg(long, value_name = "WHO")]
        by: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct PushOptions {
    /// YAML or JSON; - is the standard input
    pub(in crate::ctl) file: String,
    /// Only if the live document still is version N; 0 when there must be none yet
    #[arg(long, value_name = "N")]
    pub(in crate::ctl) if_version: Option<u64>,
    /// Who pushes, for the history [default: USER]
    #[arg(long, value_name = "WHO")]
    pub(in crate::ctl) by: Option<String>,
}
