//! What a client is told when nobody has answered.

use crate::dialect::{Call, Operation};
use crate::failure::{Class, Failure};
use crate::refusal::{AttemptReport, Refusal, UpstreamFailed};

/// The refusal after these failures, in order. Of none, `skipped` says why nobody was tried: each
/// target with the reason.
pub fn no_answer(
    call: &Call,
    failures: Vec<Failure>,
    attempts: Vec<AttemptReport>,
    skipped: &[String],
) -> Refusal {
    let retry_after_ms = failures.iter().filter_map(|failure| failure.retry_after_ms).min();
    // Of equally useful ones the first: it is the target that the route prefers.
    let most_useful = failures.into_iter().rev().max_by_key(|failure| failure.class.usefulness());
    let Some(failure) = most_useful else {
        return Refusal::NoTarget { alias: call.alias().to_owned(), reasons: skipped.join("; ") };
    };
    Refusal::Upstream(Box::new(UpstreamFailed {
        class: failure.class,
        status: failure.status,
        error: failure.error,
        retry_after_ms,
        attempts,
    }))
}

/// Whether an estimate is better than the refusal: where nobody counts tokens, but not where the
/// request is what is wrong.
pub fn may_estimate(call: &Call, refusal: &Refusal) -> bool {
    let is_wrong = |class| matches!(class, Class::BadRequest | Class::ContextLength);
    call.operation() == Operation::CountTokens
        && matches!(refusal, Refusal::Upstream(failed) if !is_wrong(failed.class))
}
