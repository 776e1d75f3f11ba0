//! The options of the `key` and `team` commands.

use clap::{Args, Subcommand};

use crate::ctl::keys;
use crate::ctl::limits::{ChangedLimits, MODES, MODES_AND_NONE, NewLimits, model_pattern};
use crate::keys::{Right, TeamId};
use crate::quota::{LIMITS, Limit, MOST_SHARDS};

#[derive(Debug, Subcommand)]
pub(in crate::ctl) enum KeyCommand {
    /// Make a key; its secret is printed once
    #[command(after_help = MODES)]
    Create(Box<CreateOptions>),
    /// List all keys
    List,
    /// Show a key: what it may do, and what is used, held and left of its limits
    Show {
        /// Its id, its name if no other key has it, or the key itself
        key: String,
    },
    /// Change a key; a changed limit applies to the window that is running
    #[command(after_help = MODES_AND_NONE)]
    Update {
        /// Its id, its name if no other key has it, or the key itself
        key: String,
        #[command(flatten)]
        options: Box<KeyUpdateOptions>,
    },
    /// Forgive what a key has spent in the windows that are running
    Reset {
        /// Its id, its name if no other key has it, or the key itself
        key: String,
        #[command(flatten)]
        options: ResetOptions,
    },
    /// Refuse a key from now on; what it is doing now ends by itself
    Revoke {
        /// Its id, its name if no other key has it, or the key itself
        key: String,
    },
    /// Make a key for a local gateway.yaml; nothing is sent anywhere
    #[command(after_help = MODES)]
    Mint(Box<MintOptions>),
}

#[derive(Debug, Subcommand)]
pub(in crate::ctl) enum TeamCommand {
    /// Make a team
    #[command(after_help = MODES)]
    Create(Box<TeamCreateOptions>),
    /// List all teams
    List,
    /// Show a team: what is used, held and left of its limits
    Show {
        /// Its id
        team: String,
    },
    /// Change a team; a changed limit applies to the window that is running
    #[command(after_help = MODES_AND_NONE)]
    Update {
        /// Its id
        team: String,
        #[command(flatten)]
        options: Box<TeamUpdateOptions>,
    },
    /// Forgive what a team has spent in the windows that are running
    Reset {
        /// Its id
        team: String,
        #[command(flatten)]
        options: ResetOptions,
    },
    /// Refuse all keys of a team from now on
    Revoke {
        /// Its id
        team: String,
    },
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct CreateOptions {
    /// What the key is for; logs and metrics show it
    #[arg(long, value_parser = keys::name)]
    pub(in crate::ctl) name: String,
    #[command(flatten)]
    pub(in crate::ctl) policy: PolicyOptions,
    /// The team whose limits bind the key as well
    #[arg(long, value_name = "ID", value_parser = TeamId::parse)]
    pub(in crate::ctl) team: Option<TeamId>,
    /// Spread the limits over N rows; each takes about 500 requests a second
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = shards())]
    pub(in crate::ctl) shards: u16,
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct MintOptions {
    /// What the key is for
    #[arg(long, default_value = "local", value_parser = keys::name)]
    pub(in crate::ctl) name: String,
    #[command(flatten)]
    pub(in crate::ctl) policy: PolicyOptions,
}

/// What a new key may do.
#[derive(Debug, Args)]
pub(in crate::ctl) struct PolicyOptions {
    /// The models that it may use, with * and ?, separated by commas
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',', default_value = "*")]
    #[arg(value_parser = model_pattern)]
    pub(in crate::ctl) models: Vec<String>,
    /// What else it may do, separated by commas: explain, fault
    #[arg(long, value_name = "RIGHTS", value_delimiter = ',', value_parser = right)]
    pub(in crate::ctl) rights: Vec<Right>,
    #[command(flatten)]
    pub(in crate::ctl) limits: NewLimits,
}

