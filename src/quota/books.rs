//! The books of a key: its ledgers and its team's, and what they would say to a demand.

use super::account::Account;
use super::bound::{Bound, Demand};
use super::charge::charges;
use super::hold::Line;
use super::ledger::{Ledger, Objection};

/// The ledgers that must all have room for a request: of a key and of its team, each with all of its
/// shards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Books(pub Vec<Vec<(Account, Ledger)>>);

/// A rule, and what a demand would do to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prospect {
    /// How it stands, all shards together; what it would hold is not taken yet.
    pub line: Line,
    /// Why nothing bounds what it would hold, if nothing does.
    pub unbounded: Option<String>,
    /// Whether a shard has room for it.
    pub fits: bool,
}

impl Books {
    /// How every rule stands, all shards together, and what the demand would take from each.
    pub fn lines(&self, demand: &Demand, now_ms: u64) -> Vec<Line> {
        self.0.iter().flat_map(|shards| together(shards, demand, now_ms)).collect()
    }

    /// What the demand would do to every rule.
    pub fn prospects(&self, demand: &Demand, now_ms: u64) -> Vec<Prospect> {
        let of = |shards: &Vec<(Account, Ledger)>| {
            let objections = shards.iter().map(|(account, ledger)| {
                ledger.objections(account, demand, now_ms).map(|(place, _)| place)
            });
            let objections: Vec<Vec<usize>> = objections.map(Iterator::collect).collect();
            let unbounded = shards.first().map(|(_, ledger)| unbounded(ledger, demand, now_ms));
            let lines = together(shards, demand, now_ms).into_iter();
            let prospects = lines.zip(unbounded.unwrap_or_default()).enumerate();
            let prospect = |(place, (line, unbounded))| {
                let fits = objections.iter().any(|places| !places.contains(&place));
                Prospect { line, unbounded, fits }
            };
            prospects.map(prospect).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// Why the demand would not be admitted, if it would not.
    pub fn objection(&self, demand: &Demand, now_ms: u64) -> Option<Objection> {
        self.0.iter().find_map(|shards| {
            let count = u16::try_from(shards.len()).unwrap_or(u16::MAX);
            let order = shard_order(count, demand.draw).map(usize::from);
            let tried = order.filter_map(|shard| shards.get(shard));
            room(tried.map(|(account, ledger)| (account, ledger)), demand, now_ms).err().flatten()
        })
    }
}

/// Of each rule of a ledger, why nothing bounds what it would hold.
fn unbounded(ledger: &Ledger, demand: &Demand, now_ms: u64) -> Vec<Option<String>> {
    let charges = charges(&ledger.shape, demand, now_ms);
    let of = |rule| match charges.iter().find(|charge| charge.rule == rule)?.amount.clone() {
        Bound::Unknown(why) => Some(why),
        Bound::AtMost(_) => None,
    };
    ledger.shape.rules.iter().map(of).collect()
}

/// How the rules of an owner stand. Only one shard holds what is demanded.
fn together(shards: &[(Account, Ledger)], demand: &Demand, now_ms: u64) -> Vec<Line> {
    let mut each = shards.iter().map(|(account, ledger)| ledger.lines(account, demand, now_ms));
    let mut lines = each.next().unwrap_or_default();
    for own in each {
        for (line, own) in lines.iter_mut().zip(own) {
            line.add(&Line { held: 0, ..own });
        }
    }
    lines
}

/// The first of an owner's shards that has room for a demand.
///
/// # Errors
/// Of several objections the one that came closest; nothing where there is no shard.
pub fn room<'a>(
    shards: impl Iterator<Item = (&'a Account, &'a Ledger)>,
    demand: &Demand,
    now_ms: u64,
) -> Result<&'a Account, Option<Objection>> {
    let mut closest: Option<Objection> = None;
    for (account, ledger) in shards {
        let Some(objection) = ledger.objection(account, demand, now_ms) else { return Ok(account) };
        closest = Some(match closest {
            Some(before) if before.is_closer_than(&objection) => before,
            _ => objection,
        });
    }
    Err(closest)
}

