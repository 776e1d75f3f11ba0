//! Counting tokens without a provider: an estimate, and said to be one.

use serde::{Deserialize, Serialize};

use super::MessagesCall;
use super::errors::malformed;
use crate::failure::Failure;

/// What the wire around one message costs.
const TOKENS_PER_MESSAGE: u64 = 4;
/// What an image of the largest size that is not scaled down costs, or about a page of a PDF
/// ("Vision", "PDF support").
const TOKENS_PER_MEDIA: u64 = 1_600;

/// About how many tokens the input has: a token for each three and a half bytes of the request's
/// JSON without its media, which also stand for what Anthropic adds to tools, and constants for
/// messages and media. It is for planning, not for billing.
pub fn count_request(call: &MessagesCall) -> u64 {
    let size = &call.size;
    let text = size.text_bytes.saturating_mul(2) / 7;
    let messages = size.messages.saturating_mul(TOKENS_PER_MESSAGE);
    let media = size.media.saturating_mul(TOKENS_PER_MEDIA);
    text.saturating_add(messages).saturating_add(media)
}

#[derive(Deserialize, Serialize)]
struct Counted {
    input_tokens: u64,
}

/// The answer of `POST /v1/messages/count_tokens`: `{"input_tokens": n}`.
pub fn count_answer(tokens: u64) -> String {
    // A number always serializes.
    serde_json::to_string(&Counted { input_tokens: tokens }).unwrap_or_default()
}

/// Reads a provider's own count: `{"input_tokens": n}`.
///
/// # Errors
/// A failure when it is none.
pub fn read_count(body: &[u8]) -> Result<u64, Failure> {
    let counted: Counted =
        serde_json::from_slice(body).map_err(|error| malformed("the count", &error))?;
    Ok(counted.input_tokens)
}
