//! The line of a record.

use std::io::Write;
use std::sync::LazyLock;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{AttemptRecord, Mirrored, Record, RequestOutcome};
use crate::dialect::Usage;

/// The line's fields, in the order in which a person looks for them; the metrics come last.
#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    outcome: &'static str,
    status: u16,
    code: Option<&'static str>,
    request_id: &'a str,
    key: Option<&'a str>,
    key_name: Option<&'a str>,
    team: Option<&'a str>,
    operation: &'static str,
    alias: Option<&'a str>,
    stream: bool,
    target: Option<&'a str>,
    attempts: &'a [AttemptRecord],
    skipped: &'a [String],
    mirror: Option<&'a Mirrored>,
    tokens: Option<Tokens>,
    nano_usd: Option<u64>,
    held: Held,
    settled: Option<&'static str>,
    bound_violation: bool,
    shadow_refusals: &'a [String],
    ms: Times,
    store: Trips,
    config_version: Option<u64>,
    #[serde(flatten)]
    metrics: Metrics<'a>,
}

/// Tokens by kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Tokens {
    input_uncached: u64,
    cache_read: u64,
    cache_write: u64,
    cache_write_1h: u64,
    output: u64,
    reasoning: u64,
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        Self {
            input_uncached: usage.input_uncached,
            cache_read: usage.cache_read,
            cache_write: usage.cache_write,
            cache_write_1h: usage.cache_write_1h,
            output: usage.output,
            reasoning: usage.reasoning,
        }
    }
}

#[derive(Serialize)]
struct Held {
    tokens: u64,
    nano_usd: u64,
}

#[derive(Serialize)]
struct Times {
    total: Millis,
    first_byte: Millis,
    upstream: Millis,
    waited: u64,
    overhead: Millis,
}

#[derive(Serialize)]
struct Trips {
    trips: u32,
    ms: Millis,
}

