//! OpenAI's rate limit headers, which its SDKs and its users know.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::quota::{Tightest, Unit};

/// The limit, what remains of it, and when it is whole again: of requests, and of tokens.
static REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
static TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

/// Says how much a key may use of a unit in a window, what is left, and when the window ends.
pub fn limit_headers(
    headers: &mut HeaderMap,
    unit: Unit,
    of: u64,
    left: i64,
    resets_in_ms: Option<u64>,
) {
    let [limit, remaining, reset] = match unit {
        Unit::Requests => &REQUESTS,
        Unit::Tokens | Unit::InputTokens | Unit::OutputTokens => &TOKENS,
        // OpenAI has none for money, and none for requests in flight.
        Unit::NanoUsd | Unit::InFlight => return,
    };
    let texts = [
        (limit, Some(of.to_string())),
        (remaining, Some(left.max(0).to_string())),
        (reset, resets_in_ms.map(duration)),
    ];
    for (name, text) in texts {
        // The text itself becomes the value: a number would be written, copied and shared.
        if let Some(Ok(value)) = text.map(HeaderValue::try_from) {
            headers.insert(name, value);
        }
    }
}

/// The same for the windows that bind a request first.
pub fn tightest_headers(headers: &mut HeaderMap, tightest: &[Tightest], now_ms: u64) {
    for Tightest { unit, of, left, ends_ms } in tightest {
        let resets_in_ms = ends_ms.map(|ends_ms| ends_ms.saturating_sub(now_ms));
        limit_headers(headers, *unit, *of, *left, resets_in_ms);
    }
}

/// A duration as OpenAI writes it: `1h2m3s`, `6m0s`, `1s`, `20ms`.
fn duration(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    match (hours, minutes, seconds) {
        (0, 0, 0) => format!("{ms}ms"),
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_like_openais() {
        let cases = [(20, "20ms"), (1_500, "1s"), (360_000, "6m0s"), (3_723_000, "1h2m3s")];
        for (ms, expected) in cases {
            assert_eq!(duration(ms), expected);
        }
    }
}
