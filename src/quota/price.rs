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
    /// Output, reasoning included.
    pub output: u64,
}

/// Pico-USD in a nano-USD.
const PICO_PER_NANO: u128 = 1_000;

impl Price {
    /// The most that these tokens can cost, in nano-USD: no cache discount is counted on, and a
    /// cache rate above the input rate (some providers bill cache writes so) is.
    pub fn at_most(&self, input: u64, output: u64) -> u64 {
        let input_rate = self.input.max(self.cached_input.unwrap_or(0));
        nano(&[(input, input_rate), (output, self.output)])
    }

    /// What this usage costs, in nano-USD, rounded up once.
    pub fn of(&self, usage: &Usage) -> u64 {
        nano(&[
            (usage.input_uncached.saturating_add(usage.cache_write), self.input),
            (usage.cache_read, self.cached_input.unwrap_or(self.input)),
            (usage.output, self.output),
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
        let price = Price { input: 280_000, cached_input: Some(28_000), output: 420_000 };
        let usage =
            Usage { input_uncached: 1_000, cache_read: 500, output: 200, ..Usage::default() };
        assert_eq!(price.of(&usage), 280_000 + 14_000 + 84_000);
        assert_eq!(price.at_most(1_500, 200), 420_000 + 84_000);
        // A fraction of a nano-dollar is rounded up, once for the whole request.
        let cheap = Price { input: 37_500, cached_input: None, output: 1 };
        assert_eq!(cheap.at_most(1, 1), 38);
        assert_eq!(Price { output: u64::MAX, ..cheap }.at_most(0, u64::MAX), u64::MAX);
    }
}
