//! A provider's errors, one a line: the status (`-` inside a stream) and the body. What comes out
//! is the class, and what the client is told when no other target answers.

use std::fmt::Write;

use tollgate::dialect::classify;
use tollgate::dialect::openai::read_error;
use tollgate::refusal::{Refusal, UpstreamFailed};

use super::input::Input;

pub(super) fn output(input: &Input) -> String {
    let mut out = String::new();
    for line in input.body().lines() {
        if line.is_empty() || line.starts_with('#') {
            writeln!(out, "{line}").unwrap();
            continue;
        }
        let (status, body) = line.split_once(' ').unwrap_or((line, ""));
        let status = (status != "-").then(|| status.parse().unwrap());
        let error = read_error(body.as_bytes());
        let class = classify(status, &error);
        let next = if class.falls_back() { "next target" } else { "final" };
        let failed = UpstreamFailed {
            class,
            status,
            error: Some(error.into()),
            retry_after_ms: None,
            attempts: vec![],
        };
        let refusal = Refusal::Upstream(Box::new(failed));
        writeln!(out, "{line}").unwrap();
        writeln!(out, "    {class}, {next}").unwrap();
        writeln!(out, "    {}", super::refusals::line(&refusal)).unwrap();
    }
    out
}
