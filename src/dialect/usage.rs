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
    /// How much of that was written to stay for an hour, which is dearer.
    pub cache_write_1h: u64,
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

    /// The larger of two reports on one answer, by input and by output: a provider that takes
    /// something back is not believed.
    #[must_use]
    pub fn or_more(self, later: Self) -> Self {
        let input = if later.input() >= self.input() { later } else { self };
        let output = if later.output >= self.output { later } else { self };
        Self { output: output.output, reasoning: output.reasoning, ..input }
    }

    /// Whether an OpenAI-shaped `usage` object says nothing yet: some providers send zeros until
    /// they know.
    pub fn is_placeholder(json: &str) -> bool {
        let read = serde_json::from_str::<OpenAiUsage>(json);
        read.is_ok_and(|wire| {
            let zero = |figure: Option<u64>| figure.unwrap_or(0) == 0;
            zero(wire.prompt_tokens) && zero(wire.completion_tokens) && zero(wire.total_tokens)
        })
    }

    /// Reads an OpenAI-shaped `usage` object. The cached tokens are inside `prompt_tokens`; DeepSeek
    /// names them `prompt_cache_hit_tokens`; so are those that `DashScope` writes to a cache (Model
    /// Studio, "Context cache"). Figures that cannot be true (negative, fractional, more
    /// cached than sent, absurdly large) are no figures: nothing is read from them.
    pub fn from_openai(json: &str) -> Option<Self> {
        let wire: OpenAiUsage = serde_json::from_str(json).ok()?;
        let prompt = wire.prompt_tokens?;
        let details = wire.prompt_tokens_details.unwrap_or_default();
        let cached = details.cached_tokens.or(wire.prompt_cache_hit_tokens).unwrap_or(0);
        let written = details.cache_creation_input_tokens.unwrap_or(0);
        let special = cached.saturating_add(written);
        // What the total has beyond the two is output that the provider does not call so. Without
        // either figure nobody knows the output: an embedding has the total.
        let rest = wire.total_tokens.map(|total| total.saturating_sub(prompt));
        let output = match (wire.completion_tokens, rest) {
            (Some(output), Some(rest)) => output.max(rest),
            (output, rest) => output.or(rest)?,
        };
        let reasoning = wire
            .completion_tokens_details
            .and_then(|details| details.reasoning_tokens)
            .unwrap_or(0);
        // No input has no tokens.
        let sane =
            prompt > 0 && special <= prompt && prompt <= MOST_TOKENS && output <= MOST_TOKENS;
        sane.then_some(Self {
            input_uncached: prompt.saturating_sub(special),
            cache_read: cached,
            cache_write: written,
            cache_write_1h: 0,
            output,
            reasoning: reasoning.min(output),
        })
    }

    /// Reads an Anthropic-shaped `usage` object: the cached tokens are beside `input_tokens`, not
    /// inside it, and thinking is inside `output_tokens` (Messages API, "Usage"). What is written to
    /// the cache for an hour is a part of what is written. Figures that cannot be true are no
    /// figures, and no input has no tokens.
    pub fn from_anthropic(json: &str) -> Option<Self> {
        Self::default().after_anthropic(json).filter(|usage| usage.input() > 0)
    }

    /// Reads a report on an answer that is not whole, such as `message_start` and `message_delta`
    /// bring it. Its figures are totals and replace the earlier ones; those that it leaves out have
    /// not changed.
    pub fn after_anthropic(self, json: &str) -> Option<Self> {
        let wire: AnthropicUsage = serde_json::from_str(json).ok()?;
        wire.after(self)
    }
}

/// No request has a billion tokens.
pub(super) const MOST_TOKENS: u64 = 1_000_000_000;

#[derive(Deserialize)]
struct OpenAiUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct AnthropicUsage {
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<CacheCreation>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Option<u64>,
    ephemeral_1h_input_tokens: Option<u64>,
}

impl CacheCreation {
    fn total(&self) -> u64 {
        let (short, long) = (self.ephemeral_5m_input_tokens, self.ephemeral_1h_input_tokens);
        short.unwrap_or(0).saturating_add(long.unwrap_or(0))
    }
}

#[derive(Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

impl AnthropicUsage {
    fn after(self, before: Usage) -> Option<Usage> {
        let output = self.output_tokens?;
        let parts = self.cache_creation.as_ref().map(CacheCreation::total);
        let long = self.cache_creation.and_then(|parts| parts.ephemeral_1h_input_tokens);
        // The split and its total say the same; where they differ, the larger is billed.
        let cache_write = self.cache_creation_input_tokens.max(parts).unwrap_or(before.cache_write);
        let thinking = self.output_tokens_details.and_then(|details| details.thinking_tokens);
        let usage = Usage {
            input_uncached: self.input_tokens.unwrap_or(before.input_uncached),
            cache_read: self.cache_read_input_tokens.unwrap_or(before.cache_read),
            cache_write,
            cache_write_1h: long.unwrap_or(before.cache_write_1h).min(cache_write),
            output,
            reasoning: thinking.unwrap_or(before.reasoning).min(output),
        };
        (usage.input() <= MOST_TOKENS && output <= MOST_TOKENS).then_some(usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Option<(u64, u64, u64, u64)>) {
        let expected = expected.map(|(input_uncached, cache_read, output, reasoning)| Usage {
            input_uncached,
            cache_read,
            output,
            reasoning,
            ..Usage::default()
        });
        assert_eq!(Usage::from_openai(json), expected, "{json}");
    }

    #[test]
    fn tokens_written_to_a_cache_are_inside_the_prompt() {
        let json = r#"{"prompt_tokens":2000,"completion_tokens":5,"prompt_tokens_details":
            {"cached_tokens":300,"cache_creation_input_tokens":1500}}"#;
        let expected = Usage {
            input_uncached: 200,
            cache_read: 300,
            cache_write: 1_500,
            output: 5,
            ..Usage::default()
        };
        assert_eq!(Usage::from_openai(json), Some(expected));
    }

