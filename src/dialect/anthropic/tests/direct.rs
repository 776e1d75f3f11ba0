//! Anthropic's clients whose target speaks Anthropic's dialect too: the bytes go through.

use std::fmt::Write;

use bytes::Bytes;

use super::lines::{end_line, failure_line, refusal_line, usage_line};
use super::{Input, check};
use crate::dialect::anthropic::{
    MessagesCall, StreamReader, count_answer, count_request, read_answer,
};

#[test]
fn calls_are_understood_and_forwarded() {
    check("call", call);
}

fn call(input: &mut Input) -> String {
    let body = Bytes::copy_from_slice(input.body().as_bytes());
    let parse =
        if input.is("count", "yes") { MessagesCall::parse_count } else { MessagesCall::parse };
    let upstream = input.take("upstream");
    let call = match parse(body) {
        Ok(call) => call,
        Err(refusal) => return refusal_line(&refusal),
    };
    let mut out = format!(
        "alias {}, stream {}, max_tokens {}\n{:?}\nserver tools {:?}\n{}\n",
        call.alias,
        call.stream,
        call.max_tokens,
        call.size,
        call.server_tools,
        count_answer(count_request(&call)),
    );
    if let Some(upstream) = upstream {
        let encoded = call.encode(&upstream);
        writeln!(out, "\n{}", std::str::from_utf8(&encoded).unwrap()).unwrap();
    }
    out
}

#[test]
fn streams_are_measured_however_they_were_cut() {
    check("meter_stream", meter_stream);
}

fn meter_stream(input: &mut Input) -> String {
    let mut reader = StreamReader::new();
    let mut out = String::new();
    for event in &input.events() {
        let step = match reader.read(event) {
            Ok(step) => step,
            Err(failure) => return out + &failure_line(&failure) + &usage_line(reader.usage()),
        };
        let flags = [
            (step.forward, "forward"),
            (step.content, "content"),
            (step.progress, "progress"),
            (step.done, "done"),
        ];
        let flags: Vec<_> = flags.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        let name = event.name.as_deref().unwrap_or("(no name)");
        writeln!(out, "{name}: {}", flags.join(" ")).unwrap();
    }
    out += &end_line(reader.end());
    out + &usage_line(reader.usage())
}

#[test]
fn whole_answers_are_understood() {
    check("answer", answer);
}

fn answer(input: &mut Input) -> String {
    match read_answer(input.body().as_bytes()) {
        Ok(usage) => format!("an answer\n{}", usage_line(usage)),
        Err(failure) => failure_line(&failure),
    }
}
