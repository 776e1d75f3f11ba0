//! The record: one wide event for each request, as one JSON line on standard output. The same line
//! carries the metrics in CloudWatch's embedded metric format. It is an allowlist: no prompt, no
//! answer, no header and no secret can get into it.

mod emit;
mod log;
mod mirror;
mod trail;

pub use log::gather;
pub use mirror::Mirrored;

use tokio::time::Instant;

use crate::dialect::Usage;
use crate::failure::Failure;
use crate::keys::Caller;
use crate::quota::{Hold, Tightest};
use crate::refusal::AttemptReport;

/// One attempt of a request.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct AttemptRecord {
    /// The target's id.
    pub target: String,
    /// The class of its failure; nothing when it answered.
    pub class: Option<&'static str>,
    /// The provider's status.
    pub status: Option<u16>,
    /// Milliseconds to the head of its answer, if one came.
    pub ms_to_headers: Option<u64>,
    /// Milliseconds to the first content of a stream, if one came.
    pub ms_to_first_token: Option<u64>,
    /// Milliseconds to the commit, or to the failure.
    pub ms: u64,
    /// The gateway's words on a failure.
    pub detail: Option<String>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// Answered as it should be.
    Ok,
    /// Refused before any target was tried.
    Refused,
    /// Every target failed.
    Failed,
    /// The provider failed after the answer had begun.
    Cut,
    /// The client went away.
    ClientGone,
    /// A defect of the gateway.
    Panicked,
}

impl RequestOutcome {
    /// Its name in the log and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cut => "cut",
            Self::ClientGone => "client_gone",
            Self::Panicked => "panicked",
        }
    }
}

/// How a hold ended; the worse, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Settled {
    /// Refused before any provider: all was given back.
    Void,
    /// Nothing was billed: all but the request was given back.
    Unbilled,
    /// By the provider's exact figures.
    Exact,
    /// Nobody knows what was billed: all of it stays charged.
    Kept,
    /// Nobody knows whether the settlement was written.
    Lost,
}

impl Settled {
    /// Its name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Kept => "kept",
            Self::Unbilled => "unbilled",
            Self::Void => "void",
            Self::Lost => "lost",
        }
    }
}

/// Everything that is known of one request.
#[derive(Debug)]
pub struct Record {
    /// The request's id.
    pub request_id: String,
    /// When it began, in milliseconds since 1970.
    pub began_ms: u64,
    began: Instant,
    /// What was asked for: an endpoint's name.
    pub operation: &'static str,
    /// Whether the answer was to be streamed.
    pub stream: bool,
    /// The key's public id.
    pub key: Option<String>,
    /// The key's name.
    pub key_name: Option<String>,
    /// The team that the key belongs to.
    pub team: Option<String>,
    /// The alias that the client sent.
    pub alias: Option<String>,
    /// The alias as the rollups count it.
    pub listed_alias: Option<String>,
    /// The pattern of the route that served it.
    pub route: Option<String>,
    /// The configuration's version.
    pub config_version: Option<u64>,
    /// Every attempt, in order.
    pub attempts: Vec<AttemptRecord>,
    /// Targets that were passed over, each with the reason.
    pub skipped: Vec<String>,
    /// What became of its copy, if one was to be sent.
    pub mirror: Option<Mirrored>,
    /// The status that the client got.
    pub status: u16,
    /// The code of the error that the client got.
    pub code: Option<&'static str>,
    /// What the provider says it used.
    pub usage: Option<Usage>,
    /// What that cost, in nano-USD.
    pub nano_usd: Option<u64>,
    /// Tokens that it could cost at most.
    pub held_tokens: u64,
    /// Nano-USD that it could cost at most.
    pub held_nano_usd: u64,
    /// What is left of the windows that bind first, for the client's headers; not logged.
    pub limits: Vec<Tightest>,
    /// The limits in mode `shadow` that would have refused it.
    pub shadow_refusals: Vec<String>,
    /// How the hold ended; of several the one that ended worst.
    pub settled: Option<Settled>,
    /// Whether the provider reported more than the bound.
    pub bound_violation: bool,
    /// Calls of the store.
    pub store_trips: u32,
    /// Microseconds spent waiting for the store before the answer began.
    pub store_us: u64,
    /// Microseconds spent waiting for providers before the answer began.
    pub upstream_us: u64,
    /// Milliseconds that it waited before it tried a target again.
    pub waited_ms: u64,
    first_byte_us: Option<u64>,
}

