//! Golden files of what goes from one dialect to another and back: a client's request, what each
//! target gets of it, and what the client gets of the target's answer. Most are what users of gateways
//! have reported to go wrong. `tests/golden/dialects/across/NAME.in.json` holds what it is `about`,
//! the `client`, its `body`, the `targets` (`vendor/model`), and an `answer` or the lines of a
//! `stream`; `TOLLGATE_UPDATE_GOLDEN=1` writes `NAME.out.txt`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::openai::chat::tests::pretty;
use super::{Call, Encoded, Encoding, Operation, Vendor};
use crate::failure::Failure;
use crate::settings::variable;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case<'a> {
    about: String,
    client: String,
    targets: Vec<String>,
    #[serde(borrow)]
    body: &'a RawValue,
    #[serde(borrow)]
    answer: Option<&'a RawValue>,
    stream: Option<Vec<String>>,
}

#[test]
fn what_crosses_from_one_dialect_to_another() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/dialects/across");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.map(|path| path.to_str().unwrap().to_owned()).collect();
    paths.sort();
    let (ins, outs): (Vec<_>, Vec<_>) =
        paths.into_iter().partition(|path| path.ends_with(".in.json"));
    assert!(ins.len() >= 30, "{} cases", ins.len());
    let mut wrong = String::new();
    for path in &ins {
        let text = fs::read_to_string(path).unwrap();
        let case: Case<'_> = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(!case.about.is_empty(), "{path}");
        let found = told(&case);
        let out = path.replace(".in.json", ".out.txt");
        if variable("TOLLGATE_UPDATE_GOLDEN").is_some() {
            fs::write(&out, &found).unwrap();
        } else if fs::read_to_string(&out).unwrap_or_default() != found {
            write!(wrong, "\n{out} should be:\n{found}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let left = outs.iter().find(|out| !ins.contains(&out.replace(".out.txt", ".in.json")));
    assert_eq!(left, None, "nothing writes it");
}

fn told(case: &Case<'_>) -> String {
    let operation = match case.client.as_str() {
        "openai" => Operation::ChatCompletions,
        "anthropic" => Operation::Messages,
        other => panic!("{other}"),
    };
    let body = Bytes::from(case.body.get().to_owned());
    let call = Call::parse(operation, &HeaderMap::new(), body).unwrap();
    let mut out = String::new();
    for target in &case.targets {
        let (vendor, model) = target.split_once('/').unwrap();
        writeln!(out, "# {target}").unwrap();
        match call.encode(&encoding(Vendor::named(vendor).unwrap(), model)) {
            Ok(encoded) => tell(case, &encoded, &mut out),
            Err(failure) => writeln!(out, "{}", words(&failure)).unwrap(),
        }
    }
    out
}

fn encoding<'a>(vendor: &'a Vendor, upstream_model: &'a str) -> Encoding<'a> {
    Encoding {
        vendor,
        upstream_model,
        stream_usage: vendor.stream_usage,
        default_output_tokens: 4096,
        binds_cost: false,
        reasoning: None,
        thinking: None,
        is_strict: false,
        now_s: 1_741_569_952,
    }
}

fn tell(case: &Case<'_>, encoded: &Encoded, out: &mut String) {
    for field in encoded.dropped.fields() {
        writeln!(out, "dropped {field}").unwrap();
    }
    out.push_str(&pretty(std::str::from_utf8(&encoded.body).unwrap()));
    if let Some(answer) = case.answer {
        let body = Bytes::from(answer.get().to_owned());
        match encoded.reading.whole(body, "req_1") {
            Ok(whole) => {
                out.push_str("## the answer\n");
                out.push_str(&pretty(std::str::from_utf8(&whole.body).unwrap()));
            }
            Err(failure) => writeln!(out, "{}", words(&failure)).unwrap(),
        }
    }
    if let Some(lines) = &case.stream {
        out.push_str("## the stream\n");
        let told =
            stream(encoded, &lines.iter().map(|line| format!("{line}\n\n")).collect::<String>());
        let lines = told.lines().filter(|line| !line.is_empty() && !line.starts_with("event: "));
        lines.for_each(|line| writeln!(out, "{line}").unwrap());
    }
}

fn stream(encoded: &Encoded, bytes: &str) -> String {
    let mut stream = encoded.reading.stream("req_1");
    stream.push(bytes.as_bytes());
    stream.close();
    let mut told = Vec::new();
    let end = loop {
        match stream.next_step() {
            Ok(Some(step)) => told.extend_from_slice(&step.bytes),
            Ok(None) => break stream.end(),
            Err(failure) => break Err(failure),
        }
    };
    match end {
        Ok(bytes) => told.extend_from_slice(&bytes),
        Err(failure) => told.extend_from_slice(words(&failure).as_bytes()),
    }
    String::from_utf8(told).unwrap()
}

fn words(failure: &Failure) -> String {
    let error = failure.error.as_deref();
    let param = error.and_then(|error| error.param.as_deref()).unwrap_or_default();
    let message = error.map_or_else(|| failure.detail.as_ref(), |error| error.message.as_str());
    format!("{} {param}: {message}", failure.class)
}
