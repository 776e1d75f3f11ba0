//! The line of a record.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Record, RequestOutcome};
use crate::dialect::Usage;

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

/// Microseconds, written as milliseconds with as many of three decimals as are needed, exactly.
#[derive(Clone, Copy)]
struct Millis(u64);

impl Serialize for Millis {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match u32::try_from(self.0) {
            // Of a quotient of so few digits the shortest form is the exact one.
            Ok(micros) => (f64::from(micros) / 1_000.0).serialize(serializer),
            // After an hour nobody asks for less than a millisecond.
            Err(_) => (self.0 / 1_000).serialize(serializer),
        }
    }
}

/// Writes the line as JSON, without its end. `total_us` is how long the request took.
///
/// The members are in the order in which a person looks for them. The metrics come last, in
/// CloudWatch's embedded metric format: what it reads is at the top of the line, and `_aws` names it
/// (CloudWatch user guide, "Embedded metric format specification"). The dimensions come from the
/// configuration and from closed lists, never from clients.
pub(super) fn line(json: &mut Vec<u8>, record: &Record, outcome: RequestOutcome, total_us: u64) {
    let answered = record.attempts.last().filter(|attempt| attempt.class.is_none());
    let first_byte_us = record.first_byte_us.unwrap_or(total_us);
    let times = Times {
        total: Millis(total_us),
        first_byte: Millis(first_byte_us),
        upstream: Millis(record.upstream_us),
        waited: record.waited_ms,
        overhead: Millis(first_byte_us.saturating_sub(record.elsewhere_us())),
    };
    json.extend_from_slice(br#"{"event":"request""#);
    add(json, "outcome", outcome.name());
    add(json, "status", record.status);
    add(json, "code", record.code);
    add(json, "request_id", &record.request_id);
    add(json, "key", &record.key);
    add(json, "key_name", &record.key_name);
    add(json, "team", &record.team);
    add(json, "operation", record.operation);
    add(json, "alias", &record.alias);
    add(json, "stream", record.stream);
    add(json, "target", answered.map(|attempt| &attempt.target));
    add(json, "attempts", &record.attempts);
    add(json, "skipped", &record.skipped);
    add(json, "mirror", &record.mirror);
    add(json, "tokens", record.usage.map(Tokens::from));
    add(json, "nano_usd", record.nano_usd);
    add(json, "held", Held { tokens: record.held_tokens, nano_usd: record.held_nano_usd });
    add(json, "settled", record.settled.map(super::Settled::name));
    add(json, "bound_violation", record.bound_violation);
    add(json, "shadow_refusals", &record.shadow_refusals);
    add(json, "ms", &times);
    add(json, "store", Trips { trips: record.store_trips, ms: Millis(record.store_us) });
    add(json, "config_version", record.config_version);

    let usage = record.usage.unwrap_or_default();
    add(json, "Outcome", outcome.name());
    add(json, "Route", record.route.as_deref().unwrap_or("none"));
    add(json, "Requests", 1);
    add(json, "FailedAttempts", record.attempts.iter().filter(|a| a.class.is_some()).count());
    add(json, "InputTokens", usage.input());
    add(json, "OutputTokens", usage.output);
    add(json, "BoundViolations", u8::from(record.bound_violation));
    add(json, "ShadowRefusals", record.shadow_refusals.len());
    add(json, "Latency", times.total);
    add(json, "Overhead", times.overhead);
    let definitions = [DEFINITIONS.as_deref()];
    add(json, "_aws", Aws { timestamp: record.began_ms, cloud_watch_metrics: definitions });
    json.push(b'}');
}

/// Adds a member. That nothing in its name must be escaped need not be found out for each line, as it
/// is for a structure.
fn add(json: &mut Vec<u8>, name: &str, value: impl Serialize) {
    for part in [",\"", name, "\":"] {
        json.extend_from_slice(part.as_bytes());
    }
    // Texts and numbers always serialize.
    let _ = serde_json::to_writer(json, &value);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::record::{AttemptRecord, Settled};

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
        let mut json = Vec::new();
        line(&mut json, &record, RequestOutcome::Ok, 12_345);
        assert!(!json.contains(&b'\n'));
        let line: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(line["target"], "b/m");
        assert_eq!(line["ms"]["total"].to_string(), "12.345");
        assert_eq!((&line["Outcome"], &line["Route"]), (&json!("ok"), &json!("demo")));
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_number(), "{name} is declared and must be there");
        }
        assert_eq!((&line["InputTokens"], &line["FailedAttempts"]), (&json!(3), &json!(1)));
    }

    #[test]
    fn milliseconds_are_exact() {
        for (micros, expected) in [
            (0, "0.0"),
            (1, "0.001"),
            (10, "0.01"),
            (12_345, "12.345"),
            (16_000, "16.0"),
            (899_999_999, "899999.999"),
            (4_294_967_295, "4294967.295"),
            (4_294_967_296, "4294967"),
            (u64::MAX, "18446744073709551"),
        ] {
            assert_eq!(serde_json::to_string(&Millis(micros)).unwrap(), expected);
        }
    }
}
