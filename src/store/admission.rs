//! Admission, decided: the condition of the one write in words, for the store that evaluates it
//! here (memory) and for the one that must explain why it failed elsewhere (DynamoDB).

use super::error::StoreError;
use super::item::{KeyItem, KeyState};
use crate::keys::{Caller, Presented};
use crate::quota::{Bound, Charge, Exhausted, Hold, Line, UNLIMITED, stale};
use crate::refusal::Refusal;

/// An admitted request.
#[derive(Debug)]
pub struct Admission {
    /// Whom it is served for.
    pub caller: Caller,
    /// What it has reserved.
    pub hold: Hold,
}

/// Why a request is not admitted. Nothing was taken from a key that makes sense.
#[derive(Clone, Debug, PartialEq)]
pub enum Denial {
    /// There is no such key, or its secret is another.
    UnknownKey,
    /// The key was revoked.
    Revoked,
    /// It does not fit a limit.
    Exhausted(Exhausted),
    /// A limit binds what nobody can bound: what to set.
    Unbounded(String),
    /// The store could not say.
    Store(StoreError),
}

impl Denial {
    /// What the client is told.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::UnknownKey => Refusal::InvalidKey,
            Self::Revoked => Refusal::KeyRevoked,
            Self::Exhausted(exhausted) => Refusal::Exhausted(exhausted.clone()),
            Self::Unbounded(message) => Refusal::Unbounded { message: message.clone() },
            Self::Store(error) => error.refusal(),
        }
    }
}

/// Whether an item admits the charges. It is the condition of the write and the reason for its
/// failure: the two stores agree because they share it.
pub(super) fn judge(
    item: Option<&KeyItem>,
    presented: &Presented,
    charges: &[Charge],
    now_ms: u64,
) -> Result<(), Denial> {
    let Some(item) = item.filter(|item| presented.digest.matches_hex(&item.hash)) else {
        return Err(Denial::UnknownKey);
    };
    if item.state != KeyState::Active {
        return Err(Denial::Revoked);
    }
    for (index, charge) in charges.iter().enumerate() {
        let of = item.limit(index);
        match &charge.amount {
            Bound::Unknown(_) if of >= UNLIMITED => {}
            Bound::Unknown(why) => return Err(Denial::Unbounded(why.clone())),
            Bound::AtMost(_) => {
                let left = item.left(charge.limit.attribute, &charge.counter());
                if let Some(exhausted) = Exhausted::check(charge, of, left, now_ms) {
                    return Err(Denial::Exhausted(exhausted));
                }
            }
        }
    }
    Ok(())
}

/// The admission that an item shows after the charges were taken from it.
pub(super) fn admitted(item: &KeyItem, charges: &[Charge], now_ms: u64) -> Admission {
    let lines = charges
        .iter()
        .enumerate()
        .map(|(index, charge)| Line {
            limit: charge.limit,
            window: charge.window,
            of: item.limit(index),
            held: match charge.amount {
                Bound::AtMost(amount) => amount,
                Bound::Unknown(_) => 0,
            },
            left: item.left(charge.limit.attribute, &charge.counter()),
        })
        .collect();
    let stale = stale(item.counters.keys().map(String::as_str), now_ms);
    Admission { caller: item.caller(), hold: Hold::granted(item.id.clone(), lines, stale) }
}
