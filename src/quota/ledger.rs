//! The ledger of one account: its shape, its figures, its counters and its leases.

use std::collections::BTreeMap;

use super::account::{Account, Owner, Scope};
use super::bound::{Bound, Demand};
use super::charge::{Charge, charges};
use super::exhausted::Exhausted;
use super::hold::{Held, Line};
use super::limits::{Limit, UNLIMITED, Unit};
use super::rule::{self, Rule, SPENT};
use super::settlement::Part;
use super::shape::Shape;
use super::window::Window;

/// So many leases are removed by one write: its expression may have 4 KB.
const MOST_SWEPT: usize = 32;

/// What an item holds of limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    /// Which rules there are.
    pub shape: Shape,
    /// Each rule's figure by its attribute; in a shard, its share.
    pub figures: BTreeMap<String, u64>,
    /// What each counter has left, and beside it what was spent: `tpd@20414` to 59,
    /// `tpd@20414.spent` to 41.
    pub counters: BTreeMap<String, i64>,
    /// The requests in flight: when each must have ended.
    pub leases: BTreeMap<String, u64>,
    /// When a request was last admitted, in milliseconds since 1970; 0 when none ever was.
    pub used_ms: u64,
}

/// Why a ledger does not admit a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Objection {
    /// It does not fit a limit.
    Exhausted(Box<Exhausted>),
    /// A limit binds what nobody can bound: what to set.
    Unbounded(String),
}

impl Objection {
    /// Whether it came closer to being admitted than the other.
    pub(super) fn is_closer_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exhausted(own), Self::Exhausted(other)) => own.is_closer_than(other),
            _ => false,
        }
    }
}

impl Ledger {
    /// A ledger that nobody has used yet.
    pub fn new(shape: Shape, figures: BTreeMap<String, u64>) -> Self {
        Self { shape, figures, counters: BTreeMap::new(), leases: BTreeMap::new(), used_ms: 0 }
    }

    /// Every rule with its figure.
    pub fn rules(&self) -> Vec<(Rule, u64)> {
        self.shape.rules.iter().map(|rule| (rule.clone(), self.figure(rule))).collect()
    }

    /// A rule's figure.
    pub fn figure(&self, rule: &Rule) -> u64 {
        self.figures.get(rule.attribute()).copied().unwrap_or(UNLIMITED)
    }

    /// What a counter has left: the whole figure when its window is new.
    fn left(&self, rule: &Rule, counter: &str) -> i64 {
        let whole = || i64::try_from(self.figure(rule)).unwrap_or(i64::MAX);
        self.counters.get(counter).copied().unwrap_or_else(whole)
    }

    fn spent(&self, counter: &str) -> u64 {
        let spent = self.counters.get(&rule::spent(counter)).copied().unwrap_or(0);
        u64::try_from(spent).unwrap_or(0)
    }

    /// Places among the requests in flight that are taken at that time.
    fn in_flight(&self, now_ms: u64) -> u64 {
        let live = self.leases.values().filter(|expires_ms| **expires_ms > now_ms).count();
        u64::try_from(live).unwrap_or(u64::MAX)
    }

    /// Leases of requests that must have ended and have not said so.
    pub fn expired(&self, now_ms: u64) -> Vec<String> {
        let expired = self.leases.iter().filter(|(_, expires_ms)| **expires_ms <= now_ms);
        expired.map(|(id, _)| id.clone()).take(MOST_SWEPT).collect()
    }

    /// Why the demand is not admitted, if it is not: the condition of the admission in words.
    pub fn objection(&self, account: &Account, demand: &Demand, now_ms: u64) -> Option<Objection> {
        self.objections(account, demand, now_ms).next().map(|(_, objection)| objection)
    }

