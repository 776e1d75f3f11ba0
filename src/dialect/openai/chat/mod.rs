//! Chat completions between dialects: an OpenAI client whose target speaks another dialect, and an
//! OpenAI-compatible target whose client does. Between equals the bytes go through as they are, and
//! none of this is used.
//!
//! # Thoughts of several turns
//!
//! Some models sign their thoughts and must see them again, unchanged, while a tool is used. An
//! OpenAI client gets them as `thinking_blocks` of the assistant's message, beside the plain
//! `reasoning_content`: a list of `{"type":"thinking","thinking":…,"signature":…}` and
//! `{"type":"redacted_thinking","data":…}`. A client that sends the message back as it came sends
//! them back, and [`read_request`] finds them there. In a stream each block comes as one delta when
//! it is whole, with an `index`, because OpenAI's SDKs put lists of deltas together by it.
//!
//! What a provider signed a call with (`extra_content` of a tool call, as Gemini has it) goes there
//! and back in the same field.

mod client;
mod target;
#[cfg(test)]
pub(in crate::dialect) mod tests;

pub use client::{StreamWriter, read_request, write_answer};
pub use target::{Decoder, ReasoningStyle, SignedCalls, Target, read_answer, write_request};
