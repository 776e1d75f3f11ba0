//! A Claude model's whole answer as one of a conversation.

use super::answer::read_whole;
use super::wire::finish;
use crate::dialect::chat::Answer;
use crate::failure::Failure;

/// Reads a message. Blocks that only Anthropic knows, such as what its own tools brought, stay as
/// they are.
///
/// # Errors
/// As [`super::read_answer`].
pub fn read_answer_chat(body: &[u8]) -> Result<Answer, Failure> {
    let (message, blocks, usage) = read_whole(body)?;
    Ok(Answer {
        id: message.id.unwrap_or_default(),
        model: message.model.unwrap_or_default(),
        blocks,
        finish: message.stop_reason.as_deref().map(finish).unwrap_or_default(),
        stop_sequence: message.stop_sequence,
        usage,
    })
}
