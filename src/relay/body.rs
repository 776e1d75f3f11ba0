//! The body of an answer: drives its own relay while the host reads it.
//!
//! Nothing is spawned while the host reads: on Lambda, work that outlives the body is frozen with
//! the environment. So the relay, and the settlement after it, run inside the body, and the body
//! ends when they have ended. A host that drops the body early (a local client went away) leaves
//! the relay to finish in a task of its own, so that a hold is always settled.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

use super::commit::{Committed, Live};
use super::outlet::Outlet;
use super::pump::{End, Outcome, Pacing, pump};
use crate::dialect::error_event;
use crate::refusal::Refusal;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An answer's bytes. It cannot fail: the runtime would write a body's error into the client's
/// stream as text, so every failure is an event before the end.
pub struct Body {
    whole: Option<Bytes>,
    /// How many bytes are left, when that is known: then a client need not wait for the end.
    left_bytes: Option<usize>,
    pieces: Option<mpsc::Receiver<Bytes>>,
    work: Option<Work>,
}

impl Body {
    /// A body that is known as a whole.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let left_bytes = Some(bytes.len());
        Self { whole: Some(bytes), left_bytes, pieces: None, work: None }
    }

    /// The same body, with something else that is done beside its relay for as long as that takes,
    /// and no longer.
    #[must_use]
    pub fn beside(mut self, side: impl Future<Output = ()> + Send + 'static) -> Self {
        self.work = self.work.take().map(|work| -> Work {
            Box::pin(async move {
                if let Either::Right(((), work)) = select(work, Box::pin(side)).await {
                    work.await;
                }
            })
        });
        self
    }
}

/// The body of a committed answer. `last` is sent behind a stream's own end, if it is anything.
/// `ending` runs once, when the last byte is on its way and before
/// the body ends.
pub fn answer<E, F>(
    committed: Committed,
    pacing: Pacing,
    request_id: String,
    last: Bytes,
    ending: E,
) -> Body
where
    E: FnOnce(Outcome) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    // One piece under way: a slow client slows the provider, and nothing piles up.
    let (sender, pieces) = mpsc::channel(1);
    let outlet = Outlet(sender);
    let left_bytes = match &committed {
        Committed::Whole { body, .. } => Some(body.len()),
        Committed::Stream(_) => None,
    };
    let work: Work = match committed {
        Committed::Whole { body, usage } => Box::pin(async move {
            let end = match outlet.send(body).await {
                Ok(()) => End::Complete,
                Err(_) => End::ClientGone,
            };
            ending(Outcome { usage, end }).await;
        }),
        Committed::Stream(live) => Box::pin(async move {
            let outcome = run(*live, pacing, &outlet, &request_id).await;
            // A client that is gone does not miss it.
            let _ = outlet.send(last).await;
            ending(outcome).await;
        }),
    };
    Body { whole: None, left_bytes, pieces: Some(pieces), work: Some(work) }
}

/// Reads a committed answer to its end, for nobody.
pub async fn discard(committed: Committed, pacing: Pacing, request_id: &str) -> Outcome {
    let live = match committed {
        Committed::Whole { usage, .. } => return Outcome { usage, end: End::Complete },
        Committed::Stream(live) => live,
    };
    let (sender, mut pieces) = mpsc::channel(1);
    let outlet = Outlet(sender);
    let nobody = async {
        while pieces.recv().await.is_some() {}
        std::future::pending().await
    };
    tokio::select! {
        biased;
        outcome = run(*live, pacing, &outlet, request_id) => outcome,
        outcome = nobody => outcome,
    }
}

async fn run(mut live: Live, pacing: Pacing, outlet: &Outlet, request_id: &str) -> Outcome {
    let pumped = AssertUnwindSafe(pump(&mut live, pacing, outlet)).catch_unwind().await;
    let end = pumped.unwrap_or_else(|panic| {
        tracing::error!(request_id, panic = panic_text(&*panic), "the relay panicked");
        End::Panicked
    });
    let refusal = match &end {
        End::Failed(failure) => Some(Refusal::cut(failure)),
        End::Panicked => Some(Refusal::Internal),
        End::Complete | End::ClientGone => None,
    };
    if let Some(refusal) = refusal {
        // A client that is gone does not miss it.
        let _ = outlet.send(error_event(live.client, &refusal, request_id)).await;
    }
    let usage = live.answer.usage().filter(|_| end == End::Complete);
    Outcome { usage, end }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

impl Body {
    /// The next piece. The relay is polled here and nowhere else, so its wakers are this body's: the
    /// channel needs none of its own, and is asked with `try_recv`, which has no budget to run out
    /// of.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(whole) = self.whole.take() {
            return Poll::Ready(Some(whole));
        }
        loop {
            if let Some(piece) = self.take_piece() {
                return Poll::Ready(Some(piece));
            }
            let Some(work) = self.work.as_mut() else { return Poll::Ready(None) };
            if work.as_mut().poll(context).is_ready() {
                // What it sent last is still to be taken.
                self.work = None;
            } else {
                return self.take_piece().map_or(Poll::Pending, |piece| Poll::Ready(Some(piece)));
            }
        }
    }

    fn take_piece(&mut self) -> Option<Bytes> {
        self.pieces.as_mut()?.try_recv().ok()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let polled = self.poll_piece(context);
        if let Poll::Ready(Some(piece)) = &polled {
            self.left_bytes = self.left_bytes.map(|left| left.saturating_sub(piece.len()));
        }
        polled.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.whole.is_none()
            && self.work.is_none()
            && self.pieces.as_ref().is_none_or(mpsc::Receiver::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.left_bytes.and_then(|left| u64::try_from(left).ok());
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        // Closing the way to the client tells the relay that it is gone.
        self.pieces = None;
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            #[expect(clippy::disallowed_methods, reason = "a local client went away; see above")]
            runtime.spawn(work);
        }
    }
}
