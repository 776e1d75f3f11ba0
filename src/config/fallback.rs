//! What a route does when a target fails.

use super::fields::{Fields, Item};
use super::problems::unknown_name;
use super::tree::Kind;
use crate::failure::Class;

/// The most retries of a request.
const MOST_RETRIES: u64 = 5;
/// The longest wait for one.
const MOST_WAIT_MS: u64 = 60_000;
/// None: clients retry too, and a function is billed while it waits.
const DEFAULT_RETRIES: usize = 0;
const DEFAULT_WAIT_MS: u64 = 2_000;

/// How often a target is tried again when nobody else is left, and after what wait at most.
pub(super) fn read_retries(fields: &Fields<'_>) -> (usize, u64) {
    let retries = fields.integer("retries", 0, MOST_RETRIES);
    let most_wait_ms = fields.integer("most_wait_ms", 0, MOST_WAIT_MS);
    let retries = retries.and_then(|n| usize::try_from(n).ok()).unwrap_or(DEFAULT_RETRIES);
    (retries, most_wait_ms.unwrap_or(DEFAULT_WAIT_MS))
}

/// `falls_back: { content_policy: true, rate_limit: false }`
pub(super) fn read_falls_back(fields: &Fields<'_>) -> Vec<(Class, bool)> {
    let read = |(class, item): (Class, Item<'_>)| {
        let Kind::Bool(falls_back) = item.node.kind else {
            item.problem("expected true or false");
            return None;
        };
        Some((class, falls_back))
    };
    by_class(fields, "falls_back").into_iter().filter_map(read).collect()
}

/// The entries of a map whose names are classes of failures.
pub(super) fn by_class<'a>(fields: &Fields<'a>, name: &'static str) -> Vec<(Class, Item<'a>)> {
    let entries = fields.item(name).and_then(|item| item.fields());
    let entries = entries.map(|entries| entries.named_items()).unwrap_or_default();
    let known = |(name, item): (&str, Item<'a>)| {
        let class = Class::named(name);
        if class.is_none() {
            let names = Class::ALL.iter().map(|(_, name)| *name);
            item.problem(unknown_name("class of failure", name, names));
        }
        class.map(|class| (class, item))
    };
    entries.into_iter().filter_map(known).collect()
}
