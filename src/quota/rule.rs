//! A rule: one limit of one key or team, in one mode, for all aliases or for some.

use std::fmt;

use super::limits::{Limit, Mode};
use crate::keys::Digest;
use crate::routing::Pattern;

/// How much of a pattern's digest names its counters.
const SLOT_CHARS: usize = 10;

/// One limit of an account. Its figure is kept beside it, so that the figure can change without
/// the rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Which limit.
    pub limit: &'static Limit,
    /// What it does.
    pub mode: Mode,
    /// The aliases that it is about; all when there is none.
    pub alias: Option<Pattern>,
    attribute: String,
}

impl Rule {
    /// A rule about all aliases, or those that fit a pattern.
    pub fn new(limit: &'static Limit, mode: Mode, alias: Option<Pattern>) -> Self {
        // A name of its own for each pattern, whatever characters it has and however the other
        // rules change.
        let attribute = match &alias {
            None => limit.attribute.to_owned(),
            Some(pattern) => {
                let digest = Digest::of(pattern.as_str()).to_hex();
                let slot: String = digest.chars().take(SLOT_CHARS).collect();
                format!("{}:{slot}", limit.attribute)
            }
        };
        Self { limit, mode, alias, attribute }
    }

    /// A limit in its default mode, for all aliases.
    pub fn plain(limit: &'static Limit) -> Self {
        Self::new(limit, limit.default_mode(), None)
    }

    /// The attribute that holds its figure: `tpd`, or `tpd:9f86d08188` for some aliases.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// The counter of a window, which holds what is left: `tpd@20414`.
    pub fn counter(&self, window_id: u64) -> String {
        [self.attribute.as_str(), "@", &window_id.to_string()].concat()
    }

    /// Whether it is about a request for that alias. A request for none is about nothing.
    pub fn is_about(&self, alias: Option<&str>) -> bool {
        self.alias.as_ref().is_none_or(|pattern| alias.is_some_and(|alias| pattern.matches(alias)))
    }

    /// Whether it is as a key has it that nothing special was said of.
    pub fn is_plain(&self) -> bool {
        self.alias.is_none() && self.mode == self.limit.default_mode() && self.limit.is_window()
    }

    /// Reads a rule as it is written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (text, alias) = match text.split_once(':') {
            Some((text, pattern)) => (text, Some(Pattern::new(pattern))),
            None => (text, None),
        };
        let (attribute, mode) = match text.split_once('=') {
            Some((attribute, mode)) => (attribute, Some(Mode::named(mode)?)),
            None => (text, None),
        };
        let limit = Limit::stored_as(attribute)?;
        Some(Self::new(limit, mode.unwrap_or_else(|| limit.default_mode()), alias))
    }
}

/// As it stands in a [`super::Shape`]: `tpd`, `tpm=hard`, `usdmo=shadow:gpt-5*`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.limit.attribute)?;
        if self.mode != self.limit.default_mode() {
            write!(f, "={}", self.mode.name())?;
        }
        match &self.alias {
            Some(pattern) => write!(f, ":{}", pattern.as_str()),
            None => Ok(()),
        }
    }
}

/// The name of the counter beside a counter: what was settled in that window.
pub(super) fn spent(counter: &str) -> String {
    [counter, SPENT].concat()
}

/// The end of such a name.
pub(super) const SPENT: &str = ".spent";
