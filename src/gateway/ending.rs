//! The end of a request: settlement, the rollup, the record.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::OptionFuture;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Gateway;
use super::mirror::Copied;
use crate::dialect::chat::Dropped;
use crate::ingress::{tightest_headers, with_headers};
use crate::keys::{KeyId, TeamId};
use crate::quota::{Evidence, Hold, Period, Price, Window, Zone};
use crate::record::{Record, RequestOutcome, Settled};
use crate::refusal::Refusal;
use crate::relay::{Committed, End, Outcome};
use crate::routing::{Notice, Target};
use crate::store::{StoreError, UsageRow};

/// What is left to do when an answer has begun.
pub(super) struct Ending {
    pub(super) gateway: Arc<Gateway>,
    pub(super) hold: Hold,
    pub(super) record: Record,
    pub(super) price: Option<Price>,
    /// Whose request it is.
    pub(super) key: KeyId,
    /// What the other environments are to hear of the targets.
    pub(super) notices: Vec<Notice>,
    /// The request's copy, if there is one.
    pub(super) mirror: Option<Copied>,
}

impl Ending {
    /// Settles by what the answer has shown, and writes the record. Runs once.
    pub(super) async fn run(self, outcome: Outcome) {
        let Self { gateway, hold, mut record, price, key, mut notices, mirror } = self;
        if let (End::Failed(failure), Some(last)) = (&outcome.end, record.attempts.last()) {
            notices.extend(gateway.failed(&last.target, failure, &key));
        }
        let evidence = match outcome.usage {
            Some(usage) => Evidence::exact(usage, price.as_ref()),
            None => Evidence::Unknown,
        };
        if let Evidence::Exact { usage, nano_usd } = &evidence {
            record.usage = Some(*usage);
            record.nano_usd = *nano_usd;
        }
        let mirror = OptionFuture::from(mirror.map(Copied::ended));
        let settling = gateway.settle(hold, &evidence, &mut record);
        let ((), (), mirrored) = tokio::join!(settling, gateway.tell(notices), mirror);
        if let Some(mirrored) = mirrored {
            record.mirrored(mirrored);
        }
        if outcome.end == End::Panicked {
            record.code = Some(Refusal::Internal.shape().code);
        }
        if let End::Failed(failure) = &outcome.end {
            record.code = Some(Refusal::cut(failure).shape().code);
            record.broke_off(failure);
        }
        record.finish(match outcome.end {
            End::Complete => RequestOutcome::Ok,
            End::Failed(_) => RequestOutcome::Cut,
            End::ClientGone => RequestOutcome::ClientGone,
            End::Panicked => RequestOutcome::Panicked,
        });
    }
}

impl Gateway {
    /// Ends a hold: the one write after the call, and beside it the rollup for people.
    pub(super) async fn settle(&self, hold: Hold, evidence: &Evidence, record: &mut Record) {
        let now_ms = self.parts.clock.now_ms();
        let row = matches!(evidence, Evidence::Exact { .. } | Evidence::Unknown)
            .then(|| usage_row(&hold, evidence, record, now_ms))
            .flatten();
        let settlement = hold.settle(evidence, now_ms);
        record.settled(match evidence {
            Evidence::Exact { .. } => Settled::Exact,
            Evidence::Unknown => Settled::Kept,
            Evidence::Unbilled => Settled::Unbilled,
            Evidence::Void => Settled::Void,
        });
        if settlement.bound_violation {
            record.bound_violation = true;
            let target = record.attempts.last().map(|attempt| attempt.target.clone());
            let request_id = &record.request_id;
            tracing::error!(
                request_id,
                target,
                "the provider reports more than the bound: it was charged in full"
            );
        }
        let row = row
            .map(|row| UsageRow { bound_violations: u64::from(settlement.bound_violation), ..row });
        let count = async {
            match &row {
                Some(row) => survive(async { self.parts.store.count(row).await }).await,
                None => Ok(()),
            }
        };
        let written = settlement.parts.iter().filter(|part| !part.is_empty()).count();
        record.store_trips += u32::try_from(written).unwrap_or(0) + u32::from(row.is_some());
        let (settled, counted) =
            tokio::join!(survive(async { self.parts.store.settle(&settlement).await }), count);
        if let Err(error) = settled {
            record.settled(Settled::Lost);
            let request_id = &record.request_id;
            tracing::error!(%error, request_id, ?settlement, "unsettled: the hold stays charged");
        }
        if let Err(error) = counted {
            tracing::warn!(%error, "a rollup was not counted");
        }
    }
}

