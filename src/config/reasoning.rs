//! How a target is told to think, where neither its vendor nor its model's name says it.

use super::fields::{Fields, Item};
use super::problems::unknown_name;
use crate::dialect::Dialect;
use crate::dialect::anthropic::Thinking;
use crate::dialect::openai::chat::ReasoningStyle;

/// What the configuration says of it. Only a translated request asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// For targets that speak OpenAI.
    pub style: Option<ReasoningStyle>,
    /// For targets that speak Messages.
    pub thinking: Option<Thinking>,
}

impl Reasoning {
    pub(super) fn read(fields: &Fields<'_>, dialect: Option<Dialect>) -> Self {
        let read = |item: Item<'_>| {
            let word = item.text()?;
            let (style, thinking) = (ReasoningStyle::named(word), Thinking::named(word));
            let (is_known, words): (bool, &[&str]) = match dialect? {
                Dialect::OpenAi => (style.is_some(), &ReasoningStyle::WORDS),
                Dialect::Anthropic => (thinking.is_some(), &Thinking::WORDS),
                Dialect::Converse => {
                    item.problem("Bedrock's models are known by their names");
                    return None;
                }
            };
            if !is_known {
                item.problem(unknown_name("reasoning", word, words.iter().copied()));
            }
            Some(Self { style, thinking })
        };
        fields.item("reasoning").and_then(read).unwrap_or_default()
    }

    /// What is said here, or else there.
    pub(super) fn or(self, other: Self) -> Self {
        Self { style: self.style.or(other.style), thinking: self.thinking.or(other.thinking) }
    }
}
