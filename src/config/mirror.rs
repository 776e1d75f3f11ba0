//! The mirror of a route, as the document says it.

use super::fields::Item;
use super::routes::{Providers, target};
use crate::routing::Mirror;

/// The longest that an answer waits for the end of a copy: a function is billed meanwhile.
const MOST_WAIT_MS: u64 = 60_000;

/// `mirror: { provider: bailian, model: qwen3, percent: 5 }`
pub(super) fn read(item: &Item<'_>, providers: &Providers) -> Option<Mirror> {
    let fields = item.fields()?;
    let target = target(&fields, providers);
    let percent = fields.required("percent").and_then(|item| item.integer(0, 100));
    let wait_ms = fields.integer("wait_ms", 0, MOST_WAIT_MS).unwrap_or(0);
    if target.as_ref().is_some_and(|target| target.weight.is_some()) {
        fields.problem("a mirror is not drawn with others: it has a percentage and no weight");
    }
    fields.finish();
    Some(Mirror { target: target?, percent: percent?, wait_ms })
}
