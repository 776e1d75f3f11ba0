//! What each class of failure says about the target, and for how long that is believed.

use crate::failure::Class;

/// A target that limits and does not say for how long.
pub(super) const LIMITED_MS: u64 = 5_000;
/// A target that an operator must mend.
pub(super) const STUCK_MS: u64 = 60_000;
/// A target that fails, for the first time; doubled each further time.
pub(super) const FIRST_MS: u64 = 10_000;
/// The longest that any target is set aside, whatever it asks for.
pub(super) const MOST_MS: u64 = 300_000;
/// The shortest: a row that is over before anybody reads it is not worth writing.
pub(super) const LEAST_MS: u64 = 1_000;
/// So many failures without a success between them are no accident.
pub(super) const RUN: u32 = 3;

/// What a failure says about its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nothing.
    Silent,
    /// It answers: what is wrong is the request.
    Answers,
    /// It asks to be left alone, for as long as it says.
    Limits,
    /// Nobody gets an answer before an operator has done something.
    Stuck,
    /// The same if two keys hear it, for one alone may have caused it.
    Refuses,
    /// It cannot be reached, which no request can cause: [`RUN`] in a row.
    Unreachable,
    /// It fails, which a prompt may cause: [`RUN`] in a row, and not of one key alone.
    Fails,
}

impl Rule {
    /// The rule for a class. `passes_through`: the client names the target's model.
    pub(super) fn of(class: Class, passes_through: bool) -> Self {
        match class {
            Class::RateLimit | Class::Overloaded => Self::Limits,
            // A model that the client made up says nothing about the others of its target.
            Class::ModelMissing if passes_through => Self::Silent,
            // DashScope's free quotas are each of one model (its "Error codes",
            // `AllocationQuota.FreeTierOnly`).
            Class::UpstreamQuota if passes_through => Self::Refuses,
            Class::UpstreamQuota | Class::ModelMissing => Self::Stuck,
            // 401 is about the credential. 403 may be about the prompt: OpenRouter's moderation
            // (its "Errors and debugging"), and the firewalls in front of providers.
            Class::UpstreamAuth => Self::Refuses,
            Class::Network | Class::TimeoutConnect => Self::Unreachable,
            Class::Server
            | Class::TimeoutFirstToken
            | Class::Truncated
            | Class::Malformed
            | Class::Empty => Self::Fails,
            Class::BadRequest | Class::ContextLength | Class::ContentPolicy => Self::Answers,
            // Not sent; a client that asks for much; a deadline that may be the client's own.
            Class::Unsupported | Class::TimeoutIdle | Class::TimeoutTotal => Self::Silent,
        }
    }
}
