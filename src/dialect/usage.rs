//! Usage: what a provider reports to have used, in one shape for all of them.

use serde::Deserialize;

/// Tokens by kind. Every input token is in exactly one of the three input figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input that was not in the provider's cache.
    pub input_uncached: u64,
    /// Input read from the provider's cache.
    pub cache_read: u64,
    /// Input written to the provider's cache, where that is reported.
    pub cache_write: u64,
    /// Output, reasoning included.
    pub output: u64,
    /// How much of the output was reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// All input tokens.
    pub fn input(&self) -> u64 {
        self.input_uncached.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }

    /// All tokens.
    pub fn total(&self) -> u64 {
        self.input().saturating_add(self.output)
    }

    /// Reads an OpenAI-shaped `usage` object. The cached tokens are inside `prompt_tokens`; DeepSeek
    /// names them `prompt_cache_hit_tokens`. Figures that cannot be true (negative, fractional, more
    /// cached than sent, absurdly large) are no figures: nothing is read from them.
    pub fn from_openai(json: &str) -> Option<Self> {
        let wire: OpenAiUsage = serde_json::from_str(json).ok()?;
        let prompt = wire.prompt_tokens?;
        let cached = wire
            .prompt_tokens_details
            .and_then(|details| details.cached_tokens)
            .or(wire.prompt_cache_hit_tokens)
            .unwrap_or(0);
        let output = wire.completion_tokens.unwrap_or(0);
        let reasoning = wire
            .completion_tokens_details
            .and_then(|details| details.reasoning_tokens)
            .unwrap_or(0);
        let sane = cached <= prompt && prompt <= MOST_TOKENS && output <= MOST_TOKENS;
        sane.then_some(Self {
            input_uncached: prompt - cached.min(prompt),
            cache_read: cached,
            cache_write: 0,
            output,
            reasoning: reasoning.min(output),
        })
    }
}

/// No request has a billion tokens.
const MOST_TOKENS: u64 = 1_000_000_000;

#[derive(Deserialize)]
struct OpenAiUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Option<(u64, u64, u64, u64)>) {
        let expected = expected.map(|(input_uncached, cache_read, output, reasoning)| Usage {
            input_uncached,
            cache_read,
            cache_write: 0,
            output,
            reasoning,
        });
        assert_eq!(Usage::from_openai(json), expected, "{json}");
    }

    #[test]
    fn openai_shapes_and_nonsense() {
        check(
            r#"{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}"#,
            Some((9, 0, 12, 0)),
        );
        check(
            r#"{"prompt_tokens":9,"completion_tokens":12,"prompt_tokens_details":{"cached_tokens":4},
                "completion_tokens_details":{"reasoning_tokens":7}}"#,
            Some((5, 4, 12, 7)),
        );
        check(
            r#"{"prompt_tokens":9,"prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":1,
                "completion_tokens":1}"#,
            Some((1, 8, 1, 0)),
        );
        check(r#"{"prompt_tokens":8,"total_tokens":8}"#, Some((8, 0, 0, 0)));
        check(
            r#"{"prompt_tokens":9,"prompt_tokens_details":null,"completion_tokens":1}"#,
            Some((9, 0, 1, 0)),
        );
        for nonsense in [
            "null",
            "{}",
            "[]",
            r#"{"prompt_tokens":-1,"completion_tokens":1}"#,
            r#"{"prompt_tokens":1.5,"completion_tokens":1}"#,
            r#"{"prompt_tokens":"9","completion_tokens":1}"#,
            r#"{"prompt_tokens":9223372036854775808,"completion_tokens":1}"#,
            r#"{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}"#,
        ] {
            check(nonsense, None);
        }
    }
}
