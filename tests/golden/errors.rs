//! A provider's errors, one a line: the status (`-` inside a stream) and the body; or, with the
//! setting `status`, one body of many lines. What comes out is the class, what the body says of
//! itself, and what the client is told when no other target answers.

use std::fmt::Write;

use tollgate::dialect::classify;
use tollgate::dialect::openai::read_error;
use tollgate::failure::ProviderError;
use tollgate::refusal::{Refusal, UpstreamFailed};

use super::input::Input;

pub(super) fn output(input: &Input) -> String {
    let mut out = String::new();
    if let Some(status) = input.setting("status") {
        write!(out, "{status}\n{}", error(status, &input.payload)).unwrap();
        return out;
    }
    for line in input.body().lines() {
        writeln!(out, "{line}").unwrap();
        if !line.is_empty() && !line.starts_with('#') {
            let (status, body) = line.split_once(' ').unwrap_or((line, ""));
            out += &error(status, body);
        }
    }
    out
}

fn error(status: &str, body: &str) -> String {
    let status = (status != "-").then(|| status.parse().unwrap());
    let error = read_error(body.as_bytes());
    let class = classify(status, &error);
    let next = if class.falls_back() { "next target" } else { "final" };
    let mut out = format!("    {class}, {next}{}\n", of_itself(&error));
    let message = error.message.clone();
    let retry_after_ms = error.retry_after_ms;
    let error = Some(error.into());
    let failed = UpstreamFailed { class, status, error, retry_after_ms, attempts: vec![] };
    let told = super::refusals::line(&Refusal::Upstream(Box::new(failed)));
    writeln!(out, "    {told}").unwrap();
    if !message.is_empty() && !told.contains(&message) {
        writeln!(out, "    not told: {message}").unwrap();
    }
    out
}

/// `; code c, type t, wait 12 ms`: what is there of it.
fn of_itself(error: &ProviderError) -> String {
    let word =
        |name: &str, word: &Option<String>| word.as_ref().map(|word| format!("{name} {word}"));
    let wait = error.retry_after_ms.map(|wait_ms| format!("wait {wait_ms} ms"));
    let parts = [word("code", &error.code), word("type", &error.kind), wait];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) }
}
