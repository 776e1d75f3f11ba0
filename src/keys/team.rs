//! The id of a team: the name that an operator gives it.

use std::fmt;

const MOST_CHARS: usize = 32;

/// A team, whose limits bind all of its keys together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TeamId(String);

impl TeamId {
    /// Reads an id.
    ///
    /// # Errors
    /// When it is not one to 32 lower-case letters, digits and `-`.
    pub fn parse(text: &str) -> Result<Self, MalformedTeam> {
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=MOST_CHARS).contains(&text.len()) && text.bytes().all(good) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MalformedTeam)
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TeamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no id of a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedTeam;

impl fmt::Display for MalformedTeam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a team's id has 1 to {MOST_CHARS} lower-case letters, digits and '-'")
    }
}

impl std::error::Error for MalformedTeam {}
