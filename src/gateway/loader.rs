//! Keeps the configuration: read at the start, again beside a request once it is old, and the last
//! good one whatever goes wrong.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use futures_util::FutureExt;

use super::Gateway;
use crate::config::{Document, Snapshot, Strictness};
use crate::refusal::Refusal;
use crate::routing::Health;
use crate::store::StoreError;

/// How soon a failed read is tried again.
const RETRY_MS: u64 = 5_000;

/// Why there is no configuration.
enum NotLoaded {
    Store(StoreError),
    NeverPushed,
}

impl Gateway {
    /// Reads the configuration. A failure is logged with what to do about it; the last good
    /// configuration stays.
    pub async fn load(&self) -> Option<Arc<Snapshot>> {
        let now_ms = self.parts.clock.now_ms();
        self.next_refresh_ms.store(now_ms + self.parts.config_ttl_ms, Ordering::Relaxed);
        // Boxed: each request's future has room for it in several places, and few ever read.
        match Box::pin(self.read(now_ms)).await {
            Ok(snapshot) => self.config.replace(snapshot),
            Err(why) => {
                let retry_ms = now_ms + RETRY_MS.min(self.parts.config_ttl_ms);
                self.next_refresh_ms.store(retry_ms, Ordering::Relaxed);
                match why {
                    NotLoaded::Store(error) => {
                        tracing::error!(%error, advice = error.advice(), "no configuration read");
                    }
                    NotLoaded::NeverPushed => tracing::error!(
                        advice = "run 'tollgatectl config push gateway.yaml'",
                        "the table holds no configuration"
                    ),
                }
            }
        }
        self.config.current()
    }

    async fn read(&self, now_ms: u64) -> Result<Snapshot, NotLoaded> {
        let stored = self.parts.store.document().await.map_err(NotLoaded::Store)?;
        let stored = stored.ok_or(NotLoaded::NeverPushed)?;
        let version = stored.version;
        let read = Document::from_json(&stored.document).read(Strictness::Lenient);
        // Reading leniently always gives a configuration.
        let (config, problems) = read.unwrap_or_default();
        for problem in &problems {
            tracing::warn!(version, %problem, "a part of the configuration is not used");
        }
        let secrets = self.parts.vault.find(&config.credentials(), now_ms).await;
        let health = Health::new(stored.health, now_ms);
        Ok(Snapshot { config, version, read_ms: now_ms, secrets, health })
    }

    /// The configuration for a request: what is there, or, when nothing is, what can be read now.
    pub(super) async fn snapshot(&self) -> Result<Arc<Snapshot>, Refusal> {
        if let Some(snapshot) = self.config.current() {
            return Ok(snapshot);
        }
        self.load().await.ok_or_else(|| Refusal::ConfigUnavailable {
            message: "The gateway has no configuration yet. Its operator finds the reason in the \
                      log."
                .to_owned(),
        })
    }

    /// Reads the configuration again if it is old and nobody else does.
    pub(super) async fn refresh_if_due(&self) {
        let now_ms = self.parts.clock.now_ms();
        let due_ms = self.next_refresh_ms.load(Ordering::Relaxed);
        if now_ms < due_ms || self.config.current().is_none() {
            return;
        }
        // Whoever moves the time first reads; the others go on with what is there.
        let next_ms = now_ms + self.parts.config_ttl_ms;
        let (relaxed, next) = (Ordering::Relaxed, &self.next_refresh_ms);
        if next.compare_exchange(due_ms, next_ms, relaxed, relaxed).is_err() {
            return;
        }
        // If the request ends first, this is dropped half-way: then it is due again.
        let mut guard = DueAgain { gateway: self, due_ms, ended: false };
        // A document that trips over a defect must not take the requests with it.
        if AssertUnwindSafe(self.load()).catch_unwind().await.is_err() {
            tracing::error!("reading the configuration panicked: the last good one stays");
            let retry_ms = now_ms + RETRY_MS.min(self.parts.config_ttl_ms);
            next.store(retry_ms, relaxed);
        }
        guard.ended = true;
    }
}

/// Makes a refresh due again unless it came to its end.
struct DueAgain<'a> {
    gateway: &'a Gateway,
    due_ms: u64,
    ended: bool,
}

impl Drop for DueAgain<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.gateway.next_refresh_ms.store(self.due_ms, Ordering::Relaxed);
        }
    }
}

/// Runs `side` for as long as `main` takes, and no longer: the request never waits for it. Pinned by
/// the caller, as a future that is handed over takes its room twice.
pub(super) async fn beside<T>(
    mut main: Pin<&mut impl Future<Output = T>>,
    mut side: Pin<&mut impl Future<Output = ()>>,
) -> T {
    let mut side_ended = false;
    poll_fn(|context| {
        if let Poll::Ready(value) = main.as_mut().poll(context) {
            return Poll::Ready(value);
        }
        if !side_ended {
            side_ended = side.as_mut().poll(context).is_ready();
        }
        Poll::Pending
    })
    .await
}
