//! The function: picks the host (Lambda, or a server on this machine) and hands it the gateway.

mod banner;

use std::future::pending;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use tollgate::clock::Clock;
use tollgate::config::{Config, Document, Strictness};
use tollgate::gateway::{Gateway, Parts, new_id};
use tollgate::ingress::{lambda, local};
use tollgate::record;
use tollgate::settings::{Settings, variable};
use tollgate::store::dynamo::{
    ContainerCredentials, DynamoSettings, DynamoStore, FunctionCredentials,
};
use tollgate::store::{MemoryStore, Store};
use tollgate::upstream::http::Http;
use tollgate::upstream::{Ssm, Upstream, Vault};

const HELP: &str = "\
tollgate: an AI gateway. It takes no arguments: everything is in the environment.

Under AWS Lambda (AWS_LAMBDA_RUNTIME_API is set) it serves events of a Function URL;
anywhere else it serves HTTP on this machine.

  TOLLGATE_CONFIG            the document of the embedded store     [gateway.yaml]
  TOLLGATE_TABLE             a DynamoDB table instead of that document
  TOLLGATE_LISTEN            where the local server listens         [127.0.0.1:9000]
  TOLLGATE_RESPONSE_MODE     stream or buffered                     [stream]
  TOLLGATE_CONFIG_TTL_MS     how old the configuration may get      [30000]
  TOLLGATE_SETTLE_MARGIN_MS  how long before the function's deadline
                             a request must end                     [2000]
  TOLLGATE_LOG_LEVEL         TRACE, DEBUG, INFO, WARN or ERROR      [INFO]
  AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
  AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_SSM
                             where the table is and who may use it
";

fn main() -> ExitCode {
    match arguments().and_then(|go| if go { run() } else { Ok(()) }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "tollgate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether to go on: `--help` and `--version` are answered here.
#[expect(clippy::disallowed_methods, reason = "this is where arguments are read")]
fn arguments() -> anyhow::Result<bool> {
    match std::env::args().nth(1).as_deref() {
        None => Ok(true),
        Some("-h" | "--help") => {
            Ok(std::io::stdout().write_all(HELP.as_bytes()).map(|()| false)?)
        }
        Some("-V" | "--version") => {
            Ok(writeln!(std::io::stdout(), "tollgate {}", env!("CARGO_PKG_VERSION"))
                .map(|()| false)?)
        }
        Some(other) => bail!("unknown argument '{other}': see 'tollgate --help'"),
    }
}

fn run() -> anyhow::Result<()> {
    let settings = Settings::read(variable).map_err(|wrong| anyhow!("{wrong}"))?;
    // One thread is enough for one request at a time: a function has a fraction of a core, and
    // everything here waits for the network.
    let mut runtime = match settings.max_concurrency {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    log(&settings);
    let http = Http::new().context("no HTTP")?;
    let credentials = SharedCredentialsProvider::new(credentials(&http));
    let (store, local_keys) = store(&settings, &http, &credentials)?;
    let ssm = settings.region.as_ref().map(|region| Ssm {
        endpoint: settings
            .ssm_endpoint
            .clone()
            .unwrap_or_else(|| format!("https://ssm.{region}.amazonaws.com/")),
        region: region.clone(),
        credentials: credentials.clone(),
        http: http.any.clone(),
    });
    let posting = http.any.clone();
    let gateway = Arc::new(Gateway::new(Parts {
        store,
        upstream: Upstream::new(http, credentials),
        vault: Vault::new(variable, ssm),
        clock: Clock::System,
        config_ttl_ms: settings.config_ttl_ms,
        settle_margin: Duration::from_millis(settings.settle_margin_ms),
    }));
    runtime.block_on(async {
        // At the start of a function this also opens the connection that the first request uses.
        let snapshot = gateway.load().await;
        if let Some(address) = &settings.runtime_api {
            let api = (address.as_str(), posting);
            let serving = lambda::serve(gateway, api, settings.response_mode, Clock::System);
            let served = Box::pin(serving).await;
            return served.map_err(|error| anyhow!("the Runtime API is gone: {error}"));
        }
        let listener = tokio::net::TcpListener::bind(settings.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", settings.listen))?;
        let address = listener.local_addr()?;
        banner::print(&settings, address, snapshot.as_deref(), &local_keys)?;
        local::serve(gateway, listener, new_id, record::gather(), stopped()).await;
        Ok(())
    })
}

/// Waits until somebody at the terminal, or whoever runs the process, wants it to stop. Where there is
/// no such signal it runs until it is killed.
async fn stopped() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await,
            Err(_) => pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = pending::<()>();
    tokio::select! {
        () = interrupted => {}
        _ = terminated => {}
    }
}

fn log(settings: &Settings) {
    let level = tracing_subscriber::filter::LevelFilter::from_level(settings.log_level);
    let log = tracing_subscriber::fmt().with_max_level(level).with_target(false);
    if settings.runtime_api.is_some() {
        // CloudWatch adds the time.
        log.json().flatten_event(true).without_time().init();
    } else {
        log.compact().without_time().with_writer(std::io::stderr).init();
    }
}

fn credentials(http: &Http) -> FunctionCredentials {
    let environment =
        variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY")).map(|(id, secret)| {
            Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "environment")
        });
    let container = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").map(|uri| {
        let token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        ContainerCredentials { uri, token, http: http.any.clone() }
    });
    FunctionCredentials { environment, container }
}

/// The table, or the document of this machine; and the keys to show in the banner.
fn store(
    settings: &Settings,
    http: &Http,
    credentials: &SharedCredentialsProvider,
) -> anyhow::Result<(Arc<dyn Store>, Config)> {
    if let Some(table) = &settings.table {
        let region = settings.region.clone();
        let dynamo = DynamoSettings {
            table: table.clone(),
            region: region.context("TOLLGATE_TABLE is set and AWS_REGION is not")?,
            endpoint: settings.dynamodb_endpoint.clone(),
        };
        let store = DynamoStore::new(&dynamo, http.any.clone(), credentials.clone());
        return Ok((Arc::new(store), Config::default()));
    }
    let path = &settings.config_path;
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("cannot read {path} (TOLLGATE_CONFIG names another, TOLLGATE_TABLE a table)")
    })?;
    let in_file = |problem: &dyn std::fmt::Display| format!("{path}:{problem}");
    let document = Document::parse(&text).map_err(|problem| anyhow!(in_file(&problem)))?;
    let (config, _) = document.read(Strictness::Strict).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(|problem| in_file(problem)).collect();
        anyhow!("the configuration has mistakes\n{}", lines.join("\n"))
    })?;
    let (stored, _) = document.to_stored();
    let keys = config.keys.iter().map(MemoryStore::item_of);
    let items = keys.chain(config.teams.iter().map(MemoryStore::item_of_team));
    Ok((Arc::new(MemoryStore::new(stored, items)), config))
}
