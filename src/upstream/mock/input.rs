//! What the older endpoints accept as text: one or several, in words or in token numbers.

use serde::Deserialize;

use super::words;

/// Absent and null read as one empty text, which only legacy completions accept.
#[derive(Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Input {
    #[default]
    None,
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u64>),
    TokenLists(Vec<Vec<u64>>),
}

/// One text of an [`Input`].
#[derive(Clone, Copy)]
pub(super) enum Prompt<'a> {
    Text(&'a str),
    Tokens(&'a [u64]),
}

impl Input {
    /// How many texts there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::None | Self::Text(_) | Self::Tokens(_) => 1,
            Self::Texts(texts) => texts.len(),
            Self::TokenLists(lists) => lists.len(),
        }
    }

    pub(super) fn prompts(&self) -> Vec<Prompt<'_>> {
        match self {
            Self::None => vec![Prompt::Text("")],
            Self::Text(text) => vec![Prompt::Text(text)],
            Self::Texts(texts) => texts.iter().map(|text| Prompt::Text(text)).collect(),
            Self::Tokens(tokens) => vec![Prompt::Tokens(tokens)],
            Self::TokenLists(lists) => lists.iter().map(|tokens| Prompt::Tokens(tokens)).collect(),
        }
    }

    /// Tokens of all the texts, at least 1.
    pub(super) fn tokens(&self) -> u64 {
        self.prompts().into_iter().map(Prompt::count).sum::<u64>().max(1)
    }
}

impl Prompt<'_> {
    /// The first `most` tokens as text; token numbers stand for themselves, a word each.
    pub(super) fn excerpt(self, most: usize) -> String {
        match self {
            Self::Text(text) => words::tokens(text).take(most).collect(),
            Self::Tokens(tokens) => {
                let tokens = tokens.iter().take(most).map(u64::to_string);
                tokens.collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// The same for the same text.
    pub(super) fn hash(self) -> u64 {
        match self {
            Self::Text(text) => words::hash(text.as_bytes()),
            Self::Tokens(tokens) => words::hash(
                &tokens.iter().flat_map(|token| token.to_le_bytes()).collect::<Vec<_>>(),
            ),
        }
    }

    fn count(self) -> u64 {
        match self {
            Self::Text(text) => words::count(text),
            Self::Tokens(tokens) => words::length(tokens.len()),
        }
    }
}
