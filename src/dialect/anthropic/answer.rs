//! A whole answer: what the gateway must know of it. Its bytes go to the client unchanged.

use super::errors::{empty, inner_error, malformed, not_utf8, refused, told};
use super::wire::{Message, REFUSAL, block, finish, is_null, says_something};
use crate::dialect::Usage;
use crate::dialect::chat::{Block, Finish};
use crate::failure::Failure;

/// Reads an answer that came with a success status: its usage, if it reports one that can be true.
///
/// # Errors
/// A failure when it is no answer at all: not JSON, an error, or nothing in it. A refusal that says
/// nothing is [`crate::failure::Class::ContentPolicy`].
pub fn read_answer(body: &[u8]) -> Result<Option<Usage>, Failure> {
    read_whole(body).map(|(_, _, usage)| usage)
}

/// The message, its blocks and its usage.
pub(super) fn read_whole(body: &[u8]) -> Result<(Message<'_>, Vec<Block>, Option<Usage>), Failure> {
    let text = std::str::from_utf8(body).map_err(|_| not_utf8("the answer"))?;
    let message: Message<'_> =
        serde_json::from_str(text).map_err(|error| malformed("the answer", &error))?;
    if !is_null(message.error) {
        return Err(inner_error(body));
    }
    let blocks = message.content.iter().flatten().map(|json| block(json));
    let blocks = blocks
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| malformed("a block of the answer", &error))?;
    let usage = message.usage.and_then(|usage| Usage::from_anthropic(usage.get()));
    if blocks.iter().any(says_something) {
        // Content without output is a report that cannot be true.
        return Ok((message, blocks, usage.filter(|usage| usage.output > 0)));
    }
    says_why_nothing(&message, usage).map_err(|failure| told(body).unwrap_or(failure))?;
    Ok((message, blocks, usage))
}

fn says_why_nothing(message: &Message<'_>, usage: Option<Usage>) -> Result<(), Failure> {
    let details = message.stop_details.as_ref();
    let why = details.and_then(|details| details.explanation.as_deref());
    may_be_silent(message.stop_reason.as_deref(), why, usage)
}

/// Whether an answer without content is one: a model that was billed for having nothing to say (the
/// API documents empty answers after the results of tools), or that was asked for none
/// (`max_tokens: 0`).
pub(super) fn may_be_silent(
    stop_reason: Option<&str>,
    why: Option<&str>,
    usage: Option<Usage>,
) -> Result<(), Failure> {
    if stop_reason == Some(REFUSAL) {
        return Err(refused(why));
    }
    let billed = usage.is_some_and(|usage| usage.output > 0);
    let used_up = stop_reason.is_some_and(|reason| finish(reason) == Finish::Length);
    if billed || used_up { Ok(()) } else { Err(empty()) }
}
