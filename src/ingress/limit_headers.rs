//! OpenAI's rate limit headers, which its SDKs and its users know.

use std::borrow::Cow;

use http::HeaderMap;

use super::with_headers;
use crate::quota::Unit;

/// Says how much a key may use of a unit in a window, what is left, and when the window ends.
pub fn limit_headers(headers: &mut HeaderMap, unit: Unit, of: u64, left: i64, resets_in_ms: u64) {
    let names = match unit {
        Unit::Requests => [
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests",
        ],
        Unit::Tokens => {
            ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"]
        }
        // OpenAI has none for money.
        Unit::NanoUsd => return,
    };
    let values = [of.to_string(), left.max(0).to_string(), duration(resets_in_ms)];
    with_headers(headers, names.into_iter().zip(values.map(Cow::from)));
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
