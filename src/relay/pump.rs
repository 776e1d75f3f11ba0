//! The pump: forwards a committed stream, event by event, to an explicit end.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::commit::Live;
use super::outlet::{ClientGone, Outlet};
use crate::dialect::Usage;
use crate::failure::{Class, Failure};

/// How long the provider gets to end its body after its last event, so that the connection can be used
/// again. The client has everything by then.
const DRAIN: Duration = Duration::from_millis(50);

/// Events that come together leave together, up to about so many bytes: as much as one write takes.
const MOST_TOGETHER_BYTES: usize = 16 << 10;

/// So often a connection is polled until it has handed over what it has: once to hear that more is
/// wanted, and once to read it.
const TURNS: u8 = 2;

/// A timer that is heard so much later than it rang was not heard at all meanwhile: the host reads the
/// body only when the client has taken what it was given.
const UNHEARD: Duration = Duration::from_millis(250);

/// How long a stream may take.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    /// Between two events that are more than signs of life.
    pub idle: Duration,
    /// When everything must have ended.
    pub deadline: Instant,
    /// A stream that brings fewer events in a minute is ended; 0 leaves slow ones alone.
    pub least_events_per_minute: u64,
}

/// How an answer ended.
#[derive(Debug, PartialEq)]
pub enum End {
    /// As it should.
    Complete,
    /// The provider failed after the commit: the client got an error event.
    Failed(Failure),
    /// The client went away.
    ClientGone,
    /// A defect of the gateway: the client got an error event.
    Panicked,
}

/// What is known of an answer at its end.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// What the provider says it used; only when the answer is complete.
    pub usage: Option<Usage>,
    /// How it ended.
    pub end: End,
}

/// Forwards a stream to its end. The error event of a failure is the caller's to send.
pub(super) async fn pump(live: &mut Live, pacing: Pacing, outlet: &Outlet) -> End {
    let held = std::mem::take(&mut live.held);
    let sent = outlet.send_all(held).await;
    match sent {
        Err(ClientGone) => End::ClientGone,
        Ok(()) => match forward(live, pacing, outlet).await {
            Ok(end) => end,
            Err(failure) => End::Failed(failure),
        },
    }
}

async fn forward(live: &mut Live, pacing: Pacing, outlet: &Outlet) -> Result<End, Failure> {
    let mut progress = Instant::now();
    let mut pace = Pace { least: pacing.least_events_per_minute, since: progress, events: 0 };
    let mut lost = None;
    while live.ending.is_none() {
        let (pieces, has_progress, failed) = read_events(live);
        let events = pieces.len();
        if outlet.send_all(pieces).await.is_err() {
            return Ok(End::ClientGone);
        }
        if let Some(failure) = failed {
            return Err(failure);
        }
        if live.ending.is_none() {
            // Behind an end nothing can be lost any more.
            lost.take().map_or(Ok(()), Err)?;
            pace.check(events)?;
        }
        if has_progress {
            // Counted from after the send: time that the client took is not the provider's.
            progress = Instant::now();
        }
        if live.ending.is_some() {
            break;
        }
        let idle = progress + pacing.idle;
        let more = tokio::select! {
            biased;
            more = timeout_at(idle.min(pacing.deadline), live.take_chunk()) => more,
            () = outlet.closed() => return Ok(End::ClientGone),
        };
        let Ok(more) = more else {
            if pacing.deadline <= idle {
                return Err(Failure::answer(Class::TimeoutTotal, "the request's time is up"));
            }
            if idle.elapsed() < UNHEARD {
                return Err(Failure::answer(Class::TimeoutIdle, "the stream went silent"));
            }
            // It was the client that waited. What the provider has is read from here on.
            progress = Instant::now();
            continue;
        };
        match more? {
            Some(bytes) => lost = take_more(live, bytes).await.err(),
            None => live.ending = Some(live.answer.end()?),
        }
    }
    let ending = live.ending.take().unwrap_or_default();
    if outlet.send(ending).await.is_err() {
        return Ok(End::ClientGone);
    }
    // Whether it ends in time decides only whether the connection is kept.
    let _ = timeout(DRAIN, async { while live.source.next().await.is_some() {} }).await;
    Ok(End::Complete)
}

/// Takes what the provider has sent right behind these bytes, so that it leaves with them: a write
/// for each event would cost more than all else that is done for it.
async fn take_more(live: &mut Live, mut bytes: usize) -> Result<(), Failure> {
    while bytes < MOST_TOGETHER_BYTES {
        match at_once(live.take_chunk()).await.transpose()?.flatten() {
            Some(more @ 1..) => bytes = bytes.saturating_add(more),
            Some(0) | None => break,
        }
    }
    Ok(())
}

/// What a future has to say once the others on this thread have had their turns.
async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut turns = 0;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(said) => Poll::Ready(Some(said)),
        Poll::Pending if turns == TURNS => Poll::Ready(None),
        Poll::Pending => {
            turns += 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

/// How fast a stream comes. A drip never goes silent, and yet never ends.
struct Pace {
    least: u64,
    since: Instant,
    events: u64,
}

/// How long a stream is watched before it is judged.
const PACE_WINDOW: Duration = Duration::from_secs(20);

impl Pace {
    fn check(&mut self, events: usize) -> Result<(), Failure> {
        self.events = self.events.saturating_add(u64::try_from(events).unwrap_or(u64::MAX));
        let watched = self.since.elapsed();
        if self.least == 0 || watched < PACE_WINDOW {
            return Ok(());
        }
        if self.events.saturating_mul(60) < self.least.saturating_mul(watched.as_secs()) {
            let least = self.least;
            let detail = format!("the stream has fewer than {least} events a minute");
            return Err(Failure::answer(Class::TimeoutIdle, detail));
        }
        (self.since, self.events) = (Instant::now(), 0);
        Ok(())
    }
}

/// Every event that has come: what to forward, whether there was progress, and a failure if one of
/// them is one (what came before it is still forwarded).
fn read_events(live: &mut Live) -> (Vec<Bytes>, bool, Option<Failure>) {
    let (mut pieces, mut progress) = (Vec::new(), false);
    loop {
        let step = match live.answer.next_step() {
            Ok(Some(step)) => step,
            Ok(None) => return (pieces, progress, None),
            Err(failure) => return (pieces, progress, Some(failure)),
        };
        progress |= step.progress;
        if !step.bytes.is_empty() {
            pieces.push(step.bytes);
        }
        if step.done {
            return match live.answer.end() {
                Ok(ending) => {
                    live.ending = Some(ending);
                    (pieces, progress, None)
                }
                Err(failure) => (pieces, progress, Some(failure)),
            };
        }
    }
}