impl Record {
    /// The record of a request that begins now.
    pub fn begin(request_id: String, began_ms: u64) -> Self {
        Self {
            request_id,
            began_ms,
            began: Instant::now(),
            operation: "unknown",
            stream: false,
            key: None,
            key_name: None,
            team: None,
            alias: None,
            listed_alias: None,
            route: None,
            config_version: None,
            attempts: vec![],
            skipped: vec![],
            mirror: None,
            status: 0,
            code: None,
            usage: None,
            nano_usd: None,
            held_tokens: 0,
            held_nano_usd: 0,
            limits: vec![],
            shadow_refusals: vec![],
            settled: None,
            bound_violation: false,
            store_trips: 0,
            store_us: 0,
            upstream_us: 0,
            waited_ms: 0,
            first_byte_us: None,
        }
    }

    /// Notes a hold.
    pub fn held(&mut self, hold: &Hold) {
        self.held_tokens = self.held_tokens.saturating_add(hold.tokens());
        self.held_nano_usd = self.held_nano_usd.saturating_add(hold.nano_usd());
        self.limits = hold.tightest();
        let shadows =
            hold.shadow_refusals().map(|line| format!("{}; {}", line.scope, line.limit.name));
        self.shadow_refusals.extend(shadows);
    }

    /// Notes how a hold ended.
    pub fn settled(&mut self, settled: Settled) {
        self.settled = self.settled.max(Some(settled));
    }

    /// How long it was not the gateway that worked: the store, the providers, and waits for them, in
    /// microseconds.
    fn elsewhere_us(&self) -> u64 {
        let waits = self.waited_ms.saturating_mul(1_000);
        self.store_us.saturating_add(self.upstream_us).saturating_add(waits)
    }

    /// Notes the route that serves it now, and the alias as the rollups count it.
    pub fn leg(&mut self, pattern: &str, listed_alias: &str) {
        self.route = Some(pattern.to_owned());
        self.listed_alias = Some(listed_alias.to_owned());
    }

    /// Notes whom it is served for.
    pub fn caller(&mut self, caller: &Caller) {
        self.key_name = Some(caller.name().to_owned());
        self.team = caller.team().map(ToString::to_string);
    }

    /// Notes a failed attempt.
    pub fn failed(&mut self, target: String, failure: &Failure, headers: Option<u64>, ms: u64) {
        self.attempts.push(AttemptRecord {
            target,
            class: Some(failure.class.name()),
            status: failure.status,
            ms_to_headers: headers,
            ms_to_first_token: None,
            ms,
            detail: Some(failure.detail.clone()),
        });
    }

    /// Notes that the answer of the last attempt has failed after it had begun.
    pub fn broke_off(&mut self, failure: &Failure) {
        if let Some(last) = self.attempts.last_mut() {
            last.class = Some(failure.class.name());
            last.detail = Some(failure.detail.clone());
        }
    }

    /// The attempts as the client may see them.
    pub fn reports(&self) -> Vec<AttemptReport> {
        let failed = self.attempts.iter().filter_map(|attempt| {
            Some(AttemptReport {
                target: attempt.target.clone(),
                class: attempt.class?,
                status: attempt.status,
                ms: attempt.ms,
            })
        });
        failed.collect()
    }

    /// Notes that the answer begins.
    pub fn first_byte(&mut self) {
        self.first_byte_us = Some(micros(self.began));
    }

    /// Writes the line.
    pub fn finish(&self, outcome: RequestOutcome) {
        log::add(|lines| emit::line(lines, self, outcome, micros(self.began)));
    }
}

/// Microseconds since an instant.
pub fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
