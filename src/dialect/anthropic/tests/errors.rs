//! Errors that targets give, and those that clients get.

use std::fmt::Write;

use super::{Input, check};
use crate::dialect::anthropic::{envelope, error_event, read_error};
use crate::dialect::classify;
use crate::failure::{Class, Failure, ProviderError, Sent};
use crate::refusal::{AttemptReport, Refusal, UpstreamFailed};

#[test]
fn every_documented_error_has_its_class() {
    check("error", error);
}

fn error(input: &mut Input) -> String {
    let status = input.take("status").unwrap();
    let error = read_error(input.body().as_bytes());
    let class = classify(status.parse().ok(), &error);
    let ProviderError { message, kind, code, param, retry_after_ms } = error;
    let param = param.map(|param| format!(", param {param}")).unwrap_or_default();
    let wait = retry_after_ms.map(|wait_ms| format!(", wait {wait_ms} ms")).unwrap_or_default();
    format!("{class}\ntype {kind:?}, code {code:?}{param}{wait}\n{message}\n")
}

#[test]
fn refusals_look_like_anthropics_errors() {
    check("envelope", envelopes);
}

/// The refusals as Anthropic's clients see them, one a line.
fn envelopes(input: &mut Input) -> String {
    let _ = input;
    let refusals = [
        Refusal::UnknownPath { path: "/v2".to_owned() },
        Refusal::MethodNotAllowed { allow: "POST" },
        Refusal::MissingKey,
        Refusal::KeyRevoked,
        Refusal::UnknownModel { alias: "a".to_owned(), known: "b".to_owned() },
        Refusal::field("max_tokens", "'max_tokens' is missing."),
        Refusal::BodyTooLarge { limit_bytes: 6 },
        Refusal::StoreThrottled,
        Refusal::ConfigUnavailable { message: "none yet".to_owned() },
        Refusal::Upstream(Box::new(upstream(Class::RateLimit, Some(429)))),
        Refusal::Upstream(Box::new(upstream(Class::Overloaded, Some(529)))),
        Refusal::Upstream(Box::new(upstream(Class::TimeoutTotal, None))),
        Refusal::Upstream(Box::new(upstream(Class::Server, Some(500)))),
        Refusal::Upstream(Box::new(upstream(Class::BadRequest, Some(409)))),
        Refusal::Internal,
    ];
    let mut out: String = refusals
        .iter()
        .map(|refusal| {
            let status = refusal.shape().status;
            format!("{status} {}\n", envelope(refusal, "req_1"))
        })
        .collect();
    let cut = Failure::new(Class::TimeoutIdle, Sent::Maybe, "not for the client");
    let event = error_event(&Refusal::cut(&cut), "req_1");
    write!(out, "\n{}", std::str::from_utf8(&event).unwrap()).unwrap();
    out
}

fn upstream(class: Class, status: Option<u16>) -> UpstreamFailed {
    let message = "the provider's words".to_owned();
    UpstreamFailed {
        class,
        status,
        error: Some(Box::new(ProviderError { message, ..ProviderError::default() })),
        retry_after_ms: None,
        attempts: vec![AttemptReport {
            target: "anthropic/claude".to_owned(),
            class: class.name(),
            status,
            ms: 12,
        }],
    }
}
