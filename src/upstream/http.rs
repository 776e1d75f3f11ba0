//! The HTTP stack: one TLS configuration for the providers and for the SDK.
//!
//! ring instead of aws-lc (whose first random byte costs 55 ms of CPU), compiled-in roots instead of
//! certificate files, no proxies from the environment, no redirects: a provider's redirect would
//! carry its credential to a host that the configuration does not name.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};

use super::dial::Keeper;
use super::resolver::PublicOnly;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Shorter than the time after which providers close idle connections.
pub(super) const POOL_IDLE: Duration = Duration::from_secs(45);

/// What makes the clients of a process.
#[derive(Clone, Debug)]
pub struct Http {
    /// Connects anywhere: for the store.
    pub any: reqwest::Client,
    tls: ClientConfig,
}

/// Where a client may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reach {
    /// Addresses of the public internet only.
    Public,
    /// Anywhere: for providers that are marked as private.
    Any,
}

impl Http {
    /// Builds the first client. Reads no file and opens no connection.
    ///
    /// # Errors
    /// When the TLS library refuses its own configuration.
    pub fn new() -> Result<Self, HttpError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| HttpError(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { any: build(&tls, Reach::Any, CONNECT_TIMEOUT, None)?, tls })
    }

    /// A client with connections of its own, the first of which may be opened early by a keeper.
    pub(super) fn client(
        &self,
        reach: Reach,
        connect: Duration,
        keeper: Option<Keeper>,
    ) -> Result<reqwest::Client, HttpError> {
        build(&self.tls, reach, connect, keeper)
    }
}

fn build(
    tls: &ClientConfig,
    reach: Reach,
    connect: Duration,
    keeper: Option<Keeper>,
) -> Result<reqwest::Client, HttpError> {
    #[expect(clippy::disallowed_methods, reason = "this is where clients are made")]
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect)
        .pool_idle_timeout(POOL_IDLE)
        .tcp_nodelay(true)
        .user_agent(concat!("tollgate/", env!("CARGO_PKG_VERSION")));
    let builder = match reach {
        Reach::Public => builder.dns_resolver(Arc::new(PublicOnly)),
        Reach::Any => builder,
    };
    let builder = match keeper {
        Some(keeper) => builder.connector_layer(keeper),
        None => builder,
    };
    builder.build().map_err(|error| HttpError(error.to_string()))
}

/// The HTTP stack cannot be built.
#[derive(Debug)]
pub struct HttpError(String);

impl std::fmt::Display for HttpError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the HTTP client cannot be built: {}", self.0)
    }
}

impl std::error::Error for HttpError {}
