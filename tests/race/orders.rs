//! What clients ask for: request after request, each another size, each with a number by which the
//! provider knows it again.

use serde_json::{Value, json};

use super::accounts::Amounts;
use super::dice::Dice;

/// The most that a request's text and its output may have, in bytes and in tokens.
const MOST_TEXT: u64 = 240;
const MOST_OUTPUT: u64 = 120;
/// What the gateway adds to the bytes of a request with one message; a round with faults checks
/// that it is so.
const ENVELOPE: u64 = 80;

/// The price of the provider's tokens in USD for a million of them: of input, of cached input, and
/// of output. Single tokens cost fractions of a nano-dollar.
pub(super) const PRICE: [&str; 3] = ["0.2875", "0.0333", "1.1003"];
/// The same in pico-USD for one token.
const PICO_USD: [u64; 3] = [287_500, 33_300, 1_100_300];

/// The model that keys may use, and the one that they may not.
pub(super) const MODEL: &str = "race";
pub(super) const FORBIDDEN: &str = "forbidden";

/// A request of a client.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) number: u64,
    pub(super) body: String,
    pub(super) stream: bool,
    /// What one attempt holds.
    pub(super) holds: Amounts,
}

impl Order {
    /// The request of that number.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(seed, number);
        let text = dice.between(20, MOST_TEXT);
        let output = dice.between(10, MOST_OUTPUT);
        let model = if dice.percent(3) { FORBIDDEN } else { MODEL };
        Self::of(number, model, text, output, dice.percent(50))
    }

    /// The largest that there is.
    pub(super) fn largest(number: u64) -> Self {
        Self::of(number, MODEL, MOST_TEXT, MOST_OUTPUT, false)
    }

    fn of(number: u64, model: &str, text: u64, output: u64, stream: bool) -> Self {
        let text = "x".repeat(text.try_into().unwrap());
        let body = json!({
            "model": model,
            "messages": [{ "role": "user", "content": text }],
            "max_tokens": output,
            "stream": stream,
            "user": number.to_string(),
        });
        let body = body.to_string();
        let input = u64::try_from(body.len()).unwrap() + ENVELOPE;
        let holds = Amounts([1, input + output, nano_usd(input, 0, output)]);
        Self { number, body, stream, holds }
    }
}

/// A request as the provider gets it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) number: u64,
    /// 0 at the route's target, 1 at its fallback.
    pub(super) attempt: u64,
    pub(super) stream: bool,
    text: u64,
    output: u64,
}

impl Asked {
    pub(super) fn read(body: &Value) -> Self {
        let number = body["user"].as_str().and_then(|number| number.parse().ok());
        Self {
            number: number.expect("a number"),
            attempt: u64::from(body["model"] == "second"),
            stream: body["stream"] == true,
            text: u64::try_from(body["messages"][0]["content"].as_str().unwrap().len()).unwrap(),
            output: body["max_tokens"].as_u64().expect("a cap"),
        }
    }

    /// What the answer uses, within what was asked for.
    pub(super) fn usage(&self, dice: &mut Dice) -> Usage {
        if dice.percent(10) {
            return Usage { input: self.text, cached: 0, output: self.output };
        }
        let input = dice.between(1, self.text);
        let cached = if dice.percent(50) { dice.between(0, input) } else { 0 };
        Usage { input, cached, output: dice.between(1, self.output) }
    }
}

/// What one answer used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// With the cached ones.
    input: u64,
    cached: u64,
    output: u64,
}

impl Usage {
    /// As it stands in an answer.
    pub(super) fn json(&self) -> Value {
        json!({
            "prompt_tokens": self.input,
            "completion_tokens": self.output,
            "total_tokens": self.input + self.output,
            "prompt_tokens_details": { "cached_tokens": self.cached },
        })
    }

    /// What it costs in tokens and money.
    pub(super) fn cost(&self) -> Amounts {
        let nano_usd = nano_usd(self.input - self.cached, self.cached, self.output);
        Amounts([0, self.input + self.output, nano_usd])
    }
}

/// What tokens cost, rounded up once.
fn nano_usd(uncached: u64, cached: u64, output: u64) -> u64 {
    let pico_usd = uncached * PICO_USD[0] + cached * PICO_USD[1] + output * PICO_USD[2];
    pico_usd.div_ceil(1_000)
}
