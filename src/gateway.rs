//! The gateway: THE flow of a request, a line a stage. The only file that sees both the stages,
//! which decide, and the edges, which touch the world.

mod ahead;
mod attempts;
mod count;
mod ending;
mod exchange;
mod explain;
mod health;
mod legs;
mod lists;
mod loader;
mod mirror;
mod wish;

use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use http::StatusCode;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::SnapshotCell;
use crate::decision::{asked, demand, draw, may_estimate, time};
use crate::dialect::{Call, Dialect};
use crate::ingress::{self, Answer, Endpoint, Entry, Request};
use crate::keys::{Presented, Right};
use crate::quota::{Demand, Lease};
use crate::record::{Record, RequestOutcome, micros};
use crate::refusal::Refusal;
use crate::routing::{Breaker, Expectations, RetryBudget};
use crate::store::{Admission, Denial, Store};
use crate::upstream::{Upstream, Vault};

use legs::Permitted;
use wish::Wish;

/// A lease outlives the host's deadline by so much: clocks differ.
const LEASE_MARGIN: Duration = Duration::from_secs(1);

/// What a gateway is made of.
pub struct Parts {
    /// Keys, limits and the document.
    pub store: Arc<dyn Store>,
    /// The way to providers.
    pub upstream: Upstream,
    /// The providers' credentials.
    pub vault: Vault,
    /// The time of day.
    pub clock: Clock,
    /// How old the configuration may be.
    pub config_ttl_ms: u64,
    /// How long before the host's deadline a request must end.
    pub settle_margin: Duration,
}

/// The gateway. One for a process, whatever number of requests it serves.
pub struct Gateway {
    parts: Parts,
    config: SnapshotCell,
    next_refresh_ms: AtomicU64,
    retry_budget: RetryBudget,
    breaker: Mutex<Breaker>,
    expectations: Mutex<Expectations>,
    /// Whether the last key had limits that bind what a request costs.
    binds_cost: AtomicBool,
}

