//! This process again, running one test: for what a test cannot see of itself, the lines that the
//! gateway writes straight to standard output.

use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};
use tollgate::settings::variable;

/// Set in the second process.
const PLAYED: &str = "TOLLGATE_TEST_PLAYED";

/// What one case of a test left in the log.
#[derive(Debug, Default)]
pub(crate) struct Logged {
    /// The records of requests.
    pub(crate) records: Vec<Value>,
    /// Warnings and errors.
    pub(crate) warnings: Vec<Value>,
    /// What the played test itself found wrong.
    pub(crate) mistakes: Vec<String>,
}

/// Whether this is the process in which a test is played for another one.
pub(crate) fn is_played() -> bool {
    variable(PLAYED).is_some()
}

/// Begins to log as a function does.
pub(crate) fn log() {
    let log = tracing_subscriber::fmt().with_target(false).json().flatten_event(true);
    log.without_time().with_max_level(tracing_subscriber::filter::LevelFilter::WARN).init();
    say("");
}

/// Notes which case begins. The lines that follow are its own.
pub(crate) fn begin_case(name: &str) {
    say(&json!({ "event": "case", "name": name }).to_string());
}

/// Notes what is wrong with the case that has begun.
pub(crate) fn note_mistake(mistake: &str) {
    say(&json!({ "event": "mistake", "text": mistake }).to_string());
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").unwrap();
}

/// Plays a test in a process of its own, which must succeed, and gives what each case logged.
pub(crate) fn play(test: &str) -> Vec<(String, Logged)> {
    let myself = std::env::current_exe().unwrap();
    let mut command = Command::new(myself);
    command.args(["--exact", test, "--nocapture"]).env(PLAYED, "yes");
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{test} as it was played:\n{said}");
    let mut cases: Vec<(String, Logged)> = Vec::new();
    for line in printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if line["event"] == "case" {
            cases.push((line["name"].as_str().unwrap().to_owned(), Logged::default()));
            continue;
        }
        let Some((_, logged)) = cases.last_mut() else { continue };
        match line["event"].as_str() {
            Some("request") => logged.records.push(line),
            Some("mistake") => logged.mistakes.push(line["text"].as_str().unwrap().to_owned()),
            _ => logged.warnings.push(line),
        }
    }
    assert!(!cases.is_empty(), "{test} was not played: {printed}");
    cases
}
