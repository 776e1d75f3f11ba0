//! `Failure`: why one attempt did not answer, in the terms that the attempt loop branches on.
//! It knows neither HTTP clients nor what the caller is told (that is [`crate::refusal`]).

use std::fmt;

/// The class of a failed attempt. Every failure gets one before any policy looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// No connection: DNS, refused, reset before the request was written, TLS.
    Network,
    /// The connection was not made in time.
    TimeoutConnect,
    /// The first content did not come in time.
    TimeoutFirstToken,
    /// The stream went silent.
    TimeoutIdle,
    /// The request's whole time is up.
    TimeoutTotal,
    /// The provider limits the rate of this credential for a short while.
    RateLimit,
    /// The provider's account is out of money or quota: waiting does not help.
    UpstreamQuota,
    /// The provider is out of capacity (503, 529).
    Overloaded,
    /// The provider failed (other 5xx, redirects, answers that make no sense).
    Server,
    /// The provider refuses the gateway's own credential.
    UpstreamAuth,
    /// The provider does not know the upstream model.
    ModelMissing,
    /// The prompt is longer than the upstream model's context.
    ContextLength,
    /// The provider refuses the content.
    ContentPolicy,
    /// The request itself is wrong: no provider would take it.
    BadRequest,
    /// The target speaks a dialect that cannot say what the request asks: it was not sent.
    Unsupported,
    /// The answer broke off.
    Truncated,
    /// The answer cannot be read.
    Malformed,
    /// The answer holds no content at all.
    Empty,
}

impl Class {
    /// Every class with the name it has in configuration, logs and errors.
    pub const ALL: [(Self, &'static str); 18] = [
        (Self::Network, "network"),
        (Self::TimeoutConnect, "timeout_connect"),
        (Self::TimeoutFirstToken, "timeout_first_token"),
        (Self::TimeoutIdle, "timeout_idle"),
        (Self::TimeoutTotal, "timeout_total"),
        (Self::RateLimit, "rate_limit"),
        (Self::UpstreamQuota, "upstream_quota"),
        (Self::Overloaded, "overloaded"),
        (Self::Server, "server"),
        (Self::UpstreamAuth, "upstream_auth"),
        (Self::ModelMissing, "model_missing"),
        (Self::ContextLength, "context_length"),
        (Self::ContentPolicy, "content_policy"),
        (Self::BadRequest, "bad_request"),
        (Self::Unsupported, "unsupported"),
        (Self::Truncated, "truncated"),
        (Self::Malformed, "malformed"),
        (Self::Empty, "empty"),
    ];

    /// The class of that name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(class, _)| *class)
    }

    /// The name in configuration, logs and errors.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(class, _)| *class == self).map_or("unknown", |(_, name)| name)
    }

    /// Whether another target may do better. Another provider would refuse the same request for
    /// the same reason when it is the request that is wrong, and shopping a refused prompt around
    /// is a decision that belongs to the operator.
    pub fn falls_back(self) -> bool {
        !matches!(self, Self::BadRequest | Self::ContentPolicy)
    }

    /// How much the reason helps the caller, for the one error that they see when every target
    /// failed: their own mistake, then a limit, then a timeout, then the rest.
    pub fn usefulness(self) -> u8 {
        match self {
            Self::BadRequest | Self::ContentPolicy | Self::ContextLength => 5,
            Self::RateLimit | Self::Overloaded => 4,
            Self::TimeoutConnect
            | Self::TimeoutFirstToken
            | Self::TimeoutIdle
            | Self::TimeoutTotal => 3,
            // What can be done about it is to ask for less; but the target that was to take it is
            // the one to mend.
            Self::Unsupported => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the provider may have started work that it bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The request never reached it, or it answered with a complete HTTP error: nothing is billed.
    Unbilled,
    /// It was sent and then lost: the provider may bill it, so its hold is kept.
    Maybe,
}

/// What a provider said of its own error, in whatever shape it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderError {
    /// The provider's sentence, capped and free of credentials.
    pub message: String,
    /// `error.type` or its like.
    pub kind: Option<String>,
    /// `error.code` or its like; numbers as text.
    pub code: Option<String>,
    /// The field that the provider blames.
    pub param: Option<String>,
    /// How long it asks to wait, in milliseconds, capped, where it says so in the body.
    pub retry_after_ms: Option<u64>,
}

/// One failed attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What kind of failure.
    pub class: Class,
    /// Whether it may be billed.
    pub sent: Sent,
    /// The provider's HTTP status, if it gave one.
    pub status: Option<u16>,
    /// How long the provider asks to wait, in milliseconds, capped.
    pub retry_after_ms: Option<u64>,
    /// The provider's own words.
    pub error: Option<Box<ProviderError>>,
    /// The gateway's words for the log; never shown to the caller.
    pub detail: String,
}

impl Failure {
    /// A failure without an answer from the provider.
    pub fn new(class: Class, sent: Sent, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { class, sent, status: None, retry_after_ms: None, error: None, detail }
    }

    /// A failure of an answer that had begun with a success status.
    pub fn answer(class: Class, detail: impl Into<String>) -> Self {
        Self::new(class, Sent::Maybe, detail)
    }
}
