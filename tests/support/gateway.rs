//! The binary: a process of its own, on a document of its own, in an environment that is empty but
//! for what a test says.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use std::os::fd::OwnedFd;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::client::{self, Answer, Reading, Request};
use super::runtime_api::RuntimeApi;
use super::soon;

/// A running gateway. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct Gateway {
    process: Process,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) out: Lines,
    pub(crate) err: Lines,
    _document: Document,
}

impl Gateway {
    /// A local server.
    pub(crate) async fn local(document: &Value, environment: &[(&str, &str)]) -> Self {
        let document = Document::new(&document.to_string());
        let local = [("TOLLGATE_LISTEN", "127.0.0.1:0")];
        let mut gateway = Self::start(document, &[&local, environment].concat());
        // The banner names the port.
        let banner = gateway.err.until(" serves http://").await;
        let address = banner.split_once("http://").and_then(|(_, rest)| rest.split_once("/v1"));
        gateway.address = address.map(|(address, _)| address.parse().unwrap());
        gateway
    }

    /// A function, under a Runtime API.
    pub(crate) fn function(
        api: &RuntimeApi,
        document: &Value,
        environment: &[(&str, &str)],
    ) -> Self {
        Self::function_on(api, Document::new(&document.to_string()), environment)
    }

    /// A function on a document that is already a file.
    pub(crate) fn function_on(
        api: &RuntimeApi,
        document: Document,
        environment: &[(&str, &str)],
    ) -> Self {
        Self::function_at(api.address, document, environment)
    }

    /// A function, under a Runtime API at this address.
    pub(crate) fn function_at(
        api: SocketAddr,
        document: Document,
        environment: &[(&str, &str)],
    ) -> Self {
        let api = api.to_string();
        let lambda = [
            ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "tollgate"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ];
        Self::start(document, &[&lambda, environment].concat())
    }

    fn start(document: Document, environment: &[(&str, &str)]) -> Self {
        let mut command = command(&document.path, environment);
        let mut process = command.spawn().expect("the binary starts");
        let out = Lines::of(process.stdout.take().unwrap().into());
        let err = Lines::of(process.stderr.take().unwrap().into());
        Self { process: Process(process), address: None, out, err, _document: document }
    }

    /// Sends a request and reads all of its answer.
    pub(crate) async fn ask(&self, request: &Request) -> Answer {
        self.begin(request).await.answer().await
    }

    /// Sends a request and reads the head of its answer.
    pub(crate) async fn begin(&self, request: &Request) -> Reading {
        client::begin(self.address.expect("a local server"), request).await
    }

    /// The next record that it writes.
    pub(crate) async fn record(&mut self) -> Value {
        self.out.until(r#""event":"request""#).await;
        serde_json::from_str(self.out.all.last().unwrap()).expect("a record is JSON")
    }

    /// What `GET /v1/key` says of a key.
    pub(crate) async fn key(&self, secret: &str) -> Value {
        let answer = self.ask(&Request::get("/v1/key").key(secret)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// Asks the process to stop, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        self.signal("-INT");
    }

    /// What whoever runs the process does.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Stops the process where it is, as Lambda freezes an environment.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.process.0.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends the process at once, wherever it is; what it wrote can still be read.
    pub(crate) fn kill(&mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    /// Waits for the process's own end.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        soon("the end of the process", async { while self.out.next().await.is_some() {} }).await;
        self.process.0.wait().unwrap()
    }

    /// Whether the process still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.process.0.try_wait().unwrap().is_none()
    }
}

/// Runs the binary on a document and waits for its end.
pub(crate) fn run(document: &Path, environment: &[(&str, &str)]) -> Output {
    command(document, environment).output().expect("the binary starts")
}

fn command(document: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command
        .env_clear()
        .env("TOLLGATE_CONFIG", document)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A document in a file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    is_ours: bool,
}

impl Document {
    pub(crate) fn new(text: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("gateway-{}-{number}.yaml", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).unwrap();
        Self { path, is_ours: true }
    }

    /// The one of the repository.
    pub(crate) fn of_the_repository() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway.yaml");
        Self { path, is_ours: false }
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// What the process writes, line by line.
#[derive(Debug)]
pub(crate) struct Lines {
    pipe: Arc<Pipe>,
    /// Every line that was read.
    pub(crate) all: Vec<String>,
    /// Takes what comes while the test waits for something else: a full pipe would stop the process.
    _draining: JoinSet<()>,
}

#[derive(Debug)]
struct Pipe {
    receiver: Receiver,
    taken: Mutex<Taken>,
    more: Notify,
}

/// What was taken from a pipe and not read yet.
#[derive(Debug, Default)]
struct Taken {
    partial: Vec<u8>,
    unread: VecDeque<String>,
    has_ended: bool,
}

impl Lines {
    fn of(pipe: OwnedFd) -> Self {
        let receiver = Receiver::from_owned_fd(pipe).unwrap();
        let pipe = Arc::new(Pipe { receiver, taken: Mutex::default(), more: Notify::new() });
        let mut draining = JoinSet::new();
        draining.spawn(drain(Arc::clone(&pipe)));
        Self { pipe, all: vec![], _draining: draining }
    }

    /// Reads until a line with this text.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        let found = soon(&format!("a line with {text:?}"), async {
            loop {
                match self.next().await {
                    Some(line) if line.contains(text) => return Some(line),
                    Some(_) => {}
                    None => return None,
                }
            }
        })
        .await;
        found.unwrap_or_else(|| panic!("it ended without a line with {text:?}: {:#?}", self.all))
    }

    /// What has been written by now. It was there before anything that came later over a socket.
    pub(crate) fn by_now(&mut self) -> &[String] {
        self.all.extend(self.pipe.take().unread.drain(..));
        &self.all
    }

    /// The next line; nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            let more = self.pipe.more.notified();
            let (line, has_ended) = {
                let mut taken = self.pipe.take();
                (taken.unread.pop_front(), taken.has_ended)
            };
            match line {
                Some(line) => {
                    self.all.push(line.clone());
                    return Some(line);
                }
                None if has_ended => return None,
                None => more.await,
            }
        }
    }
}

async fn drain(pipe: Arc<Pipe>) {
    while !pipe.take().has_ended {
        pipe.more.notify_one();
        pipe.receiver.readable().await.unwrap();
    }
    pipe.more.notify_one();
}

impl Pipe {
    /// Takes what is in the pipe.
    fn take(&self) -> MutexGuard<'_, Taken> {
        let mut taken = self.taken.lock().unwrap();
        let mut bytes = [0; 16 << 10];
        while !taken.has_ended {
            let Ok(read) = self.receiver.try_read(&mut bytes) else { break };
            taken.has_ended = read == 0;
            taken.partial.extend(&bytes[..read]);
        }
        while let Some(end) = taken.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = taken.partial.drain(..=end).collect();
            taken.unread.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        taken
    }
}
