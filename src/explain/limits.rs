//! The limits that are about an alias, and what the request would do to them.

use super::{Amount, LimitSeen, Story};
use crate::quota::{Line, Prospect};

/// Each limit that is about the alias; nothing when no key is known.
pub(super) fn seen(story: &Story<'_>, alias: &str) -> Option<Vec<LimitSeen>> {
    let (_, books) = story.facts.key?;
    let now_ms = story.facts.now_ms;
    let prospects = books.prospects(&story.demand_for(alias), now_ms);
    let about = prospects.iter().filter(|prospect| prospect.line.applies);
    Some(about.map(|prospect| limit(prospect, now_ms)).collect())
}

fn limit(prospect: &Prospect, now_ms: u64) -> LimitSeen {
    let Prospect { line, unbounded, fits } = prospect;
    let Line { limit, mode, scope, window, of, held, left, .. } = line;
    let amount = |value| Amount::of(limit.unit, value);
    let hold = unbounded.is_none().then(|| amount(*held));
    let left_after =
        hold.map(|hold| Amount { value: left.saturating_sub(hold.value), unit: limit.unit });
    LimitSeen {
        limit: limit.name,
        scope: scope.to_string(),
        mode: mode.name(),
        unit: Amount::unit_name(limit.unit),
        of: amount(*of),
        used: amount(line.used()),
        held: amount(line.unsettled()),
        hold,
        left_after,
        resets_in_s: window.ends_ms.map(|ends_ms| ends_ms.saturating_sub(now_ms).div_ceil(1_000)),
        fits: *fits,
    }
}
