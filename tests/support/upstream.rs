//! A provider that does what a script says, byte by byte, and keeps what it was sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Barrier, Semaphore, watch};
use tokio::task::JoinSet;

use super::soon;
use super::wire::{Head, Wire, message};

/// One step of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes again and again until the other side has closed.
    Flood(Vec<u8>),
    /// Waits until the test opens the gate.
    Await(Gate),
    /// Waits until as many others have come as far.
    Meet(Arc<Barrier>),
    /// Waits so long.
    Pause(Duration),
    /// Resets the connection.
    Reset,
    /// Closes the connection.
    Close,
    /// Says nothing more until the other side has closed.
    Stall,
}

/// What is done with one request. At its end the connection stays open for the next one.
pub(crate) type Script = Vec<Act>;

/// Something that happens when the test says so.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets everybody through, now and later.
    pub(crate) fn open(&self) {
        self.0.close();
    }

    async fn pass(&self) {
        // Closing the semaphore is what opens the gate.
        let _ = self.0.acquire().await;
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Which of the provider's connections brought it, from 1.
    pub(crate) connection: usize,
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }
}

type Answering = dyn Fn(usize, &Received) -> Script + Send + Sync;

/// A provider on a port of its own.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    received: watch::Receiver<Vec<Received>>,
    /// How many connections there were.
    opened: watch::Receiver<usize>,
    /// How many connections the other side has closed.
    closed: watch::Receiver<usize>,
    serving: JoinSet<()>,
    /// A port of [`Upstream::refusing`]: as long as it is bound, nobody else gets it.
    unused: Option<TcpSocket>,
}

struct Shared {
    answering: Box<Answering>,
    received: watch::Sender<Vec<Received>>,
    opened: watch::Sender<usize>,
    closed: watch::Sender<usize>,
}

impl Upstream {
    /// Answers each request by the next script. There must be no more requests than scripts.
    pub(crate) async fn scripted(scripts: impl IntoIterator<Item = Script>) -> Self {
        let scripts: Vec<Script> = scripts.into_iter().collect();
        Self::answering(move |index, _| scripts.get(index).cloned().unwrap_or_else(unexpected))
            .await
    }

    /// Answers every request by one script.
    pub(crate) async fn always(script: Script) -> Self {
        Self::answering(move |_, _| script.clone()).await
    }

    /// Answers each request by what a function of its number, from 0, and of itself says.
    pub(crate) async fn answering(
        answering: impl Fn(usize, &Received) -> Script + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (for_received, received) = watch::channel(vec![]);
        let (for_opened, opened) = watch::channel(0);
        let (for_closed, closed) = watch::channel(0);
        let shared = Arc::new(Shared {
            answering: Box::new(answering),
            received: for_received,
            opened: for_opened,
            closed: for_closed,
        });
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, shared));
        Self { address, received, opened, closed, serving, unused: None }
    }

    /// A port that refuses connections, and that nobody else gets meanwhile.
    pub(crate) async fn refusing() -> Self {
        let mut upstream = Self::scripted([]).await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        upstream.address = socket.local_addr().unwrap();
        upstream.unused = Some(socket);
        upstream
    }

    /// A port on which nobody ever takes a connection, and whose queue is full.
    pub(crate) async fn hanging() -> Self {
        let mut upstream = Self::refusing().await;
        let listener = upstream.unused.take().unwrap().listen(0).unwrap();
        let queued = TcpStream::connect(upstream.address).await.unwrap();
        upstream.serving.spawn(async move {
            let _held = (listener, queued);
            std::future::pending::<()>().await;
        });
        upstream
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// Waits for a request of which this is true.
    pub(crate) async fn asked(&mut self, what: &str, is_it: impl Fn(&Received) -> bool) {
        self.asked_often(1, what, is_it).await;
    }

    /// Waits for so many requests of which this is true.
    pub(crate) async fn asked_often(
        &mut self,
        times: usize,
        what: &str,
        is_it: impl Fn(&Received) -> bool,
    ) {
        let is_it = |request: &&Received| is_it(request);
        let has_come = |all: &Vec<Received>| all.iter().filter(is_it).count() >= times;
        soon(what, self.received.wait_for(has_come)).await.unwrap();
    }

    /// How many connections there were so far.
    pub(crate) fn connections(&self) -> usize {
        *self.opened.borrow()
    }

    /// Waits until there is a connection.
    pub(crate) async fn met(&mut self) {
        soon("a connection to a provider", self.opened.wait_for(|opened| *opened > 0))
            .await
            .unwrap();
    }

    /// Waits until the other side has closed a connection.
    pub(crate) async fn left(&mut self) {
        soon("the end of a provider's connection", self.closed.wait_for(|closed| *closed > 0))
            .await
            .unwrap();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    for number in 1.. {
        let (stream, _) = listener.accept().await.unwrap();
        shared.opened.send_replace(number);
        connections.spawn(serve(stream, number, Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    let mut wire = Wire::new(stream);
    while let Ok(Some(head)) = wire.request().await {
        let Ok(body) = wire.rest().await else { break };
        let request = Received { connection, head, body };
        let mut index = 0;
        shared.received.send_modify(|received| {
            index = received.len();
            received.push(request.clone());
        });
        for act in (shared.answering)(index, &request) {
            let sent = match act {
                Act::Send(bytes) => wire.send(&bytes).await,
                Act::Flood(bytes) => flood(&mut wire, &bytes).await,
                Act::Await(gate) => {
                    gate.pass().await;
                    Ok(())
                }
                Act::Meet(barrier) => {
                    barrier.wait().await;
                    Ok(())
                }
                Act::Pause(time) => {
                    tokio::time::sleep(time).await;
                    Ok(())
                }
                Act::Reset => return wire.reset(),
                Act::Close => return,
                Act::Stall => {
                    wire.closed().await;
                    break;
                }
            };
            if sent.is_err() {
                break;
            }
        }
    }
    shared.closed.send_modify(|closed| *closed += 1);
}

async fn flood(wire: &mut Wire, bytes: &[u8]) -> std::io::Result<()> {
    loop {
        wire.send(bytes).await?;
        tokio::task::yield_now().await;
    }
}

fn unexpected() -> Script {
    vec![Act::Send(response(418, "text/plain", "nobody expected this request"))]
}

/// A whole response.
pub(crate) fn response(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    response_with(status, &[("content-type", content_type)], body)
}

/// A whole response with these headers.
pub(crate) fn response_with(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let line = format!("HTTP/1.1 {status} Scripted");
    message(&line, headers.iter().copied(), body.as_bytes())
}

/// A response of JSON.
pub(crate) fn json(status: u16, body: &str) -> Script {
    vec![Act::Send(response(status, "application/json", body))]
}

/// The head of an event stream in chunks.
pub(crate) fn stream_head() -> Act {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                transfer-encoding: chunked\r\n\r\n";
    Act::Send(head.into())
}

/// One chunk of a body.
pub(crate) fn chunk(bytes: impl AsRef<[u8]>) -> Act {
    let bytes = bytes.as_ref();
    let size = format!("{:x}\r\n", bytes.len());
    Act::Send([size.as_bytes(), bytes, b"\r\n"].concat())
}

/// The end of a body in chunks.
pub(crate) fn last_chunk() -> Act {
    Act::Send(b"0\r\n\r\n".to_vec())
}

/// A whole stream of these events, each in a chunk of its own.
pub(crate) fn stream(events: &[&str]) -> Script {
    let chunks = events.iter().map(|data| chunk(event(data)));
    [stream_head()].into_iter().chain(chunks).chain([last_chunk()]).collect()
}

/// An event as its bytes.
pub(crate) fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}
