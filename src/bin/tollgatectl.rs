//! `tollgatectl`, the operator's tool. Here is the command line only; the work is in
//! [`tollgate::ctl`].

use std::process::ExitCode;

use clap::Parser;
use tollgate::ctl::{Console, Invocation, run};
use tollgate::settings::variable;

fn main() -> ExitCode {
    let no_colour = variable("NO_COLOR").is_some();
    match Invocation::try_parse() {
        Ok(invocation) => run(&invocation, Console::new(invocation.json, no_colour)),
        Err(error) => {
            let json = std::env::args_os().any(|argument| argument == "--json");
            Console::new(json, no_colour).usage(&error)
        }
    }
}
