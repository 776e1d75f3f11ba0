//! More shards, beside traffic: new rows get a part of what is left in the others.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::expression::{Expression, put};
use super::figures::{Wanted, all_figures, policy, retarget};
use super::holder::{Holder, Shard};
use super::places::{Places, kept_free};
use super::spread::{Part, lefts};
use super::windows::{counted, counter, left, running};
use super::write::Plan;
use crate::ctl::aws::Table;
use crate::ctl::output::Failed;
use crate::quota::{Ledger, LimitSet, Rule, Shape};
use crate::store::Item;
use crate::store::dynamo::layout::{LEASES, map, number, to_row};

/// After so many tries less is asked of rows that requests take from.
const MODEST_AFTER: u32 = 4;

/// One counter in all rows.
struct Flow {
    counter: String,
    /// What each row has left before; nothing where the window is whole.
    before: Vec<Option<i64>>,
    /// What each row has left after.
    after: Vec<i64>,
    /// Of how much.
    figures: Vec<u64>,
}

/// Everything that a change of the number of shards needs to know.
struct Change<'a> {
    holder: &'a Holder,
    shape: Shape,
    figures: Vec<BTreeMap<String, u64>>,
    flows: Vec<Flow>,
    now_ms: u64,
    blind: bool,
}

/// The write that spreads a key or a team over so many rows.
pub(super) fn plan(
    table: &Table,
    holder: &Holder,
    shards: u16,
    now_ms: u64,
    tries: u32,
) -> Result<Plan<()>, Failed> {
    let mut items = Vec::new();
    if shards > holder.shape().shards {
        let change = Change::new(holder, shards, now_ms, tries);
        items.extend(change.kept_rows(table)?);
        items.extend(change.new_rows(table)?);
    }
    Ok(Plan { items, told: () })
}

impl<'a> Change<'a> {
    fn new(holder: &'a Holder, shards: u16, now_ms: u64, tries: u32) -> Self {
        let set = LimitSet { shards, ..holder.limits() };
        let shape = set.shape(holder.shape().revision.saturating_add(1), holder.team().cloned());
        let figures: Vec<_> = (0..shards).map(|shard| set.share(shard)).collect();
        let halvings = tries / MODEST_AFTER;
        let rules = holder.shape().rules.iter().filter(|rule| rule.limit.is_window());
        let flows = rules.flat_map(|rule| flows(holder, rule, &figures, halvings, now_ms));
        let flows = flows.collect();
        Self { holder, shape, figures, flows, now_ms, blind: tries >= MODEST_AFTER }
    }

    /// The rule about requests in flight: each row's places before, and their number after.
    fn places(&self) -> Option<(Vec<Places>, Vec<u64>)> {
        let rule = self.shape.rules.iter().find(|rule| !rule.limit.is_window())?;
        let places = self.holder.items().map(|item| Places::of(item, rule, self.now_ms));
        Some((places.collect(), figures_of(rule, &self.figures)))
    }

    fn kept_rows(&self, table: &Table) -> Result<Vec<TransactWriteItem>, Failed> {
        let rows = self.holder.shards().zip(&self.figures).enumerate();
        let row = |(row, (shard, figures)): (usize, (&Shard, &BTreeMap<String, u64>))| {
            let wanted = Wanted {
                shape: &self.shape,
                policy: self.holder.policy(),
                figures,
                now_ms: self.now_ms,
            };
            let mut expression = policy(shard, &wanted);
            self.figures(&mut expression, shard, &wanted);
            for flow in &self.flows {
                flow.keep(&mut expression, row);
            }
            if self.shape.has_leases() && !self.blind {
                // The places that are taken must be those that the new rows were made for.
                require_same_leases(&mut expression, shard);
            }
            expression.update(table, &shard.item.account)
        };
        rows.map(row).collect()
    }

    /// New figures. Where requests take from one, its counters move by the flows.
    fn figures(&self, expression: &mut Expression, shard: &Shard, wanted: &Wanted<'_>) {
        let rules = &self.shape.rules;
        for (attribute, figure) in all_figures(wanted.shape, wanted.figures) {
            let has_flow = |rule: &Rule| rule.attribute() == attribute && rule.limit.is_window();
            if rules.iter().any(has_flow) {
                let before = shard.item.ledger.figures.get(&attribute).copied();
                expression.set(&attribute, number(figure));
                if let Some(of) = before {
                    expression.require_equal(&attribute, number(of));
                }
            } else {
                retarget(expression, shard, &attribute, figure, self.now_ms);
            }
        }
    }

