//! The expressions of the writes, as text. DynamoDB evaluates them; `Ledger` says the same in
//! Rust, and one contract test holds both to it.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::layout::{HASH, LEASES, Row, SHAPE, STATE, USED_MS, number, text};
use crate::keys::Presented;
use crate::quota::{Bound, Charge, Demand, PLAIN, Part, Shape, UNLIMITED, charges};
use crate::store::item::State;

/// An update with its condition, names and values.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) update: String,
    pub(super) condition: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: Row,
}

/// An expression that is being written.
#[derive(Default)]
struct Draft {
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: Row,
}

/// What an admission knows of an account before it writes.
#[derive(Clone, Copy)]
pub(super) struct Assumed<'a> {
    /// The shape that it is written for.
    pub(super) shape: &'a Shape,
    /// The figure for requests in flight and the leases that have expired, if a refusal showed any:
    /// they are removed, and their places taken into account.
    pub(super) expired: Option<(u64, &'a [String])>,
}

impl Expression {
    /// An expression that is always the same. Without a condition it is empty.
    pub(super) fn of<const NAMES: usize, const VALUES: usize>(
        update: &str,
        condition: &str,
        names: [(&str, &str); NAMES],
        values: [(&str, AttributeValue); VALUES],
    ) -> Self {
        let names = names.map(|(name, attribute)| (name.to_owned(), attribute.to_owned()));
        Self {
            update: update.to_owned(),
            condition: condition.to_owned(),
            names: HashMap::from(names),
            values: Row::from(values.map(|(name, value)| (name.to_owned(), value))),
        }
    }

    /// Authenticate, check the state, roll windows over and reserve every limit at once. `#l` is a
    /// figure, `#w` its counter in this window; a window without a counter is whole.
    pub(super) fn admission(
        presented: Option<&Presented>,
        assumed: Assumed<'_>,
        demand: &Demand,
        now_ms: u64,
    ) -> Self {
        let mut draft = Draft::default();
        if let Some(presented) = presented {
            draft.name("#hash", HASH);
            draft.value(":hash", text(presented.digest.to_hex()));
            draft.require("#hash = :hash");
        }
        draft.name("#state", STATE);
        draft.value(":active", text(State::Active.name()));
        draft.require("#state = :active");
        draft.name("#shape", SHAPE);
        draft.value(":shape", text(assumed.shape.text()));
        let is_assumption = assumed.shape.text() == PLAIN;
        draft.require(if is_assumption {
            "begins_with(#shape, :shape)"
        } else {
            "#shape = :shape"
        });
        draft.name("#used", USED_MS);
        draft.value(":now", number(now_ms));
        draft.sets.push("#used = :now".to_owned());
        for (i, charge) in charges(assumed.shape, demand, now_ms).iter().enumerate() {
            draft.charge(i, charge);
        }
        draft.lease(assumed, demand);
        draft.finish()
    }

    /// Gives back, notes what was spent and cleans up, on condition that every window is still
    /// there and that nothing else is needed than before.
    pub(super) fn settlement(part: &Part) -> Self {
        let mut draft = Draft::default();
        draft.require("attribute_exists(pk)");
        for (i, change) in part.changes.iter().enumerate() {
            draft.name(&format!("#w{i}"), &change.counter);
            draft.require(&format!("attribute_exists(#w{i})"));
            if change.give_back != 0 {
                draft.value(&format!(":g{i}"), number(change.give_back));
                draft.sets.push(format!("#w{i} = #w{i} + :g{i}"));
            }
            if change.spent != 0 {
                draft.name(&format!("#s{i}"), &format!("{}.spent", change.counter));
                draft.value(&format!(":u{i}"), number(change.spent));
                draft.value(":zero", number(0));
                draft.sets.push(format!("#s{i} = if_not_exists(#s{i}, :zero) + :u{i}"));
            }
        }
        if !part.stale.is_empty() {
            draft.name("#shape", SHAPE);
            draft.value(":shape", text(&part.shape));
            draft.require("#shape = :shape");
        }
        for (i, counter) in part.stale.iter().enumerate() {
            draft.name(&format!("#o{i}"), counter);
            draft.removes.push(format!("#o{i}"));
        }
        draft.end_leases(part.stale_leases.iter().chain(&part.release));
        draft.finish()
    }
}

