//! One attempt: from the request as a target gets it to the commit of its answer.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, timeout_at};

use super::attempts::Journey;
use crate::dialect::chat::Dropped;
use crate::dialect::{Encoded, Encoding};
use crate::failure::{Class, Failure, Sent};
use crate::quota::Hold;
use crate::record::{AttemptRecord, Record, micros};
use crate::relay::{self, Arrived, Committed};
use crate::routing::{Target, Timeouts};
use crate::upstream::Outgoing;

/// The longest request id of a provider that is passed on.
const MOST_ID_BYTES: usize = 128;

/// Where providers put the id of a request.
const ID_HEADERS: [&str; 4] = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id"];

/// An answer that has committed.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) dropped: Dropped,
    pub(super) committed: Committed,
    pub(super) upstream_request_id: Option<String>,
}

/// One attempt.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) target: &'a Target,
    /// The alias that it serves.
    pub(super) alias: &'a str,
    pub(super) timeouts: Timeouts,
    /// Whether a field that the target cannot take is a failure.
    pub(super) is_strict: bool,
    /// Whether somebody else may answer when it does not.
    pub(super) has_more: bool,
}

impl Journey<'_> {
    /// One target, from the request to the commit.
    pub(super) async fn attempt(
        &self,
        attempt: Attempt<'_>,
        hold: &Hold,
        record: &mut Record,
    ) -> Result<Answered, Failure> {
        let began = Instant::now();
        let mut headers_ms = None;
        let Attempt { target, timeouts, .. } = attempt;
        let patience_ms = if self.call.stream() {
            Some(timeouts.first_token_ms)
        } else {
            // A whole answer takes as long as it takes, but nobody waits for the hanging while
            // others could answer.
            attempt.has_more.then_some(timeouts.answer_ms)
        };
        let patience = patience_ms.map(|ms| began + Duration::from_millis(ms));
        let limit = patience.map_or(self.deadline, |limit| limit.min(self.deadline));
        let tried = if let Some(failure) = self.faults.of(&target.id()) {
            Err(failure)
        } else if began >= self.deadline {
            // The store took all the time: nobody was asked.
            Err(Failure::new(Class::TimeoutTotal, Sent::Unbilled, "no time was left"))
        } else {
            let exchange = self.exchange(attempt, hold, record, &mut headers_ms);
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
        attempt: Attempt<'_>,
        hold: &Hold,
        record: &Record,
        headers_ms: &mut Option<u64>,
    ) -> Result<Answered, Failure> {
        let began = Instant::now();
        let now_ms = self.gateway.parts.clock.now_ms();
        let Attempt { target, alias, timeouts, .. } = attempt;
        let encoded = self.encode(attempt, hold, now_ms)?;
        let Encoded { operation, body, headers, dropped, reading } = encoded;
        let (provider, model) = (&target.provider, target.model_for(alias));
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
            connect_ms: timeouts.connect_ms,
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
    fn encode(&self, attempt: Attempt<'_>, hold: &Hold, now_ms: u64) -> Result<Encoded, Failure> {
        let target = attempt.target;
        let provider = &target.provider;
        let encoded = self.call.encode(&Encoding {
            vendor: provider.vendor,
            upstream_model: target.model_for(attempt.alias),
            stream_usage: provider.stream_usage,
            default_output_tokens: target.terms.output_tokens,
            binds_cost: hold.binds_cost(),
            reasoning: target.reasoning.style,
            thinking: target.reasoning.thinking,
            is_strict: attempt.is_strict,
            now_s: now_ms / 1_000,
        })?;
        let edits = &target.extras.edits;
        if edits.is_empty() {
            return Ok(encoded);
        }
        // It is JSON, and so it is text.
        let text = std::str::from_utf8(&encoded.body).unwrap_or_default();
        match edits.apply(text) {
            Some(edited) => Ok(Encoded { body: edited.into(), ..encoded }),
            None => Ok(encoded),
        }
    }
}

fn pairs(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
