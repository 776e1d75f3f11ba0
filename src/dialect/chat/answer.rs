//! A whole answer.

use super::Block;
use crate::dialect::Usage;

/// What the model said. One choice: dialects that know more refuse or fan out before.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The answer's id at the provider.
    pub id: String,
    /// The model that answered, as the provider calls it.
    pub model: String,
    /// What was said: text, thoughts, calls of tools, refusals; in that order as it came.
    pub blocks: Vec<Block>,
    /// Why it ended.
    pub finish: Finish,
    /// The text that ended it, when one of the client's did.
    pub stop_sequence: Option<String>,
    /// What was used.
    pub usage: Option<Usage>,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finish {
    /// It was complete.
    #[default]
    Stop,
    /// One of the client's texts ended it.
    StopSequence,
    /// The cap on its output, or the model's context, was reached.
    Length,
    /// It calls tools.
    ToolUse,
    /// The provider or the model refused to go on.
    Refused,
    /// The provider paused a long turn; sent back, it goes on.
    Paused,
}
