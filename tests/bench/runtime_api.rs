//! Lambda's Runtime API with a stopwatch: hands out events, takes the answers, and acknowledges them
//! when their bodies have ended.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tollgate::clock::Clock;

use crate::wire::{Acknowledging, Head, Wire};

/// One answer, as a client of the Function URL would see it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// When the function got the event.
    pub(crate) taken: Instant,
    /// When the first byte of the body came.
    pub(crate) first: Instant,
    pub(crate) ended: Instant,
    pub(crate) bytes: usize,
    /// How the body begins, where the status is not 200.
    said: String,
}

impl Reply {
    /// An error that quotes it, unless it is an answer with content.
    pub(crate) fn is_good(&self) -> anyhow::Result<()> {
        let Self { status, bytes, said, .. } = self;
        anyhow::ensure!(*status == 200 && *bytes > 0, "{status} with {bytes} bytes: {said}");
        Ok(())
    }

    pub(crate) fn wall(&self) -> Duration {
        self.ended - self.taken
    }
}

struct Waiting {
    event: Bytes,
    answered: oneshot::Sender<Reply>,
}

/// A Runtime API on a port of its own.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
    _serving: JoinSet<()>,
}

struct Inner {
    acknowledging: Acknowledging,
    queue: Mutex<VecDeque<Waiting>>,
    taken: Mutex<Vec<(u64, Instant, oneshot::Sender<Reply>)>>,
    more: Notify,
    /// How many ask for an event just now.
    idle: watch::Sender<usize>,
}

impl RuntimeApi {
    pub(crate) async fn start(acknowledging: Acknowledging) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let inner = Arc::new(Inner {
            acknowledging,
            queue: Mutex::default(),
            taken: Mutex::default(),
            more: Notify::new(),
            idle: watch::Sender::new(0),
        });
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Arc::clone(&inner)));
        Self { address, inner, _serving: serving }
    }

    /// Puts an event up and waits for the end of its answer.
    pub(crate) async fn reply(&self, event: &Bytes) -> Reply {
        let (answered, answer) = oneshot::channel();
        self.inner.queue.lock().unwrap().push_back(Waiting { event: event.clone(), answered });
        self.inner.more.notify_one();
        let reply = timeout(Duration::from_mins(1), answer).await;
        reply.expect("an answer within a minute").expect("the function does not go away")
    }

    /// Waits until somebody asks for an event.
    pub(crate) async fn idle(&self) {
        let mut idle = self.inner.idle.subscribe();
        let asked = timeout(Duration::from_secs(30), idle.wait_for(|idle| *idle > 0)).await;
        asked.expect("the function asks for events").expect("the Runtime API runs");
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let inner = Arc::clone(&inner);
        connections.spawn(async move {
            // A function that is ended breaks its connections off.
            let _ = serve(stream, &inner).await;
        });
    }
}

async fn serve(stream: TcpStream, inner: &Inner) -> std::io::Result<()> {
    let mut wire = Wire::new(stream, inner.acknowledging);
    while let Some(head) = wire.head().await? {
        let path = head.second_word().strip_prefix("/2018-06-01/runtime/invocation/");
        match path.and_then(|path| path.split_once('/')) {
            None => next(&mut wire, inner).await?,
            Some((id, "response")) => {
                let id = id.parse().expect("the id of an event");
                take(&mut wire, inner, id, &head).await?;
            }
            Some(_) => panic!("the function failed: {head:?}"),
        }
    }
    Ok(())
}

/// Waits for an event, and hands it out.
async fn next(wire: &mut Wire<TcpStream>, inner: &Inner) -> std::io::Result<()> {
    inner.idle.send_modify(|idle| *idle += 1);
    let waiting = loop {
        let waiting = inner.queue.lock().unwrap().pop_front();
        match waiting {
            Some(waiting) => break waiting,
            None => inner.more.notified().await,
        }
    };
    if !inner.queue.lock().unwrap().is_empty() {
        inner.more.notify_one();
    }
    inner.idle.send_modify(|idle| *idle -= 1);
    let id = next_id();
    let deadline_ms = Clock::System.now_ms() + 60_000;
    let length = waiting.event.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: {id}\r\n\
         lambda-runtime-deadline-ms: {deadline_ms}\r\nlambda-runtime-invoked-function-arn: \
         arn:aws:lambda:us-east-1:0:function:tollgate\r\nlambda-runtime-trace-id: Root=1-0-0\r\n\
         content-length: {length}\r\n\r\n"
    );
    inner.taken.lock().unwrap().push((id, Instant::now(), waiting.answered));
    wire.send(&[head.as_bytes(), &waiting.event].concat()).await
}

fn next_id() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Takes an answer as it comes: a prelude, eight zero bytes and the body.
async fn take(
    wire: &mut Wire<TcpStream>,
    inner: &Inner,
    id: u64,
    head: &Head,
) -> std::io::Result<()> {
    assert_eq!(head.value("lambda-runtime-function-response-mode"), Some("streaming"));
    let (mut prelude, mut first, mut bytes) = (Vec::new(), None, 0);
    while let Some(piece) = wire.piece().await? {
        if first.is_some() {
            bytes += piece.len();
            continue;
        }
        prelude.extend(piece);
        if let Some(zeros) = memchr::memmem::find(&prelude, &[0; 8]) {
            bytes = prelude.len() - zeros - 8;
            first = (bytes > 0).then(Instant::now);
        }
    }
    let ended = Instant::now();
    let status = memchr::memmem::find(&prelude, br#""statusCode":"#).map(|at| &prelude[at + 13..]);
    let status = status.and_then(|rest| str::from_utf8(&rest[..3]).ok()?.parse().ok());
    let taken = {
        let mut taken = inner.taken.lock().unwrap();
        let place = taken.iter().position(|(known, ..)| *known == id).expect("a known event");
        taken.swap_remove(place)
    };
    let (_, taken, answered) = taken;
    let first = first.unwrap_or(ended);
    let status = status.unwrap_or_default();
    let said = if status == 200 { &[] } else { &prelude[..] };
    let said = String::from_utf8_lossy(said).into_owned();
    // Who asked may have given up.
    let _ = answered.send(Reply { status, taken, first, ended, bytes, said });
    wire.send(
        b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
    )
    .await
}