impl Gateway {
    /// A gateway that has not read its configuration yet; [`Gateway::load`] does.
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            config: SnapshotCell::default(),
            next_refresh_ms: AtomicU64::new(0),
            retry_budget: RetryBudget::default(),
            breaker: Mutex::default(),
            expectations: Mutex::default(),
            binds_cost: AtomicBool::new(true),
        }
    }

    /// The story of a request.
    async fn serve(
        self: Arc<Self>,
        request: Request,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        let endpoint = Endpoint::find(&request.method, &request.raw_path)?;
        record.operation = endpoint.name();
        let operation = match endpoint {
            Endpoint::Health => return Ok(ingress::json(StatusCode::OK, r#"{"status":"ok"}"#)),
            Endpoint::Preflight => return Ok(ingress::preflight()),
            Endpoint::Generate(operation) => operation,
            list => return Box::pin(self.list(&list, &request, record)).await,
        };
        let presented = Presented::from_headers(&request.headers)?;
        let wish = Wish::read(operation, &request.headers, request.body)?;
        let call = &wish.call;
        record.stream = call.stream();
        record.alias = Some(call.alias().to_owned());
        let config = self.snapshot().await?;
        record.config_version = Some(config.version);
        if ingress::wants_explanation(&request.headers) {
            let question = wish.question(&request.id, &request.headers);
            return self.explain(&question, &presented, request.deadline, &config, record).await;
        }
        let asked = asked(call.alias(), wish.others(), &config);
        let time = time(&asked, wish.timeout, self.host_time(request.deadline))?;
        let deadline = Instant::now() + time;
        let demand = demand(call, &asked, self.lease(deadline), random());
        let draw = draw(&asked, Some(&presented.id), call, &request.headers);
        let journey = attempts::Journey {
            gateway: Arc::clone(&self),
            call,
            presented: &presented,
            demand: &demand,
            snapshot: &config,
            deadline,
            faults: &wish.faults,
            draw: draw.unwrap_or_else(random),
            only_first: wish.alternatives.as_ref().is_some_and(Vec::is_empty),
            wants_trail: ingress::wants_trail(&request.headers),
            mirror: None,
        };
        let (admission, ahead) = journey.admit(&asked, record).await;
        let right = (!wish.faults.is_empty()).then_some(Right::Fault);
        let permitted = self.permit(&asked, right, &config, admission?, record).await?;
        let Permitted { hold, legs } = permitted;
        self.retry_budget.request();
        let answer = journey.travel_mirrored(&legs, hold, ahead, record).await;
        match (call, answer) {
            (Call::Anthropic(messages), Err(refusal)) if may_estimate(call, &refusal) => {
                Ok(count::estimate(messages, record))
            }
            (_, answer) => answer,
        }
    }

    /// Takes the demand from the key's limits: the one write before the call.
    async fn admit(
        &self,
        presented: &Presented,
        demand: &Demand,
        record: &mut Record,
    ) -> Result<Admission, Refusal> {
        record.key = Some(presented.id.to_string());
        let now_ms = self.parts.clock.now_ms();
        let began = Instant::now();
        let admitted = self.parts.store.admit(presented, demand, now_ms).await;
        record.store_us += micros(began);
        match admitted {
            Ok(admission) => {
                record.store_trips += admission.trips;
                record.caller(&admission.caller);
                record.held(&admission.hold);
                Ok(admission)
            }
            Err(denial) => {
                record.store_trips += denial.trips();
                Err(told(&denial, demand.alias.as_deref(), record))
            }
        }
    }

    /// A place among the requests in flight until the request must have ended.
    fn lease(&self, deadline: Instant) -> Lease {
        let left = deadline.saturating_duration_since(Instant::now());
        let left_ms = u64::try_from((left + self.parts.settle_margin + LEASE_MARGIN).as_millis());
        let expires_ms = self.parts.clock.now_ms().saturating_add(left_ms.unwrap_or(u64::MAX));
        Lease { id: lease_id(), expires_ms }
    }

    /// How much of the host's time a request may have: not the time to settle.
    fn host_time(&self, host: Option<Instant>) -> Option<Duration> {
        let left = host?.saturating_duration_since(Instant::now());
        Some(left.saturating_sub(self.parts.settle_margin))
    }
}

/// A denial as the client is told; what the operator must know is logged.
fn told(denial: &Denial, alias: Option<&str>, record: &Record) -> Refusal {
    if let Denial::Store(error) = denial {
        let request_id = &record.request_id;
        tracing::error!(%error, advice = error.advice(), request_id, "admission failed");
    }
    denial.refusal(alias)
}

impl Entry for Gateway {
    async fn answer(self: Arc<Self>, request: Request) -> Answer {
        let (id, client) = (request.id.clone(), request.dialect());
        let mut record = Record::begin(id.clone(), self.parts.clock.now_ms());
        let served = {
            let serving = pin!(Arc::clone(&self).serve(request, &mut record));
            let refreshing = pin!(self.refresh_if_due());
            AssertUnwindSafe(loader::beside(serving, refreshing)).catch_unwind().await
        };
        let answer = match served.unwrap_or(Err(Refusal::Internal)) {
            Ok(answer) => {
                if matches!(record.operation, "health" | "preflight") {
                    return ingress::finish(answer, client, &id);
                }
                answer
            }
            Err(refusal) => refused(&refusal, client, &mut record, self.parts.clock.now_ms()),
        };
        ingress::finish(answer, client, &id)
    }

    fn refuse(&self, refusal: &Refusal, request_id: &str) -> Answer {
        let now_ms = self.parts.clock.now_ms();
        let mut record = Record::begin(request_id.to_owned(), now_ms);
        let client = Dialect::OpenAi;
        ingress::finish(refused(refusal, client, &mut record, now_ms), client, request_id)
    }
}

/// A refusal as an answer, and its record.
fn refused(refusal: &Refusal, client: Dialect, record: &mut Record, now_ms: u64) -> Answer {
    let mut answer = ingress::refused(refusal, client, &record.request_id);
    if !matches!(refusal, Refusal::Exhausted(_)) {
        ingress::tightest_headers(answer.headers_mut(), &record.limits, now_ms);
    }
    record.status = answer.status().as_u16();
    record.code = Some(refusal.shape().code);
    record.finish(match refusal {
        Refusal::Upstream(_) => RequestOutcome::Failed,
        // The hold, if there was one, stays charged.
        Refusal::Internal => RequestOutcome::Panicked,
        _ => RequestOutcome::Refused,
    });
    answer
}

/// A request id for hosts whose platform gives none.
pub fn new_id() -> String {
    format!("req-{:016x}{:016x}", random(), random())
}

/// A name that no other lease of a key has.
fn lease_id() -> String {
    format!("{:016x}", random())
}

/// A number for weighted draws and ids. Not a secret.
fn random() -> u64 {
    // A hash of nothing under keys that are random, and others each time. The system is asked once
    // for each thread, and not six times for each request.
    RandomState::new().hash_one(())
}
