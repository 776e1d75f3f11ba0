//! The function's own credentials. On Lambda they are in the environment, so the SDK's search
//! through profiles, metadata services and token files, and its cost at every start, is left out.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use serde::Deserialize;

/// Static credentials as they stand in the environment.
#[derive(Clone, Debug, Default)]
pub struct FunctionCredentials {
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    pub environment: Option<Credentials>,
    /// Where rotating credentials are, when the environment has none.
    pub container: Option<ContainerCredentials>,
}

/// The credentials endpoint that Lambda offers where an environment outlives its credentials
/// (`AWS_CONTAINER_CREDENTIALS_FULL_URI`; the protocol is that of ECS).
#[derive(Clone, Debug)]
pub struct ContainerCredentials {
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`
    pub uri: String,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`
    pub token: Option<String>,
    /// The client to ask with.
    pub http: reqwest::Client,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
}

impl ContainerCredentials {
    async fn fetch(&self) -> provider::Result {
        let body = self.ask().await.map_err(CredentialsError::provider_error)?;
        let answer: Answer =
            serde_json::from_slice(&body).map_err(CredentialsError::invalid_configuration)?;
        let expires = answer.expiration.and_then(|text| seconds_of(&text));
        let expires = expires.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        let (id, secret) = (answer.access_key_id, answer.secret_access_key);
        Ok(Credentials::new(id, secret, answer.token, expires, "container"))
    }

    async fn ask(&self) -> reqwest::Result<bytes::Bytes> {
        let mut request = self.http.get(&self.uri).timeout(Duration::from_secs(1));
        if let Some(token) = &self.token {
            request = request.header(http::header::AUTHORIZATION, token);
        }
        request.send().await?.error_for_status()?.bytes().await
    }
}

/// `2026-11-22T12:00:00Z` as seconds since 1970.
fn seconds_of(text: &str) -> Option<u64> {
    let format = aws_smithy_types::date_time::Format::DateTime;
    let time = aws_smithy_types::DateTime::from_str(text, format).ok()?;
    u64::try_from(time.secs()).ok()
}

impl FunctionCredentials {
    async fn find(&self) -> provider::Result {
        if let Some(credentials) = &self.environment {
            return Ok(credentials.clone());
        }
        let Some(container) = &self.container else {
            return Err(CredentialsError::not_loaded(
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
            ));
        };
        container.fetch().await
    }
}

impl ProvideCredentials for FunctionCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.find())
    }
}
