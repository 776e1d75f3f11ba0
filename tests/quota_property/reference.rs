//! The reference: what is billed and held of each limit in each window, and nothing else. It knows
//! neither counters nor conditions; a window is what a calendar shows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tollgate::quota::{Bound, Demand, Mode, Need, Period, Unit};

use super::operations::{Ask, Clause, Limits, Outcome};

/// What a calendar shows of a window.
type Calendar = (i16, i8, i8, i8, i8);

/// What a window has seen of one limit, in one shard.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Balance {
    pub(super) billed: u64,
    pub(super) held: u64,
    /// The largest figure that was in force.
    peak: u64,
}

#[derive(Debug, Default)]
struct Shard {
    balances: BTreeMap<(usize, Calendar), Balance>,
    leases: BTreeMap<String, u64>,
}

/// A key or a team.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) clauses: Vec<Clause>,
    zone: TimeZone,
    shards: Vec<Shard>,
    pub(super) is_revoked: bool,
}

/// What one request has of one owner.
#[derive(Clone, Debug)]
pub(super) struct Share {
    owner: usize,
    shard: usize,
    held: Vec<(usize, Calendar, u64)>,
    lease: Option<String>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Revoked,
    Exhausted,
    Unbounded,
}

impl Owner {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            clauses: limits.clauses.clone(),
            zone: TimeZone::posix(limits.zone).unwrap(),
            shards: (0..limits.shards).map(|_| Shard::default()).collect(),
            is_revoked: false,
        }
    }

    fn calendar(&self, period: Period, now_ms: u64) -> Calendar {
        let now = Timestamp::from_millisecond(i64::try_from(now_ms).unwrap()).unwrap();
        let utc = TimeZone::UTC.to_datetime(now);
        let own = self.zone.to_datetime(now);
        match period {
            Period::Minute => (utc.year(), utc.month(), utc.day(), utc.hour(), utc.minute()),
            Period::Hour => (utc.year(), utc.month(), utc.day(), utc.hour(), 0),
            Period::Day => (own.year(), own.month(), own.day(), 0, 0),
            Period::Month => (own.year(), own.month(), 0, 0, 0),
            Period::Life | Period::Moment => (0, 0, 0, 0, 0),
        }
    }

    /// A shard's share of a figure: the first ones have one more where it cannot be divided.
    pub(super) fn figure(&self, clause: usize, shard: usize) -> u64 {
        let shards = u64::try_from(self.shards.len()).unwrap();
        let figure = self.clauses[clause].figure;
        let larger = usize::try_from(figure % shards).unwrap();
        figure / shards + u64::from(shard < larger)
    }

    fn balance(&self, clause: usize, shard: usize, now_ms: u64) -> Balance {
        let calendar = self.calendar(self.clauses[clause].limit.period, now_ms);
        self.shards[shard].balances.get(&(clause, calendar)).copied().unwrap_or_default()
    }

    fn in_flight(&self, shard: usize, now_ms: u64) -> u64 {
        let live = self.shards[shard].leases.values().filter(|expires_ms| **expires_ms > now_ms);
        u64::try_from(live.count()).unwrap()
    }

    /// Why a shard has no room.
    fn objection(&self, shard: usize, demand: &Demand, now_ms: u64) -> Option<Reason> {
        let refuses = |(n, clause): (usize, &Clause)| {
            let figure = self.figure(n, shard);
            if clause.mode == Mode::Shadow {
                return None;
            }
            if clause.limit.unit == Unit::InFlight {
                let full = demand.lease.is_some() && self.in_flight(shard, now_ms) >= figure;
                return full.then_some(Reason::Exhausted);
            }
            let Balance { billed, held, .. } = self.balance(n, shard, now_ms);
            match amount(clause, demand) {
                None => Some(Reason::Unbounded),
                Some(0) => None,
                Some(amount) => (billed + held + amount > figure).then_some(Reason::Exhausted),
            }
        };
        // The order in which limits are named: places first, then those about all aliases.
        let mut all: Vec<_> = self.clauses.iter().enumerate().collect();
        all.sort_by_key(|(_, clause)| (clause.alias.is_some(), place(clause)));
        all.into_iter().find_map(refuses)
    }

    fn room(&self, demand: &Demand, now_ms: u64) -> Result<usize, Reason> {
        let shards = self.shards.len();
        let first = usize::try_from(demand.draw).unwrap();
        let mut reason = None;
        for shard in (0..shards).map(|step| (first + step) % shards) {
            match self.objection(shard, demand, now_ms) {
                None => return Ok(shard),
                Some(objection) => reason = Some(objection),
            }
        }
        Err(reason.expect("a shard"))
    }

    fn take(&mut self, owner: usize, shard: usize, demand: &Demand, now_ms: u64) -> Share {
        let mut held = Vec::new();
        for (n, clause) in self.clauses.iter().enumerate() {
            if clause.limit.unit == Unit::InFlight {
                continue;
            }
            let calendar = self.calendar(clause.limit.period, now_ms);
            let figure = self.figure(n, shard);
            let amount = amount(clause, demand).unwrap_or(0);
            let balance = self.shards[shard].balances.entry((n, calendar)).or_default();
            balance.held += amount;
            balance.peak = balance.peak.max(figure);
            held.push((n, calendar, amount));
        }
        let counts = self.clauses.iter().any(|clause| clause.limit.unit == Unit::InFlight);
        let lease = demand.lease.as_ref().filter(|_| counts);
        if let Some(lease) = lease {
            self.shards[shard].leases.insert(lease.id.clone(), lease.expires_ms);
        }
        Share { owner, shard, held, lease: lease.map(|lease| lease.id.clone()) }
    }

    fn settle(&mut self, share: &Share, ask: &Ask, demand: &Demand, outcome: Outcome) {
        let Shard { balances, leases } = &mut self.shards[share.shard];
        for (n, calendar, held) in &share.held {
            let clause = &self.clauses[*n];
            let balance = balances.get_mut(&(*n, *calendar)).expect("what was held");
            balance.held -= held;
            if is_about(clause, demand) {
                balance.billed += billed(clause.limit.unit, *held, ask, outcome);
            }
        }
        if let Some(lease) = &share.lease {
            leases.remove(lease);
        }
    }

    /// How a limit stands, all shards together: its figure; used, held and left.
    fn line(&self, n: usize, whose: &str, now_ms: u64) -> String {
        let clause = &self.clauses[n];
        let sum = |part: &dyn Fn(usize) -> u64| (0..self.shards.len()).map(part).sum::<u64>();
        let billed = sum(&|shard| self.balance(n, shard, now_ms).billed);
        let held = sum(&|shard| self.balance(n, shard, now_ms).held);
        let (used, held) = match clause.limit.unit {
            Unit::InFlight => (sum(&|shard| self.in_flight(shard, now_ms)), 0),
            // A request counts when it is admitted.
            Unit::Requests => (billed + held, 0),
            _ => (billed, held),
        };
        let left = i128::from(clause.figure) - i128::from(used) - i128::from(held);
        let Clause { limit, alias, figure, .. } = clause;
        let alias = alias.map_or_else(String::new, |alias| format!(":{alias}"));
        format!("{whose}{alias} {} {figure}: {used}+{held}+{left}", limit.name)
    }

    pub(super) fn shards(&self) -> u16 {
        u16::try_from(self.shards.len()).unwrap()
    }

    pub(super) fn lines(&self, whose: &str, now_ms: u64) -> Vec<String> {
        (0..self.clauses.len()).map(|n| self.line(n, whose, now_ms)).collect()
    }

    /// Hard limits that were overspent: what is billed, and what may be billed yet, is more than
    /// the largest figure that the window has seen.
    pub(super) fn overspent(&self) -> Option<String> {
        let all = self.shards.iter().flat_map(|shard| &shard.balances);
        let mut hard = all.filter(|((n, _), _)| self.clauses[*n].mode == Mode::Hard);
        let over = hard.find(|(_, balance)| balance.billed + balance.held > balance.peak);
        over.map(|found| format!("{found:?}"))
    }

    /// An operator says how much may be used.
    pub(super) fn set_figure(&mut self, clause: usize, figure: u64) {
        self.clauses[clause].figure = figure;
    }

    /// An operator forgives what was billed in the windows that run; what is held stays held.
    pub(super) fn reset(&mut self, clause: usize, now_ms: u64) {
        let calendar = self.calendar(self.clauses[clause].limit.period, now_ms);
        for shard in &mut self.shards {
            if let Some(balance) = shard.balances.get_mut(&(clause, calendar)) {
                balance.billed = 0;
            }
        }
    }
}

