//! How long a provider asks to wait, in any of the forms that providers use. Pure.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;

/// No provider is believed when it asks for more than a day.
const MOST_MS: u64 = 86_400_000;

/// The wait in milliseconds: `retry-after-ms` and `x-ms-retry-after-ms` (milliseconds), then
/// `retry-after` (seconds, also with a fraction, or an HTTP date). Nonsense is no wait at all; a
/// date in the past is a wait of nothing.
pub(super) fn retry_after_ms(headers: &HeaderMap, now_ms: u64) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = ["retry-after-ms", "x-ms-retry-after-ms"]
        .into_iter()
        .filter_map(text)
        .find_map(|text| milliseconds(text, 1.0));
    let wait = millis.or_else(|| {
        let text = text("retry-after")?;
        milliseconds(text, 1_000.0).or_else(|| until(text, now_ms))
    });
    wait.map(|wait| wait.min(MOST_MS))
}

fn milliseconds(text: &str, factor: f64) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: f64 = text.parse().ok().filter(|_| plain)?;
    let seconds = Duration::try_from_secs_f64(value * factor / 1_000.0).ok()?;
    u64::try_from(seconds.as_millis()).ok()
}

fn until(text: &str, now_ms: u64) -> Option<u64> {
    let date = httpdate::parse_http_date(text).ok()?;
    let date_ms = date.duration_since(UNIX_EPOCH).ok()?.as_millis();
    Some(u64::try_from(date_ms).ok()?.saturating_sub(now_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &str)], expected: Option<u64>) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        // Sun, 06 Nov 1994 08:49:37 GMT
        assert_eq!(retry_after_ms(&headers, 784_111_777_000), expected, "{headers:?}");
    }

    #[test]
    fn every_form_and_nonsense() {
        check(&[("retry-after", "7")], Some(7_000));
        check(&[("retry-after", "0.5")], Some(500));
        check(&[("retry-after", "0")], Some(0));
        check(&[("retry-after-ms", "1500"), ("retry-after", "9")], Some(1_500));
        check(&[("x-ms-retry-after-ms", "20")], Some(20));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], Some(10_000));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT")], Some(0));
        check(&[("retry-after", "999999999999")], Some(MOST_MS));
        for nonsense in ["-1", "NaN", "inf", "soon", "", "1e9", "."] {
            check(&[("retry-after", nonsense)], None);
        }
        check(&[("retry-after-ms", "x"), ("retry-after", "2")], Some(2_000));
        check(&[], None);
    }
}
