//! The gateway: THE flow of a request, a line a stage. The only file that sees both the stages,
//! which decide, and the edges, which touch the world.

mod attempts;
mod ending;
mod lists;
mod loader;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::FutureExt;
use http::StatusCode;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::{Snapshot, SnapshotCell};
use crate::dialect::Operation;
use crate::dialect::openai::Call;
use crate::ingress::{self, Answer, Endpoint, Entry, Request};
use crate::keys::Presented;
use crate::quota::{Demand, Evidence, Terms, charges, demand};
use crate::record::{Record, RequestOutcome, micros};
use crate::refusal::Refusal;
use crate::routing::{Plan, Route};
use crate::store::{Admission, Store};
use crate::upstream::{Upstream, Vault};

/// A request needs at least this long to be worth beginning.
const LEAST_TIME: Duration = Duration::from_millis(500);

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
}

impl Gateway {
    /// A gateway that has not read its configuration yet; [`Gateway::load`] does.
    pub fn new(parts: Parts) -> Self {
        Self { parts, config: SnapshotCell::default(), next_refresh_ms: AtomicU64::new(0) }
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
        let body = ingress::accept_body(&request.headers, request.body)?;
        let call = Call::parse(operation, body)?;
        record.stream = call.stream;
        record.alias = Some(call.alias.clone());
        let config = self.snapshot().await?;
        record.config_version = Some(config.version);
        let route = config.config.routes.find(&call.alias).cloned();
        let deadline = self.deadline(request.deadline, route.as_deref())?;
        let demand = route.as_ref().map_or_else(Demand::nothing, |route| bound(&call, route));
        let admission = self.admit(&presented, &demand, record).await?;
        let permitted = self.permit(&call, route, &config, admission, record).await?;
        let Permitted { caller, hold, route } = permitted;
        let unusable = |target: &_| config.unusable(target);
        let plan = Plan::new(&caller, &route, random(), unusable);
        let journey = attempts::Journey {
            gateway: Arc::clone(&self),
            call: &call,
            presented: &presented,
            demand: &demand,
            snapshot: &config,
            deadline,
        };
        journey.travel(&plan, hold, record).await
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
        let admitted = self.parts.store.admit(presented, &charges(demand, now_ms), now_ms).await;
        record.store_trips += 1;
        record.store_us += micros(began);
        match admitted {
            Ok(admission) => {
                record.key_name = Some(admission.caller.name().to_owned());
                record.held(&admission.hold);
                Ok(admission)
            }
            Err(denial) => {
                if let crate::store::Denial::Store(error) = &denial {
                    let request_id = &record.request_id;
                    tracing::error!(%error, advice = error.advice(), request_id, "admission failed");
                }
                Err(denial.refusal())
            }
        }
    }

    /// Whether the caller may use the alias, now that its policy is known. If not, everything is
    /// given back.
    async fn permit(
        &self,
        call: &Call,
        route: Option<Arc<Route>>,
        snapshot: &Snapshot,
        admission: Admission,
        record: &mut Record,
    ) -> Result<Permitted, Refusal> {
        let Admission { caller, hold } = admission;
        let allowed = caller.may_use(&call.alias);
        match route {
            Some(route) if allowed => {
                record.route = Some(route.pattern.to_string());
                Ok(Permitted { caller, hold, route })
            }
            route => {
                self.settle(hold, &Evidence::Void, record).await;
                let alias = call.alias.clone();
                Err(match route {
                    Some(_) => Refusal::ModelForbidden { alias, allowed: caller.allowed() },
                    None => Refusal::UnknownModel { alias, known: lists::names(snapshot, &caller) },
                })
            }
        }
    }

    /// When the request must have ended: the least of the host's deadline, less the time to settle,
    /// and the route's.
    fn deadline(&self, host: Option<Instant>, route: Option<&Route>) -> Result<Instant, Refusal> {
        let now = Instant::now();
        let timeouts = route.map(|route| route.timeouts).unwrap_or_default();
        let own = now + Duration::from_millis(timeouts.total_ms);
        let host = host.map(|host| host.checked_sub(self.parts.settle_margin).unwrap_or(now));
        let deadline = host.map_or(own, |host| own.min(host));
        if deadline < now + LEAST_TIME && host.is_some() {
            return Err(Refusal::DeadlineTooShort);
        }
        Ok(deadline)
    }
}

/// A request that may be planned.
struct Permitted {
    caller: crate::keys::Caller,
    hold: crate::quota::Hold,
    route: Arc<Route>,
}

/// The most that a request can cost, whichever target of its route answers.
fn bound(call: &Call, route: &Route) -> Demand {
    let ids: Vec<String> = route.all_targets().map(crate::routing::Target::id).collect();
    let terms = route.all_targets().zip(&ids).map(|(target, id)| Terms {
        target: id,
        media_tokens: target.terms.media_tokens,
        output_tokens: call.output_cap(target.terms.output_tokens),
        price: target.terms.price.as_ref(),
    });
    let choices = if call.operation == Operation::Embeddings { 0 } else { call.choices };
    demand(&call.size, choices, terms)
}

impl Entry for Gateway {
    async fn answer(self: Arc<Self>, request: Request) -> Answer {
        let id = request.id.clone();
        let mut record = Record::begin(id.clone(), self.parts.clock.now_ms());
        let served = Arc::clone(&self).serve(request, &mut record);
        let served = loader::beside(served, self.refresh_if_due());
        let served = AssertUnwindSafe(served).catch_unwind().await;
        let answer = match served.unwrap_or(Err(Refusal::Internal)) {
            Ok(answer) => {
                if matches!(record.operation, "health" | "preflight") {
                    return ingress::finish(answer, &id);
                }
                answer
            }
            Err(refusal) => refused(&refusal, &mut record),
        };
        ingress::finish(answer, &id)
    }

    fn refuse(&self, refusal: &Refusal, request_id: &str) -> Answer {
        let mut record = Record::begin(request_id.to_owned(), self.parts.clock.now_ms());
        ingress::finish(refused(refusal, &mut record), request_id)
    }
}

/// A refusal as an answer, and its record.
fn refused(refusal: &Refusal, record: &mut Record) -> Answer {
    let answer = ingress::refused(refusal, &record.request_id);
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

/// A number for weighted draws and ids. Not a secret.
fn random() -> u64 {
    use ring::rand::SecureRandom;
    let mut bytes = [0; 8];
    // Without randomness the first target is drawn: a worse spread, not a failure.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
