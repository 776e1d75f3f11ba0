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
    /// How many bytes of text a token is likely to cover there.
    pub bytes_per_token: u64,
    /// Input that the provider adds by itself, at most.
    pub added_tokens: u64,
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

/// What a request needs of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The most that it can cost: what a hard limit holds.
    pub at_most: Bound,
    /// What it is likely to cost: what an estimated limit holds.
    pub likely: Bound,
}

impl Need {
    /// A need that is known.
    pub fn known(at_most: u64, likely: u64) -> Self {
        Self { at_most: Bound::AtMost(at_most), likely: Bound::AtMost(likely) }
    }

    const NOTHING: Self = Self { at_most: Bound::AtMost(0), likely: Bound::AtMost(0) };

    fn unknown(why: String) -> Self {
        Self { at_most: Bound::Unknown(why.clone()), likely: Bound::Unknown(why) }
    }

    fn dearer(self, other: Self) -> Self {
        Self {
            at_most: self.at_most.dearer(other.at_most),
            likely: self.likely.dearer(other.likely),
        }
    }
}

/// What a request takes from the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// For which alias; a request for none only meets the rules about all.
    pub alias: Option<String>,
    /// Requests: 1, or 0 for a further hold of the same request.
    pub requests: u64,
    /// Tokens, input and output together.
    pub tokens: Need,
    /// Input tokens.
    pub input: Need,
    /// Output tokens.
    pub output: Need,
    /// Billionths of a dollar.
    pub nano_usd: Need,
    /// Its place among the requests in flight; nothing when it takes none.
    pub lease: Option<Lease>,
    /// Picks the shard that is tried first.
    pub draw: u64,
}

/// A place among the requests in flight. It ends with the settlement, or by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// A name that no other lease has.
    pub id: String,
    /// When whoever took it must have ended, in milliseconds since 1970: the host's deadline.
    pub expires_ms: u64,
}

impl Demand {
    /// Nothing at all: what a request that only authenticates takes.
    pub fn nothing() -> Self {
        Self {
            alias: None,
            requests: 0,
            tokens: Need::NOTHING,
            input: Need::NOTHING,
            output: Need::NOTHING,
            nano_usd: Need::NOTHING,
            lease: None,
            draw: 0,
        }
    }

    /// The same request when nothing bounds what it costs, for the reason that is given: what is
    /// likely stays what it is.
    #[must_use]
    pub fn unbounded(self, why: &str) -> Self {
        let why = format!(
            "Nothing bounds what this request can cost: {why}. Leave it out, or ask for limits in \
             mode estimate."
        );
        let open = |need: Need| Need { at_most: Bound::Unknown(why.clone()), ..need };
        Self {
            tokens: open(self.tokens),
            input: open(self.input),
            nano_usd: open(self.nano_usd),
            ..self
        }
    }

    /// The same cost without the request, and with a lease of its own: what a further attempt
    /// takes after one that may be billed.
    #[must_use]
    pub fn again(&self, lease_id: String) -> Self {
        let lease = self.lease.as_ref();
        let lease = lease.map(|lease| Lease { id: lease_id, expires_ms: lease.expires_ms });
        Self { requests: 0, lease, ..self.clone() }
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
        let [input, output, tokens, nano_usd] = needs(size, choices, &target);
        Demand {
            tokens: dearest.tokens.dearer(tokens),
            input: dearest.input.dearer(input),
            output: dearest.output.dearer(output),
            nano_usd: dearest.nano_usd.dearer(nano_usd),
            ..dearest
        }
    })
}

/// What a request needs at one target: input, output, both together, and money.
fn needs(size: &InputSize, choices: u64, target: &Terms<'_>) -> [Need; 4] {
    let most_output = target.output_tokens.saturating_mul(choices);
    let output = Need::known(most_output, most_output);
    let Some(media) = media_tokens(size, target) else {
        let unknown = Need::unknown(missing_media_tokens(target.target));
        return [unknown.clone(), output, unknown.clone(), unknown];
    };
    let most_input = overhead(size)
        .saturating_add(target.added_tokens)
        .saturating_add(size.text_bytes)
        .saturating_add(media);
    let likely_text = size.text_bytes / target.bytes_per_token.max(1);
    let likely_input = likely_text.saturating_add(media);
    let (most, likely) =
        (most_input.saturating_add(most_output), likely_input.saturating_add(most_output));
    let nano_usd = target.price.map_or_else(
        || Need::unknown(missing_price(target.target)),
        |price| {
            let cost = |input| price.at_most(input, most_output, choices);
            Need::known(cost(most_input), cost(likely_input))
        },
    );
    [Need::known(most_input, likely_input), output, Need::known(most, likely), nano_usd]
}

