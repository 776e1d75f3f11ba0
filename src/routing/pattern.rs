//! Model patterns: `gpt-*`, `ep-?`, or a name.

use std::fmt;

/// A pattern over aliases: `*` stands for any text, `?` for one character, all else for itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    ignores_case: bool,
}

impl Pattern {
    /// A case-sensitive pattern.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ignores_case: false }
    }

    /// The same pattern that does not tell `DeepSeek` from `deepseek`.
    #[must_use]
    pub fn ignoring_case(self) -> Self {
        Self { ignores_case: true, ..self }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it names one alias.
    pub fn is_exact(&self) -> bool {
        !self.text.contains(['*', '?'])
    }

    /// How many of its characters stand for themselves: the more, the closer it fits.
    pub fn literal_chars(&self) -> usize {
        self.text.chars().filter(|c| !matches!(c, '*' | '?')).count()
    }

    /// Whether the pattern covers this alias. Takes time in proportion to both lengths, whatever
    /// the pattern.
    pub fn matches(&self, alias: &str) -> bool {
        let same = |a: u8, b: u8| a == b || (self.ignores_case && a.eq_ignore_ascii_case(&b));
        let (pattern, text) = (self.text.as_bytes(), alias.as_bytes());
        let (mut p, mut t) = (0, 0);
        // Where the last `*` stands and how much of the text it has taken so far.
        let mut star: Option<(usize, usize)> = None;
        while let Some(byte) = text.get(t) {
            match pattern.get(p) {
                Some(b'*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(expected) if *expected == b'?' || same(*expected, *byte) => {
                    p += 1;
                    t += 1;
                }
                _ => {
                    let Some((star_p, star_t)) = star else { return false };
                    star = Some((star_p, star_t + 1));
                    p = star_p + 1;
                    t = star_t + 1;
                }
            }
        }
        pattern.iter().skip(p).all(|rest| *rest == b'*')
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, alias: &str, expected: bool) {
        assert_eq!(Pattern::new(pattern).matches(alias), expected, "{pattern} on {alias}");
    }

    #[test]
    fn globs() {
        check("gpt-4o", "gpt-4o", true);
        check("gpt-4o", "gpt-4o-mini", false);
        check("gpt-*", "gpt-4o", true);
        check("gpt-*", "gpt-", true);
        check("gpt-*", "xgpt-4", false);
        check("*", "", true);
        check("*", "anything", true);
        check("*-mini", "gpt-4o-mini", true);
        check("*-mini", "gpt-4o-mini-high", false);
        check("a*b*c", "aXbYbZc", true);
        check("a*b*c", "aXbYbZ", false);
        check("ep-?", "ep-1", true);
        check("ep-?", "ep-12", false);
        check("", "", true);
        check("", "a", false);
        check("DeepSeek-*", "deepseek-v3", false);
        assert!(Pattern::new("DeepSeek-*").ignoring_case().matches("deepseek-V3"));
    }

    #[test]
    fn a_hostile_pattern_is_not_slow() {
        let pattern = Pattern::new("*a".repeat(100));
        assert!(!pattern.matches(&"a".repeat(99)));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(10_000))));
    }
}
