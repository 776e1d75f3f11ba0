//! Bedrock's exceptions, out of a stream and in it, and what they mean.

use serde_json::Value;

use crate::dialect::classify;
use crate::dialect::event_stream::Message;
use crate::dialect::openai::clean;
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

/// What the messages of some exceptions say more exactly, as users of Bedrock report them.
const PHRASES: [(Class, &str, Class); 16] = [
    (Class::BadRequest, "input is too long", Class::ContextLength),
    (Class::BadRequest, "prompt is too long", Class::ContextLength),
    (Class::BadRequest, "too many input tokens", Class::ContextLength),
    (Class::BadRequest, "maximum context length", Class::ContextLength),
    (Class::BadRequest, "exceed context limit", Class::ContextLength),
    (Class::BadRequest, "context window", Class::ContextLength),
    (Class::BadRequest, "model identifier is invalid", Class::ModelMissing),
    (Class::BadRequest, "on-demand throughput isn", Class::ModelMissing),
    (Class::BadRequest, "on-demand throughput is not", Class::ModelMissing),
    (Class::BadRequest, "operation not allowed", Class::UpstreamAuth),
    (Class::BadRequest, "content filtering policy", Class::ContentPolicy),
    (Class::BadRequest, "blocked by our content filters", Class::ContentPolicy),
    (Class::BadRequest, "responsible ai polic", Class::ContentPolicy),
    // The account may call Bedrock, only not for this model.
    (Class::UpstreamAuth, "access to the model", Class::ModelMissing),
    // Waiting for a day is no waiting.
    (Class::RateLimit, "per day", Class::UpstreamQuota),
    (Class::Server, "too many connections", Class::Overloaded),
];

/// Where the message of a refused signature begins to repeat the request that was signed, with the
/// session's token in it.
const ECHO: &str = "The Canonical String";

/// Reads an error answer: its class, and the provider's own words, which are short and free of
/// credentials and of the account's ARNs. `error_type` is the header `x-amzn-errortype`, which may
/// be followed by a colon and an address; without it the body's `__type` counts, which may follow a
/// namespace and `#`; without both the status.
pub fn read_error(status: u16, error_type: Option<&str>, body: &[u8]) -> (Class, ProviderError) {
    let mut error = read_body(body);
    if let Some(kind) = error_type.map(bare_name).filter(|kind| !kind.is_empty()) {
        error.kind = Some(clean(kind));
    }
    (class(Some(status), &error), error)
}

/// The failure that a body with a success status tells of, if it does.
pub(super) fn inner_error(body: &[u8]) -> Option<Failure> {
    let error = read_body(body);
    let told = error.kind.is_some() || !error.message.is_empty();
    told.then(|| failure(error, "an error inside a success"))
}

/// The failure that a message of a stream is: an exception, which Bedrock's model knows, or an
/// error, which it does not.
pub(super) fn stream_error(message: &Message) -> Failure {
    let mut error = read_body(&message.payload);
    let name = message.exception_type.as_deref().or(message.error_code.as_deref());
    error.kind = name.map(|name| clean(bare_name(name))).or(error.kind);
    if let Some(words) = message.error_message.as_deref().filter(|_| error.message.is_empty()) {
        error.message = clean(&without_account(words));
    }
    failure(error, "an exception in the stream")
}

fn failure(error: ProviderError, detail: &str) -> Failure {
    let class = class(None, &error);
    Failure { error: Some(error.into()), ..Failure::answer(class, detail) }
}

fn class(status: Option<u16>, error: &ProviderError) -> Class {
    let kind = error.kind.as_deref().unwrap_or_default();
    let named = EXCEPTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind));
    let class = named.map_or_else(|| classify(status, error), |(_, class)| *class);
    let message = error.message.to_ascii_lowercase();
    let said = PHRASES.iter().find(|(of, phrase, _)| *of == class && message.contains(phrase));
    said.map_or(class, |(_, _, exact)| *exact)
}

/// `{"message"}` of the API's own exceptions, `{"Message"}` of the front's, `{"Output":{"__type"}}`
/// where there is no such operation.
fn read_body(body: &[u8]) -> ProviderError {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return ProviderError::default() };
    let value = value.get("Output").unwrap_or(&value);
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let message = text("message").or_else(|| text("Message")).unwrap_or_default();
    let kind = text("__type").map(|kind| clean(bare_name(kind)));
    ProviderError { message: clean(&without_account(message)), kind, ..ProviderError::default() }
}

/// `com.amazon.coral.validate#ValidationException:http://…` is `ValidationException`.
fn bare_name(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().trim()
}

/// A message without ARNs, which hold the account's number and the function's role, and without the
/// echo of a signed request.
fn without_account(message: &str) -> String {
    let message = message.split(ECHO).next().unwrap_or_default();
    let words = message.split_inclusive(char::is_whitespace).map(|word| {
        let Some(at) = word.find("arn:aws") else { return word.to_owned() };
        let (before, arn) = word.split_at(at);
        let after =
            arn.trim_start_matches(|c: char| c.is_alphanumeric() || ":/._-+=@*".contains(c));
        format!("{before}[arn]{after}")
    });
    words.collect()
}