impl Draft {
    fn name(&mut self, placeholder: &str, attribute: &str) {
        self.names.insert(placeholder.to_owned(), attribute.to_owned());
    }

    fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.values.insert(placeholder.to_owned(), value);
    }

    fn require(&mut self, condition: &str) {
        self.conditions.push(condition.to_owned());
    }

    fn charge(&mut self, i: usize, charge: &Charge<'_>) {
        match charge.amount {
            Bound::AtMost(0) if !charge.is_open => return,
            Bound::AtMost(amount) => {
                self.name(&format!("#w{i}"), &charge.counter());
                self.value(&format!(":a{i}"), number(amount));
                self.sets.push(format!("#w{i} = if_not_exists(#w{i}, #l{i}) - :a{i}"));
                if charge.binds() && amount > 0 {
                    self.require(&format!(
                        "(#w{i} >= :a{i} OR (attribute_not_exists(#w{i}) AND #l{i} >= :a{i}))"
                    ));
                }
            }
            Bound::Unknown(_) => {
                self.value(":unlimited", number(UNLIMITED));
                self.require(&format!("#l{i} >= :unlimited"));
            }
        }
        self.name(&format!("#l{i}"), charge.rule.attribute());
    }

    /// Takes a place among the requests in flight, where the account counts them.
    fn lease(&mut self, assumed: Assumed<'_>, demand: &Demand) {
        let rule = assumed.shape.rules.iter().find(|rule| !rule.limit.is_window());
        let (Some(rule), Some(lease)) = (rule, &demand.lease) else { return };
        self.name("#leases", LEASES);
        self.name("#lease", &lease.id);
        self.value(":expires", number(lease.expires_ms));
        self.sets.push("#leases.#lease = :expires".to_owned());
        // Sent again after a lost reply it is refused, and its own lease shows that it was applied.
        self.require("attribute_not_exists(#leases.#lease)");
        let refuses = rule.mode != crate::quota::Mode::Shadow;
        if refuses {
            self.name("#most", rule.attribute());
        }
        match assumed.expired {
            // There is no arithmetic in a condition: the sum is made here, for that figure and
            // those leases.
            Some((figure, expired)) => {
                let count = u64::try_from(expired.len()).unwrap_or(u64::MAX);
                self.end_leases(expired.iter());
                for i in 0..expired.len() {
                    self.require(&format!("attribute_exists(#leases.#x{i})"));
                }
                if refuses {
                    self.value(":figure", number(figure));
                    self.value(":places", number(figure.saturating_add(count)));
                    self.require("#most = :figure AND size(#leases) < :places");
                }
            }
            None if refuses => self.require("size(#leases) < #most"),
            None => {}
        }
    }

    fn end_leases<'a>(&mut self, leases: impl Iterator<Item = &'a String>) {
        let leases: BTreeSet<&String> = leases.collect();
        for (i, lease) in leases.into_iter().enumerate() {
            self.name("#leases", LEASES);
            self.name(&format!("#x{i}"), lease);
            self.removes.push(format!("#leases.#x{i}"));
        }
    }

    fn finish(self) -> Expression {
        let part = |verb: &str, list: &[String]| match list {
            [] => String::new(),
            list => format!("{verb} {} ", list.join(", ")),
        };
        Expression {
            update: part("SET", &self.sets) + &part("REMOVE", &self.removes),
            condition: self.conditions.join(" AND "),
            names: self.names,
            values: self.values,
        }
    }
}
