//! Times and counts as people read them.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// A moment, in UTC to the second.
pub(super) fn moment(at_ms: u64) -> String {
    let seconds = i64::try_from(at_ms / 1_000).unwrap_or(i64::MAX);
    DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_else(|_| "unknown".to_owned())
}

/// How long ago something was.
pub(super) fn age(now_ms: u64, then_ms: u64) -> String {
    match now_ms.saturating_sub(then_ms) / 1_000 {
        0..5 => "just now".to_owned(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// How long it is until something.
pub(super) fn until(now_ms: u64, then_ms: u64) -> String {
    format!("in {}", span(then_ms.saturating_sub(now_ms).div_ceil(1_000)))
}

fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    counted(usize::try_from(count).unwrap_or(usize::MAX), unit)
}

/// `1 route`, `2 routes`.
pub(super) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(moment(1_764_000_000_000), "2025-11-24T16:00:00Z");
        for (seconds, expected) in [
            (0, "just now"),
            (59, "59 seconds ago"),
            (119, "119 seconds ago"),
            (120, "2 minutes ago"),
            (7_200, "2 hours ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(age(seconds * 1_000, 0), expected);
        }
        assert_eq!(age(0, 5), "just now");
        assert_eq!(until(500, 1_400), "in 1 second");
        assert_eq!(until(5, 0), "in 0 seconds");
    }
}
