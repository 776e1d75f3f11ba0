//! One attempt: sends a request to a target, and tells an answer from a failure by its head.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::time::timeout;

use super::http::{Http, Reach};
use super::mock;
use super::play::play;
use super::pools::{DialError, Dialed, Pools, Way};
use super::retry_after::retry_after_ms;
use super::sigv4::Signer;
use crate::config::{Proof, Provider};
use crate::dialect::{Dialect, Operation, read_error};
use crate::failure::{Class, Failure, Sent};
use crate::keys::Secret;
use crate::relay::ByteStream;

/// How much of an error's body is read, and for how long.
const MOST_ERROR_BYTES: usize = 64 << 10;
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statuses by which a proxy, or the provider's own front, says that it has stopped waiting for the
/// model, which may go on and bill: 408 (Bedrock), 504, and 524 (Cloudflare).
const GAVE_UP_WAITING: [u16; 3] = [408, 504, 524];

/// A request as a target gets it.
pub struct Outgoing<'a> {
    /// Who gets it.
    pub provider: &'a Provider,
    /// What is asked for.
    pub operation: Operation,
    /// Where that is.
    pub url: String,
    /// Its headers, by names in lower case, but for the credential.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The provider's credential.
    pub secret: Option<&'a Secret>,
    /// How long a connection may take, in milliseconds.
    pub connect_ms: u64,
    /// What was made ready for it.
    pub dialed: Option<Dialed>,
    /// The body, in the provider's dialect.
    pub body: Bytes,
}

/// The head of a provider's answer, and the rest to come.
pub struct Arrival {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, all of them: which ones pass is decided elsewhere.
    pub headers: HeaderMap,
    /// Its body.
    pub body: ByteStream,
}

/// The way to all providers.
#[derive(Debug)]
pub struct Upstream {
    pools: Pools,
    credentials: SharedCredentialsProvider,
}

impl Upstream {
    /// A way over these clients. `credentials` are the function's own, for providers that want a
    /// signature of AWS.
    pub fn new(http: Http, credentials: SharedCredentialsProvider) -> Self {
        Self { pools: Pools::new(http), credentials }
    }

