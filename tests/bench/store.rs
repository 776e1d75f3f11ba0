//! DynamoDB Local with the benchmark's document and one key, and a relay before it that times and
//! counts what passes.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// The table's name.
const TABLE: &str = "tollgate";

/// One call: when it left the function, and when its answer began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trip {
    pub(crate) asked: Instant,
    pub(crate) answered: Instant,
}

impl Trip {
    pub(crate) fn time(&self) -> Duration {
        self.answered - self.asked
    }
}

/// A table with one key.
pub(crate) struct Store {
    server: Child,
    pub(crate) url: String,
    /// The key as its client presents it.
    pub(crate) secret: String,
}

impl Store {
    /// Starts the server and sets the table up with the operator's own tool.
    pub(crate) fn start(tollgatectl: &Path, document: &Path) -> anyhow::Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/dynamodb-local");
        let mut command = Command::new(script);
        let mut server = command.arg("0").stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(server.stdout.take().context("it is piped")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix("ready ").context("DynamoDB Local does not start")?;
        let mut store = Self { server, url: url.to_owned(), secret: String::new() };
        store.run(tollgatectl, &["init"])?;
        store.run(tollgatectl, &["config", "push", &document.to_string_lossy()])?;
        let limit = ["--tokens-per-month", "1000000000000"];
        let made = store
            .run(tollgatectl, &[&["key", "create", "--name", "bench"], &limit[..]].concat())?;
        let made: serde_json::Value = serde_json::from_slice(&made)?;
        let secret = made["secret"].as_str().context("a key has a secret")?;
        secret.clone_into(&mut store.secret);
        Ok(store)
    }

    fn run(&self, tollgatectl: &Path, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        let place = ["--table", TABLE, "--endpoint-url", &self.url];
        let mut command = Command::new(tollgatectl);
        command.args(place).args(arguments).arg("--json").env_clear();
        let output = command.env("HOME", "/nonexistent").env("USER", "bench").output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "tollgatectl {arguments:?}: {said}");
        Ok(output.stdout)
    }

    /// What a function needs to use the table by way of this address.
    pub(crate) fn environment(url: &str) -> Vec<(String, String)> {
        let pairs = [
            ("TOLLGATE_TABLE", TABLE),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", url),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // It ends its own server when it ends, but not when it is killed: it sees that we are gone.
        let id = self.server.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.server.wait();
    }
}

/// A relay to the store, plain or with TLS.
pub(crate) struct Relay {
    address: SocketAddr,
    scheme: &'static str,
    trips: Arc<Mutex<Vec<Trip>>>,
    _serving: JoinSet<()>,
}

impl Relay {
    pub(crate) async fn before(store: &Store, tls: Option<TlsAcceptor>) -> anyhow::Result<Self> {
        let to = store.url.strip_prefix("http://").context("a URL")?.parse::<SocketAddr>()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let trips = Arc::new(Mutex::new(Vec::new()));
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, to, tls, Arc::clone(&trips)));
        Ok(Self { address, scheme, trips, _serving: serving })
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The calls since the last time.
    pub(crate) fn take(&self) -> Vec<Trip> {
        std::mem::take(&mut *self.trips.lock().unwrap())
    }
}

async fn accept(
    listener: TcpListener,
    to: SocketAddr,
    tls: Option<TlsAcceptor>,
    trips: Arc<Mutex<Vec<Trip>>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, trips) = (tls.clone(), Arc::clone(&trips));
        connections.spawn(async move {
            let Ok(store) = TcpStream::connect(to).await else { return };
            // A small message must not wait for an acknowledgement.
            let _ = (stream.set_nodelay(true), store.set_nodelay(true));
            // Either side may go at any time.
            let _ = match tls {
                None => pass(stream, store, &trips).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => pass(stream, store, &trips).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

/// Passes bytes both ways. A call is what goes up until something comes down: nobody sends the next
/// one on a connection before it has its answer.
async fn pass(
    mut function: impl AsyncRead + AsyncWrite + Unpin,
    mut store: TcpStream,
    trips: &Mutex<Vec<Trip>>,
) -> std::io::Result<()> {
    let (mut up, mut down) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut asked = None;
    loop {
        tokio::select! {
            read = function.read(&mut up) => match read? {
                0 => return Ok(()),
                read => {
                    asked.get_or_insert_with(Instant::now);
                    store.write_all(&up[..read]).await?;
                }
            },
            read = store.read(&mut down) => match read? {
                0 => return Ok(()),
                read => {
                    if let Some(asked) = asked.take() {
                        trips.lock().unwrap().push(Trip { asked, answered: Instant::now() });
                    }
                    function.write_all(&down[..read]).await?;
                    function.flush().await?;
                }
            },
        }
    }
}
