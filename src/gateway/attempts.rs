//! The attempts: tries the plan's targets in order until one has committed.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, timeout_at};

use super::Gateway;
use super::ending::{Ending, answer_headers, dropped_header};
use crate::config::Snapshot;
use crate::dialect::chat::Dropped;
use crate::dialect::{Call, Encoded, Encoding, Operation};
use crate::failure::{Class, Failure, Sent};
use crate::ingress::Answer;
use crate::keys::Presented;
use crate::quota::{Demand, Evidence, Hold};
use crate::record::{AttemptRecord, Record, micros};
use crate::refusal::{Refusal, UpstreamFailed};
use crate::relay::{self, Arrived, Committed, Pacing};
use crate::routing::{Plan, Target};
use crate::upstream::Outgoing;

/// The longest request id of a provider that is passed on.
const MOST_ID_BYTES: usize = 128;

/// What the attempts of one request share.
pub(super) struct Journey<'a> {
    pub(super) gateway: Arc<Gateway>,
    pub(super) call: &'a Call,
    pub(super) presented: &'a Presented,
    pub(super) demand: &'a Demand,
    pub(super) snapshot: &'a Snapshot,
    pub(super) deadline: Instant,
    /// Whether a field that a target cannot take is a failure.
    pub(super) is_strict: bool,
}

/// Where providers put the id of a request.
const ID_HEADERS: [&str; 4] = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id"];

/// An answer that has committed.
struct Answered {
    status: u16,
    dropped: Dropped,
    committed: Committed,
    upstream_request_id: Option<String>,
}

