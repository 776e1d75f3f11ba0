//! New figures for a row whose windows are running: the figure is set, and each counter moves by
//! the difference. A counter is never set to what was read, for others take from it meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::Expression;
use super::holder::Shard;
use super::windows::{counted, counter, running};
use crate::quota::{Limit, Shape, UNLIMITED, always_stored};
use crate::store::dynamo::layout::{LEASES, POLICY, SHAPE, integer, map, number, text, to_row};
use crate::store::{Item, Policy};

/// What one row is to become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) shape: &'a Shape,
    pub(super) policy: &'a Policy,
    /// The row's part of every figure, by attribute.
    pub(super) figures: &'a BTreeMap<String, u64>,
    pub(super) now_ms: u64,
}

/// Every figure that a row of a shape has: a plain one also those that do not limit.
pub(super) fn all_figures(shape: &Shape, figures: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let plain = always_stored().filter(|_| shape.is_plain());
    let mut all: BTreeMap<_, _> =
        plain.map(|limit| (limit.attribute.to_owned(), UNLIMITED)).collect();
    all.extend(figures.clone());
    all
}

/// What changes in one row.
pub(super) fn changes(shard: &Shard, wanted: &Wanted<'_>) -> Expression {
    let mut expression = policy(shard, wanted);
    let figures = all_figures(wanted.shape, wanted.figures);
    for (attribute, figure) in &figures {
        retarget(&mut expression, shard, attribute, *figure, wanted.now_ms);
    }
    tidy(&mut expression, shard, &figures);
    expression
}

/// The shape, the policy and what a new shape needs besides figures.
pub(super) fn policy(shard: &Shard, wanted: &Wanted<'_>) -> Expression {
    let Wanted { shape, policy, .. } = *wanted;
    let mut expression = Expression::of(shard);
    if shard.item.ledger.shape != *shape {
        expression.set(SHAPE, text(shape.text()));
    }
    if shard.item.policy != *policy {
        let item = Item { policy: policy.clone(), ..shard.item.clone() };
        let policy = to_row(&item).remove(POLICY);
        if let Some(policy) = policy {
            expression.set(POLICY, policy);
        }
    }
    if shape.has_leases() && !shard.row.contains_key(LEASES) {
        let (name, empty) = (expression.name(LEASES), expression.value(map([])));
        expression.sets.push(format!("{name} = if_not_exists({name}, {empty})"));
    }
    expression
}

/// A new figure for an attribute. A counter that is not there stands for the whole figure: if one
/// is made in between, from the old figure, nothing is written and all begins anew.
pub(super) fn retarget(
    expression: &mut Expression,
    shard: &Shard,
    attribute: &str,
    figure: u64,
    now_ms: u64,
) {
    let before: Option<u64> = integer(shard.row.get(attribute));
    if before == Some(figure) {
        return;
    }
    expression.set(attribute, number(figure));
    let Some(before) = before else {
        expression.require_absent(attribute);
        return;
    };
    expression.require_equal(attribute, number(before));
    let difference = i128::from(figure) - i128::from(before);
    let there: BTreeSet<u64> = counted(&shard.item, attribute).collect();
    for id in &there {
        let counter = counter(attribute, *id);
        expression.add(&counter, number(difference));
        expression.require_there(&counter);
    }
    let shape = &shard.item.ledger.shape;
    let limit = stored(attribute).filter(|limit| limit.is_window() && takes_from(shape, attribute));
    let running = limit.map(|limit| running(limit.period, &shape.zone, now_ms));
    for id in running.into_iter().flatten().filter(|id| !there.contains(id)) {
        expression.require_absent(&counter(attribute, id));
    }
}

/// Whether requests take from an attribute of a row of that shape.
fn takes_from(shape: &Shape, attribute: &str) -> bool {
    let is_rule = shape.rules.iter().any(|rule| rule.attribute() == attribute);
    is_rule || (shape.is_plain() && !attribute.contains(':'))
}

/// The limit whose figure an attribute is; none of a counter's.
fn stored(attribute: &str) -> Option<&'static Limit> {
    if attribute.contains('@') {
        return None;
    }
    let name = attribute.split_once(':').map_or(attribute, |(name, _)| name);
    Limit::stored_as(name)
}

/// Removes the figures of rules that are gone, once no counter needs them any more: a counter says
/// what is left of its figure.
fn tidy(expression: &mut Expression, shard: &Shard, figures: &BTreeMap<String, u64>) {
    let shape = &shard.item.ledger.shape;
    let gone = shard.row.keys().filter(|attribute| {
        stored(attribute).is_some()
            && !figures.contains_key(*attribute)
            && !takes_from(shape, attribute)
            && counted(&shard.item, attribute).next().is_none()
    });
    gone.for_each(|attribute| expression.remove(attribute));
}
