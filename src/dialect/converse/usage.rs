//! What Converse reports to have used.

use serde::Deserialize;

use crate::dialect::Usage;
use crate::dialect::usage::MOST_TOKENS;

impl Usage {
    /// Reads Bedrock Converse's `usage` object. `inputTokens` leaves out what was read from the
    /// cache and what was written to it (Amazon Bedrock User Guide, "Prompt caching": the whole input
    /// is the sum of the three); reasoning is inside `outputTokens` and not told apart. Nova models
    /// have called the two `cacheReadInputTokenCount` and `cacheWriteInputTokenCount`. What
    /// was written for an hour is told by `cacheDetails` (`TokenUsage`, API reference). What
    /// `totalTokens` has beyond the sum is counted as output. Figures that cannot be true are no
    /// figures, as above.
    pub fn from_converse(json: &str) -> Option<Self> {
        let wire: ConverseUsage = serde_json::from_str(json).ok()?;
        let input_uncached = wire.input_tokens?;
        let cache_read = wire.cache_read_input_tokens.or(wire.cache_read_input_token_count);
        let cache_write = wire.cache_write_input_tokens.or(wire.cache_write_input_token_count);
        let (cache_read, cache_write) = (cache_read.unwrap_or(0), cache_write.unwrap_or(0));
        let output = wire.output_tokens?;
        let long = wire.cache_details.unwrap_or_default().into_iter();
        let long = long.filter(|written| written.ttl.as_deref() == Some("1h"));
        let long = long.filter_map(|written| written.input_tokens).fold(0, u64::saturating_add);
        let cache_write_1h = long.min(cache_write);
        let usage =
            Self { input_uncached, cache_read, cache_write, cache_write_1h, output, reasoning: 0 };
        let rest = wire.total_tokens.map_or(0, |total| total.saturating_sub(usage.input()));
        let usage = Self { output: output.max(rest), ..usage };
        // No input has no tokens; a guardrail that keeps it from the model reports so all the same.
        let sane = (1..=MOST_TOKENS).contains(&usage.input()) && usage.output <= MOST_TOKENS;
        sane.then_some(usage)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConverseUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    total_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_read_input_token_count: Option<u64>,
    cache_write_input_tokens: Option<u64>,
    cache_write_input_token_count: Option<u64>,
    cache_details: Option<Vec<CacheDetail>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CacheDetail {
    ttl: Option<String>,
    input_tokens: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_converse(json: &str, expected: Option<(u64, u64, u64, u64)>) {
        let found = Usage::from_converse(json);
        let figures = |u: Usage| (u.input_uncached, u.cache_read, u.cache_write, u.output);
        assert_eq!(found.map(figures), expected, "{json}");
        assert_eq!(found.map_or(0, |usage| usage.reasoning), 0);
    }

    #[test]
    fn converse_keeps_its_cache_apart() {
        check_converse(
            r#"{"inputTokens":30,"outputTokens":628,"totalTokens":658}"#,
            Some((30, 0, 0, 628)),
        );
        check_converse(
            r#"{"inputTokens":12,"outputTokens":5,"totalTokens":2517,"cacheReadInputTokens":1000,
                "cacheWriteInputTokens":1500,"cacheDetails":[{"ttl":"1h","inputTokens":1500}]}"#,
            Some((12, 1_000, 1_500, 5)),
        );
        check_converse(
            r#"{"inputTokens":1,"outputTokens":2,"cacheReadInputTokens":3,
                "cacheReadInputTokenCount":3,"cacheWriteInputTokenCount":4}"#,
            Some((1, 3, 4, 2)),
        );
        check_converse(r#"{"inputTokens":1,"outputTokens":2,"totalTokens":9}"#, Some((1, 0, 0, 8)));
        // A total that leaves the cache out takes nothing back.
        check_converse(
            r#"{"inputTokens":1,"outputTokens":2,"totalTokens":3,"cacheReadInputTokens":50}"#,
            Some((1, 50, 0, 2)),
        );
        for (details, long) in [
            ("null", 0),
            ("[]", 0),
            (r#"[{"ttl":"5m","inputTokens":4}]"#, 0),
            (r#"[{"ttl":"1h","inputTokens":3},{"ttl":"5m","inputTokens":1}]"#, 3),
            (r#"[{"ttl":"1h","inputTokens":9}]"#, 4),
            (r#"[{"ttl":"1h"},{"inputTokens":4}]"#, 0),
        ] {
            let json = format!(
                r#"{{"inputTokens":1,"outputTokens":2,"cacheWriteInputTokens":4,"cacheDetails":{details}}}"#
            );
            assert_eq!(Usage::from_converse(&json).unwrap().cache_write_1h, long, "{json}");
        }
        for nonsense in [
            "null",
            "{}",
            r#"{"inputTokens":9}"#,
            r#"{"outputTokens":9}"#,
            r#"{"inputTokens":-1,"outputTokens":1}"#,
            r#"{"inputTokens":0,"outputTokens":0,"totalTokens":0}"#,
            r#"{"inputTokens":1.5,"outputTokens":1}"#,
            r#"{"inputTokens":"9","outputTokens":1}"#,
            r#"{"inputTokens":1,"outputTokens":1,"cacheReadInputTokens":1000000000}"#,
            r#"{"inputTokens":1,"outputTokens":1,"cacheReadInputTokens":18446744073709551615}"#,
            r#"{"inputTokens":1,"outputTokens":1,"totalTokens":9999999999}"#,
        ] {
            check_converse(nonsense, None);
        }
    }
}
