//! The test bed: what every figure is measured on.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tollgate::keys::{RANDOM_BYTES, mint};

use crate::bodies;
use crate::cgroup::Cgroups;
use crate::function_url;
use crate::process::Process;
use crate::provider::{KINDS, Provider};
use crate::report::Sample;
use crate::runtime_api::{Reply, RuntimeApi};
use crate::store::Store;
use crate::tls::Tls;
use crate::wire::Acknowledging;

/// Everything around the functions, and where their programs are.
pub(crate) struct Bed {
    /// The folder with the programs, as they are deployed.
    pub(crate) programs: PathBuf,
    /// The folder with copies of them that trust the bed's servers, and other files.
    pub(crate) folder: PathBuf,
    pub(crate) provider: Provider,
    pub(crate) tls: Tls,
    pub(crate) store: Store,
    pub(crate) cgroups: Cgroups,
    /// The core of what is measured; nothing where there is only one.
    pub(crate) core: Option<usize>,
    local_secret: String,
}

/// Who is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Floor,
    /// Tollgate with the embedded store.
    Embedded,
    /// Tollgate with the table at this address.
    Table(String),
}

/// One thing to start.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) subject: Subject,
    /// What the provider answers: one of [`KINDS`].
    pub(crate) kind: &'static str,
    pub(crate) with_tls: bool,
    /// `AWS_LAMBDA_MAX_CONCURRENCY`
    pub(crate) concurrency: Option<usize>,
    /// When the Runtime API acknowledges what it reads.
    pub(crate) acknowledging: Acknowledging,
}

impl Setup {
    /// One request at a time, without TLS.
    pub(crate) fn of(subject: Subject, kind: &'static str) -> Self {
        let acknowledging = Acknowledging::Promptly;
        Self { subject, kind, with_tls: false, concurrency: None, acknowledging }
    }

    fn alias(&self) -> String {
        if self.with_tls { format!("tls-{}", self.kind) } else { self.kind.to_owned() }
    }
}

/// A function under a Runtime API of its own.
pub(crate) struct Function {
    pub(crate) process: Process,
    pub(crate) api: RuntimeApi,
    /// An event of 1 KB.
    pub(crate) event: Bytes,
    /// From the start of the process to its first poll.
    pub(crate) started: Duration,
}

/// What some requests cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cost {
    /// Microseconds of each request.
    pub(crate) wall: Sample,
    /// Microseconds of CPU a request, batch by batch.
    pub(crate) cpu: Sample,
    /// Requests a second, batch by batch.
    pub(crate) rate: Sample,
}

impl Bed {
    pub(crate) async fn new(programs: PathBuf, core: Option<usize>) -> anyhow::Result<Self> {
        let folder = programs.parent().context("programs are in a target folder")?.join("bench");
        std::fs::create_dir_all(&folder)?;
        let tls = Tls::new()?;
        for program in ["tollgate", "floor"] {
            tls.trusting_copy(&programs.join(program), &folder.join(program))?;
        }
        let provider = Provider::start(&tls.acceptor).await?;
        let local_secret = mint(&[7; RANDOM_BYTES]).ok().context("enough randomness")?.1;
        let local_secret = local_secret.reveal().to_owned();
        let path = folder.join("gateway.yaml");
        std::fs::write(&path, document(&provider, None))?;
        let tollgatectl = programs.parent().context("as above")?.join("debug/tollgatectl");
        let store = Store::start(&tollgatectl, &path)?;
        std::fs::write(&path, document(&provider, Some(&local_secret)))?;
        let cgroups = Cgroups::find();
        Ok(Self { programs, folder, provider, tls, store, cgroups, core, local_secret })
    }

    /// The key that a subject's clients present.
    pub(crate) fn secret(&self, subject: &Subject) -> &str {
        match subject {
            Subject::Table(_) => &self.store.secret,
            Subject::Floor | Subject::Embedded => &self.local_secret,
        }
    }

    /// Starts a process without waiting for anything.
    pub(crate) fn start(&self, setup: &Setup, host: &[(&str, &str)]) -> anyhow::Result<Process> {
        let url = self.provider.base_url(setup.kind, setup.with_tls) + "/chat/completions";
        let document = self.folder.join("gateway.yaml").to_string_lossy().into_owned();
        let own = [
            ("TOLLGATE_CONFIG", document.as_str()),
            ("FLOOR_PROVIDER", &url),
            ("BENCH_KEY", "sk-only-for-the-benchmark"),
        ];
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut environment: Vec<_> = own.iter().chain(host).map(pair).collect();
        if let Some(concurrency) = setup.concurrency {
            environment.push(("AWS_LAMBDA_MAX_CONCURRENCY".to_owned(), concurrency.to_string()));
        }
        if let Subject::Table(url) = &setup.subject {
            environment.extend(Store::environment(url));
        }
        let folder = if setup.with_tls { &self.folder } else { &self.programs };
        let program = if setup.subject == Subject::Floor { "floor" } else { "tollgate" };
        Process::start(&folder.join(program), &environment, self.core)
    }

