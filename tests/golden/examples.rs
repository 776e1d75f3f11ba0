//! One example of every refusal.

use tollgate::failure::{Class, ProviderError};
use tollgate::quota::{Exhausted, LIMITS};
use tollgate::refusal::{AttemptReport, Refusal, UpstreamFailed};
use tollgate::store::StoreError;

/// Every variant, and every shape that one can have. The match has no wildcard: a new refusal must
/// be shown here.
pub(super) fn all() -> Vec<(&'static str, Refusal)> {
    let text = |text: &str| text.to_owned();
    let mut all = vec![
        Refusal::UnknownPath { path: text("/v2/chat") },
        Refusal::MethodNotAllowed { allow: "POST" },
        Refusal::MissingKey,
        Refusal::InvalidKey,
        Refusal::KeyRevoked,
        Refusal::ModelForbidden { alias: text("gpt-5"), allowed: text("gpt-4*, ep-*") },
        Refusal::UnknownModel { alias: text("gtp-5"), known: text("gpt-4o, gpt-5") },
        Refusal::InvalidBody { message: text("The body must be a JSON object.") },
        Refusal::field("n", "'n' must be an integer from 1 to 128; got 0"),
        Refusal::BodyTooLarge { limit_bytes: 6_291_456 },
        Refusal::UnsupportedMedia { message: text("content-type text/plain is not taken.") },
        Refusal::Unbounded {
            message: text("This key has a limit in money, and a/m has no price."),
        },
        Refusal::ConfigUnavailable { message: text("The gateway has no configuration yet.") },
        Refusal::NoTarget { alias: text("gpt-5"), reasons: text("a/m: A_KEY is not set") },
        Refusal::DeadlineTooShort,
        Refusal::Internal,
    ];
    for limit in &LIMITS {
        for needed in [70, 101] {
            let (of, left, resets_in_ms) = (100, 60, 41_500);
            all.push(Refusal::Exhausted(Exhausted { limit, of, left, needed, resets_in_ms }));
        }
    }
    for error in
        [StoreError::Unavailable, StoreError::NoTable, StoreError::Credentials, StoreError::Corrupt]
    {
        all.push(error(text("never shown")).refusal());
    }
    all.extend(Class::ALL.iter().map(|(class, _)| upstream(*class, 418)));
    all.extend([404, 409, 413, 422].map(|status| upstream(Class::BadRequest, status)));
    for (class, _) in Class::ALL {
        if let Refusal::Upstream(failed) = upstream(class, 200) {
            all.push(Refusal::Cut(failed));
        }
    }
    all.into_iter().map(|refusal| (name(&refusal), refusal)).collect()
}

fn upstream(class: Class, status: u16) -> Refusal {
    let error =
        ProviderError { message: "the provider's words".to_owned(), ..ProviderError::default() };
    let report = AttemptReport {
        target: "a/m".to_owned(),
        class: class.name(),
        status: Some(status),
        ms: 12,
    };
    Refusal::Upstream(Box::new(UpstreamFailed {
        class,
        status: Some(status),
        error: Some(error.into()),
        retry_after_ms: (class == Class::RateLimit).then_some(2_500),
        attempts: vec![report],
    }))
}

fn name(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::UnknownPath { .. } => "UnknownPath",
        Refusal::MethodNotAllowed { .. } => "MethodNotAllowed",
        Refusal::MissingKey => "MissingKey",
        Refusal::InvalidKey => "InvalidKey",
        Refusal::KeyRevoked => "KeyRevoked",
        Refusal::ModelForbidden { .. } => "ModelForbidden",
        Refusal::UnknownModel { .. } => "UnknownModel",
        Refusal::InvalidBody { .. } => "InvalidBody",
        Refusal::InvalidField { .. } => "InvalidField",
        Refusal::BodyTooLarge { .. } => "BodyTooLarge",
        Refusal::UnsupportedMedia { .. } => "UnsupportedMedia",
        Refusal::Exhausted(exhausted) => exhausted.limit.name,
        Refusal::Unbounded { .. } => "Unbounded",
        Refusal::StoreUnavailable { .. } => "StoreUnavailable",
        Refusal::ConfigUnavailable { .. } => "ConfigUnavailable",
        Refusal::NoTarget { .. } => "NoTarget",
        Refusal::DeadlineTooShort => "DeadlineTooShort",
        Refusal::Upstream(failed) => failed.class.name(),
        Refusal::Cut(_) => "Cut",
        Refusal::Internal => "Internal",
    }
}
