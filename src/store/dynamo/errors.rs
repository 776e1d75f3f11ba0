//! The SDK's errors in the store's terms.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::store::error::StoreError;

/// Errors with which DynamoDB turns a call away before it does anything.
const TURNED_AWAY: [&str; 5] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    // The item is in a transaction that has not ended.
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Whether it is certain that a call did nothing and may do something when it is sent again.
pub(super) fn was_turned_away<E, R>(error: &SdkError<E, R>) -> bool
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| TURNED_AWAY.contains(&code))
}

/// What an SDK error means.
pub fn from_sdk<E, R>(error: &SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let why = explain(error);
    match error {
        SdkError::ServiceError(service) => match service.err().code() {
            Some("ResourceNotFoundException") => StoreError::NoTable(why),
            Some(
                "AccessDeniedException"
                | "UnrecognizedClientException"
                | "InvalidSignatureException"
                | "IncompleteSignatureException"
                | "MissingAuthenticationTokenException"
                | "ExpiredTokenException",
            ) => StoreError::Credentials(why),
            Some(code) if TURNED_AWAY.contains(&code) => StoreError::Throttled(why),
            _ => StoreError::Unavailable(why),
        },
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
