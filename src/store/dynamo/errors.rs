//! DynamoDB's errors in the store's terms, whichever way they come.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::layout::Row;
use crate::store::error::StoreError;

/// Why the write of a row did not happen, or may not have.
#[derive(Debug)]
pub(super) enum WriteError {
    /// Its condition does not hold; the row as it is, if there is one.
    Refused(Option<Row>),
    /// Anything else. [`StoreError::Throttled`] says that nothing was written and that the write may
    /// happen when it is sent again.
    Failed(StoreError),
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// What an error of DynamoDB's is, by its name.
pub(super) fn named(code: &str, why: String) -> StoreError {
    match code {
        "ResourceNotFoundException" => StoreError::NoTable(why),
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "ExpiredTokenException" => StoreError::Credentials(why),
        // With these a call is turned away before it does anything.
        "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "ThrottlingException"
        // The item is in a transaction that has not ended.
        | "TransactionConflictException"
        | "TransactionInProgressException" => StoreError::Throttled(why),
        _ => StoreError::Unavailable(why),
    }
}

/// What an SDK error means.
pub fn from_sdk<E, R>(error: &SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let why = explain(error);
    match error {
        SdkError::ServiceError(service) => named(service.err().code().unwrap_or_default(), why),
        // The SDK fails to build a request when it finds no credentials to sign it with.
        SdkError::ConstructionFailure(_) => StoreError::Credentials(why),
        SdkError::DispatchFailure(failure) if !failure.is_io() && !failure.is_timeout() => {
            StoreError::Credentials(why)
        }
        _ => StoreError::Unavailable(why),
    }
}

/// An error with its causes, in one line.
pub fn explain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        next = error.source();
    }
    parts.join(": ")
}