/// The shards in the order in which they are tried: from a drawn one on, each once.
pub fn shard_order(count: u16, draw: u64) -> impl Iterator<Item = u16> {
    let count = count.max(1);
    let first = u16::try_from(draw % u64::from(count)).unwrap_or(0);
    (0..count).map(move |step| (first + step) % count)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::keys::KeyId;
    use crate::quota::{Limit, Mode, Need, Rule, Shape, Zone};
    use crate::routing::Pattern;

    /// A key with two shards: a day's tokens, requests for `gpt-*` in shadow, and two in flight.
    fn books(left: [i64; 2]) -> Books {
        let limit = |name| Limit::named(name).unwrap();
        let rules = vec![
            Rule::plain(limit("tokens_per_day")),
            Rule::new(limit("rpm"), Mode::Shadow, Some(Pattern::new("gpt-*"))),
            Rule::plain(limit("in_flight")),
        ];
        let shape = Shape::new(1, rules, Zone::UTC, None, 2);
        let key = Account::key(KeyId::parse("abcdefghijkl").unwrap());
        let shard = |(number, left)| {
            let figures = shape.rules.iter().map(|rule| {
                let figure = if rule.limit.unit.is_cost() { 50 } else { 1 };
                (rule.attribute().to_owned(), figure)
            });
            let mut ledger = Ledger::new(shape.clone(), figures.collect::<BTreeMap<_, _>>());
            ledger.counters.insert("tpd@0".to_owned(), left);
            (key.with_shard(number), ledger)
        };
        Books(vec![[0, 1].into_iter().zip(left).map(shard).collect()])
    }

    fn takes(tokens: u64) -> Demand {
        let (id, expires_ms) = ("l".to_owned(), 9);
        Demand {
            alias: Some("gpt-5".to_owned()),
            requests: 1,
            tokens: Need::known(tokens, tokens),
            lease: Some(crate::quota::Lease { id, expires_ms }),
            ..Demand::nothing()
        }
    }

    /// Of each rule what it holds, what is left before, and whether it fits.
    fn check(left: [i64; 2], tokens: u64, expected: &[(&str, u64, i64, bool)], fits: bool) {
        let (books, demand) = (books(left), takes(tokens));
        let prospects = books.prospects(&demand, 1);
        let found: Vec<_> = prospects
            .iter()
            .map(|one| (one.line.limit.name, one.line.held, one.line.left, one.fits))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(books.objection(&demand, 1).is_none(), fits);
    }

    #[test]
    fn what_a_demand_would_do_is_said_and_nothing_is_taken() {
        let day = |held, left, fits| ("tokens_per_day", held, left, fits);
        let (places, shadow) = (("in_flight", 1, 2, true), ("rpm", 1, 2, true));
        check([50, 50], 20, &[places, day(20, 100, true), shadow], true);
        check([10, 30], 20, &[places, day(20, 40, true), shadow], true);
        check([15, 15], 20, &[places, day(20, 30, false), shadow], false);
        check([50, 50], 60, &[places, day(60, 100, false), shadow], false);
    }

    #[test]
    fn what_has_no_bound_is_said() {
        let unknown = Bound::Unknown("why".to_owned());
        let tokens = Need { at_most: unknown.clone(), likely: unknown };
        let demand = Demand { tokens, ..takes(0) };
        let prospects = books([50, 50]).prospects(&demand, 1);
        let found: Vec<_> =
            prospects.iter().map(|one| (one.unbounded.as_deref(), one.fits)).collect();
        assert_eq!(found, [(None, true), (Some("why"), false), (None, true)]);
    }

    #[test]
    fn of_several_shards_the_closest_is_told() {
        for (left, expected) in [([3, 9], 9), ([9, 3], 9)] {
            for draw in [0, 1] {
                let demand = Demand { draw, ..takes(20) };
                let Some(Objection::Exhausted(told)) = books(left).objection(&demand, 1) else {
                    panic!("it does not fit");
                };
                assert_eq!(told.left, expected);
            }
        }
    }
}