impl Journey<'_> {
    /// Tries the plan's targets. Whoever commits first answers; when none does, the hold is
    /// settled and the most useful reason is the refusal.
    pub(super) async fn travel(
        self,
        plan: &Plan<'_>,
        hold: Hold,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        let mut failures: Vec<Failure> = Vec::new();
        let mut kept = Some(hold);
        for target in &plan.targets {
            let Some(hold) = self.hold_for_next(kept.take(), &failures, record).await else {
                break;
            };
            let began = Instant::now();
            let tried = self.attempt(target, plan, &hold, record).await;
            record.upstream_us += micros(began);
            match tried {
                Ok(answered) => return Ok(self.answer(target, plan, answered, hold, record)),
                Err(failure) => {
                    let stop = !failure.class.falls_back() || Instant::now() >= self.deadline;
                    kept = Some(hold);
                    failures.push(failure);
                    if stop {
                        break;
                    }
                }
            }
        }
        if let Some(hold) = kept {
            let billed = may_be_billed(&failures);
            let evidence = if billed { Evidence::Unknown } else { Evidence::Unbilled };
            self.gateway.settle(hold, &evidence, record).await;
        }
        Err(self.no_answer(plan, failures, record))
    }

    /// The hold for the next attempt. What the last one may have cost stays charged, and the next
    /// takes a hold of its own; when the key has no room for it, the attempts are over.
    async fn hold_for_next(
        &self,
        held: Option<Hold>,
        failures: &[Failure],
        record: &mut Record,
    ) -> Option<Hold> {
        if !may_be_billed(failures) {
            return held;
        }
        self.gateway.settle(held?, &Evidence::Unknown, record).await;
        let demand = self.demand.again(super::lease_id());
        let again = self.gateway.admit(self.presented, &demand, record).await;
        again.ok().map(|admission| admission.hold)
    }

    /// One target, from the request to the commit.
    async fn attempt(
        &self,
        target: &Target,
        plan: &Plan<'_>,
        hold: &Hold,
        record: &mut Record,
    ) -> Result<Answered, Failure> {
        let began = Instant::now();
        let mut headers_ms = None;
        let limit = if self.call.stream() {
            let first = began + Duration::from_millis(plan.timeouts.first_token_ms);
            first.min(self.deadline)
        } else {
            self.deadline
        };
        let tried = if began >= self.deadline {
            // The store took all the time: nobody was asked.
            Err(Failure::new(Class::TimeoutTotal, Sent::Unbilled, "no time was left"))
        } else {
            let exchange = self.exchange(target, hold, record, &mut headers_ms);
            timeout_at(limit, exchange).await.unwrap_or_else(|_| {
                let class = if limit < self.deadline {
                    Class::TimeoutFirstToken
                } else {
                    Class::TimeoutTotal
                };
                Err(Failure::answer(class, "no content in time"))
            })
        };
        let ms = micros(began) / 1_000;
        match &tried {
            Ok(answered) => record.attempts.push(AttemptRecord {
                target: target.id(),
                class: None,
                status: Some(answered.status),
                ms_to_headers: headers_ms,
                ms_to_first_token: self.call.stream().then_some(ms),
                ms,
                detail: None,
            }),
            Err(failure) => record.failed(target.id(), failure, headers_ms, ms),
        }
        tried
    }

    async fn exchange(
        &self,
        target: &Target,
        hold: &Hold,
        record: &Record,
        headers_ms: &mut Option<u64>,
    ) -> Result<Answered, Failure> {
        let began = Instant::now();
        let now_ms = self.gateway.parts.clock.now_ms();
        let encoded = self.encode(target, hold, now_ms)?;
        let Encoded { operation, body, headers, dropped, reading } = encoded;
        let (provider, model) = (&target.provider, target.model_for(self.call.alias()));
        let (extras, stream) = (&target.extras, self.call.stream());
        let query = pairs(&extras.query);
        let outgoing = Outgoing {
            provider,
            operation,
            url: provider.url(operation, model, stream, query),
            headers: headers
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .chain(pairs(&extras.headers))
                .collect(),
            secret: self.snapshot.secret(target),
            body,
            request_id: &record.request_id,
        };
        let arrival = self.gateway.parts.upstream.send(&outgoing, now_ms).await?;
        *headers_ms = Some(micros(began) / 1_000);
        let status = arrival.status.as_u16();
        let id = ID_HEADERS.into_iter().find_map(|name| header(&arrival.headers, name));
        let upstream_request_id =
            id.filter(|id| id.len() <= MOST_ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic()));
        let committed = relay::commit(Arrived {
            reading,
            stream,
            content_type: header(&arrival.headers, "content-type").unwrap_or_default(),
            answer_id: upstream_request_id.clone().unwrap_or_else(|| record.request_id.clone()),
            body: arrival.body,
        })
        .await?;
        Ok(Answered { status, dropped, committed, upstream_request_id })
    }

    /// The request as this target gets it.
    fn encode(&self, target: &Target, hold: &Hold, now_ms: u64) -> Result<Encoded, Failure> {
        let provider = &target.provider;
        let encoded = self.call.encode(&Encoding {
            vendor: provider.vendor,
            upstream_model: target.model_for(self.call.alias()),
            stream_usage: provider.stream_usage,
            default_output_tokens: target.terms.output_tokens,
            binds_cost: hold.binds_cost(),
            reasoning: target.reasoning.style,
            thinking: target.reasoning.thinking,
            is_strict: self.is_strict,
            now_s: now_ms / 1_000,
        })?;
        // It is JSON, and so it is text.
        let text = std::str::from_utf8(&encoded.body).unwrap_or_default();
        match target.extras.edits.apply(text) {
            Some(edited) => Ok(Encoded { body: edited.into(), ..encoded }),
            None => Ok(encoded),
        }
    }

    /// The answer of the target that has committed.
    fn answer(
        &self,
        target: &Target,
        plan: &Plan<'_>,
        answered: Answered,
        hold: Hold,
        record: &mut Record,
    ) -> Answer {
        record.status = 200;
        record.first_byte();
        let now_ms = self.gateway.parts.clock.now_ms();
        let Answered { dropped, committed, upstream_request_id, .. } = answered;
        let mut headers =
            answer_headers(&committed, target, &hold, record, upstream_request_id, now_ms);
        dropped_header(&mut headers, &dropped);
        let pacing =
            Pacing { idle: Duration::from_millis(plan.timeouts.idle_ms), deadline: self.deadline };
        let request_id = record.request_id.clone();
        let record = std::mem::replace(record, Record::begin(String::new(), 0));
        // Nobody bills for counting.
        let counts = self.call.operation() == Operation::CountTokens;
        let price = target.terms.price.clone().filter(|_| !counts);
        let ending = Ending { gateway: Arc::clone(&self.gateway), hold, record, price };
        let body = relay::answer(committed, pacing, request_id, |outcome| ending.run(outcome));
        let mut answer = Answer::new(body);
        *answer.headers_mut() = headers;
        answer
    }

    /// The refusal when nobody answered.
    fn no_answer(&self, plan: &Plan<'_>, failures: Vec<Failure>, record: &Record) -> Refusal {
        let retry_after_ms = failures.iter().filter_map(|failure| failure.retry_after_ms).min();
        // Of equally useful ones the first: it is the target that the route prefers.
        let most_useful =
            failures.into_iter().rev().max_by_key(|failure| failure.class.usefulness());
        match most_useful {
            Some(failure) => Refusal::Upstream(Box::new(UpstreamFailed {
                class: failure.class,
                status: failure.status,
                error: failure.error,
                retry_after_ms,
                attempts: record.reports(),
            })),
            None => {
                Refusal::NoTarget { alias: self.call.alias().to_owned(), reasons: plan.reasons() }
            }
        }
    }
}

fn pairs(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// Whether the last attempt may have cost something.
fn may_be_billed(failures: &[Failure]) -> bool {
    failures.last().is_some_and(|failure| failure.sent == Sent::Maybe)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
