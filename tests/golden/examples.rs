//! One example of every refusal.

use tollgate::failure::{Class, ProviderError};
use tollgate::quota::{Exhausted, LIMITS, Limit, Period, Scope};
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
        Refusal::RightMissing { right: "fault", header: "x-tollgate-fault" },
        Refusal::UnknownModel { alias: text("gtp-5"), known: text("gpt-4o, gpt-5") },
        Refusal::InvalidBody { message: text("The body must be a JSON object.") },
        Refusal::field("n", "'n' must be an integer from 1 to 128; got 0"),
        Refusal::ThreadUnsupported,
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
    all.extend(exhausted());
    for error in [
        StoreError::Unavailable,
        StoreError::Throttled,
        StoreError::NoTable,
        StoreError::Credentials,
        StoreError::Corrupt,
    ] {
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

/// Every limit, for a request that may fit later and for one that never fits; and then the ways in
/// which whose limit it is can differ.
fn exhausted() -> Vec<Refusal> {
    let one = |limit: &'static Limit, needed| Exhausted {
        limit,
        scope: Scope { is_team: false, alias: None },
        shards: 1,
        of: 100,
        left: 60,
        held: 0,
        is_remembered: false,
        needed,
        resets_in_ms: match limit.period {
            Period::Minute => Some(41_500),
            Period::Hour => Some(1_800_000),
            Period::Day => Some(36_000_000),
            Period::Month => Some(864_000_000),
            Period::Life | Period::Moment => None,
        },
    };
    // A place among the requests in flight is one, and there is none left.
    let limits = LIMITS.iter().flat_map(|limit| match limit.period {
        Period::Moment => vec![Exhausted { left: 0, ..one(limit, 1) }],
        _ => vec![one(limit, 70), one(limit, 101)],
    });
    let team = || Scope { is_team: true, alias: None };
    let alias = |is_team| Scope { is_team, alias: Some("gpt-5*".to_owned()) };
    let day = &LIMITS[5];
    let scopes = [
        Exhausted { scope: team(), ..one(day, 70) },
        Exhausted { scope: alias(false), ..one(day, 70) },
        Exhausted { scope: alias(true), ..one(day, 70) },
        Exhausted { shards: 4, ..one(day, 70) },
        Exhausted { shards: 4, ..one(day, 101) },
    ];
    limits.chain(scopes).map(|exhausted| Refusal::Exhausted(Box::new(exhausted))).collect()
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
        Refusal::RightMissing { .. } => "RightMissing",
        Refusal::InvalidBody { .. } => "InvalidBody",
        Refusal::InvalidField { .. } => "InvalidField",
        Refusal::ThreadUnsupported => "ThreadUnsupported",
        Refusal::BodyTooLarge { .. } => "BodyTooLarge",
        Refusal::UnsupportedMedia { .. } => "UnsupportedMedia",
        Refusal::Exhausted(exhausted) => exhausted.limit.name,
        Refusal::Unbounded { .. } => "Unbounded",
        Refusal::StoreUnavailable { .. } => "StoreUnavailable",
        Refusal::StoreThrottled => "StoreThrottled",
        Refusal::ConfigUnavailable { .. } => "ConfigUnavailable",
        Refusal::NoTarget { .. } => "NoTarget",
        Refusal::DeadlineTooShort => "DeadlineTooShort",
        Refusal::Upstream(failed) => failed.class.name(),
        Refusal::Cut(_) => "Cut",
        Refusal::Internal => "Internal",
    }
}
