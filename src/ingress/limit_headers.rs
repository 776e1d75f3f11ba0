//! OpenAI's rate limit headers, which its SDKs and its users know.

use std::borrow::Cow;

use http::HeaderMap;

use super::with_headers;
use crate::quota::{Tightest, Unit};

/// Says how much a key may use of a unit in a window, what is left, and when the window ends.
pub fn limit_headers(
    headers: &mut HeaderMap,
    unit: Unit,
    of: u64,
    left: i64,
    resets_in_ms: Option<u64>,
) {
    let names = match unit {
        Unit::Requests => [
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests",
        ],
        Unit::Tokens | Unit::InputTokens | Unit::OutputTokens => {
            ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"]
        }
        // OpenAI has none for money, and none for requests in flight.
        Unit::NanoUsd | Unit::InFlight => return,
    };
    let mut values = vec![of.to_string(), left.max(0).to_string()];
    values.extend(resets_in_ms.map(duration));
    with_headers(headers, names.into_iter().zip(values.into_iter().map(Cow::from)));
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
