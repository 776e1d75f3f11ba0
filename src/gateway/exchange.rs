//! One attempt: from the request as a target gets it to the commit of its answer.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName};
use tokio::time::{Instant, timeout_at};

use super::ahead::Ahead;
use super::attempts::Journey;
use crate::decision::{Asking, prepare};
use crate::dialect::Encoded;
use crate::dialect::chat::Dropped;
use crate::failure::{Class, Failure, Sent};
use crate::quota::Hold;
use crate::record::{AttemptRecord, Record, micros};
use crate::relay::{self, Arrived, Committed};
use crate::routing::{Target, Timeouts};
use crate::upstream::Outgoing;

/// The longest request id of a provider that is passed on.
const MOST_ID_BYTES: usize = 128;

/// Where providers put the id of a request.
static ID_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-amzn-requestid"),
    HeaderName::from_static("apim-request-id"),
];

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
        ahead: Option<Ahead<'_>>,
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
        let tried = if let Some(failure) = self.faults.of(&target.id) {
            Err(failure)
        } else if began >= self.deadline {
            // The store took all the time: nobody was asked.
            Err(Failure::new(Class::TimeoutTotal, Sent::Unbilled, "no time was left"))
        } else {
            let exchange = self.exchange(attempt, hold, ahead, record, &mut headers_ms);
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
                target: target.id.clone(),
                class: None,
                status: Some(answered.status),
                ms_to_headers: headers_ms,
                ms_to_first_token: self.call.stream().then_some(ms),
                ms,
                detail: None,
            }),
            Err(failure) => record.failed(target.id.clone(), failure, headers_ms, ms),
        }
        tried
    }

    async fn exchange(
        &self,
        attempt: Attempt<'_>,
        hold: &Hold,
        ahead: Option<Ahead<'_>>,
        record: &Record,
        headers_ms: &mut Option<u64>,
    ) -> Result<Answered, Failure> {
        let began = Instant::now();
        let now_ms = self.gateway.parts.clock.now_ms();
        let Attempt { target, alias, timeouts, is_strict, .. } = attempt;
        let asking = Asking { target, alias, binds_cost: hold.binds_cost(), is_strict, now_ms };
        let (prepared, dialed) = match ahead {
            Some(ahead) => ahead.taken(asking).await?,
            None => (None, None),
        };
        let prepared = match prepared {
            Some(prepared) => prepared,
            None => prepare(self.call, asking)?,
        };
        let outgoing = Outgoing {
            provider: &target.provider,
            operation: prepared.encoded.operation,
            url: prepared.url.clone(),
            headers: prepared.headers(&record.request_id),
            secret: self.snapshot.secret(target),
            connect_ms: timeouts.connect_ms,
            dialed,
            body: prepared.encoded.body.clone(),
        };
        let arrival = self.gateway.parts.upstream.send(outgoing, now_ms).await?;
        *headers_ms = Some(micros(began) / 1_000);
        let status = arrival.status.as_u16();
        let id = ID_HEADERS.iter().find_map(|name| header(&arrival.headers, name));
        let upstream_request_id =
            id.filter(|id| id.len() <= MOST_ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic()));
        let Encoded { dropped, reading, .. } = prepared.encoded;
        let committed = relay::commit(Arrived {
            reading,
            stream: self.call.stream(),
            content_type: header(&arrival.headers, &CONTENT_TYPE).unwrap_or_default(),
            answer_id: upstream_request_id.clone().unwrap_or_else(|| record.request_id.clone()),
            body: arrival.body,
        })
        .await?;
        Ok(Answered { status, dropped, committed, upstream_request_id })
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
