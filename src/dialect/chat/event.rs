//! A stream, event by event.

use super::Finish;
use crate::dialect::Usage;

/// What one event of a stream means. Blocks come one after the other: each begins, grows and ends
/// before the next begins; calls of tools are numbered from 0 in the order in which they begin. A
/// reader whose wire mixes calls orders them by ending the open block.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The answer begins.
    Start {
        /// Its id at the provider.
        id: String,
        /// The model that answers, as the provider calls it.
        model: String,
        /// What is known of its usage already: the input, where the provider says it first.
        usage: Option<Usage>,
    },
    /// More text.
    Text(String),
    /// More thoughts.
    Thinking(String),
    /// What the provider signed the thoughts before it with.
    Signature(String),
    /// Thoughts that only the provider can read.
    RedactedThinking(String),
    /// The model's words of refusal.
    Refusal(String),
    /// A call of a tool begins.
    ToolStart {
        /// Which, from 0.
        index: usize,
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// What the provider signed the call with: JSON as it came.
        signature: Option<String>,
    },
    /// More of the arguments of a call.
    ToolArguments {
        /// Of which.
        index: usize,
        /// The next piece of their JSON.
        piece: String,
    },
    /// The open block has ended.
    BlockEnd,
    /// The answer has ended, and why. Usage may still follow.
    Finish {
        /// Why.
        finish: Finish,
        /// The text that ended it, when one of the client's did.
        stop_sequence: Option<String>,
    },
    /// The usage so far; of several the last and largest counts.
    Usage(Usage),
    /// A sign of life.
    Ping,
}