    /// Starts a function and waits for its first poll.
    pub(crate) async fn function(&self, setup: &Setup) -> anyhow::Result<Function> {
        let api = RuntimeApi::start(setup.acknowledging).await;
        let address = api.address.to_string();
        let host = [
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "tollgate"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ];
        let process = self.start(setup, &host)?;
        api.idle().await;
        let started = process.began.elapsed();
        let event = self.event(setup, 1 << 10);
        Ok(Function { process, api, event, started })
    }

    /// An event with a chat of about so many bytes.
    pub(crate) fn event(&self, setup: &Setup, bytes: usize) -> Bytes {
        function_url::event(self.secret(&setup.subject), &bodies::chat(&setup.alias(), bytes))
    }

    /// Starts a local server and waits until it takes connections.
    pub(crate) async fn server(&self, setup: &Setup) -> anyhow::Result<(Process, SocketAddr)> {
        let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        let process = self.start(setup, &[("TOLLGATE_LISTEN", &address.to_string())])?;
        let give_up = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).await.is_err() {
            ensure!(Instant::now() < give_up, "the server does not listen");
            sleep(Duration::from_millis(5)).await;
        }
        Ok((process, address))
    }
}

impl Function {
    /// So many requests, at most so many at once.
    pub(crate) async fn batch(
        &self,
        requests: usize,
        at_once: usize,
        cost: &mut Cost,
    ) -> anyhow::Result<()> {
        self.api.idle().await;
        settled().await;
        let (cpu, began) = (self.process.cpu()?, Instant::now());
        let replies = futures_util::stream::iter(0..requests).map(|_| self.api.reply(&self.event));
        let replies: Vec<Reply> = replies.buffer_unordered(at_once).collect().await;
        let took = began.elapsed();
        self.api.idle().await;
        settled().await;
        let cpu = self.process.cpu()? - cpu;
        for reply in &replies {
            reply.is_good()?;
        }
        let count = requests as f64;
        cost.wall.0.extend(replies.iter().map(|reply| us(reply.wall())));
        cost.cpu.0.push(us(cpu) / count);
        cost.rate.0.push(count / took.as_secs_f64());
        Ok(())
    }
}

/// Lets what is measured fall asleep, so that its CPU time is accounted for.
pub(crate) async fn settled() {
    sleep(Duration::from_millis(2)).await;
}

/// The same requests to several functions, batch by batch in turns, so that what else the machine
/// does meets all of them. The first batch of each only warms up.
pub(crate) async fn in_turns<const N: usize>(
    functions: [&Function; N],
    batches: usize,
    requests: usize,
    at_once: usize,
) -> anyhow::Result<[Cost; N]> {
    let mut costs =
        [const { Cost { wall: Sample(vec![]), cpu: Sample(vec![]), rate: Sample(vec![]) } }; N];
    for function in functions {
        function.batch(requests, at_once, &mut Cost::default()).await?;
    }
    for _ in 0..batches {
        for (function, cost) in functions.iter().zip(&mut costs) {
            function.batch(requests, at_once, cost).await?;
        }
    }
    Ok(costs)
}

/// Microseconds.
pub(crate) fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Milliseconds.
pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A route and a provider for each kind of answer, without and with TLS.
fn document(provider: &Provider, secret: Option<&str>) -> String {
    let mut providers = serde_json::Map::new();
    let mut routes = Vec::new();
    for with_tls in [false, true] {
        for kind in KINDS {
            let alias = Setup { with_tls, ..Setup::of(Subject::Floor, kind) }.alias();
            providers.insert(
                format!("p-{alias}"),
                json!({
                    "vendor": "openai-compatible",
                    "base_url": provider.base_url(kind, with_tls),
                    "private_network": true,
                    "api_key": "env:BENCH_KEY",
                }),
            );
            routes
                .push(json!({ "match": alias, "targets": [{ "provider": format!("p-{alias}") }] }));
        }
    }
    let mut document = json!({ "providers": providers, "routes": routes });
    if let Some(secret) = secret {
        let limits = json!({ "tokens_per_month": 1_000_000_000_000_u64 });
        document["keys"] = json!([{ "name": "bench", "secret": secret, "limits": limits }]);
    }
    document.to_string()
}