/// The reference for a few keys and, last, their team.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) owners: Vec<Owner>,
}

impl Reference {
    /// Takes from all owners of a request, or from none.
    pub(super) fn admit(
        &mut self,
        owners: &[usize],
        demand: &Demand,
        now_ms: u64,
    ) -> Result<Vec<Share>, Reason> {
        let mut rooms = Vec::new();
        for owner in owners {
            let found = &self.owners[*owner];
            if found.is_revoked {
                return Err(Reason::Revoked);
            }
            rooms.push((*owner, found.room(demand, now_ms)?));
        }
        let take = |(owner, shard): &(usize, usize)| {
            self.owners[*owner].take(*owner, *shard, demand, now_ms)
        };
        Ok(rooms.iter().map(take).collect())
    }

    pub(super) fn settle(&mut self, shares: &[Share], ask: &Ask, demand: &Demand, end: Outcome) {
        for share in shares {
            self.owners[share.owner].settle(share, ask, demand, end);
        }
    }
}

fn place(clause: &Clause) -> usize {
    tollgate::quota::LIMITS.iter().position(|limit| limit == clause.limit).expect("a limit")
}

fn is_about(clause: &Clause, demand: &Demand) -> bool {
    let alias = demand.alias.as_deref().unwrap_or_default();
    match clause.alias {
        None => true,
        Some("gpt-*") => alias.starts_with("gpt-"),
        Some("*-mini") => alias.ends_with("-mini"),
        Some(other) => panic!("{other}"),
    }
}

