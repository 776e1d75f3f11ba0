//! A client's request, and what a target gets of it.

use std::fmt::Write;

use bytes::Bytes;
use tollgate::dialect::Vendor;
use tollgate::dialect::openai::{Call, Encoding};

use super::input::Input;

pub(super) fn output(input: &Input) -> String {
    let body = input.body();
    let vendor = Vendor::named(input.setting("vendor").unwrap()).unwrap();
    let model = input.setting("model");
    let stream_usage = input.flag("stream_usage").unwrap_or(vendor.stream_usage);
    let binds_cost = input.flag("limited").unwrap_or(false);
    let call = match Call::parse(input.operation(), Bytes::copy_from_slice(body.as_bytes())) {
        Ok(call) => call,
        Err(refusal) => return format!("refused   {}\n", super::refusals::line(&refusal)),
    };
    let encoding = Encoding {
        vendor,
        upstream_model: model.unwrap_or(&call.alias),
        stream_usage,
        default_output_tokens: 4_096,
        binds_cost,
    };
    let sent = String::from_utf8(call.encode(&encoding).to_vec()).unwrap();
    let mut out = String::new();
    let streamed = match (call.stream, call.hides_usage()) {
        (false, _) => "whole",
        (true, true) => "streamed, usage hidden from the client",
        (true, false) => "streamed, usage for the client",
    };
    writeln!(out, "read as   {}, {streamed}", call.alias).unwrap();
    let size = call.size;
    writeln!(
        out,
        "size      {} text bytes, {} messages, {} tools, {} media; {} x {} output tokens",
        size.text_bytes,
        size.messages,
        size.tools,
        size.media,
        call.choices,
        call.output_cap(encoding.default_output_tokens)
    )
    .unwrap();
    if sent == body {
        out += "sent      unchanged, byte for byte\n";
    } else {
        write!(out, "sent\n\n{sent}\n").unwrap();
    }
    out
}
