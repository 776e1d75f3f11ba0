//! The hold: what an admitted request has reserved, until it is settled.

use super::account::{Account, Scope};
use super::bound::{Bound, Demand, Need};
use super::limits::{Limit, Mode, Period, Unit};
use super::settlement::{Change, Evidence, Part, Settlement};
use super::window::Window;

/// One rule of an account: how it stands, and what a request has taken from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which limit.
    pub limit: &'static Limit,
    /// What it does.
    pub mode: Mode,
    /// Whose, and for which aliases.
    pub scope: Scope,
    /// Whether it is about this request.
    pub applies: bool,
    /// The name of the counter of the window.
    pub counter: String,
    /// In which window.
    pub window: Window,
    /// How much may be used in a window.
    pub of: u64,
    /// How much this request holds.
    pub held: u64,
    /// How much is left for others; below zero after more was used than held.
    pub left: i64,
    /// How much is settled in the window. Requests are never given back, so nothing is noted of
    /// them.
    pub spent: u64,
}

impl Line {
    /// How much of the window is used for good.
    pub fn used(&self) -> u64 {
        match self.limit.unit {
            Unit::Requests | Unit::InFlight => self.taken(),
            _ => self.spent,
        }
    }

    /// How much is taken and not settled: by requests in flight, and by those that were lost.
    pub fn unsettled(&self) -> u64 {
        self.taken().saturating_sub(self.used())
    }

    /// Whether it binds what the request costs: then the output must be capped.
    pub fn binds_cost(&self) -> bool {
        self.applies && self.limit.unit.is_cost() && self.mode != Mode::Shadow
    }

    fn taken(&self) -> u64 {
        let taken = i128::from(self.of) - i128::from(self.left);
        u64::try_from(taken.max(0)).unwrap_or(u64::MAX)
    }

    /// Adds the same rule of another shard.
    pub fn add(&mut self, other: &Self) {
        self.of = self.of.saturating_add(other.of);
        self.held = self.held.saturating_add(other.held);
        self.left = self.left.saturating_add(other.left);
        self.spent = self.spent.saturating_add(other.spent);
    }

    /// Whether the window's counter is still there: it and the one before are kept. Into which
    /// window a hold is settled is never in question: into its own.
    fn is_kept(&self, now_ms: u64) -> bool {
        const HOUR_MS: u64 = 3_600_000;
        // As short as the next window can be: a clock may be set forward an hour in it.
        let next_ms = match self.limit.period {
            Period::Minute => 60_000,
            Period::Hour => HOUR_MS,
            Period::Day => 23 * HOUR_MS,
            Period::Month => (28 * 24 - 1) * HOUR_MS,
            Period::Life | Period::Moment => 0,
        };
        self.window.ends_ms.is_none_or(|ends_ms| now_ms < ends_ms.saturating_add(next_ms))
    }

    /// What the evidence changes; and whether it shows more than the bound.
    fn settle(self, evidence: &Evidence, now_ms: u64) -> (Option<Change>, bool) {
        if !self.applies || !self.limit.is_window() {
            return (None, false);
        }
        let used = evidence.used(self.limit.unit, self.held).unwrap_or(self.held);
        let violates = self.mode == Mode::Hard && used > self.held;
        let spent = if self.limit.unit.is_cost() { used } else { 0 };
        let give_back = difference(self.held, used);
        let changes = (give_back != 0 || spent != 0) && self.is_kept(now_ms);
        (changes.then_some(Change { counter: self.counter, give_back, spent }), violates)
    }
}

fn difference(held: u64, used: u64) -> i64 {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    signed(held).saturating_sub(signed(used))
}

/// The window that binds first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tightest {
    /// What it counts.
    pub unit: Unit,
    /// How much may be used in it.
    pub of: u64,
    /// How much is left; below zero after more was used than held.
    pub left: i64,
    /// When it ends, in milliseconds since 1970.
    pub ends_ms: Option<u64>,
}

/// What is held of one account.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Of which.
    pub account: Account,
    /// Rule by rule.
    pub lines: Vec<Line>,
    /// The lease that was taken.
    pub lease: Option<String>,
    /// Counters that no window needs any more.
    pub stale: Vec<String>,
    /// The text of the shape by which they are stale.
    pub shape: String,
    /// Leases that have expired.
    pub stale_leases: Vec<String>,
}

/// What one admitted request has reserved. Made by a store only; must be settled.
#[derive(Debug, PartialEq)]
#[must_use = "a hold is given back by settling it"]
pub struct Hold {
    requests: u64,
    tokens: u64,
    nano_usd: u64,
    accounts: Vec<Held>,
}

impl Hold {
    /// Called by a store whose conditional write succeeded; by nobody else (a house rule, tested).
    pub(crate) fn granted(demand: &Demand, accounts: Vec<Held>) -> Self {
        let at_most = |need: &Need| match need.at_most {
            Bound::AtMost(amount) => amount,
            Bound::Unknown(_) => 0,
        };
        Self {
            requests: demand.requests,
            tokens: at_most(&demand.tokens),
            nano_usd: at_most(&demand.nano_usd),
            accounts,
        }
    }

    /// Requests: 1, or 0 for a further hold of the same one.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// The shard of the key that it was taken from.
    pub fn shard(&self) -> u16 {
        self.accounts.first().map_or(0, |held| held.account.shard)
    }

    /// The most tokens that the request can cost, whether a rule binds them or not; 0 when that
    /// has no bound.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// The most nano-USD that the request can cost, whether a rule binds them or not; 0 when that
    /// has no bound.
    pub fn nano_usd(&self) -> u64 {
        self.nano_usd
    }

    /// Every rule with what is held of it.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.accounts.iter().flat_map(|held| &held.lines)
    }

    /// Whether any rule in tokens or money binds: then the output must be capped.
    pub fn binds_cost(&self) -> bool {
        self.lines().any(Line::binds_cost)
    }

    /// What is left after this hold for the `x-ratelimit-*` headers: of requests and of tokens, in
    /// the window that has the least.
    pub fn tightest(&self) -> Vec<Tightest> {
        let of = |picks: fn(Unit) -> bool| {
            let binding = self.lines().filter(move |line| {
                line.applies && line.mode != Mode::Shadow && picks(line.limit.unit)
            });
            binding.min_by_key(|line| line.left)
        };
        let both = [of(|unit| unit == Unit::Requests), of(Unit::is_tokens)];
        let tightest = |line: &Line| Tightest {
            unit: line.limit.unit,
            of: line.of,
            left: line.left,
            ends_ms: line.window.ends_ms,
        };
        both.into_iter().flatten().map(tightest).collect()
    }

    /// The rules that would have refused the request, had they been more than shadows.
    pub fn shadow_refusals(&self) -> impl Iterator<Item = &Line> {
        self.lines().filter(|line| {
            line.applies && line.mode == Mode::Shadow && line.held > 0 && line.left < 0
        })
    }

    /// Ends the hold. What evidence shows to be unused is given back, each to the window that it
    /// was taken from.
    pub fn settle(self, evidence: &Evidence, now_ms: u64) -> Settlement {
        let mut bound_violation = false;
        let part = |held: Held| {
            let Held { account, lines, lease: release, stale, shape, stale_leases } = held;
            let mut changes = Vec::with_capacity(lines.len());
            for line in lines {
                let (change, violates) = line.settle(evidence, now_ms);
                changes.extend(change);
                bound_violation |= violates;
            }
            Part { account, changes, release, stale, shape, stale_leases }
        };
        let parts = self.accounts.into_iter().map(part).collect();
        Settlement { parts, bound_violation }
    }
}
