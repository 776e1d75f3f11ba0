//! What `tollgatectl` does: the control plane, under the operator's own AWS identity. The function
//! has no part in it and no right to any of it.

mod aws;
mod command;
mod config;
mod grid;
mod init;
mod keys;
mod output;
mod overlap;
mod sdk_error;
mod table_settings;
mod units;

use std::process::ExitCode;
use std::time::Duration;

pub use command::Invocation;
pub use output::Console;

use crate::clock::Clock;
use aws::Table;
use command::{Command, ConfigCommand, KeyCommand};
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
                config::push(&table().await?, &file, options, now_ms).await
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
        Command::Key(command) => match command {
            KeyCommand::Create(options) => keys::create(&table().await?, options, now_ms).await,
            KeyCommand::List => keys::list(&table().await?, console).await,
            KeyCommand::Revoke { key } => keys::revoke(&table().await?, key, console).await,
            KeyCommand::Mint(options) => keys::mint(options),
        },
    }
}
