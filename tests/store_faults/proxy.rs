//! A way to DynamoDB on which calls and replies are lost, late or answered by somebody else.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::faulty::Call;
use crate::support::soon;
use crate::support::upstream::response;
use crate::support::wire::{Head, Wire, message};

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The connection is closed in the place of sending it on.
    LostBefore,
    /// It is sent on, and the connection is closed in the place of its reply.
    LostAfter,
    /// It is not sent on, and nothing is said.
    SilentBefore,
    /// It is sent on, and nothing is said.
    SilentAfter,
    /// It is sent on after so many milliseconds, whether anybody still waits for it or not.
    Late(u64),
    /// The connection is closed after its reply.
    LastOfItsConnection,
    /// It gets this error, and is not sent on.
    Error(u16, &'static str),
}

/// Which tries of a call, counted from 1, meet what.
pub(super) type Fates = Vec<(Call, RangeInclusive<usize>, Fate)>;

pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    calls: watch::Receiver<Vec<Call>>,
    under_way: watch::Receiver<usize>,
    _serving: JoinSet<()>,
}

struct Shared {
    beyond: SocketAddr,
    fates: Fates,
    calls: watch::Sender<Vec<Call>>,
    under_way: watch::Sender<usize>,
}

impl Proxy {
    /// A proxy in front of this address.
    pub(super) async fn start(beyond: SocketAddr, fates: Fates) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (for_calls, calls) = watch::channel(vec![]);
        let (for_under_way, under_way) = watch::channel(0);
        let shared = Shared { beyond, fates, calls: for_calls, under_way: for_under_way };
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Arc::new(shared)));
        Self { address, calls, under_way, _serving: serving }
    }

    /// How often a call was tried.
    pub(super) fn tried(&self, call: Call) -> usize {
        self.calls.borrow().iter().filter(|other| **other == call).count()
    }

    /// Waits until nothing is on its way any more.
    pub(super) async fn quiet(&mut self) {
        soon("the last call", self.under_way.wait_for(|calls| *calls == 0)).await.unwrap();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(serve(Wire::new(stream), Arc::clone(&shared)));
    }
}

async fn serve(mut wire: Wire, shared: Arc<Shared>) {
    while let Ok(Some(head)) = wire.request().await {
        let Ok(body) = wire.rest().await else { break };
        let fate = shared.fate(call(&head, &body));
        shared.under_way.send_modify(|calls| *calls += 1);
        let goes_on = shared.meet(fate, &mut wire, &head, &body).await;
        shared.under_way.send_modify(|calls| *calls -= 1);
        if !goes_on {
            break;
        }
    }
}

impl Shared {
    fn fate(&self, call: Call) -> Option<Fate> {
        let mut nth = 0;
        self.calls.send_modify(|calls| {
            calls.push(call);
            nth = calls.iter().filter(|other| **other == call).count();
        });
        let mut fates = self.fates.iter();
        let fate = fates.find(|(of, tries, _)| *of == call && tries.contains(&nth));
        fate.map(|(_, _, fate)| *fate)
    }

    /// Does with a call what is its fate. `false` when that is the end of its connection.
    async fn meet(&self, fate: Option<Fate>, wire: &mut Wire, head: &Head, body: &[u8]) -> bool {
        match fate {
            None => return wire.send(&self.forward(head, body).await).await.is_ok(),
            Some(Fate::LostBefore) => {}
            Some(Fate::LostAfter) => drop(self.forward(head, body).await),
            Some(Fate::SilentBefore) => wire.closed().await,
            Some(Fate::SilentAfter) => {
                self.forward(head, body).await;
                wire.closed().await;
            }
            Some(Fate::Late(ms)) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                let reply = self.forward(head, body).await;
                return wire.send(&reply).await.is_ok();
            }
            Some(Fate::LastOfItsConnection) => {
                // The client finds out by itself.
                let _ = wire.send(&self.forward(head, body).await).await;
            }
            Some(Fate::Error(status, code)) => {
                let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
                let body = json!({ "__type": kind, "message": "said by a test" }).to_string();
                let reply = response(status, "application/x-amz-json-1.0", &body);
                return wire.send(&reply).await.is_ok();
            }
        }
        false
    }

    /// Sends a call on, and gives the reply.
    async fn forward(&self, head: &Head, body: &[u8]) -> Vec<u8> {
        let mut wire = Wire::new(TcpStream::connect(self.beyond).await.unwrap());
        wire.send(&message(&head.line, headers(head), body)).await.unwrap();
        let head = wire.response().await.unwrap().expect("a reply of DynamoDB");
        let body = wire.rest().await.unwrap();
        message(&head.line, headers(&head), &body)
    }
}

/// All but those that frame a body.
fn headers(head: &Head) -> impl Iterator<Item = (&str, &str)> {
    let framing = ["content-length", "transfer-encoding"];
    let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    headers.filter(move |(name, _)| !framing.contains(name))
}

/// What the store was asked for.
fn call(head: &Head, body: &[u8]) -> Call {
    let target = head.header("x-amz-target").unwrap_or_default();
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let updates = body["UpdateExpression"].as_str().unwrap_or_default();
    match target.rsplit('.').next() {
        Some("Query") => Call::Document,
        Some("GetItem") => Call::Inspect,
        Some("TransactWriteItems") => Call::Admit,
        _ if body["ReturnValues"] == "ALL_NEW" => Call::Admit,
        _ if updates.starts_with("ADD") => Call::Count,
        _ => Call::Settle,
    }
}