impl PolicyOptions {
    /// The zone's name.
    pub(in crate::ctl) fn time_zone(&self) -> String {
        let zone = self.limits.0.zone.as_ref();
        zone.map_or_else(|| "UTC".to_owned(), |zone| zone.name.clone())
    }
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct KeyUpdateOptions {
    /// What the key is for
    #[arg(long, value_parser = keys::name)]
    pub(in crate::ctl) name: Option<String>,
    /// The models that it may use, with * and ?, separated by commas
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',', value_parser = model_pattern)]
    pub(in crate::ctl) models: Option<Vec<String>>,
    /// What else it may do, separated by commas, or none: explain, fault
    #[arg(long, value_name = "RIGHTS|none", value_parser = rights_or_none)]
    pub(in crate::ctl) rights: Option<RightsChoice>,
    /// The team whose limits bind the key as well, or none
    #[arg(long, value_name = "ID|none", value_parser = team_or_none)]
    pub(in crate::ctl) team: Option<TeamChoice>,
    /// Spread the limits over N rows; each takes about 500 requests a second
    #[arg(long, value_name = "N", value_parser = shards())]
    pub(in crate::ctl) shards: Option<u16>,
    #[command(flatten)]
    pub(in crate::ctl) limits: ChangedLimits,
}

/// A team, or that there shall be none.
#[derive(Clone, Debug)]
pub(in crate::ctl) struct TeamChoice(pub(in crate::ctl) Option<TeamId>);

#[derive(Debug, Args)]
pub(in crate::ctl) struct TeamCreateOptions {
    /// What it is called: lower-case letters, digits and -
    #[arg(value_parser = TeamId::parse)]
    pub(in crate::ctl) id: TeamId,
    /// Spread the limits over N rows; each takes about 500 requests a second
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = shards())]
    pub(in crate::ctl) shards: u16,
    #[command(flatten)]
    pub(in crate::ctl) limits: NewLimits,
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct TeamUpdateOptions {
    /// Spread the limits over N rows; each takes about 500 requests a second
    #[arg(long, value_name = "N", value_parser = shards())]
    pub(in crate::ctl) shards: Option<u16>,
    #[command(flatten)]
    pub(in crate::ctl) limits: ChangedLimits,
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct ResetOptions {
    /// Only this limit, such as rpm; repeatable [default: all]
    #[arg(long = "limit", value_name = "NAME", value_parser = limit)]
    pub(in crate::ctl) limits: Vec<&'static Limit>,
    /// Also give back what was charged and never settled; only 15 minutes after the last use
    #[arg(long)]
    pub(in crate::ctl) leaked: bool,
}

fn shards() -> impl clap::builder::TypedValueParser<Value = u16> {
    clap::value_parser!(u16).range(1..=i64::from(MOST_SHARDS))
}

/// The rights that a key shall have.
#[derive(Clone, Debug)]
pub(in crate::ctl) struct RightsChoice(pub(in crate::ctl) Vec<Right>);

fn right(text: &str) -> Result<Right, String> {
    Right::named(text).ok_or_else(|| {
        format!("expected one of {}", Right::ALL.map(|(_, name, _)| name).join(", "))
    })
}

fn rights_or_none(text: &str) -> Result<RightsChoice, String> {
    match text {
        "none" => Ok(RightsChoice(vec![])),
        text => text.split(',').map(right).collect::<Result<_, _>>().map(RightsChoice),
    }
}

fn team_or_none(text: &str) -> Result<TeamChoice, String> {
    match text {
        "none" => Ok(TeamChoice(None)),
        text => TeamId::parse(text).map(|id| TeamChoice(Some(id))).map_err(|why| why.to_string()),
    }
}

/// A limit by its name, or as its option is written.
fn limit(text: &str) -> Result<&'static Limit, String> {
    Limit::named(&text.replace('-', "_")).ok_or_else(|| {
        let names: Vec<_> = LIMITS.iter().map(|limit| limit.name).collect();
        format!("expected one of {}", names.join(", "))
    })
}
