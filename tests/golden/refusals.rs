//! The table of refusals: what a client is told, with which status, type and code.

use std::fmt::Write;

use serde_json::Value;
use tollgate::dialect::openai::envelope;
use tollgate::refusal::Refusal;

pub(super) fn output() -> String {
    let mut out = String::new();
    for (name, refusal) in super::examples::all() {
        writeln!(out, "{name}").unwrap();
        writeln!(out, "    {}", line(&refusal)).unwrap();
        if let Some(wait_ms) = refusal.retry_after_ms() {
            writeln!(out, "    retry after {wait_ms} ms").unwrap();
        }
        if let Some(retry) = refusal.should_retry() {
            writeln!(out, "    x-should-retry: {retry}").unwrap();
        }
    }
    out
}

/// A refusal in one line, read from the bytes that the client gets:
/// `429 rate_limit_error rate_limit_exceeded: message`.
pub(super) fn line(refusal: &Refusal) -> String {
    let body: Value = serde_json::from_slice(&envelope(refusal, "req-1")).unwrap();
    let error = &body["error"];
    let text = |name: &str| error[name].as_str().unwrap_or("null").to_owned();
    assert_eq!(text("request_id"), "req-1");
    let param = error["param"].as_str().map(|param| format!(" ({param})")).unwrap_or_default();
    let status = refusal.shape().status;
    format!("{status} {} {}{param}: {}", text("type"), text("code"), text("message"))
}
