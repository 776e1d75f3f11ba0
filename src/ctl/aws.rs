//! The way to the table: the operator's credentials and region, by the SDK's ordinary search.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Builder, Region};

use super::command::Place;
use super::output::{Console, Failed};
use crate::store::dynamo::{SharedHttp, explain};
use crate::upstream::http::Http;

const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
const CALL_LIMIT: Duration = Duration::from_secs(25);
/// Outside of AWS, the machine's metadata service may swallow the question.
const REGION_LIMIT: Duration = Duration::from_secs(4);
/// After which the operator is told what is waited for; a credential process may ask for a code.
const SLOW: Duration = Duration::from_secs(2);

/// DynamoDB Local takes any credentials, and without `-sharedDb` keeps a database for each pair of
/// these: the function's local fallback must be the same.
const LOCAL_CREDENTIAL: &str = "local";
const LOCAL_REGION: &str = "us-east-1";

/// The table that a command is about; whether it exists is another question.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
    /// Its region, or its endpoint.
    pub(super) place: String,
}

impl Table {
    /// Finds credentials and a region. The table itself is not called yet.
    pub(super) async fn connect(place: &Place, console: Console) -> Result<Self, Failed> {
        let (name, endpoint) = (place.table()?, place.endpoint()?);
        let http = Http::new().map_err(|error| Failed::new(error.to_string()))?;
        let http = SharedHttp(http.any);
        let is_local = endpoint.as_deref().is_some_and(is_loopback);
        let provider = ProviderConfig::without_region().with_http_client(http.clone());
        let region = find_region(place, is_local, &provider).await?;
        let provider = provider.with_region(Some(region.clone()));
        let credentials = find_credentials(place, is_local, provider, console).await?;
        let shared = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .region(region.clone())
            .credentials_provider(credentials)
            .load()
            .await;
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_LIMIT)
            .operation_timeout(CALL_LIMIT)
            .build();
        let mut config = Builder::from(&shared)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(3));
        if let Some(endpoint) = &endpoint {
            config = config.endpoint_url(endpoint);
        }
        Ok(Self {
            client: Client::from_conf(config.build()),
            name,
            place: endpoint.unwrap_or_else(|| region.to_string()),
        })
    }
}

fn is_loopback(endpoint: &str) -> bool {
    let url = reqwest::Url::parse(endpoint).ok();
    let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

async fn find_region(
    place: &Place,
    is_local: bool,
    provider: &ProviderConfig,
) -> Result<Region, Failed> {
    if let Some(region) = &place.region {
        return Ok(Region::new(region.clone()));
    }
    let mut profile = ProfileFileRegionProvider::builder().configure(provider);
    if let Some(name) = &place.profile {
        profile = profile.profile_name(name);
    }
    let mut chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build());
    if !is_local {
        chain = chain.or_else(ImdsRegionProvider::builder().configure(provider).build());
    }
    let found = tokio::time::timeout(REGION_LIMIT, chain.region()).await.ok().flatten();
    match found {
        Some(region) => Ok(region),
        None if is_local => Ok(Region::from_static(LOCAL_REGION)),
        None => Err(Failed::new("no AWS region is set").advice(
            "give --region, or set AWS_REGION, or add a region to the profile in ~/.aws/config",
        )),
    }
}

/// An explicit profile and nothing else; otherwise the ordinary search, of which a local endpoint
/// needs only what is on this machine.
async fn find_credentials(
    place: &Place,
    is_local: bool,
    provider: ProviderConfig,
    console: Console,
) -> Result<Credentials, Failed> {
    let mut profile = ProfileFileCredentialsProvider::builder().configure(&provider);
    if let Some(name) = &place.profile {
        profile = profile.profile_name(name);
    }
    let source = if place.profile.is_some() {
        SharedCredentialsProvider::new(profile.build())
    } else if is_local {
        let environment = EnvironmentVariableCredentialsProvider::new();
        SharedCredentialsProvider::new(
            CredentialsProviderChain::first_try("Environment", environment)
                .or_else("Profile", profile.build()),
        )
    } else {
        let chain = DefaultCredentialsChain::builder().configure(provider);
        SharedCredentialsProvider::new(chain.build().await)
    };
    let search = source.provide_credentials();
    tokio::pin!(search);
    let found = if let Ok(found) = tokio::time::timeout(SLOW, &mut search).await {
        found
    } else {
        console.progress("still looking for AWS credentials …");
        search.await
    };
    match found {
        Err(CredentialsError::CredentialsNotLoaded(_)) if is_local && place.profile.is_none() => {
            let (id, secret) = (LOCAL_CREDENTIAL, LOCAL_CREDENTIAL);
            Ok(Credentials::new(id, secret, None, None, LOCAL_CREDENTIAL))
        }
        found => found.map_err(|error| no_credentials(place, &error)),
    }
}

fn no_credentials(place: &Place, error: &CredentialsError) -> Failed {
    let what = match (error, &place.profile) {
        (CredentialsError::CredentialsNotLoaded(_), Some(profile)) => {
            format!("there is no profile '{profile}' in ~/.aws, or it has no credentials")
        }
        (_, Some(profile)) => {
            format!("no credentials from profile '{profile}': {}", explain(error))
        }
        (CredentialsError::CredentialsNotLoaded(_), None) => "no AWS credentials found".to_owned(),
        (_, None) => format!("the AWS credentials could not be had: {}", explain(error)),
    };
    Failed::new(what).advice(
        "sign in ('aws sso login', 'aws configure'), or set AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or name a profile with --profile",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for local in ["http://localhost:8000", "http://127.0.0.1:1", "http://[::1]:8000/"] {
            assert!(is_loopback(local), "{local}");
        }
        for remote in ["https://dynamodb.eu-west-1.amazonaws.com", "http://10.0.0.1", "localhost"] {
            assert!(!is_loopback(remote), "{remote}");
        }
    }
}
