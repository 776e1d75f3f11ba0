//! The SDK's errors in the operator's terms: what is wrong, where, and what to do.

use std::error::Error;
use std::fmt::Debug;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::aws::Table;
use super::output::Failed;
use crate::store::dynamo::explain;

impl Table {
    /// Why a call failed. `doing` is what it was for: `cannot {doing}: …`.
    pub(super) fn failed<E, R>(&self, doing: &str, error: &SdkError<E, R>) -> Failed
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: Debug + 'static,
    {
        match error {
            SdkError::ServiceError(service) => self.refused(doing, service.err()),
            _ if is_about_credentials(error) => {
                Failed::new(format!("cannot {doing}: {}", explain(error)))
                    .advice("the credentials may have expired: sign in again, or name a --profile")
            }
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => {
                let why = root_cause(error);
                Failed::new(format!("cannot {doing}: {} does not answer: {why}", self.place))
                    .advice("check --endpoint-url, --region and the network")
            }
            SdkError::ResponseError(_) => {
                let why = explain(error);
                Failed::new(format!("cannot {doing}: {} is not a DynamoDB: {why}", self.place))
                    .advice("check --endpoint-url")
            }
            _ => Failed::new(format!("cannot {doing}: {}", explain(error))),
        }
    }

    fn refused<E>(&self, doing: &str, error: &E) -> Failed
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Self { name, place, .. } = self;
        let code = error.code().unwrap_or_default();
        let message = error.message().unwrap_or(code);
        let what = format!("cannot {doing}: {message}");
        match code {
            "ResourceNotFoundException" => self.missing(),
            "AccessDeniedException" => Failed::new(what).advice(format!(
                "your AWS identity lacks a right on the table '{name}': ask its administrator"
            )),
            "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "IncompleteSignatureException"
            | "MissingAuthenticationTokenException"
            | "MissingAuthenticationToken"
            | "ExpiredTokenException" => Failed::new(format!(
                "cannot {doing}: {place} does not accept the credentials: {message}"
            ))
            .advice("sign in again, or name another --profile or --region"),
            "ThrottlingException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "InternalServerError" => Failed::new(what).advice("try again in a moment"),
            // Something that speaks HTTP has answered, but not as DynamoDB does.
            "" => Failed::new(format!("cannot {doing}: {place} is not a DynamoDB"))
                .advice("check --endpoint-url"),
            _ => Failed::new(what),
        }
    }

    /// The table is not there.
    pub(super) fn missing(&self) -> Failed {
        let Self { name, place, .. } = self;
        Failed::new(format!("there is no table '{name}' in {place}")).advice(format!(
            "create it with 'tollgatectl --table {name} init', or name the right one with --table \
             and --region"
        ))
    }
}

/// The cause of all causes: the SDK's own words before it say only that there was one.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), root_cause)
}

fn is_about_credentials(error: &(dyn Error + 'static)) -> bool {
    error.is::<CredentialsError>() || error.source().is_some_and(is_about_credentials)
}
