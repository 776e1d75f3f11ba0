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
    /// Input written there to stay for an hour, which Anthropic bills at twice the input's rate and
    /// not at 1.25 times ("Prompt caching", "Pricing"); as other writes where it has no rate of its own.
    pub cache_write_1h: Option<u64>,
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
        let input_rates = [self.cached_input, self.cache_write, self.cache_write_1h];
        let input_rate = dearest(self.input, &input_rates);
        let output_rate = dearest(self.output, &[self.reasoning]);
        // A batch may be billed as so many requests.
        nano(&[(input, input_rate), (output, output_rate), (choices.max(1), self.per_request)])
    }

    /// What this usage costs, in nano-USD, rounded up once.
    pub fn of(&self, usage: &Usage) -> u64 {
        let reasoning = usage.reasoning.min(usage.output);
        let long = usage.cache_write_1h.min(usage.cache_write);
        let cache_write = self.cache_write.unwrap_or(self.input);
        nano(&[
            (usage.input_uncached, self.input),
            (usage.cache_read, self.cached_input.unwrap_or(self.input)),
            (usage.cache_write - long, cache_write),
            (long, self.cache_write_1h.unwrap_or(cache_write)),
            (usage.output - reasoning, self.output),
            (reasoning, self.reasoning.unwrap_or(self.output)),
            (1, self.per_request),
        ])
    }
}

/// US dollars in decimals, exactly.
pub fn decimal_usd(nano_usd: u64) -> String {
    const NANO: u64 = 1_000_000_000;
    match nano_usd % NANO {
        0 => (nano_usd / NANO).to_string(),
        rest => format!("{}.{rest:09}", nano_usd / NANO).trim_end_matches('0').to_owned(),
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
    fn dollars_are_exact() {
        for (nano_usd, expected) in [
            (0, "0"),
            (1, "0.000000001"),
            (500_000_000, "0.5"),
            (25_000_000_000, "25"),
            (999_999_999_999_999_000, "999999999.999999"),
        ] {
            assert_eq!(decimal_usd(nano_usd), expected);
        }
    }

    /// What the usage costs, in nano-USD; the bound on it is never less.
    fn check(price: &Price, usage: Usage, expected: u64) {
        assert_eq!(price.of(&usage), expected, "{usage:?} at {price:?}");
        assert!(
            price.at_most(usage.input(), usage.output, 1) >= expected,
            "{usage:?} at {price:?}"
        );
    }

    #[test]
    fn every_kind_of_token_has_its_rate() {
        // Claude Opus: $5 in, $0.50 read from the cache, $6.25 written to it, $10 for an hour, $25
        // out; reasoning and the fee are made up.
        let price = Price {
            input: 5_000_000,
            cached_input: Some(500_000),
            cache_write: Some(6_250_000),
            cache_write_1h: Some(10_000_000),
            output: 25_000_000,
            reasoning: Some(30_000_000),
            per_request: 10_000_000_000,
        };
        let usage = Usage {
            input_uncached: 100,
            cache_read: 1_000,
            cache_write: 200,
            cache_write_1h: 150,
            output: 50,
            reasoning: 20,
        };
        let input = 100 * 5_000 + 1_000 * 500 + 50 * 6_250 + 150 * 10_000;
        check(&price, usage, input + 30 * 25_000 + 20 * 30_000 + 10_000_000);
        assert_eq!(price.at_most(1_300, 50, 1), 1_300 * 10_000 + 50 * 30_000 + 10_000_000);
    }

    #[test]
    fn what_is_written_to_the_cache_has_two_prices() {
        // Claude Sonnet 4.5, in USD per million tokens: 3 in, 3.75 written for five minutes, 6 for an
        // hour, 0.30 read, 15 out.
        let sonnet = Price {
            input: 3_000_000,
            cached_input: Some(300_000),
            cache_write: Some(3_750_000),
            cache_write_1h: Some(6_000_000),
            output: 15_000_000,
            ..Price::default()
        };
        let written = |cache_write, cache_write_1h| Usage {
            input_uncached: 21,
            cache_read: 1_000,
            cache_write,
            cache_write_1h,
            output: 393,
            ..Usage::default()
        };
        let rest = 21 * 3_000 + 1_000 * 300 + 393 * 15_000;
        let one_rate = Price { cache_write_1h: None, ..sonnet };
        let no_rate = Price { cache_write: None, ..one_rate };
        let long_rate = Price { cache_write: None, ..sonnet };
        for (price, short, long, expected) in [
            (&sonnet, 0, 0, 0),
            (&sonnet, 2_000, 0, 2_000 * 3_750),
            (&sonnet, 0, 2_000, 2_000 * 6_000),
            (&sonnet, 500, 1_500, 500 * 3_750 + 1_500 * 6_000),
            (&one_rate, 500, 1_500, 2_000 * 3_750),
            (&no_rate, 500, 1_500, 2_000 * 3_000),
            (&long_rate, 500, 1_500, 500 * 3_000 + 1_500 * 6_000),
        ] {
            check(price, written(short + long, long), rest + expected);
        }
        // A part is not more than the whole.
        check(&sonnet, written(5, 9), rest + 5 * 6_000);
        assert_eq!(sonnet.at_most(1_000, 0, 1), 1_000 * 6_000);
        assert_eq!(one_rate.at_most(1_000, 0, 1), 1_000 * 3_750);
    }
}
