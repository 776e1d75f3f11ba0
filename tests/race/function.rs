//! The function: environments, each a process of the binary with 16 requests at once, that take
//! events from one queue. Whatever a process has taken when it ends is lost, as on Lambda.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::support::gateway::{Document, Gateway};
use crate::support::runtime_api::{Posted, in_ms};
use crate::support::upstream::response;
use crate::support::wire::{Head, Wire, message};

/// How many requests one environment takes at once.
pub(super) const AT_ONCE: usize = 16;

/// An event, and who waits for its answer.
struct Event {
    body: String,
    answer: oneshot::Sender<Posted>,
}

/// Where the events wait.
#[derive(Clone)]
pub(super) struct Queue {
    sender: mpsc::UnboundedSender<Event>,
    waiting: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>>,
    /// How often an event was asked for.
    asked_for: Arc<watch::Sender<usize>>,
}

impl Queue {
    pub(super) fn new() -> Self {
        let (sender, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
        Self { sender, waiting, asked_for: Arc::new(watch::Sender::new(0)) }
    }

    /// Waits until so many events were asked for, as each process does when it is ready: one for
    /// each request that it takes at once.
    pub(super) async fn is_asked_for(&self, events: usize) {
        let mut asked_for = self.asked_for.subscribe();
        asked_for.wait_for(|asked_for| *asked_for >= events).await.unwrap();
    }

    /// Puts an event up and waits for its answer; nothing when it was lost with its process.
    pub(super) async fn ask(&self, event: &Value) -> Option<Posted> {
        let (answer, answered) = oneshot::channel();
        let event = Event { body: event.to_string(), answer };
        assert!(self.sender.send(event).is_ok(), "the queue is there");
        answered.await.ok()
    }

    async fn take(&self) -> Event {
        self.asked_for.send_modify(|asked_for| *asked_for += 1);
        self.waiting.lock().await.recv().await.expect("the queue is there")
    }
}

/// What the processes wrote.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// How many lines are records of requests.
    pub(super) records: u64,
    /// The longest wait for the store, in milliseconds.
    pub(super) slowest_ms: f64,
    /// How many requests the store did not serve as it should: it took longer than the gateway
    /// waits for one try, so that a hold may have been taken twice, or a settlement was not
    /// confirmed.
    pub(super) store_faults: u64,
    /// The lines of errors.
    pub(super) errors: Vec<String>,
}

/// How long the gateway waits for one try of a call of the table, in milliseconds.
const STORE_TRY_MS: f64 = 800.0;

impl Log {
    fn read(&mut self, line: &str) {
        // The last line of a process that was killed may be half of one. Its request has not been
        // answered then, so nothing is missed.
        let Ok(line) = serde_json::from_str::<Value>(line) else { return };
        if line["event"] == "request" {
            self.records += 1;
            let store_ms = line["store"]["ms"].as_f64().expect("a record has its times");
            self.slowest_ms = self.slowest_ms.max(store_ms);
            let is_fault = store_ms >= STORE_TRY_MS || line["settled"] == "lost";
            self.store_faults += u64::from(is_fault);
        } else if line["level"] == "ERROR" {
            self.errors.push(line.to_string());
        }
    }
}

type Answers = Arc<Mutex<HashMap<String, oneshot::Sender<Posted>>>>;

/// A process with a Runtime API of its own.
pub(super) struct Environment {
    kill: oneshot::Sender<()>,
    running: JoinSet<()>,
}

impl Environment {
    pub(super) async fn start(
        queue: &Queue,
        variables: &[(&str, &str)],
        log: &Arc<Mutex<Log>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let at_once = AT_ONCE.to_string();
        let concurrency = [("AWS_LAMBDA_MAX_CONCURRENCY", at_once.as_str())];
        let gateway = Gateway::function_at(
            address,
            Document::new("{}"),
            &[&concurrency[..], variables].concat(),
        );
        Self::run(gateway, Some((listener, queue.clone())), log)
    }

