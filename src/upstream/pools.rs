//! Pools of connections to providers, which a frozen environment must not trust.
//!
//! While an environment is frozen its connections die and nothing here hears of it: timers stand
//! still, and what the other side sent waits in the kernel. A request that is written to such a
//! connection is lost, and may be billed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use super::http::{Http, HttpError, POOL_IDLE, Reach};

/// A silence that may have been a freeze, in milliseconds.
const QUIET_MS: u64 = 1_000;
/// Long enough for the event loop to hear of connections that were closed meanwhile.
const LISTEN: Duration = Duration::from_millis(1);

/// The clients for providers: one for each reach and patience, all with connections of their own.
#[derive(Debug)]
pub(super) struct Pools {
    http: Http,
    clients: Mutex<HashMap<(Reach, u64), reqwest::Client>>,
    used_ms: AtomicU64,
}

impl Pools {
    pub(super) fn new(http: Http) -> Self {
        Self { http, clients: Mutex::default(), used_ms: AtomicU64::new(0) }
    }

    /// A client whose connections are not known to be dead, by the time of day, which goes on in a
    /// freeze.
    pub(super) async fn client(
        &self,
        reach: Reach,
        connect_ms: u64,
        now_ms: u64,
    ) -> Result<reqwest::Client, HttpError> {
        let quiet_ms = now_ms.saturating_sub(self.used_ms.swap(now_ms, Ordering::Relaxed));
        if u128::from(quiet_ms) > POOL_IDLE.as_millis() {
            // Older than any connection may get: those that died without a word are let go.
            self.clients.lock().unwrap_or_else(PoisonError::into_inner).clear();
        } else if quiet_ms > QUIET_MS {
            sleep(LISTEN).await;
        }
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&(reach, connect_ms)) {
            return Ok(client.clone());
        }
        let client = self.http.client(reach, Duration::from_millis(connect_ms))?;
        clients.insert((reach, connect_ms), client.clone());
        Ok(client)
    }
}
