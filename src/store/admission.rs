//! Admission, decided: the condition of the one write in words, for the store that evaluates it
//! here (memory) and for the one that must explain why it failed elsewhere (DynamoDB).

use super::error::StoreError;
use super::item::{Item, State};
use crate::keys::{Caller, Presented};
use crate::quota::{Books, Demand, Exhausted, Hold, Line, Objection};
use crate::refusal::Refusal;
use crate::routing::Pattern;

/// An admitted request.
#[derive(Debug)]
pub struct Admission {
    /// Whom it is served for.
    pub caller: Caller,
    /// What it has reserved.
    pub hold: Hold,
    /// How many calls of the store that took.
    pub trips: u32,
}

/// How a key stands: what its holder may know of it.
#[derive(Debug)]
pub struct Standing {
    /// Whom the key stands for.
    pub caller: Caller,
    /// The zone in which its days are counted, as the operator wrote it.
    pub time_zone: String,
    /// Each rule of the key and of its team, all shards together.
    pub lines: Vec<Line>,
    /// What these stand in.
    pub books: Books,
}

/// Why a request is not admitted. Nothing was taken from a key that makes sense.
#[derive(Clone, Debug, PartialEq)]
pub enum Denial {
    /// There is no such key, or its secret is another.
    UnknownKey,
    /// The key or its team was revoked.
    Revoked,
    /// The key may not use the alias; the patterns that it may use.
    Forbidden(String),
    /// It does not fit a limit.
    Exhausted(Box<Exhausted>),
    /// A limit binds what nobody can bound: what to set.
    Unbounded(String),
    /// The store could not say.
    Store(StoreError),
}

impl Denial {
    /// What the client is told; `alias` is what it asked for.
    pub fn refusal(&self, alias: Option<&str>) -> Refusal {
        match self {
            Self::UnknownKey => Refusal::InvalidKey,
            Self::Revoked => Refusal::KeyRevoked,
            Self::Forbidden(allowed) => Refusal::ModelForbidden {
                alias: alias.unwrap_or_default().to_owned(),
                allowed: allowed.clone(),
            },
            Self::Exhausted(exhausted) => Refusal::Exhausted(exhausted.clone()),
            Self::Unbounded(message) => Refusal::Unbounded { message: message.clone() },
            Self::Store(error) => error.refusal(),
        }
    }
}

impl Denial {
    /// How many calls of the store it took to find out, at least.
    pub fn trips(&self) -> u32 {
        match self {
            Self::Exhausted(exhausted) if exhausted.is_remembered => 0,
            _ => 1,
        }
    }
}

impl From<Objection> for Denial {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::Exhausted(exhausted) => Self::Exhausted(exhausted),
            Objection::Unbounded(why) => Self::Unbounded(why),
        }
    }
}

/// Whether an item is the key that was presented, and may be used for the alias.
pub(super) fn identify(
    item: Option<&Item>,
    presented: &Presented,
    alias: Option<&str>,
) -> Result<(), Denial> {
    let Some(item) = item.filter(|item| item.is(presented)) else {
        return Err(Denial::UnknownKey);
    };
    if item.state != State::Active {
        return Err(Denial::Revoked);
    }
    let models = &item.policy.models;
    match alias {
        Some(alias) if !models.iter().any(|model| Pattern::new(model).matches(alias)) => {
            Err(Denial::Forbidden(models.join(", ")))
        }
        _ => Ok(()),
    }
}

/// Whether an item of a team may be used.
pub(super) fn identify_team(item: Option<&Item>) -> Result<(), Denial> {
    match item {
        Some(item) if item.state == State::Active => Ok(()),
        Some(_) => Err(Denial::Revoked),
        None => {
            let why = "the key's team does not exist".to_owned();
            Err(Denial::Store(StoreError::Corrupt(why)))
        }
    }
}

/// The admission that items show after the demand was taken from them: the key's, and its team's.
pub(super) fn admitted(
    items: &[&Item],
    demand: &Demand,
    now_ms: u64,
    trips: u32,
) -> Option<Admission> {
    let caller = items.first()?.caller()?;
    let held = items.iter().map(|item| {
        let account = item.account.clone();
        item.ledger.held(account, demand, now_ms)
    });
    Some(Admission { caller, hold: Hold::granted(demand, held.collect()), trips })
}

/// How items stand: the shards of a key, and those of its team. Whoever asks has presented the key, or
/// is an operator, who may look at all of them.
pub fn standing(key: &[&Item], team: &[&Item], now_ms: u64) -> Option<Standing> {
    let first = key.first()?;
    let shards = |items: &[&Item]| {
        items.iter().map(|item| (item.account.clone(), item.ledger.clone())).collect()
    };
    let books = Books(vec![shards(key), shards(team)]);
    let lines = books.lines(&Demand::nothing(), now_ms);
    let time_zone = first.policy.time_zone.clone();
    Some(Standing { caller: first.caller()?, time_zone, lines, books })
}

/// Of several refusals the one that came closest.
pub(super) fn closest(a: Option<Denial>, b: Denial) -> Denial {
    match (a, b) {
        (Some(Denial::Exhausted(a)), Denial::Exhausted(b)) if a.is_closer_than(&b) => {
            Denial::Exhausted(a)
        }
        (_, b) => b,
    }
}