    fn new_rows(&self, table: &Table) -> Result<Vec<TransactWriteItem>, Failed> {
        let places = self.places();
        let (revision, now_ms) = (self.shape.revision, self.now_ms);
        let kept_free =
            places.map(|(before, after)| kept_free(&before, &after, revision, now_ms, self.blind));
        let mut leases = kept_free.unwrap_or_default().into_iter();
        let first = &self.holder.first.item;
        let rows = (0_u16..).zip(&self.figures).skip(usize::from(self.holder.shape().shards));
        let row = |(shard, figures): (u16, &BTreeMap<String, u64>)| {
            let row = usize::from(shard);
            let ledger = Ledger {
                counters: self.flows.iter().filter_map(|flow| flow.counter_of(row)).collect(),
                leases: leases.next().unwrap_or_default(),
                ..Ledger::new(self.shape.clone(), figures.clone())
            };
            let account = first.account.with_shard(shard);
            put(table, to_row(&Item { account, ledger, ..first.clone() }))
        };
        rows.map(row).collect()
    }
}

/// The counters of a rule, one for each window that is counting or still has some.
fn flows(
    holder: &Holder,
    rule: &Rule,
    figures: &[BTreeMap<String, u64>],
    halvings: u32,
    now_ms: u64,
) -> Vec<Flow> {
    let attribute = rule.attribute();
    let zone = &holder.shape().zone;
    let mut ids: BTreeSet<u64> = running(rule.limit.period, zone, now_ms).into_iter().collect();
    ids.extend(holder.items().flat_map(|item| counted(item, attribute)));
    let figures = figures_of(rule, figures);
    let flow = |id: u64| {
        let counter = counter(attribute, id);
        let before: Vec<_> = holder.shards().map(|shard| left(shard, &counter)).collect();
        let parts = holder.items().zip(&before).map(|(item, left)| {
            let of = item.ledger.figure(rule);
            Part { left: left.unwrap_or_else(|| i64::try_from(of).unwrap_or(i64::MAX)), of }
        });
        let parts: Vec<Part> = parts.collect();
        // A window that nobody has used is whole in every row.
        let halvings = if before.iter().all(Option::is_none) { 0 } else { halvings };
        let after = lefts(&parts, &figures, halvings);
        Flow { counter, before, after, figures: figures.clone() }
    };
    ids.into_iter().map(flow).collect()
}

fn figures_of(rule: &Rule, figures: &[BTreeMap<String, u64>]) -> Vec<u64> {
    figures.iter().map(|share| share.get(rule.attribute()).copied().unwrap_or(0)).collect()
}

impl Flow {
    /// Whether a row's window is whole afterwards.
    fn is_whole(&self, row: usize) -> bool {
        let figure = self.figures.get(row).and_then(|figure| i64::try_from(*figure).ok());
        self.after.get(row).copied() == figure
    }

    /// The counter of a new row; none when the window is whole.
    fn counter_of(&self, row: usize) -> Option<(String, i64)> {
        let left = *self.after.get(row)?;
        (!self.is_whole(row)).then(|| (self.counter.clone(), left))
    }

    /// What becomes of the counter in a row that stays.
    fn keep(&self, expression: &mut Expression, row: usize) {
        let Some(after) = self.after.get(row).copied() else { return };
        let Some(before) = self.before.get(row).copied().flatten() else {
            expression.require_absent(&self.counter);
            if !self.is_whole(row) {
                expression.set(&self.counter, number(after));
            }
            return;
        };
        let difference = i128::from(after) - i128::from(before);
        if difference != 0 {
            expression.add(&self.counter, number(difference));
        }
        if difference < 0 {
            // What is moved must still be there.
            expression.require_at_least(&self.counter, number(-difference));
        } else {
            expression.require_there(&self.counter);
        }
    }
}

pub(super) fn require_same_leases(expression: &mut Expression, shard: &Shard) {
    let leases = shard.item.ledger.leases.iter();
    let leases = map(leases.map(|(id, until)| (id.clone(), number(until))));
    expression.require_equal(LEASES, leases);
}
