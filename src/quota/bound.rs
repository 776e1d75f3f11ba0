//! The bound: the most that a request can cost before anybody has answered it.

use super::Price;

/// The size of what a request sends, as far as it bounds tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputSize {
    /// Bytes of the request's JSON without the inline data of images and audio. A byte-level BPE
    /// token covers at least one byte, and JSON's escapes only make text longer.
    pub text_bytes: u64,
    /// Messages, prompts or inputs.
    pub messages: u64,
    /// Tool definitions.
    pub tools: u64,
    /// Image, audio and file parts, each bounded by what the target's configuration says of one.
    pub media: u64,
}

/// What a chat template adds around one message, generously.
const TOKENS_PER_MESSAGE: u64 = 16;
/// What a provider's rendering of one tool adds to its JSON, generously.
const TOKENS_PER_TOOL: u64 = 64;
/// What a provider puts before the first message.
const TOKENS_PER_REQUEST: u64 = 64;

/// What one target makes of a request, as far as it bounds the cost.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// The target's id, to name in a refusal.
    pub target: &'a str,
    /// The most tokens that an image, audio or file part can cost there, when that is known.
    pub media_tokens: Option<u64>,
    /// The cap on all billed output of one choice: the caller's, or the target's default.
    pub output_tokens: u64,
    /// What tokens cost there, when that is known.
    pub price: Option<&'a Price>,
}

/// An upper bound, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Never more than this.
    AtMost(u64),
    /// Nobody can say: the sentence tells what to set.
    Unknown(String),
}

/// What a request takes from the limits at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Requests: 1, or 0 for a further hold of the same request.
    pub requests: u64,
    /// Tokens, input and output together.
    pub tokens: Bound,
    /// Billionths of a dollar.
    pub nano_usd: Bound,
}

impl Demand {
    /// Nothing at all: what a request that only authenticates takes.
    pub fn nothing() -> Self {
        Self { requests: 0, tokens: Bound::AtMost(0), nano_usd: Bound::AtMost(0) }
    }

    /// The same cost without the request: what a further attempt takes after one that may be
    /// billed.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { requests: 0, ..self.clone() }
    }
}

/// The demand of a request: the dearest of the targets that may answer it.
///
/// `choices` is how many answers are generated (`n`, times the prompts of a batch).
pub fn demand<'a>(
    size: &InputSize,
    choices: u64,
    terms: impl Iterator<Item = Terms<'a>>,
) -> Demand {
    let nothing = Demand { requests: 1, ..Demand::nothing() };
    terms.fold(nothing, |dearest, target| {
        let input = input_tokens(size, &target);
        let output = target.output_tokens.saturating_mul(choices);
        let (tokens, nano_usd) = match (input, target.price) {
            (Bound::Unknown(why), _) => (Bound::Unknown(why.clone()), Bound::Unknown(why)),
            (Bound::AtMost(input), price) => (
                Bound::AtMost(input.saturating_add(output)),
                price.map_or_else(
                    || Bound::Unknown(missing_price(target.target)),
                    |price| Bound::AtMost(price.at_most(input, output)),
                ),
            ),
        };
        Demand {
            requests: 1,
            tokens: dearest.tokens.dearer(tokens),
            nano_usd: dearest.nano_usd.dearer(nano_usd),
        }
    })
}

impl Bound {
    fn dearer(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown(why), _) | (_, Self::Unknown(why)) => Self::Unknown(why),
            (Self::AtMost(a), Self::AtMost(b)) => Self::AtMost(a.max(b)),
        }
    }
}

fn input_tokens(size: &InputSize, target: &Terms<'_>) -> Bound {
    let media = match (size.media, target.media_tokens) {
        (0, _) => 0,
        (parts, Some(tokens)) => parts.saturating_mul(tokens),
        (_, None) => {
            return Bound::Unknown(format!(
                "This key has a hard limit, and what an image, audio or file part costs at \
                 {} is not known: set media_tokens on its provider or target in the \
                 configuration, or send the request without it.",
                target.target
            ));
        }
    };
    Bound::AtMost(
        size.text_bytes
            .saturating_add(size.messages.saturating_mul(TOKENS_PER_MESSAGE))
            .saturating_add(size.tools.saturating_mul(TOKENS_PER_TOOL))
            .saturating_add(TOKENS_PER_REQUEST)
            .saturating_add(media),
    )
}

fn missing_price(target: &str) -> String {
    format!(
        "This key has a limit in money, and {target} has no price: set price on the target in the \
         configuration."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price { input: 1_000_000, cached_input: None, output: 2_000_000 };

    fn terms(media_tokens: Option<u64>, price: Option<&Price>) -> Terms<'_> {
        Terms { target: "a/m", media_tokens, output_tokens: 10, price }
    }

    fn check(size: InputSize, choices: u64, targets: &[Terms<'_>], tokens: u64, nano_usd: u64) {
        let expected = Demand {
            requests: 1,
            tokens: Bound::AtMost(tokens),
            nano_usd: Bound::AtMost(nano_usd),
        };
        assert_eq!(demand(&size, choices, targets.iter().cloned()), expected);
    }

    #[test]
    fn the_bound_is_bytes_and_caps_at_the_dearest_target() {
        let size = InputSize { text_bytes: 100, messages: 2, tools: 1, media: 0 };
        let input = 100 + 32 + 64 + 64;
        check(size, 1, &[terms(None, Some(&PRICE))], input + 10, (input + 20) * 1_000);
        check(size, 3, &[terms(None, Some(&PRICE))], input + 30, (input + 60) * 1_000);
        let cheap = Price::default();
        let larger = Terms { output_tokens: 500, ..terms(None, Some(&cheap)) };
        let both = [larger, terms(None, Some(&PRICE))];
        check(size, 1, &both, input + 500, (input + 20) * 1_000);
        let image = InputSize { media: 2, ..size };
        check(image, 1, &[terms(Some(1_000), Some(&cheap))], input + 2_010, 0);
        check(size, u64::MAX, &[terms(None, Some(&cheap))], u64::MAX, 0);
    }

    #[test]
    fn what_cannot_be_bounded_says_what_to_set() {
        let image = InputSize { media: 1, ..InputSize::default() };
        let unbounded = demand(&image, 1, [terms(None, Some(&PRICE))].into_iter());
        assert!(matches!(unbounded.tokens, Bound::Unknown(why) if why.contains("media_tokens")));
        let unpriced = demand(&InputSize::default(), 1, [terms(None, None)].into_iter());
        assert!(matches!(unpriced.tokens, Bound::AtMost(_)));
        assert!(matches!(unpriced.nano_usd, Bound::Unknown(why) if why.contains("price")));
    }
}
