//! What this environment remembers of accounts, so that it writes the right thing at once: their
//! shapes; and refusals that nothing but time or the operator can change, so that a caller who
//! insists costs nothing. Nothing here admits anybody: every admission is a conditional write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::keys::{Digest, Presented};
use crate::quota::{Account, Bound, Demand, Exhausted, Shape, charges};
use crate::routing::Pattern;
use crate::store::admission::Denial;
use crate::store::item::Item;

/// Beyond so many accounts all is forgotten: an environment rarely sees a hundred.
const MOST_ACCOUNTS: usize = 4_096;
/// How long a refusal is remembered at most: an operator who raises a limit waits no longer.
const REFUSED_FOR_MS: u64 = 10_000;

/// What is known of accounts.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<Account, Entry>>);

#[derive(Debug)]
struct Entry {
    shape: Arc<Shape>,
    /// Of a key, the digest that was right.
    digest: Option<Digest>,
    /// The aliases that it may be used for.
    models: Vec<String>,
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    counter: String,
    exhausted: Box<Exhausted>,
    at_ms: u64,
}

impl Known {
    fn entries(&self) -> MutexGuard<'_, HashMap<Account, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shape that an account had when it was last seen.
    pub(super) fn shape(&self, account: &Account) -> Option<Arc<Shape>> {
        self.entries().get(account).map(|entry| Arc::clone(&entry.shape))
    }

    /// Notes an account's shape, and the digest of its key.
    pub(super) fn learn(&self, account: &Account, item: &Item, key: Option<&Presented>) {
        let (shape, models) = (&item.ledger.shape, &item.policy.models);
        let mut entries = self.entries();
        if let Some(entry) = entries.get(account)
            && *entry.shape == *shape
            && entry.models == *models
            && (key.is_none() || entry.digest == key.map(|key| key.digest))
        {
            return;
        }
        if entries.len() >= MOST_ACCOUNTS {
            entries.clear();
        }
        let digest = key.map(|key| key.digest);
        let entry =
            Entry { shape: Arc::new(shape.clone()), digest, models: models.clone(), refused: None };
        entries.insert(account.clone(), entry);
    }

    /// Forgets what can no longer be true.
    pub(super) fn forget(&self, account: &Account) {
        self.entries().remove(account);
    }

    /// Notes that an account refused, if that cannot change by itself before its window ends.
    pub(super) fn refused(&self, account: &Account, denial: &Denial, demand: &Demand, now_ms: u64) {
        let Denial::Exhausted(exhausted) = denial else { return };
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(account) else { return };
        let all = charges(&entry.shape, demand, now_ms);
        let refusing = all.iter().find(|charge| {
            let needs = charge.amount == Bound::AtMost(exhausted.needed) && charge.binds();
            let alias = charge.rule.alias.as_ref().map(Pattern::as_str);
            needs
                && charge.rule.limit == exhausted.limit
                && alias == exhausted.scope.alias.as_deref()
        });
        let Some(counter) = refusing.map(crate::quota::Charge::counter) else { return };
        if exhausted.is_certain() {
            entry.refused = Some(Refused { counter, exhausted: exhausted.clone(), at_ms: now_ms });
        }
    }

    /// A refusal from memory: the key is the one that was refused, and the demand needs at least
    /// as much of the counter that had too little.
    pub(super) fn refusal(
        &self,
        account: &Account,
        key: &Account,
        presented: &Presented,
        demand: &Demand,
        now_ms: u64,
    ) -> Option<Denial> {
        let entries = self.entries();
        let known = entries.get(key)?;
        let may_use =
            |alias: &String| known.models.iter().any(|model| Pattern::new(model).matches(alias));
        // Whom the table would refuse for another reason is not told of limits.
        if demand.alias.as_ref().is_some_and(|alias| !may_use(alias)) {
            return None;
        }
        let digest = known.digest;
        let entry = entries.get(account)?;
        let Refused { counter, exhausted, at_ms } = entry.refused.as_ref()?;
        let is_recent = now_ms.saturating_sub(*at_ms) < REFUSED_FOR_MS && now_ms >= *at_ms;
        if digest != Some(presented.digest) || !is_recent {
            return None;
        }
        let all = charges(&entry.shape, demand, now_ms);
        let charge = all.iter().find(|charge| charge.binds() && charge.counter() == *counter)?;
        let Bound::AtMost(needed) = charge.amount else { return None };
        let resets_in_ms = charge.window.ends_ms.map(|ends_ms| ends_ms.saturating_sub(now_ms));
        let again =
            Exhausted { needed, resets_in_ms, is_remembered: true, ..(**exhausted).clone() };
        (needed > 0 && again.is_certain()).then(|| Denial::Exhausted(Box::new(again)))
    }
}
