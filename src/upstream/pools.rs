//! Pools of connections to providers, which a frozen environment must not trust.
//!
//! While an environment is frozen its connections die and nothing here hears of it: timers stand
//! still, and what the other side sent waits in the kernel. A request that is written to such a
//! connection is lost, and may be billed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::{Client, Url};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::dial::Keeper;
use super::http::{Http, HttpError, POOL_IDLE, Reach};

/// A silence that may have been a freeze, in milliseconds.
const QUIET_MS: u64 = 1_000;
/// Long enough for the event loop to hear of connections that were closed meanwhile.
const LISTEN: Duration = Duration::from_millis(1);

/// Which pool: the clients of a reach and a patience in milliseconds have their own.
pub(super) type Way = (Reach, u64);

/// The clients for providers: one for each way, all with connections of their own.
#[derive(Debug)]
pub(super) struct Pools {
    http: Http,
    clients: Mutex<HashMap<Way, Client>>,
    used_ms: AtomicU64,
    /// When it was last listened for connections that were closed.
    heard_ms: AtomicU64,
    /// The right to open a connection early. One is enough: requests that come together find the
    /// connections of one another.
    early: Arc<Semaphore>,
}

/// A connection that was opened early, in a client that nobody else has: another request would put
/// its own connection there, which may be to another place.
#[derive(Debug)]
pub struct Dialed {
    client: Client,
    way: Way,
    /// Where it leads.
    url: Url,
    _early: OwnedSemaphorePermit,
}

/// Why nothing was dialed.
#[derive(Debug)]
pub(super) enum DialError {
    /// There is no client.
    Client(HttpError),
    /// There is no connection.
    Connection(reqwest::Error),
}

impl Pools {
    pub(super) fn new(http: Http) -> Self {
        Self {
            http,
            clients: Mutex::default(),
            used_ms: AtomicU64::new(0),
            heard_ms: AtomicU64::new(0),
            early: Arc::new(Semaphore::new(1)),
        }
    }

    /// Makes a way ready for a request to `url` that may come: listens for connections that were
    /// closed, or opens the first one.
    pub(super) async fn dial(
        &self,
        way: Way,
        url: &Url,
        now_ms: u64,
    ) -> Result<Option<Dialed>, DialError> {
        let quiet_ms = now_ms.saturating_sub(self.used_ms.load(Ordering::Relaxed));
        if !is_over(quiet_ms) && self.clients().contains_key(&way) {
            self.listen(quiet_ms, now_ms).await;
            return Ok(None);
        }
        let Ok(early) = Arc::clone(&self.early).try_acquire_owned() else { return Ok(None) };
        let keeper = Keeper::default();
        let client = self.build(way, Some(keeper.clone())).map_err(DialError::Client)?;
        keeper.open(&client, url.clone()).await.map_err(DialError::Connection)?;
        Ok(Some(Dialed { client, way, url: url.clone(), _early: early }))
    }

    /// A client for a request to `url`, whose connections are not known to be dead by the time of
    /// day, which goes on in a freeze: the one that was dialed, if it was for such a request.
    pub(super) async fn client(
        &self,
        way: Way,
        url: &Url,
        dialed: Option<Dialed>,
        now_ms: u64,
    ) -> Result<Client, HttpError> {
        let quiet_ms = now_ms.saturating_sub(self.used_ms.swap(now_ms, Ordering::Relaxed));
        if is_over(quiet_ms) {
            // Older than any connection may get: those that died without a word are let go.
            self.clients().clear();
        } else {
            self.listen(quiet_ms, now_ms).await;
        }
        let dialed = dialed.filter(|dialed| dialed.leads(way, url)).map(|dialed| dialed.client);
        match (self.clients().entry(way), dialed) {
            (Entry::Occupied(_), Some(dialed)) => Ok(dialed),
            (Entry::Occupied(known), None) => Ok(known.get().clone()),
            (Entry::Vacant(vacant), Some(dialed)) => Ok(vacant.insert(dialed).clone()),
            (Entry::Vacant(vacant), None) => Ok(vacant.insert(self.build(way, None)?).clone()),
        }
    }

    fn build(&self, (reach, connect_ms): Way, keeper: Option<Keeper>) -> Result<Client, HttpError> {
        self.http.client(reach, Duration::from_millis(connect_ms), keeper)
    }

    async fn listen(&self, quiet_ms: u64, now_ms: u64) {
        let since_ms = now_ms.saturating_sub(self.heard_ms.load(Ordering::Relaxed));
        if quiet_ms.min(since_ms) > QUIET_MS {
            sleep(LISTEN).await;
            self.heard_ms.store(now_ms, Ordering::Relaxed);
        }
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<Way, Client>> {
        // What is in there is whole whenever it is changed.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dialed {
    /// Whether it is for such a request: a connection must never get one for another place.
    fn leads(&self, way: Way, url: &Url) -> bool {
        self.way == way && self.url.origin() == url.origin()
    }
}

/// Whether no connection can be alive after such a silence.
fn is_over(quiet_ms: u64) -> bool {
    u128::from(quiet_ms) > POOL_IDLE.as_millis()
}