impl Bound {
    fn dearer(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown(why), _) | (_, Self::Unknown(why)) => Self::Unknown(why),
            (Self::AtMost(a), Self::AtMost(b)) => Self::AtMost(a.max(b)),
        }
    }
}

fn media_tokens(size: &InputSize, target: &Terms<'_>) -> Option<u64> {
    match size.media {
        0 => Some(0),
        parts => target.media_tokens.map(|tokens| parts.saturating_mul(tokens)),
    }
}

/// What a provider adds around the text.
fn overhead(size: &InputSize) -> u64 {
    let messages = size.messages.saturating_mul(TOKENS_PER_MESSAGE);
    let tools = size.tools.saturating_mul(TOKENS_PER_TOOL);
    messages.saturating_add(tools).saturating_add(TOKENS_PER_REQUEST)
}

fn missing_media_tokens(target: &str) -> String {
    format!(
        "A limit on tokens or money must know what an image, audio or file part costs at {target}, \
         and that is not said: set media_tokens on its provider or target in the configuration, or send the \
         request without it."
    )
}

fn missing_price(target: &str) -> String {
    format!(
        "A limit in money needs a price, and {target} has none: set price on the target in the \
         configuration."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price {
        input: 1_000_000,
        cached_input: None,
        cache_write: None,
        cache_write_1h: None,
        output: 2_000_000,
        reasoning: None,
        per_request: 0,
    };

    fn terms(media_tokens: Option<u64>, price: Option<&Price>) -> Terms<'_> {
        Terms {
            target: "a/m",
            media_tokens,
            bytes_per_token: 4,
            added_tokens: 0,
            output_tokens: 10,
            price,
        }
    }

    fn known(need: &Need) -> (u64, u64) {
        match need {
            Need { at_most: Bound::AtMost(most), likely: Bound::AtMost(likely) } => {
                (*most, *likely)
            }
            unknown => panic!("{unknown:?}"),
        }
    }

    /// Tokens and nano-USD, each at most and likely.
    fn check(
        size: InputSize,
        choices: u64,
        targets: &[Terms<'_>],
        tokens: (u64, u64),
        nano_usd: (u64, u64),
    ) {
        let demand = demand(&size, choices, targets.iter().cloned());
        assert_eq!((known(&demand.tokens), known(&demand.nano_usd)), (tokens, nano_usd));
        let both = |part: fn((u64, u64)) -> u64| {
            part(known(&demand.input)).saturating_add(part(known(&demand.output)))
        };
        // Of several targets, one may have the dearest input and another the dearest output.
        assert!(both(|need| need.0) >= tokens.0 && both(|need| need.1) >= tokens.1);
    }

    #[test]
    fn the_bound_is_bytes_and_caps_at_the_dearest_target() {
        let size = InputSize { text_bytes: 100, messages: 2, tools: 1, media: 0 };
        let input = 100 + 32 + 64 + 64;
        let usd = |input| (input + 20) * 1_000;
        check(size, 1, &[terms(None, Some(&PRICE))], (input + 10, 35), (usd(input), usd(25)));
        let three = ((input + 60) * 1_000, (25 + 60) * 1_000);
        check(size, 3, &[terms(None, Some(&PRICE))], (input + 30, 55), three);
        let cheap = Price::default();
        let larger = Terms { output_tokens: 500, ..terms(None, Some(&cheap)) };
        let both = [larger, terms(None, Some(&PRICE))];
        check(size, 1, &both, (input + 500, 525), (usd(input), usd(25)));
        let image = InputSize { media: 2, ..size };
        let media = terms(Some(1_000), Some(&cheap));
        check(image, 1, &[media], (input + 2_010, 2_035), (0, 0));
        check(size, u64::MAX, &[terms(None, Some(&cheap))], (u64::MAX, u64::MAX), (0, 0));
    }

    #[test]
    fn what_cannot_be_bounded_says_what_to_set() {
        let image = InputSize { media: 1, ..InputSize::default() };
        let unbounded = demand(&image, 1, [terms(None, Some(&PRICE))].into_iter());
        let says = |need: &Need, word: &str| {
            let words = |bound: &Bound| matches!(bound, Bound::Unknown(why) if why.contains(word));
            words(&need.at_most) && words(&need.likely)
        };
        assert!(says(&unbounded.tokens, "media_tokens") && says(&unbounded.input, "media_tokens"));
        assert_eq!(known(&unbounded.output), (10, 10));
        let unpriced = demand(&InputSize::default(), 1, [terms(None, None)].into_iter());
        assert_eq!(known(&unpriced.tokens), (74, 10));
        assert!(says(&unpriced.nano_usd, "price"));
    }
}
