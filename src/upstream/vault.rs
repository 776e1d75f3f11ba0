//! The vault: finds the providers' credentials where the configuration says they are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use serde::Deserialize;

use super::sigv4::Signer;
use crate::config::{CredentialRef, Secrets};
use crate::keys::Secret;

/// How long a parameter is believed: a rotated credential works within this time.
const FRESH_MS: u64 = 300_000;
/// The most names that one call to SSM takes.
const BATCH: usize = 10;
const TIMEOUT: Duration = Duration::from_secs(2);

/// Where credentials come from.
#[derive(Debug)]
pub struct Vault {
    environment: fn(&str) -> Option<String>,
    ssm: Option<Ssm>,
    known: Mutex<HashMap<String, (Secret, u64)>>,
}

/// SSM's parameter store.
#[derive(Clone, Debug)]
pub struct Ssm {
    /// The region's endpoint, or another.
    pub endpoint: String,
    /// The region, for the signature.
    pub region: String,
    /// Who asks.
    pub credentials: SharedCredentialsProvider,
    /// The client to ask with.
    pub http: reqwest::Client,
}

impl Vault {
    /// A vault that reads variables by `environment`, and parameters from SSM if there is one.
    pub fn new(environment: fn(&str) -> Option<String>, ssm: Option<Ssm>) -> Self {
        Self { environment, ssm, known: Mutex::default() }
    }

    /// Finds every credential, or says why it cannot be had. `now_ms` decides which parameters are
    /// asked for again; when SSM fails, what was known stays in use.
    pub async fn find(&self, references: &[&CredentialRef], now_ms: u64) -> Secrets {
        let mut failures = HashMap::new();
        let due = self.due(references, now_ms);
        for batch in due.chunks(BATCH) {
            match self.ask(batch).await {
                Ok(found) => {
                    let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                    // What SSM does not give any more was deleted, or may not be read any more.
                    known.retain(|path, _| !batch.contains(path));
                    known.extend(found.into_iter().map(|(path, secret)| (path, (secret, now_ms))));
                }
                Err(why) => {
                    tracing::error!(why, parameters = ?batch, "SSM does not give the credentials");
                    failures.extend(batch.iter().map(|path| (path.clone(), why.clone())));
                }
            }
        }
        let found = |reference: &&CredentialRef| {
            let found = match reference {
                CredentialRef::Env(name) => self.in_environment(name),
                CredentialRef::Ssm(path) => self.among_known(path, &failures),
            };
            ((*reference).clone(), found)
        };
        references.iter().map(found).collect()
    }

    fn in_environment(&self, name: &str) -> Result<Secret, String> {
        match (self.environment)(name) {
            Some(value) if !value.trim().is_empty() => Ok(Secret::new(value.trim())),
            _ => Err(format!("{name} is not set")),
        }
    }

    fn among_known(
        &self,
        path: &str,
        failures: &HashMap<String, String>,
    ) -> Result<Secret, String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(path) {
            Some((secret, _)) => Ok(secret.clone()),
            None => Err(failures.get(path).cloned().unwrap_or_else(|| {
                format!("the parameter {path} does not exist or may not be read")
            })),
        }
    }

    fn due(&self, references: &[&CredentialRef], now_ms: u64) -> Vec<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let due = |path: &&String| {
            known.get(*path).is_none_or(|(_, read_ms)| now_ms.saturating_sub(*read_ms) > FRESH_MS)
        };
        let paths = references.iter().filter_map(|reference| match reference {
            CredentialRef::Ssm(path) => Some(path),
            CredentialRef::Env(_) => None,
        });
        paths.filter(due).cloned().collect()
    }

    async fn ask(&self, paths: &[String]) -> Result<Vec<(String, Secret)>, String> {
        let Some(ssm) = &self.ssm else {
            return Err("ssm: references need AWS credentials and a region".to_owned());
        };
        ssm.parameters(paths).await
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
    value: String,
}

/// An error of AWS's JSON protocols, in its two spellings.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message")]
    message: String,
}

impl Ssm {
    /// `GetParameters` with decryption (AWS Systems Manager API reference).
    async fn parameters(&self, paths: &[String]) -> Result<Vec<(String, Secret)>, String> {
        let body = serde_json::json!({ "Names": paths, "WithDecryption": true }).to_string();
        let request = self.signed(body).await?;
        let client = &self.http;
        let response = client
            .execute(request)
            .await
            .map_err(|error| format!("SSM does not answer: {}", error.without_url()))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| error.without_url().to_string())?;
        if !status.is_success() {
            let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
            return Err(format!("SSM answers {status}: {} {}", problem.kind, problem.message));
        }
        let answer: Answer = serde_json::from_slice(&body)
            // Not the parser's words: they quote what it read.
            .map_err(|_| "SSM's answer cannot be read".to_owned())?;
        Ok(answer.parameters.into_iter().map(|p| (p.name, Secret::new(p.value))).collect())
    }

    async fn signed(&self, body: String) -> Result<reqwest::Request, String> {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AmazonSSM.GetParameters"),
        ];
        let signer =
            Signer { credentials: &self.credentials, region: &self.region, service: "ssm" };
        let request = signer.post(&self.endpoint, &headers, body.into()).await;
        let mut request = request.map_err(|why| format!("cannot sign for SSM: {why}"))?;
        *request.timeout_mut() = Some(TIMEOUT);
        Ok(request)
    }
}
