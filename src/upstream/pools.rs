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

/// A connection that was opened early, in a client that nobody else has: the first to ask that client
/// gets the connection, wherever its own request goes.
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
    /// day, which goes on in a freeze: the one that was dialed, if it was for such a request. That one
    /// is nobody else's before [`Pools::adopt`].
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
        if let Some(dialed) = dialed.filter(|dialed| dialed.leads(way, url)) {
            return Ok(dialed.client);
        }
        match self.clients().entry(way) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(vacant) => Ok(vacant.insert(self.build(way, None)?).clone()),
        }
    }

    /// Gives everybody a client whose early connection has brought its request.
    pub(super) fn adopt(&self, way: Way, client: Client) {
        self.clients().entry(way).or_insert(client);
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

#[cfg(test)]
mod tests {
    use http::Method;
    use reqwest::Request;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    const WAY: Way = (Reach::Any, 1_000);

    /// Somebody to connect to.
    struct Place {
        listener: TcpListener,
        url: Url,
    }

    impl Place {
        async fn new() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            Self { listener, url: url.parse().unwrap() }
        }

        /// What comes on the next connection. A request is answered, and no second one is awaited.
        async fn received(&self) -> String {
            let (mut stream, _) = self.listener.accept().await.unwrap();
            let mut text = String::new();
            while !text.ends_with("\r\n\r\n") {
                let mut bytes = [0; 512];
                match stream.read(&mut bytes).await.unwrap() {
                    0 => return text,
                    count => text.push_str(std::str::from_utf8(&bytes[..count]).unwrap()),
                }
            }
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            text
        }
    }

    /// A request of this client to a place must come there.
    async fn check(client: &Client, place: &Place) {
        let sending = client.execute(Request::new(Method::POST, place.url.clone()));
        let both = async { tokio::join!(sending, place.received()) };
        let (sent, received) = timeout(Duration::from_secs(10), both).await.expect("in time");
        assert!(sent.is_ok() && received.starts_with("POST / "), "{sent:?}: {received}");
    }

    fn pools() -> Pools {
        Pools::new(Http::new().unwrap())
    }

    #[tokio::test]
    async fn a_request_never_gets_a_connection_to_another_place() {
        let (pools, one, other) = (pools(), Place::new().await, Place::new().await);
        let dialed = pools.dial(WAY, &one.url, 1).await.unwrap();
        let client = pools.client(WAY, &other.url, dialed, 1).await.unwrap();
        check(&client, &other).await;
        assert_eq!(one.received().await, "");
    }

    #[tokio::test]
    async fn a_client_with_an_early_connection_is_nobody_elses_before_it_is_used() {
        let (pools, one, other) = (pools(), Place::new().await, Place::new().await);
        let dialed = pools.dial(WAY, &one.url, 1).await.unwrap();
        assert!(dialed.is_some());
        let early = pools.client(WAY, &one.url, dialed, 1).await.unwrap();
        let client = pools.client(WAY, &other.url, None, 1).await.unwrap();
        check(&client, &other).await;
        check(&early, &one).await;
    }

    #[tokio::test]
    async fn one_connection_at_a_time_is_opened_early_and_only_where_there_is_none() {
        let (pools, one) = (pools(), Place::new().await);
        let dialed = pools.dial(WAY, &one.url, 1).await.unwrap();
        assert!(dialed.is_some());
        assert!(pools.dial(WAY, &one.url, 1).await.unwrap().is_none());
        drop(dialed);
        let dialed = pools.dial(WAY, &one.url, 1).await.unwrap();
        let early = pools.client(WAY, &one.url, dialed, 1).await.unwrap();
        pools.adopt(WAY, early);
        assert!(pools.dial(WAY, &one.url, 2).await.unwrap().is_none());
        let later_ms = 2 + u64::try_from(POOL_IDLE.as_millis()).unwrap();
        assert!(pools.dial(WAY, &one.url, later_ms).await.unwrap().is_some());
    }
}
