//! What `tollgatectl` does: the control plane, under the operator's own AWS identity. The function
//! has no part in it and no right to any of it.

mod accounts;
mod aws;
mod command;
mod config;
mod explain;
mod grid;
mod health;
mod init;
mod keys;
mod limits;
mod output;
mod sdk_error;
mod table_settings;
mod teams;
mod units;
mod usage;

use std::process::ExitCode;
use std::time::Duration;

pub use command::Invocation;
pub use output::Console;

use crate::clock::Clock;
use accounts::{Kind, Pardon, Update};
use aws::Table;
use command::{
    Command, ConfigCommand, HealthCommand, KeyCommand, KeyUpdateOptions, ResetOptions, TeamCommand,
};
use output::{Failed, Report};

/// Does what the operator asked for and tells how it went: 0 done, 1 failed or refused.
pub fn run(invocation: &Invocation, console: Console) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(patiently(perform(invocation, console), console)),
        Err(error) => Err(Failed::new(format!("cannot start: {error}"))),
    };
    console.deliver(outcome)
}

/// Tells people every few seconds that it goes on.
async fn patiently<T>(work: impl Future<Output = T>, console: Console) -> T {
    const SILENCE: Duration = Duration::from_secs(5);
    tokio::pin!(work);
    loop {
        match tokio::time::timeout(SILENCE, &mut work).await {
            Ok(done) => return done,
            Err(_) => console.progress("still waiting for an answer …"),
        }
    }
}

async fn perform(invocation: &Invocation, console: Console) -> Result<Report, Failed> {
    let now_ms = Clock::System.now_ms();
    let table = || Table::connect(&invocation.place, console);
    match &invocation.command {
        Command::Init { repair } => init::init(&table().await?, *repair, console).await,
        Command::Config(command) => match command {
            ConfigCommand::Check { file } => config::check(file),
            // What is wrong with the file is told before anything is asked of AWS.
            ConfigCommand::Push(options) => {
                let file = config::read(&options.file)?;
                config::push(&table().await?, &file, options, console, now_ms).await
            }
            ConfigCommand::Show { version } => {
                config::show(&table().await?, *version, now_ms).await
            }
            ConfigCommand::History { most } => {
                config::history(&table().await?, *most, now_ms).await
            }
            ConfigCommand::Rollback { version, by } => {
                config::rollback(&table().await?, *version, by.as_deref(), now_ms).await
            }
        },
        Command::Key(KeyCommand::Mint(options)) => keys::mint(options),
        Command::Key(command) => on_key(&table().await?, command, console, now_ms).await,
        Command::Team(command) => on_team(&table().await?, command, console, now_ms).await,
        Command::Health { command: None } => health::show(&table().await?, now_ms).await,
        Command::Health { command: Some(HealthCommand::Clear { target }) } => {
            health::clear(&table().await?, target).await
        }
        Command::Explain(options) => {
            explain::explain(&invocation.place, options, console, now_ms).await
        }
        Command::Usage(options) => usage::usage(&table().await?, options, console, now_ms).await,
    }
}

async fn on_key(
    table: &Table,
    command: &KeyCommand,
    console: Console,
    now_ms: u64,
) -> Result<Report, Failed> {
    match command {
        KeyCommand::Create(options) => keys::create(table, options, now_ms).await,
        KeyCommand::List => accounts::list(table, Kind::Key, console, now_ms).await,
        KeyCommand::Show { key } => accounts::show(table, Kind::Key, key, console, now_ms).await,
        KeyCommand::Update { key, options } => {
            let KeyUpdateOptions { name, models, rights, team, shards, limits } = &**options;
            let update = Update {
                name: name.as_deref(),
                models: models.as_deref(),
                rights: rights.as_ref().map(|rights| rights.0.as_slice()),
                team: team.as_ref(),
                shards: *shards,
                limits: limits.0.clone(),
            };
            accounts::update(table, (Kind::Key, key), &update, console, now_ms).await
        }
        KeyCommand::Reset { key, options } => {
            accounts::reset(table, (Kind::Key, key), pardon(options), console, now_ms).await
        }
        KeyCommand::Revoke { key } => accounts::revoke(table, Kind::Key, key, console).await,
        KeyCommand::Mint(options) => keys::mint(options),
    }
}

async fn on_team(
    table: &Table,
    command: &TeamCommand,
    console: Console,
    now_ms: u64,
) -> Result<Report, Failed> {
    match command {
        TeamCommand::Create(options) => teams::create(table, options, console, now_ms).await,
        TeamCommand::List => accounts::list(table, Kind::Team, console, now_ms).await,
        TeamCommand::Show { team } => {
            accounts::show(table, Kind::Team, team, console, now_ms).await
        }
        TeamCommand::Update { team, options } => {
            let update = Update {
                shards: options.shards,
                limits: options.limits.0.clone(),
                ..Update::default()
            };
            accounts::update(table, (Kind::Team, team), &update, console, now_ms).await
        }
        TeamCommand::Reset { team, options } => {
            accounts::reset(table, (Kind::Team, team), pardon(options), console, now_ms).await
        }
        TeamCommand::Revoke { team } => accounts::revoke(table, Kind::Team, team, console).await,
    }
}

fn pardon(options: &ResetOptions) -> Pardon<'_> {
    Pardon { limits: &options.limits, leaked: options.leaked }
}
