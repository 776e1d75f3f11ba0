//! The gateway: THE flow of a request, a line a stage. The only file that sees both the stages,
//! which decide, and the edges, which touch the world.

mod attempts;
mod count;
mod ending;
mod exchange;
mod health;
mod legs;
mod lists;
mod loader;
mod mirror;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::SnapshotCell;
use crate::dialect::{Call, Dialect, Operation, take_alternatives};
use crate::ingress::{self, Answer, Endpoint, Entry, Request};
use crate::keys::{Caller, Presented, Right};
use crate::quota::{Demand, Lease, Terms, demand};
use crate::record::{Record, RequestOutcome, micros};
use crate::refusal::Refusal;
use crate::routing::{Breaker, Expectations, Faults, RetryBudget, SplitBy, Target, stable_draw};
use crate::store::{Admission, Denial, Store};
use crate::upstream::{Upstream, Vault};

use legs::{Asked, Leg, Permitted};

/// A request needs at least this long to be worth beginning.
const LEAST_TIME: Duration = Duration::from_millis(500);

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
            list => return self.list(&list, &request, record).await,
        };
        let presented = Presented::from_headers(&request.headers)?;
        let timeout = ingress::timeout(&request.headers)?;
        let faults = Faults::from_headers(&request.headers)?;
        let body = ingress::accept_body(&request.headers, request.body)?;
        let (body, alternatives) = take_alternatives(body)?;
        let call = Call::parse(operation, &request.headers, body)?;
        record.stream = call.stream();
        record.alias = Some(call.alias().to_owned());
        let config = self.snapshot().await?;
        record.config_version = Some(config.version);
        let asked = legs::asked(call.alias(), alternatives.as_deref().unwrap_or_default(), &config);
        let deadline = self.deadline(request.deadline, timeout, &asked)?;
        let demand = self.demand(&call, &asked, deadline);
        let admission = self.admit(&presented, &demand, record).await?;
        let right = (!faults.is_empty()).then_some(Right::Fault);
        let permitted = self.permit(asked, right, &config, admission, record).await?;
        let Permitted { caller, hold, legs } = permitted;
        self.retry_budget.request();
        let journey = attempts::Journey {
            gateway: Arc::clone(&self),
            call: &call,
            presented: &presented,
            demand: &demand,
            snapshot: &config,
            deadline,
            faults,
            draw: draw(&legs, &caller, &call, &request.headers),
            only_first: alternatives.is_some_and(|others| others.is_empty()),
            wants_trail: ingress::wants_trail(&request.headers),
            mirror: None,
        };
        let answer = journey.travel_mirrored(&legs, hold, record).await;
        match (&call, answer) {
            (Call::Anthropic(messages), Err(refusal))
                if count::may_estimate(messages, &refusal) =>
            {
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

    /// What the request takes from the limits: the most that it can cost at any target of its
    /// route, and a place among the requests in flight until it must have ended.
    fn demand(&self, call: &Call, asked: &[Asked], deadline: Instant) -> Demand {
        // Nothing is taken for an alias that no route serves: the request only authenticates.
        let Ok(legs) = asked.iter().map(Result::as_ref).collect::<Result<Vec<_>, _>>() else {
            return Demand::nothing();
        };
        let targets: Vec<&Target> = legs.iter().flat_map(|leg| leg.route.all_targets()).collect();
        let left = deadline.saturating_duration_since(Instant::now());
        let left_ms = u64::try_from((left + self.parts.settle_margin + LEASE_MARGIN).as_millis());
        let expires_ms = self.parts.clock.now_ms().saturating_add(left_ms.unwrap_or(u64::MAX));
        Demand {
            alias: Some(call.alias().to_owned()),
            lease: Some(Lease { id: lease_id(), expires_ms }),
            draw: random(),
            ..bound(call, &targets)
        }
    }

    /// When the request must have ended: the least of the host's deadline, less the time to settle,
    /// the route's, and the client's.
    fn deadline(
        &self,
        host: Option<Instant>,
        client: Option<Duration>,
        asked: &[Asked],
    ) -> Result<Instant, Refusal> {
        let now = Instant::now();
        let route = asked.iter().flatten().next().map(|leg| leg.route.timeouts);
        let own = Duration::from_millis(route.unwrap_or_default().total_ms);
        let own = now + client.map_or(own, |client| own.min(client));
        let host = host.map(|host| host.checked_sub(self.parts.settle_margin).unwrap_or(now));
        let deadline = host.map_or(own, |host| own.min(host));
        if deadline < now + LEAST_TIME && host.is_some() {
            return Err(Refusal::DeadlineTooShort);
        }
        Ok(deadline)
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

/// Where the request falls among weighted targets: at random, or by an attribute, so that one user
/// stays on one side. A request without the attribute falls at random.
fn draw(legs: &[Leg], caller: &Caller, call: &Call, headers: &HeaderMap) -> u64 {
    let Some(route) = legs.first().map(|leg| &leg.route) else { return random() };
    let value = match &route.split_by {
        SplitBy::Random => None,
        SplitBy::Key => Some(caller.id().to_string()),
        SplitBy::User => call.user(),
        SplitBy::Header(name) => {
            headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        }
    };
    value.map_or_else(random, |value| stable_draw(route.pattern.as_str(), &value))
}

/// The most that a request can cost, whichever of these targets answers.
fn bound(call: &Call, targets: &[&Target]) -> Demand {
    if call.operation() == Operation::CountTokens {
        return Demand { requests: 1, ..Demand::nothing() };
    }
    let ids: Vec<String> = targets.iter().map(|target| target.id()).collect();
    let terms = targets.iter().zip(&ids).map(|(target, id)| Terms {
        target: id,
        media_tokens: target.terms.media_tokens,
        bytes_per_token: target.terms.bytes_per_token,
        output_tokens: call.output_cap(target.terms.output_tokens),
        added_tokens: target.provider.vendor.added_tokens(),
        price: target.terms.price.as_ref(),
    });
    let demand = demand(call.size(), call.choices(), terms);
    match call.unbounded() {
        Some(why) => demand.unbounded(&why),
        None => demand,
    }
}

impl Entry for Gateway {
    async fn answer(self: Arc<Self>, request: Request) -> Answer {
        let (id, client) = (request.id.clone(), request.dialect());
        let mut record = Record::begin(id.clone(), self.parts.clock.now_ms());
        let served = Arc::clone(&self).serve(request, &mut record);
        let served = loader::beside(served, self.refresh_if_due());
        let served = AssertUnwindSafe(served).catch_unwind().await;
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
    use ring::rand::SecureRandom;
    let mut bytes = [0; 8];
    // Without randomness the first target is drawn: a worse spread, not a failure.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
