//! The record's line: its fields, and the metrics that it declares. The line goes to the process's
//! standard output, so it is read from a process: this one again, which runs one test.

use std::fmt::Write;
use std::process::Command;

use serde_json::Value;
use tollgate::dialect::Usage;
use tollgate::failure::{Class, Failure};
use tollgate::record::{AttemptRecord, Record, RequestOutcome, Settled};

#[test]
fn a_record_is_written() {
    let mut record = Record::begin("req-1".to_owned(), 1_795_348_800_000);
    record.operation = "chat";
    record.stream = true;
    record.key = Some("abcdefghijkl".to_owned());
    record.key_name = Some("tester".to_owned());
    record.team = Some("research".to_owned());
    record.alias = Some("gpt-5".to_owned());
    record.route = Some("gpt-*".to_owned());
    record.config_version = Some(12);
    record.status = 200;
    record.code = Some("truncated");
    record.usage = Some(Usage { input_uncached: 3, output: 4, ..Usage::default() });
    record.nano_usd = Some(5);
    record.settled = Some(Settled::Exact);
    record.skipped.push("c/m: C_KEY is not set".to_owned());
    record.shadow_refusals.push("key; tokens_per_day".to_owned());
    record.store_trips = 3;
    record.failed("a/m".to_owned(), &Failure::answer(Class::Empty, "nothing"), Some(1), 2);
    record.attempts.push(AttemptRecord {
        target: "b/m".to_owned(),
        class: None,
        status: Some(200),
        ms_to_headers: Some(3),
        ms_to_first_token: Some(4),
        ms: 4,
        detail: None,
    });
    let mut copy = Record::begin("req-1".to_owned(), 1_795_348_800_000);
    copy.usage = record.usage;
    copy.nano_usd = Some(5);
    copy.settled = Some(Settled::Exact);
    copy.failed("d/m".to_owned(), &Failure::answer(Class::Truncated, "cut"), Some(1), 2);
    record.mirrored(copy.into_mirrored("d/m".to_owned(), None));
    record.first_byte();
    record.finish(RequestOutcome::Ok);
}

pub(super) fn output() -> String {
    let myself = std::env::current_exe().unwrap();
    let one = ["--exact", "golden::records::a_record_is_written", "--nocapture"];
    let printed = Command::new(myself).args(one).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let start = printed.find("{\"event\"").unwrap_or_else(|| panic!("no record in: {printed}"));
    let line = printed[start..].lines().next().unwrap();
    let line: Value = serde_json::from_str(line).unwrap();

    let mut out = String::from("fields\n");
    fields("", &line, &mut out);
    let metrics = &line["_aws"]["CloudWatchMetrics"];
    writeln!(out, "\nnamespace {}", metrics[0]["Namespace"]).unwrap();
    writeln!(out, "dimensions {}", metrics[0]["Dimensions"]).unwrap();
    for metric in metrics[0]["Metrics"].as_array().unwrap() {
        let name = metric["Name"].as_str().unwrap();
        assert!(line[name].is_number(), "{name} is declared and must be a number of the line");
        writeln!(out, "metric {name} in {}", metric["Unit"]).unwrap();
    }
    for set in metrics[0]["Dimensions"].as_array().unwrap() {
        for name in set.as_array().unwrap() {
            assert!(line[name.as_str().unwrap()].is_string(), "{name} must be a text of the line");
        }
    }
    out
}

/// `name kind`, indented; of a list its first element.
fn fields(indent: &str, value: &Value, out: &mut String) {
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        let kind = match value {
            Value::Null => "nothing",
            Value::Bool(_) => "yes or no",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Array(_) => "list",
            Value::Object(_) => "group",
        };
        writeln!(out, "{indent}  {name} {kind}").unwrap();
        if name == "CloudWatchMetrics" {
            continue;
        }
        fields(&format!("{indent}  "), value.get(0).unwrap_or(value), out);
    }
}
