//! The gateway in this process, between a store and two providers.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures_util::FutureExt;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tollgate::clock::Clock;
use tollgate::config::{Config, Document, Strictness};
use tollgate::gateway::{Gateway, Parts};
use tollgate::ingress::{Entry, Request};
use tollgate::keys::{Presented, parse};
use tollgate::store::Store;
use tollgate::upstream::http::Http;
use tollgate::upstream::{Upstream as Way, Vault};

use crate::support::upstream::Upstream;
use crate::support::{duo, secret};

/// 2026-11-22, noon.
pub(super) const NOON: u64 = 1_795_348_800_000;
pub(super) const CONFIG_TTL_MS: u64 = 30_000;

/// What a sound answer costs: 5 tokens at a dollar a million, 2 at two dollars.
const ANSWER_TOKENS: u64 = 7;
const ANSWER_NANO_USD: u64 = 9_000;

/// The document of the bench, with limits that no single request reaches.
pub(super) fn document(first: &Upstream, second: &Upstream) -> Value {
    let limits = json!({ "rpm": 10, "tokens_per_day": 100_000, "usd_per_day": 1, "in_flight": 5 });
    let mut document = duo(&first.base_url(), &second.base_url(), &limits);
    let price = json!({ "input": 1, "output": 2 });
    let route = &mut document["routes"][0];
    route["targets"][0]["price"] = price.clone();
    route["fallback"][0]["price"] = price;
    document
}

/// A document as a store has it, and what it says.
pub(super) fn read(document: &Value) -> (Value, Config) {
    let document = Document::from_json(document);
    let (config, _) = document.read(Strictness::Strict).expect("a sound document");
    (document.to_stored().0, config)
}

/// Who asks: [`secret`] 1.
pub(super) fn presented() -> Presented {
    let (id, digest) = parse(&secret(1)).unwrap();
    Presented { id, digest }
}

/// A gateway and its time.
pub(super) struct Bench {
    gateway: Arc<Gateway>,
    now_ms: Arc<AtomicU64>,
}

/// What a client got.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
    /// Whether the body came to its own end.
    pub(super) has_ended: bool,
}

impl Bench {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        let now_ms = Arc::new(AtomicU64::new(NOON));
        let gateway = Gateway::new(Parts {
            store,
            upstream: Way::new(
                Http::new().unwrap(),
                SharedCredentialsProvider::new(Credentials::from_keys("AKIATEST", "secret", None)),
            ),
            vault: Vault::new(|name| name.ends_with("API_KEY").then(|| "sk-test".to_owned()), None),
            clock: Clock::Fixed(Arc::clone(&now_ms)),
            config_ttl_ms: CONFIG_TTL_MS,
            settle_margin: Duration::from_secs(2),
        });
        Self { gateway: Arc::new(gateway), now_ms }
    }

    /// Reads the configuration, as the function does when it starts.
    pub(super) async fn start(&self) {
        self.gateway.load().await;
    }

    pub(super) fn pass(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sends a request: a POST where there is a body.
    pub(super) async fn ask(&self, id: &str, path: &str, body: Option<String>) -> Got {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {}", secret(1)).parse().unwrap());
        let request = Request {
            method: if body.is_some() { Method::POST } else { Method::GET },
            raw_path: path.to_owned(),
            headers,
            body: Ok(body.unwrap_or_default().into()),
            id: id.to_owned(),
            deadline: None,
        };
        let (head, mut rest) = Arc::clone(&self.gateway).answer(request).await.into_parts();
        let mut bytes = Vec::new();
        let reading = async {
            while let Some(frame) = rest.frame().await {
                bytes.extend(frame.unwrap().into_data().expect("data"));
            }
        };
        let has_ended = AssertUnwindSafe(reading).catch_unwind().await.is_ok();
        let body = String::from_utf8(bytes).expect("an answer in UTF-8");
        Got { status: head.status.as_u16(), headers: head.headers, body, has_ended }
    }
}

impl Got {
    /// The code of the error, wherever it stands; nothing for an answer.
    pub(super) fn code(&self) -> String {
        let last = self.body.lines().rev().find(|line| !line.is_empty()).unwrap_or_default();
        let json = last.strip_prefix("data: ").unwrap_or(last);
        let json: Value = serde_json::from_str(json).unwrap_or_default();
        json["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// What is charged: so many whole holds, and so many sound answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Charged {
    pub(super) holds: u64,
    pub(super) answers: u64,
}

/// How a key's limits stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Books {
    pub(super) requests: u64,
    pub(super) in_flight: u64,
    /// Settled for good.
    pub(super) spent: Charged,
    /// Taken, settled or not: what is left is the limit without this.
    pub(super) taken: Charged,
}

/// Figures of one unit: used, held, left.
#[derive(Debug, PartialEq)]
struct Figures(u64, u64, i64);

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} used, {} held, {} left", self.0, self.1, self.2)
    }
}

impl Books {
    /// What is wrong with the key's limits, when a hold is so many tokens and nano-USD.
    pub(super) async fn mistakes(&self, store: &dyn Store, hold: (u64, u64)) -> Vec<String> {
        let standing = store.inspect(&presented(), NOON).await.expect("a key");
        let amount =
            |charged: Charged, hold, answer| charged.holds * hold + charged.answers * answer;
        let cost = |hold, answer| {
            let (spent, taken) =
                (amount(self.spent, hold, answer), amount(self.taken, hold, answer));
            (spent, taken - spent)
        };
        let mut mistakes = Vec::new();
        for (name, (used, held)) in [
            ("rpm", (self.requests, 0)),
            ("in_flight", (self.in_flight, 0)),
            ("tokens_per_day", cost(hold.0, ANSWER_TOKENS)),
            ("usd_per_day", cost(hold.1, ANSWER_NANO_USD)),
        ] {
            // The key's, and the same of its team.
            let lines: Vec<_> =
                standing.lines.iter().filter(|line| line.limit.name == name).collect();
            assert!(!lines.is_empty() || name == "in_flight", "{name} is limited");
            for line in lines {
                let expected = Figures(used, held, signed(line.of) - signed(used + held));
                let found = Figures(line.used(), line.unsettled(), line.left);
                if found != expected {
                    let scope = &line.scope;
                    mistakes.push(format!("{scope} {name}: expected {expected}; found {found}"));
                }
            }
        }
        mistakes
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap()
}