/// CloudWatch's embedded metric format: the members that it reads are at the top of the line, and
/// `_aws` names them (CloudWatch user guide, "Embedded metric format specification"). The dimensions
/// come from the configuration and from closed lists, never from clients.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics<'a> {
    outcome: &'static str,
    route: &'a str,
    requests: u8,
    failed_attempts: usize,
    input_tokens: u64,
    output_tokens: u64,
    bound_violations: u8,
    shadow_refusals: usize,
    latency: Millis,
    overhead: Millis,
    #[serde(rename = "_aws")]
    aws: Aws,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Aws {
    timestamp: u64,
    cloud_watch_metrics: [Option<&'static RawValue>; 1],
}

/// The definitions never change: they are text, which is checked once.
static DEFINITIONS: LazyLock<Option<Box<RawValue>>> =
    LazyLock::new(|| RawValue::from_string(METRICS.to_owned()).ok());

const METRICS: &str = r#"{"Namespace":"Tollgate","Dimensions":[[],["Outcome"],["Route"]],"Metrics":[{"Name":"Requests","Unit":"Count"},{"Name":"FailedAttempts","Unit":"Count"},{"Name":"InputTokens","Unit":"Count"},{"Name":"OutputTokens","Unit":"Count"},{"Name":"BoundViolations","Unit":"Count"},{"Name":"ShadowRefusals","Unit":"Count"},{"Name":"Latency","Unit":"Milliseconds"},{"Name":"Overhead","Unit":"Milliseconds"}]}"#;

/// Microseconds, written as milliseconds with three decimals, exactly.
#[derive(Clone, Copy)]
struct Millis(u64);

impl Serialize for Millis {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (whole, part) = ((self.0 / 1_000).to_string(), (1_000 + self.0 % 1_000).to_string());
        // The one before the part has kept its zeros.
        let text = [&whole, ".", part.get(1..).unwrap_or_default()].concat();
        RawValue::from_string(text).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// Few lines are longer.
const USUAL_BYTES: usize = 2_048;

/// The line as JSON. `total_us` is how long the request took.
pub(super) fn line(record: &Record, outcome: RequestOutcome, total_us: u64) -> Vec<u8> {
    let first_byte_us = record.first_byte_us.unwrap_or(total_us);
    let waited = record.elsewhere_us();
    let overhead = Millis(first_byte_us.saturating_sub(waited));
    let usage = record.usage.unwrap_or_default();
    let answered = record.attempts.last().filter(|attempt| attempt.class.is_none());
    let line = Line {
        event: "request",
        outcome: outcome.name(),
        status: record.status,
        code: record.code,
        request_id: &record.request_id,
        key: record.key.as_deref(),
        key_name: record.key_name.as_deref(),
        team: record.team.as_deref(),
        operation: record.operation,
        alias: record.alias.as_deref(),
        stream: record.stream,
        target: answered.map(|attempt| attempt.target.as_str()),
        attempts: &record.attempts,
        skipped: &record.skipped,
        mirror: record.mirror.as_ref(),
        tokens: record.usage.map(Tokens::from),
        nano_usd: record.nano_usd,
        held: Held { tokens: record.held_tokens, nano_usd: record.held_nano_usd },
        settled: record.settled.map(super::Settled::name),
        bound_violation: record.bound_violation,
        shadow_refusals: &record.shadow_refusals,
        ms: Times {
            total: Millis(total_us),
            first_byte: Millis(first_byte_us),
            upstream: Millis(record.upstream_us),
            waited: record.waited_ms,
            overhead,
        },
        store: Trips { trips: record.store_trips, ms: Millis(record.store_us) },
        config_version: record.config_version,
        metrics: Metrics {
            outcome: outcome.name(),
            route: record.route.as_deref().unwrap_or("none"),
            requests: 1,
            failed_attempts: record.attempts.iter().filter(|a| a.class.is_some()).count(),
            input_tokens: usage.input(),
            output_tokens: usage.output,
            bound_violations: u8::from(record.bound_violation),
            shadow_refusals: record.shadow_refusals.len(),
            latency: Millis(total_us),
            overhead,
            aws: Aws { timestamp: record.began_ms, cloud_watch_metrics: [DEFINITIONS.as_deref()] },
        },
    };
    let mut json = Vec::with_capacity(USUAL_BYTES);
    // Texts and numbers always serialize.
    let _ = serde_json::to_writer(&mut json, &line);
    json
}

/// Writes a line to standard output, straight: a logging layer would wrap the metrics and hide
/// them from CloudWatch. A log that cannot be written loses the line, not the request.
pub(super) fn write(mut line: Vec<u8>) {
    // With its end in one piece: standard output would write a long line and its end one by one.
    line.push(b'\n');
    let _ = std::io::stdout().lock().write_all(&line);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::record::Settled;

    #[test]
    fn the_line_of_a_request_with_a_fallback() {
        let mut record = Record::begin("r-1".to_owned(), 1_700_000_000_000);
        record.operation = "chat";
        record.alias = Some("demo".to_owned());
        record.route = Some("demo".to_owned());
        record.status = 200;
        record.settled = Some(Settled::Exact);
        let usage = Usage { input_uncached: 3, output: 4, ..Default::default() };
        record.usage = Some(usage);
        for (target, class) in [("a/*", Some("rate_limit")), ("b/m", None)] {
            record.attempts.push(AttemptRecord {
                target: target.to_owned(),
                class,
                status: None,
                ms_to_headers: None,
                ms_to_first_token: None,
                ms: 1,
                detail: None,
            });
        }
        let line = line(&record, RequestOutcome::Ok, 12_345);
        assert!(!line.contains(&b'\n'));
        let line: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(line["target"], "b/m");
        assert_eq!(line["ms"]["total"].to_string(), "12.345");
        assert_eq!((&line["Outcome"], &line["Route"]), (&json!("ok"), &json!("demo")));
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_number(), "{name} is declared and must be there");
        }
        assert_eq!((&line["InputTokens"], &line["FailedAttempts"]), (&json!(3), &json!(1)));
    }
}