/// A call of the store beside an answer: a defect in it is not the client's, whose answer may still
/// be on its way.
async fn survive(call: impl Future<Output = Result<(), StoreError>>) -> Result<(), StoreError> {
    let panicked = |_| Err(StoreError::Unavailable("the call panicked".to_owned()));
    AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(panicked)
}

/// What the request adds to the day's rollup; nothing for a request of no known key.
fn usage_row(hold: &Hold, evidence: &Evidence, record: &Record, now_ms: u64) -> Option<UsageRow> {
    let usage = record.usage.unwrap_or_default();
    let is_kept = *evidence == Evidence::Unknown;
    let kept = |held| if is_kept { held } else { 0 };
    Some(UsageRow {
        key: KeyId::parse(record.key.as_deref()?).ok()?,
        team: record.team.as_deref().and_then(|team| TeamId::parse(team).ok()),
        day: Window::at(Period::Day, &Zone::UTC, now_ms).id,
        alias: record.listed_alias.clone().unwrap_or_default(),
        shard: hold.shard(),
        requests: hold.requests(),
        tokens_in: usage.input(),
        tokens_cached: usage.cache_read,
        tokens_out: usage.output,
        nano_usd: record.nano_usd.unwrap_or(0),
        kept_tokens: kept(hold.tokens()),
        kept_nano_usd: kept(hold.nano_usd()),
        bound_violations: 0,
    })
}

/// The longest list of dropped fields that an answer's header has, in bytes.
const MOST_DROPPED_BYTES: usize = 1_024;

/// Names what of the request had no place at the target: nothing vanishes silently.
pub(super) fn dropped_header(headers: &mut HeaderMap, dropped: &Dropped) {
    if dropped.is_empty() {
        return;
    }
    // Some names are the client's own, and a header holds less than a name may.
    let shown = |c: char| if c.is_ascii_graphic() && c != ',' { c } else { '?' };
    let mut names = String::new();
    for field in dropped.fields() {
        if names.len() + field.len() > MOST_DROPPED_BYTES {
            names.push_str(", ...");
            break;
        }
        names.push_str(if names.is_empty() { "" } else { ", " });
        names.extend(field.chars().map(shown));
    }
    with_headers(headers, [("x-tollgate-dropped", names.into())]);
}

/// Tells the trail to a client that wants it: in a header of a whole answer; of a stream, whose
/// headers have gone by then, as the comment that is returned for its end.
pub(super) fn told_last(
    committed: &Committed,
    trail: Option<String>,
    headers: &mut HeaderMap,
) -> Bytes {
    let Some(trail) = trail else { return Bytes::new() };
    match committed {
        Committed::Whole { .. } => {
            with_headers(headers, [("x-tollgate-debug", trail.into())]);
            Bytes::new()
        }
        Committed::Stream(_) => format!(": tollgate {trail}\n\n").into(),
    }
}

const ATTEMPTS: HeaderName = HeaderName::from_static("x-tollgate-attempts");

/// How many headers an answer has, with what the host adds.
const MOST_HEADERS: usize = 24;

/// The headers of an answer. Of the provider's own, only its request id passes, under another name.
pub(super) fn answer_headers(
    committed: &Committed,
    target: &Target,
    record: &Record,
    upstream_request_id: Option<String>,
    now_ms: u64,
) -> HeaderMap {
    // With room for those that are added later.
    let mut headers = HeaderMap::with_capacity(MOST_HEADERS);
    let kind = match committed {
        Committed::Whole { .. } => HeaderValue::from_static("application/json"),
        Committed::Stream(_) => HeaderValue::from_static("text/event-stream; charset=utf-8"),
    };
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(ATTEMPTS, HeaderValue::from(record.attempts.len()));
    with_headers(&mut headers, [("x-tollgate-target", Cow::from(&target.id))]);
    if let Some(id) = upstream_request_id {
        with_headers(&mut headers, [("x-tollgate-upstream-request-id", id.into())]);
    }
    tightest_headers(&mut headers, &record.limits, now_ms);
    headers
}