/// What a request takes; nothing when nobody can say.
fn amount(clause: &Clause, demand: &Demand) -> Option<u64> {
    if !is_about(clause, demand) {
        return Some(0);
    }
    let Need { at_most, likely } = match clause.limit.unit {
        Unit::Requests => return Some(demand.requests),
        Unit::InFlight => return Some(0),
        Unit::Tokens => &demand.tokens,
        Unit::InputTokens => &demand.input,
        Unit::OutputTokens => &demand.output,
        Unit::NanoUsd => &demand.nano_usd,
    };
    match (if clause.mode == Mode::Estimate { likely } else { at_most }, clause.mode) {
        (Bound::AtMost(amount), _) => Some(*amount),
        (Bound::Unknown(_), Mode::Shadow) => Some(0),
        (Bound::Unknown(_), _) => None,
    }
}

/// What a request is billed in the end.
fn billed(unit: Unit, held: u64, ask: &Ask, outcome: Outcome) -> u64 {
    let (input, output, is_priced) = match outcome {
        Outcome::Void => return 0,
        _ if matches!(unit, Unit::Requests | Unit::InFlight) => return held,
        Outcome::Unbilled => return 0,
        Outcome::Unknown => return held,
        Outcome::Exact(input, output, is_priced) => (input, output, is_priced),
    };
    let (input, output) = (ask.input * input / 100, ask.output * output / 100);
    match unit {
        Unit::Tokens => input + output,
        Unit::InputTokens => input,
        Unit::OutputTokens => output,
        Unit::NanoUsd if is_priced => Ask::price(input, output),
        _ => held,
    }
}