    #[test]
    fn zeros_say_nothing_yet() {
        for (json, expected) in [
            (r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#, true),
            ("{}", true),
            (r#"{"prompt_tokens":0,"completion_tokens":1}"#, false),
            (r#"{"prompt_tokens":-1}"#, false),
            ("[]", false),
        ] {
            assert_eq!(Usage::is_placeholder(json), expected, "{json}");
        }
    }

    #[test]
    fn of_two_reports_the_larger_counts() {
        let usage = |input_uncached, cache_read, output| Usage {
            input_uncached,
            cache_read,
            output,
            ..Usage::default()
        };
        for (first, second, both) in [
            (usage(5, 0, 1), usage(5, 0, 9), usage(5, 0, 9)),
            (usage(5, 0, 9), usage(5, 0, 1), usage(5, 0, 9)),
            (usage(9, 0, 1), usage(5, 4, 2), usage(5, 4, 2)),
            (usage(0, 0, 0), usage(5, 4, 2), usage(5, 4, 2)),
        ] {
            assert_eq!(first.or_more(second), both);
        }
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
        // Gemini's thoughts are in the total only.
        check(
            r#"{"prompt_tokens":8,"completion_tokens":2,"total_tokens":110}"#,
            Some((8, 0, 102, 0)),
        );
        check(r#"{"prompt_tokens":8,"completion_tokens":5,"total_tokens":1}"#, Some((8, 0, 5, 0)));
        check(
            r#"{"prompt_tokens":9,"prompt_tokens_details":null,"completion_tokens":1}"#,
            Some((9, 0, 1, 0)),
        );
        for nonsense in [
            "null",
            "{}",
            "[]",
            r#"{"prompt_tokens":9}"#,
            r#"{"prompt_tokens":0,"completion_tokens":9}"#,
            r#"{"completion_tokens":9}"#,
            r#"{"prompt_tokens":-1,"completion_tokens":1}"#,
            r#"{"prompt_tokens":1.5,"completion_tokens":1}"#,
            r#"{"prompt_tokens":"9","completion_tokens":1}"#,
            r#"{"prompt_tokens":9223372036854775808,"completion_tokens":1}"#,
            r#"{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}"#,
        ] {
            check(nonsense, None);
        }
    }

    #[test]
    fn anthropic_shapes_and_nonsense() {
        let read = |json: &str| {
            Usage::from_anthropic(json).map(|usage| {
                let Usage { input_uncached, cache_read, cache_write, cache_write_1h, .. } = usage;
                let input = [input_uncached, cache_read, cache_write, cache_write_1h];
                (input, usage.output, usage.reasoning)
            })
        };
        assert_eq!(read(r#"{"input_tokens":9,"output_tokens":3}"#), Some(([9, 0, 0, 0], 3, 0)));
        let all = r#"{"input_tokens":9,"cache_read_input_tokens":4,"cache_creation_input_tokens":5,
            "cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":3},
            "output_tokens":7,"output_tokens_details":{"thinking_tokens":6}}"#;
        assert_eq!(read(all), Some(([9, 4, 5, 3], 7, 6)));
        let split = r#"{"input_tokens":1,"cache_creation":{"ephemeral_1h_input_tokens":8},
            "output_tokens":1}"#;
        assert_eq!(read(split), Some(([1, 0, 8, 8], 1, 0)));
        let start = Usage::from_anthropic(all).unwrap();
        let later = start.after_anthropic(r#"{"output_tokens":20}"#).unwrap();
        assert_eq!(later, Usage { output: 20, ..start });
        let later = start.after_anthropic(r#"{"input_tokens":90,"output_tokens":20}"#).unwrap();
        assert_eq!((later.input_uncached, later.cache_read, later.output), (90, 4, 20));
        // A later total has the earlier split, as far as it goes.
        for (total, long) in [(7, 3), (2, 2)] {
            let json = format!(r#"{{"cache_creation_input_tokens":{total},"output_tokens":20}}"#);
            let later = start.after_anthropic(&json).unwrap();
            assert_eq!((later.cache_write, later.cache_write_1h), (total, long));
        }
        for nonsense in [
            "null",
            "{}",
            r#"{"output_tokens":9}"#,
            r#"{"input_tokens":9}"#,
            r#"{"input_tokens":-1,"output_tokens":1}"#,
            r#"{"input_tokens":1.5,"output_tokens":1}"#,
            r#"{"input_tokens":"9","output_tokens":1}"#,
            r#"{"input_tokens":999999999,"cache_read_input_tokens":2,"output_tokens":1}"#,
        ] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
