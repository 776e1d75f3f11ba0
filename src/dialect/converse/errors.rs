//! Bedrock's exceptions, out of a stream and in it, and what they mean.

use crate::dialect::event_stream::Message;
use crate::dialect::openai::{self, clean};
use crate::dialect::verdict::{classify, said};
use crate::failure::{Class, Failure, ProviderError};

/// Exceptions by name. Sources: the errors of `Converse` and `ConverseStream`, and "Common Error
/// Types" (Amazon Bedrock API Reference). In a stream the first letter is small.
const EXCEPTIONS: [(&str, Class); 26] = [
    ("ThrottlingException", Class::RateLimit),
    ("TooManyRequestsException", Class::RateLimit),
    ("Throttling", Class::RateLimit),
    ("ServiceQuotaExceededException", Class::UpstreamQuota),
    ("ModelNotReadyException", Class::Overloaded),
    ("ServiceUnavailableException", Class::Overloaded),
    ("ServiceUnavailable", Class::Overloaded),
    ("ModelTimeoutException", Class::TimeoutTotal),
    ("ModelErrorException", Class::Server),
    ("ModelStreamErrorException", Class::Server),
    ("InternalServerException", Class::Server),
    ("InternalFailure", Class::Server),
    ("AccessDeniedException", Class::UpstreamAuth),
    ("UnrecognizedClientException", Class::UpstreamAuth),
    ("InvalidSignatureException", Class::UpstreamAuth),
    ("IncompleteSignatureException", Class::UpstreamAuth),
    ("MissingAuthenticationTokenException", Class::UpstreamAuth),
    ("ExpiredTokenException", Class::UpstreamAuth),
    ("InvalidClientTokenId", Class::UpstreamAuth),
    ("RequestExpired", Class::UpstreamAuth),
    ("NotAuthorized", Class::UpstreamAuth),
    ("OptInRequired", Class::UpstreamAuth),
    ("ResourceNotFoundException", Class::ModelMissing),
    ("UnknownOperationException", Class::ModelMissing),
    ("ValidationException", Class::BadRequest),
    ("ValidationError", Class::BadRequest),
];

/// What the messages of some exceptions say more exactly here than elsewhere, as users of Bedrock
/// report them.
const PHRASES: [(Class, &str, Class); 4] = [
    // The account is new, or was restricted.
    (Class::BadRequest, "operation not allowed", Class::UpstreamAuth),
    // The account may call Bedrock, only not for this model.
    (Class::UpstreamAuth, "access to the model", Class::ModelMissing),
    // Waiting for a day is no waiting.
    (Class::RateLimit, "per day", Class::UpstreamQuota),
    (Class::Server, "too many connections", Class::Overloaded),
];

/// Reads an error answer: its class, and the provider's own words, which are short and free of
/// credentials and of the account's ARNs. `error_type` is the header `x-amzn-errortype`, which may
/// be followed by a colon and an address; without it the body's `__type` counts, which may follow a
/// namespace and `#`; without both the status.
pub fn read_error(status: u16, error_type: Option<&str>, body: &[u8]) -> (Class, ProviderError) {
    let mut error = openai::read_error(body);
    if let Some(kind) = error_type.map(bare_name).filter(|kind| !kind.is_empty()) {
        error.kind = Some(clean(kind));
    }
    (class(Some(status), &error), error)
}

/// The failure that a body with a success status tells of, if it does.
pub(super) fn inner_error(body: &[u8]) -> Option<Failure> {
    let error = openai::read_error(body);
    let told = error.kind.is_some() || !error.message.is_empty();
    told.then(|| failure(error, "an error inside a success"))
}

/// The failure that a message of a stream is: an exception, which Bedrock's model knows, or an
/// error, which it does not.
pub(super) fn stream_error(message: &Message) -> Failure {
    let mut error = openai::read_error(&message.payload);
    let name = message.exception_type.as_deref().or(message.error_code.as_deref());
    error.kind = name.map(|name| clean(bare_name(name))).or(error.kind);
    if let Some(words) = message.error_message.as_deref().filter(|_| error.message.is_empty()) {
        error.message = clean(words);
    }
    failure(error, "an exception in the stream")
}

fn failure(error: ProviderError, detail: &str) -> Failure {
    let (class, retry_after_ms) = (class(None, &error), error.retry_after_ms);
    let failure = Failure::answer(class, detail);
    Failure { retry_after_ms, error: Some(error.into()), ..failure }
}

fn class(status: Option<u16>, error: &ProviderError) -> Class {
    let kind = error.kind.as_deref().unwrap_or_default();
    let named = EXCEPTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind));
    let class = named.map_or_else(|| classify(status, error), |(_, class)| *class);
    let message = error.message.to_ascii_lowercase();
    let here = PHRASES.iter().find(|(of, phrase, _)| *of == class && message.contains(phrase));
    here.map_or_else(|| said(class, &message), |(_, _, exact)| *exact)
}

/// `com.amazon.coral.validate#ValidationException:http://…` is `ValidationException`.
fn bare_name(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().trim()
}
