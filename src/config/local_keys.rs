//! Keys of a local document. In the table, keys are made by `tollgatectl` and never in a document.

use super::fields::Item;
use super::problems::unknown_name;
use crate::keys::{Digest, KeyId, Secret, parse};
use crate::quota::{LIMITS, Limit, UNLIMITED, Unit};
use crate::routing::Pattern;

/// A key that the embedded store is loaded with.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalKey {
    /// Its public id.
    pub id: KeyId,
    /// The digest of the whole key.
    pub digest: Digest,
    /// The key itself, for the banner.
    pub secret: Secret,
    /// Its name.
    pub name: String,
    /// What it may use.
    pub models: Vec<Pattern>,
    /// Its limits, in the order of [`LIMITS`].
    pub limits: Vec<u64>,
}

impl LocalKey {
    pub(super) fn read(item: &Item<'_>) -> Option<Self> {
        let fields = item.fields()?;
        let name = fields.required("name").and_then(|item| item.text());
        let secret = fields.required("secret").and_then(|item| {
            let text = item.text()?;
            let parsed = parse(text);
            if parsed.is_err() {
                item.problem("not a key: make one with 'tollgatectl key mint'");
            }
            parsed.ok().map(|(id, digest)| (id, digest, Secret::new(text)))
        });
        let models = match fields.item("models") {
            Some(item) => item.list().iter().filter_map(Item::text).map(Pattern::new).collect(),
            None => vec![Pattern::new("*")],
        };
        let limits = fields.item("limits").map(|item| read_limits(&item));
        fields.finish();
        let (id, digest, secret) = secret?;
        let limits = limits.unwrap_or_else(|| vec![UNLIMITED; LIMITS.len()]);
        Some(Self { id, digest, secret, name: name?.to_owned(), models, limits })
    }
}

fn read_limits(item: &Item<'_>) -> Vec<u64> {
    let mut limits = vec![UNLIMITED; LIMITS.len()];
    let Some(fields) = item.fields() else { return limits };
    for (name, value) in fields.named_items() {
        if Limit::named(name).is_none() {
            value.problem(unknown_name("limit", name, LIMITS.iter().map(|limit| limit.name)));
        }
    }
    for (slot, limit) in limits.iter_mut().zip(&LIMITS) {
        let value = match limit.unit {
            Unit::NanoUsd => {
                fields.millionths(limit.name).map(|micro_usd| micro_usd.saturating_mul(1_000))
            }
            Unit::Requests | Unit::Tokens => fields.integer(limit.name, 0, UNLIMITED - 1),
        };
        *slot = value.unwrap_or(UNLIMITED).min(UNLIMITED);
    }
    limits
}
