//! The command line, on one page.

use clap::{Args, Parser, Subcommand};

use super::output::Failed;
use super::{keys, units};
use crate::settings::variable;

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

/// Where the table is and who asks.
#[derive(Debug, Args)]
#[command(next_help_heading = "The table")]
pub(super) struct Place {
    #[arg(help = "The table [default: TOLLGATE_TABLE, then tollgate]")]
    #[arg(long, value_name = "NAME", global = true, value_parser = table_name)]
    table: Option<String>,

    #[arg(help = "Where DynamoDB is [default: AWS_ENDPOINT_URL_DYNAMODB, then the region's]")]
    #[arg(long, value_name = "URL", global = true, value_parser = endpoint)]
    endpoint_url: Option<String>,

    #[arg(help = "The region [default: AWS_REGION, then the profile's]")]
    #[arg(long, value_name = "REGION", global = true)]
    pub(super) region: Option<String>,

    /// A profile of ~/.aws [default: the SDK's ordinary search for credentials]
    #[arg(long, value_name = "PROFILE", global = true)]
    pub(super) profile: Option<String>,
}

impl Place {
    /// The table's name.
    ///
    /// # Errors
    /// When the environment has a wrong one.
    pub(super) fn table(&self) -> Result<String, Failed> {
        let table = self.table.clone().or_else(|| variable("TOLLGATE_TABLE"));
        let table = table.unwrap_or_else(|| "tollgate".to_owned());
        table_name(&table).map_err(|why| Failed::new(format!("TOLLGATE_TABLE is '{table}': {why}")))
    }

    /// The endpoint, if it is not the region's.
    ///
    /// # Errors
    /// When the environment has a wrong one.
    pub(super) fn endpoint(&self) -> Result<Option<String>, Failed> {
        if self.endpoint_url.is_some() {
            return Ok(self.endpoint_url.clone());
        }
        for name in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"] {
            if let Some(url) = variable(name) {
                let checked = endpoint(&url);
                return checked
                    .map(Some)
                    .map_err(|why| Failed::new(format!("{name} is '{url}': {why}")));
            }
        }
        Ok(None)
    }
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
    /// Virtual keys: create, list, revoke
    #[command(subcommand)]
    Key(KeyCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
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
pub(super) struct PushOptions {
    /// YAML or JSON; - is the standard input
    pub(super) file: String,
    /// Only if the live document still is version N; 0 when there must be none yet
    #[arg(long, value_name = "N")]
    pub(super) if_version: Option<u64>,
    /// Who pushes, for the history [default: USER]
    #[arg(long, value_name = "WHO")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key; its secret is printed once
    Create(CreateOptions),
    /// List all keys
    List,
    /// Refuse a key from now on; what it is doing now ends by itself
    Revoke {
        /// Its id, its name if no other key has it, or the key itself
        key: String,
    },
    /// Make a key for a local gateway.yaml; nothing is sent anywhere
    Mint(MintOptions),
}

#[derive(Debug, Args)]
pub(super) struct CreateOptions {
    /// What the key is for; logs and metrics show it
    #[arg(long, value_parser = keys::name)]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) policy: PolicyOptions,
}

#[derive(Debug, Args)]
pub(super) struct MintOptions {
    /// What the key is for
    #[arg(long, default_value = "local", value_parser = keys::name)]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) policy: PolicyOptions,
}

/// What a key may do.
#[derive(Debug, Args)]
pub(super) struct PolicyOptions {
    /// The models that it may use, with * and ?, separated by commas
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',', default_value = "*")]
    #[arg(value_parser = keys::model_pattern)]
    pub(super) models: Vec<String>,
    /// Requests a minute [default: no limit]
    #[arg(long, value_name = "N", value_parser = units::count)]
    pub(super) rpm: Option<u64>,
    /// Tokens a day, input and output together [default: no limit]
    #[arg(long, value_name = "N", value_parser = units::count)]
    pub(super) tokens_per_day: Option<u64>,
    /// US dollars a month, such as 25 or 0.50 [default: no limit]
    #[arg(id = "usd_per_month", long = "usd-per-month", value_name = "USD", value_parser = units::usd)]
    pub(super) nano_usd_per_month: Option<u64>,
}

fn table_name(text: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if (3..=255).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("a table's name has 3 to 255 letters, digits, '_', '.' and '-'")
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    match url.scheme() {
        "http" | "https" => Ok(text.to_owned()),
        _ => Err("expected http://… or https://…".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Invocation::command().debug_assert();
    }

    #[test]
    fn table_names_and_endpoints() {
        assert!(table_name("tollgate-prod_1.a").is_ok());
        assert!(["", "ab", "a b c", "täble"].iter().all(|name| table_name(name).is_err()));
        assert!(endpoint("http://127.0.0.1:8000").is_ok());
        assert!(
            ["127.0.0.1:8000", "localhost", "ftp://x"].iter().all(|url| endpoint(url).is_err())
        );
    }
}