    /// Makes the way to a provider ready for a request that may come. Opens the first connection, if
    /// there is none; sends nothing.
    ///
    /// # Errors
    /// A failure when there is no connection: nobody was asked.
    pub async fn dial(
        &self,
        provider: &Provider,
        connect_ms: u64,
        now_ms: u64,
    ) -> Result<Option<Dialed>, Failure> {
        if provider.vendor.is_mock() {
            return Ok(None);
        }
        let url = provider.base_url.url();
        let dialed = self.pools.dial(way(provider, connect_ms), url, now_ms).await;
        dialed.map_err(|error| match error {
            DialError::Client(error) => unmade(error.to_string()),
            DialError::Connection(error) => sending_failed(&error),
        })
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// A failure unless the status says success.
    pub async fn send(&self, outgoing: Outgoing<'_>, now_ms: u64) -> Result<Arrival, Failure> {
        let provider = outgoing.provider;
        let arrival = if provider.vendor.is_mock() {
            play(mock::respond(&provider.mock, outgoing.operation, &outgoing.body)).await?
        } else {
            self.post(outgoing, now_ms).await?
        };
        if arrival.status.is_success() {
            return Ok(arrival);
        }
        Err(refused(arrival, provider.vendor.dialect, now_ms).await)
    }

    async fn post(&self, mut outgoing: Outgoing<'_>, now_ms: u64) -> Result<Arrival, Failure> {
        let dialed = outgoing.dialed.take();
        let is_early = dialed.is_some();
        let request = self.request(&outgoing).await?;
        let way = way(outgoing.provider, outgoing.connect_ms);
        let client = self.pools.client(way, request.url(), dialed, now_ms).await;
        let client = client.map_err(|error| unmade(error.to_string()))?;
        let response = client.execute(request).await.map_err(|error| sending_failed(&error))?;
        if is_early {
            self.pools.adopt(way, client);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes_stream().map_err(|error| {
            Failure::answer(Class::Truncated, format!("the answer broke off: {}", chain(&error)))
        });
        Ok(Arrival { status, headers, body: body.boxed() })
    }

    async fn request(&self, outgoing: &Outgoing<'_>) -> Result<reqwest::Request, Failure> {
        let (headers, proof) = (&outgoing.headers, outgoing.provider.proof(outgoing.secret));
        if let Proof::Signature { region } = proof {
            let signer = Signer { credentials: &self.credentials, region, service: "bedrock" };
            let body = outgoing.body.clone();
            return signer.post(&outgoing.url, headers, body).await.map_err(unmade);
        }
        let url = outgoing.provider.base_url.read(&outgoing.url);
        let url = url.ok_or_else(|| unmade("it is for another host"))?;
        let mut request = reqwest::Request::new(Method::POST, url);
        for (name, value) in headers {
            add(&mut request, name, (*value).to_owned())?;
        }
        if let Proof::Header { name, scheme, secret } = proof {
            add(&mut request, name, format!("{scheme}{}", secret.reveal()))?;
        }
        *request.body_mut() = Some(outgoing.body.clone().into());
        Ok(request)
    }
}

fn way(provider: &Provider, connect_ms: u64) -> Way {
    (if provider.private_network { Reach::Any } else { Reach::Public }, connect_ms)
}

/// Adds a header. A credential with a line end in it, say, cannot be sent.
fn add(request: &mut reqwest::Request, name: &str, value: String) -> Result<(), Failure> {
    let wrong = || unmade(format!("the header {name} cannot be sent"));
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let mut value = HeaderValue::try_from(value).map_err(|_| wrong())?;
    value.set_sensitive(parsed == header::AUTHORIZATION);
    request.headers_mut().insert(parsed, value);
    Ok(())
}

/// A request that cannot be made: nothing was sent.
fn unmade(why: impl Into<String>) -> Failure {
    Failure::new(Class::UpstreamAuth, Sent::Unbilled, why)
}

fn sending_failed(error: &reqwest::Error) -> Failure {
    let why = chain(error);
    if error.is_builder() {
        return unmade(why);
    }
    if error.is_connect() {
        let class = if error.is_timeout() { Class::TimeoutConnect } else { Class::Network };
        return Failure::new(class, Sent::Unbilled, why);
    }
    Failure::new(Class::Network, Sent::Maybe, why)
}

/// An error with its causes, without the URL.
fn chain(error: &reqwest::Error) -> String {
    let mut parts = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        parts.push(cause.to_string());
        next = cause.source();
    }
    if parts.is_empty() { "no reason given".to_owned() } else { parts.join(": ") }
}

/// An answer with an error status. When it is complete, nothing is billed for it, unless somebody
/// in front of the model has only stopped waiting.
async fn refused(arrival: Arrival, dialect: Dialect, now_ms: u64) -> Failure {
    let status = arrival.status.as_u16();
    let retry_after_ms = retry_after_ms(&arrival.headers, now_ms);
    let mut body = BytesMut::new();
    let reading = timeout(ERROR_BODY_TIMEOUT, beginning(arrival.body, &mut body));
    let is_complete = reading.await.unwrap_or(false);
    let error_type = arrival.headers.get("x-amzn-errortype").and_then(|kind| kind.to_str().ok());
    let (class, error) = read_error(dialect, status, error_type, &body);
    let retry_after_ms = retry_after_ms.or(error.retry_after_ms);
    let is_billed = !is_complete || GAVE_UP_WAITING.contains(&status);
    Failure {
        class,
        sent: if is_billed { Sent::Maybe } else { Sent::Unbilled },
        status: Some(status),
        retry_after_ms,
        error: Some(error.into()),
        detail: format!("status {status}"),
    }
}

/// Reads the first bytes of a body. Says whether it did not break off before that.
async fn beginning(mut body: ByteStream, bytes: &mut BytesMut) -> bool {
    while let Some(chunk) = body.next().await {
        let Ok(chunk) = chunk else { return false };
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= MOST_ERROR_BYTES {
            bytes.truncate(MOST_ERROR_BYTES);
            break;
        }
    }
    true
}