    /// A process that serves callers itself, and its address.
    pub(super) async fn local(
        variables: &[(&str, &str)],
        log: &Arc<Mutex<Log>>,
    ) -> (SocketAddr, Self) {
        let gateway = Gateway::local(&Value::Null, variables).await;
        (gateway.address.expect("a local server"), Self::run(gateway, None, log))
    }

    fn run(gateway: Gateway, api: Option<(TcpListener, Queue)>, log: &Arc<Mutex<Log>>) -> Self {
        let (kill, killed) = oneshot::channel();
        let mut running = JoinSet::new();
        running.spawn(run(gateway, api, killed, Arc::clone(log)));
        Self { kill, running }
    }

    /// Ends the process with SIGKILL. All that it wrote has been read after this.
    pub(super) async fn kill(self) {
        let Self { kill, mut running } = self;
        // It is gone where the process has ended by itself, which the join says.
        let _ = kill.send(());
        while let Some(ended) = running.join_next().await {
            ended.unwrap();
        }
    }
}

/// Runs a process until it is killed: gives it events, and reads what it writes.
async fn run(
    mut gateway: Gateway,
    api: Option<(TcpListener, Queue)>,
    mut killed: oneshot::Receiver<()>,
    log: Arc<Mutex<Log>>,
) {
    let mut serving = JoinSet::new();
    if let Some((listener, queue)) = api {
        serving.spawn(accept(listener, queue, Arc::clone(&log)));
    }
    loop {
        tokio::select! {
            line = gateway.out.next() => {
                let ended = || panic!("a process ended by itself: {:#?}", gateway.err.by_now());
                log.lock().unwrap().read(&line.unwrap_or_else(ended));
            }
            _ = &mut killed => break,
        }
        gateway.out.all.clear();
        // Nobody reads it, and a full pipe would stop the process.
        gateway.err.by_now();
    }
    gateway.kill();
    // With the process go the answers that it owes.
    drop(serving);
    while let Some(line) = gateway.out.next().await {
        log.lock().unwrap().read(&line);
    }
}

async fn accept(listener: TcpListener, queue: Queue, log: Arc<Mutex<Log>>) {
    let mut connections = JoinSet::new();
    let answers = Answers::default();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
        connections.spawn(serve(stream, queue.clone(), answers, log));
    }
}

/// Ends with its connection. What it took and could not hand out is lost.
async fn serve(stream: TcpStream, queue: Queue, answers: Answers, log: Arc<Mutex<Log>>) {
    let mut wire = Wire::new(stream);
    while let Ok(Some(head)) = wire.request().await {
        let path = head.second_word().strip_prefix("/2018-06-01/runtime/invocation/");
        let path: Vec<&str> = path.expect("a path of the API").split('/').collect();
        let served = match path[..] {
            ["next"] => next(&mut wire, &queue, &answers).await,
            [id, "response"] => take(&mut wire, &answers, id, head.clone()).await,
            _ => {
                log.lock().unwrap().errors.push(format!("the function says {}", head.line));
                return;
            }
        };
        if served.is_err() {
            return;
        }
    }
}

async fn next(wire: &mut Wire, queue: &Queue, answers: &Answers) -> io::Result<()> {
    // No two processes ever see the same id.
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let Event { body, answer } = queue.take().await;
    let id = format!("invocation-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    answers.lock().unwrap().insert(id.clone(), answer);
    let headers = [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", &in_ms(60_000).to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:0:function:tollgate"),
        ("lambda-runtime-trace-id", "Root=1-0-0"),
    ];
    wire.send(&message("HTTP/1.1 200 OK", headers.into_iter(), body.as_bytes())).await
}

async fn take(wire: &mut Wire, answers: &Answers, id: &str, head: Head) -> io::Result<()> {
    let body = wire.rest().await?;
    let answer = answers.lock().unwrap().remove(id).expect("an event is answered once");
    // A client that has given up does not miss it.
    let _ = answer.send(Posted { head, body });
    wire.send(&response(202, "application/json", "{}")).await
}
