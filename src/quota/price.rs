//! What tokens cost, in integers.

use crate::dialect::Usage;

/// The price of one target. Rates are micro-USD per million tokens, which is the same as pico-USD
/// per token: exact for every published price down to six decimals of a dollar per million.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Uncached input.
    pub input: u64,
    /// Input read from the provider's cache; providers without a rate of its own bill it as input.
    pub cached_input: Option<u64>,
    /// Input written to the provider's cache; as input where it has no rate of its own.
    pub cache_write: Option<u64>,
    /// Output, reasoning included unless it has a rate of its own.
    pub output: u64,
    /// The reasoning part of the output.
    pub reasoning: Option<u64>,
    /// For an answered request whatever its tokens, in pico-USD.
    pub per_request: u64,
}

/// Pico-USD in a nano-USD.
const PICO_PER_NANO: u128 = 1_000;

impl Price {
    /// The most that these tokens can cost, in nano-USD: no discount is counted on, and a rate
    /// above the ordinary one (most providers bill cache writes so) is.
    pub fn at_most(&self, input: u64, output: u64, choices: u64) -> u64 {
        let dearest = |rate: u64, others: &[Option<u64>]| {
            others.iter().flatten().fold(rate, |dearest, other| dearest.max(*other))
        };
        let input_rate = dearest(self.input, &[self.cached_input, self.cache_write]);
        let output_rate = dearest(self.output, &[self.reasoning]);
        // A batch may be billed as so many requests.
        nano(&[(input, input_rate), (output, output_rate), (choices.max(1), self.per_request)])
    }

    /// What this usage costs, in nano-USD, rounded up once.
    pub fn of(&self, usage: &Usage) -> u64 {
        let reasoning = usage.reasoning.min(usage.output);
        nano(&[
            (usage.input_uncached, self.input),
            (usage.cache_read, self.cached_input.unwrap_or(self.input)),
            (usage.cache_write, self.cache_write.unwrap_or(self.input)),
            (usage.output - reasoning, self.output),
            (reasoning, self.reasoning.unwrap_or(self.output)),
            (1, self.per_request),
        ])
    }
}

fn nano(parts: &[(u64, u64)]) -> u64 {
    let pico: u128 =
        parts.iter().map(|(tokens, rate)| u128::from(*tokens) * u128::from(*rate)).sum();
    u64::try_from(pico.div_ceil(PICO_PER_NANO)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact_to_the_nano_dollar() {
        // DeepSeek: $0.28 in, $0.028 cached, $0.42 out, per million tokens.
        let price = Price {
            input: 280_000,
            cached_input: Some(28_000),
            output: 420_000,
            ..Price::default()
        };
        let usage =
            Usage { input_uncached: 1_000, cache_read: 500, output: 200, ..Usage::default() };
        assert_eq!(price.of(&usage), 280_000 + 14_000 + 84_000);
        assert_eq!(price.at_most(1_500, 200, 1), 420_000 + 84_000);
        // A fraction of a nano-dollar is rounded up, once for the whole request.
        let cheap = Price { input: 37_500, output: 1, ..Price::default() };
        assert_eq!(cheap.at_most(1, 1, 1), 38);
        assert_eq!(Price { output: u64::MAX, ..cheap }.at_most(0, u64::MAX, 1), u64::MAX);
    }

    #[test]
    fn every_kind_of_token_has_its_rate() {
        // Claude Opus: $5 in, $0.50 read from the cache, $6.25 written to it, $25 out; reasoning
        // and the fee are made up.
        let price = Price {
            input: 5_000_000,
            cached_input: Some(500_000),
            cache_write: Some(6_250_000),
            output: 25_000_000,
            reasoning: Some(30_000_000),
            per_request: 10_000_000_000,
        };
        let usage = Usage {
            input_uncached: 100,
            cache_read: 1_000,
            cache_write: 200,
            output: 50,
            reasoning: 20,
        };
        let expected = 500_000 + 500_000 + 1_250_000 + 30 * 25_000 + 20 * 30_000 + 10_000_000;
        assert_eq!(price.of(&usage), expected);
        assert!(price.at_most(usage.input(), usage.output, 1) >= expected);
        assert_eq!(price.at_most(1_300, 50, 1), 1_300 * 6_250 + 50 * 30_000 + 10_000_000);
    }
}