    /// Every rule that does not admit the demand, by its place in the shape; what is told first
    /// comes first.
    pub(super) fn objections<'a>(
        &'a self,
        account: &'a Account,
        demand: &'a Demand,
        now_ms: u64,
    ) -> impl Iterator<Item = (usize, Objection)> + 'a {
        let place = |rule: &Rule| self.shape.rules.iter().position(|other| other == rule);
        let places = self.shape.rules.iter().filter(|rule| !rule.limit.is_window());
        let crowded = places.filter_map(move |rule| {
            let objection = self.crowded(account, rule, demand, now_ms)?;
            Some((place(rule)?, objection))
        });
        let charges = charges(&self.shape, demand, now_ms).into_iter();
        let exhausted = charges.filter(Charge::binds).filter_map(move |charge| {
            let objection = self.refused(account, &charge, now_ms)?;
            Some((place(charge.rule)?, objection))
        });
        crowded.chain(exhausted)
    }

    /// Why there is no place among the requests in flight, if there is none.
    fn crowded(
        &self,
        account: &Account,
        rule: &Rule,
        demand: &Demand,
        now_ms: u64,
    ) -> Option<Objection> {
        let (of, taken) = (self.figure(rule), self.in_flight(now_ms));
        let binds = rule.mode != super::Mode::Shadow && demand.lease.is_some();
        if !binds || taken < of {
            return None;
        }
        let left = i64::try_from(of.saturating_sub(taken)).unwrap_or(i64::MAX);
        Some(self.exhausted(account, rule, (of, left, 0, 1), None))
    }

    /// Why a charge does not fit its window, if it does not.
    fn refused(&self, account: &Account, charge: &Charge<'_>, now_ms: u64) -> Option<Objection> {
        let Charge { rule, window, amount, .. } = charge;
        let needed = match amount {
            Bound::AtMost(needed) => *needed,
            Bound::Unknown(why) => return Some(Objection::Unbounded(why.clone())),
        };
        let (of, counter) = (self.figure(rule), charge.counter());
        let left = self.left(rule, &counter);
        if needed == 0 || i64::try_from(needed).is_ok_and(|needed| needed <= left) {
            return None;
        }
        let held = match rule.limit.unit {
            Unit::Requests => 0,
            _ => of.saturating_add_signed(-left).saturating_sub(self.spent(&counter)),
        };
        let resets_in_ms = window.ends_ms.map(|ends_ms| ends_ms.saturating_sub(now_ms));
        Some(self.exhausted(account, rule, (of, left, held, needed), resets_in_ms))
    }

    fn exhausted(
        &self,
        account: &Account,
        rule: &Rule,
        (of, left, held, needed): (u64, i64, u64, u64),
        resets_in_ms: Option<u64>,
    ) -> Objection {
        Objection::Exhausted(Box::new(Exhausted {
            limit: rule.limit,
            scope: scope(account, rule),
            shards: self.shape.shards,
            of,
            left,
            held,
            needed,
            resets_in_ms,
            is_remembered: false,
        }))
    }

    /// How every rule stands, and what the demand has taken from it.
    pub fn lines(&self, account: &Account, demand: &Demand, now_ms: u64) -> Vec<Line> {
        let charges = charges(&self.shape, demand, now_ms);
        let held = |rule| charges.iter().find(|charge| std::ptr::eq(charge.rule, rule));
        let line = |rule: &Rule| {
            let window = Window::at(rule.limit.period, &self.shape.zone, now_ms);
            let counter = rule.counter(window.id);
            let of = self.figure(rule);
            let (left, held) = if rule.limit.is_window() {
                (self.left(rule, &counter), held(rule).map_or(0, Charge::held))
            } else {
                let left = i128::from(of) - i128::from(self.in_flight(now_ms));
                let held = u64::from(demand.lease.is_some());
                (i64::try_from(left).unwrap_or(i64::MAX), held)
            };
            Line {
                limit: rule.limit,
                mode: rule.mode,
                scope: scope(account, rule),
                applies: rule.is_about(demand.alias.as_deref()),
                spent: self.spent(&counter),
                counter,
                window,
                of,
                held,
                left,
            }
        };
        self.shape.rules.iter().map(line).collect()
    }

    /// What a granted demand holds of this account.
    pub fn held(&self, account: Account, demand: &Demand, now_ms: u64) -> Held {
        let lease = demand.lease.as_ref().filter(|_| self.shape.has_leases());
        Held {
            lines: self.lines(&account, demand, now_ms),
            lease: lease.map(|lease| lease.id.clone()),
            stale: self.stale(now_ms),
            shape: self.shape.text().to_owned(),
            stale_leases: self.expired(now_ms),
            account,
        }
    }

    /// The counters that nothing needs any more: of rules that are gone, and of windows before the
    /// last one.
    fn stale(&self, now_ms: u64) -> Vec<String> {
        let is_needed = |counter: &str| {
            let counter = counter.strip_suffix(SPENT).unwrap_or(counter);
            let Some((attribute, id)) = counter.split_once('@') else { return true };
            let mut rules = self.shape.rules.iter();
            let Some(rule) = rules.find(|rule| rule.attribute() == attribute) else {
                return false;
            };
            let running = Window::at(rule.limit.period, &self.shape.zone, now_ms);
            id.parse().is_ok_and(|id| running.is_kept(id))
        };
        self.counters.keys().filter(|counter| !is_needed(counter)).cloned().collect()
    }

    /// Takes a demand that nothing objects to.
    pub fn take(&mut self, demand: &Demand, now_ms: u64) {
        let mut taken = Vec::new();
        for charge in charges(&self.shape, demand, now_ms) {
            let amount = charge.held();
            if amount > 0 || charge.is_open {
                let counter = charge.counter();
                let amount = i64::try_from(amount).unwrap_or(i64::MAX);
                taken.push((self.left(charge.rule, &counter).saturating_sub(amount), counter));
            }
        }
        self.counters.extend(taken.into_iter().map(|(left, counter)| (counter, left)));
        if let Some(lease) = demand.lease.as_ref().filter(|_| self.shape.has_leases()) {
            self.leases.retain(|_, expires_ms| *expires_ms > now_ms);
            self.leases.insert(lease.id.clone(), lease.expires_ms);
        }
        self.used_ms = now_ms;
    }

    /// Ends a hold. A counter that has vanished, because its window is long over or the operator
    /// has reset it, gets nothing back.
    pub fn settle(&mut self, part: &Part) {
        for change in &part.changes {
            let Some(left) = self.counters.get_mut(&change.counter) else { continue };
            *left = left.saturating_add(change.give_back);
            if change.spent > 0 {
                let spent = self.counters.entry(rule::spent(&change.counter)).or_insert(0);
                *spent = spent.saturating_add(i64::try_from(change.spent).unwrap_or(i64::MAX));
            }
        }
        if part.shape == self.shape.text() {
            self.counters.retain(|counter, _| !part.stale.contains(counter));
        }
        let ended = part.stale_leases.iter().chain(&part.release);
        for lease in ended {
            self.leases.remove(lease);
        }
    }
}

fn scope(account: &Account, rule: &Rule) -> Scope {
    let alias = rule.alias.as_ref().map(|pattern| pattern.as_str().to_owned());
    Scope { is_team: matches!(account.owner, Owner::Team(_)), alias }
}

/// The limits that an item of a plain shape has attributes for, whether they limit or not.
pub fn always_stored() -> impl Iterator<Item = &'static Limit> {
    super::LIMITS.iter().filter(|limit| limit.is_window())
}
