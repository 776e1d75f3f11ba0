//! What stands between a store and DynamoDB in a test: it lets every call through, counts it, and
//! loses a reply when it is told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tollgate::store::Store;

use super::desk::{Desk, Key, endpoint, store_at};
use crate::support::wire::{Head, Wire, message};

#[derive(Default)]
struct Seen {
    calls: Vec<String>,
    /// How many replies are to be lost, once so many have been let through.
    lose: Option<(usize, usize)>,
}

/// The way to DynamoDB.
pub(super) struct Relay {
    address: SocketAddr,
    table: String,
    seen: Arc<Mutex<Seen>>,
    _serving: JoinSet<()>,
}

impl Relay {
    /// A way to the table of a desk; nothing where there is no DynamoDB.
    pub(super) async fn before(desk: &Desk) -> Option<Self> {
        let (Some(endpoint), Desk::Dynamo(table)) = (endpoint(), desk) else { return None };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, endpoint, Arc::clone(&seen)));
        Some(Self { address, table: table.name.clone(), seen, _serving: serving })
    }

    /// The same key seen by an environment that knows nothing yet and comes this way.
    pub(super) fn fresh(&self, key: &Key) -> Key {
        let credentials = Credentials::from_keys("AKIATEST", "secret", None);
        let credentials = SharedCredentialsProvider::new(credentials);
        let store = store_at(&format!("http://{}", self.address), &self.table, credentials);
        let store: Arc<dyn Store> = Arc::new(store);
        Key { store, presented: key.presented.clone() }
    }

    /// The calls since the last time, as the first letters of their names: `U` an `UpdateItem`,
    /// `T` a `TransactWriteItems`, `G` a `GetItem`, `Q` a `Query`.
    pub(super) fn calls(&self) -> String {
        std::mem::take(&mut self.seen.lock().unwrap().calls).concat()
    }

    /// Loses the next reply but so many.
    pub(super) fn lose_a_reply_after(&self, calls: usize) {
        self.seen.lock().unwrap().lose = Some((calls, 1));
    }
}

async fn accept(listener: TcpListener, endpoint: String, seen: Arc<Mutex<Seen>>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let target = TcpStream::connect(endpoint.trim_start_matches("http://")).await.unwrap();
        connections.spawn(carry(Wire::new(stream), Wire::new(target), Arc::clone(&seen)));
    }
}

async fn carry(mut client: Wire, mut server: Wire, seen: Arc<Mutex<Seen>>) {
    while let Ok(Some(head)) = client.request().await {
        let Ok(body) = client.rest().await else { return };
        let target = head.header("x-amz-target").unwrap_or_default();
        let call = target.rsplit('.').next().unwrap_or_default().chars().take(1).collect();
        let is_lost = {
            let mut seen = seen.lock().unwrap();
            seen.calls.push(call);
            match &mut seen.lose {
                Some((0, lost @ 1..)) => {
                    *lost -= 1;
                    true
                }
                Some((after @ 1.., _)) => {
                    *after -= 1;
                    false
                }
                _ => false,
            }
        };
        if server.send(&whole(&head, &body)).await.is_err() {
            return;
        }
        let Ok(Some(head)) = server.response().await else { return };
        let Ok(body) = server.rest().await else { return };
        if is_lost {
            return client.reset();
        }
        if client.send(&whole(&head, &body)).await.is_err() {
            return;
        }
    }
}

fn whole(head: &Head, body: &[u8]) -> Vec<u8> {
    let framing = ["content-length", "transfer-encoding"];
    let headers = head.headers.iter().filter(|(name, _)| !framing.contains(&name.as_str()));
    message(&head.line, headers.map(|(name, value)| (name.as_str(), value.as_str())), body)
}
