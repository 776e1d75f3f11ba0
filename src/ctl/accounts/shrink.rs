//! Fewer shards, beside traffic, in two steps. First every row gets the new shape: from then on no
//! request takes from the rows that go. Then what is left in them goes to the others, and they are
//! removed. In between there is less room, never more; and what is interrupted is completed by the
//! next change.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{KeysAndAttributes, TransactWriteItem};

use super::expression::Expression;
use super::figures::{Wanted, all_figures, policy, retarget};
use super::grow::require_same_leases;
use super::holder::{Holder, Shard};
use super::places::{Places, taken_over};
use super::rows::{as_shard, read};
use super::spread::evenly;
use super::windows::{SPENT, counted, counter, left, running};
use super::write::{Plan, Written, transact};
use crate::ctl::aws::Table;
use crate::ctl::output::Failed;
use crate::quota::{LimitSet, MOST_SHARDS, Rule};
use crate::store::dynamo::layout::{LEASES, Row, USED_MS, account_key, number, text};

/// Requests that are under way end in the rows that go.
const TRIES: u32 = 20;
const PAUSE_MS: u64 = 250;

/// The write after which the rows that go are not used any more.
pub(super) fn retire(
    table: &Table,
    holder: &Holder,
    shards: u16,
    now_ms: u64,
) -> Result<Plan<()>, Failed> {
    let mut items = Vec::new();
    if shards >= holder.shape().shards {
        return Ok(Plan { items, told: () });
    }
    let set = LimitSet { shards, ..holder.limits() };
    let shape = set.shape(holder.shape().revision.saturating_add(1), holder.team().cloned());
    for shard in holder.shards() {
        let is_kept = shard.item.account.shard < shards;
        let figures = set.share(shard.item.account.shard);
        let wanted = Wanted { shape: &shape, policy: holder.policy(), figures: &figures, now_ms };
        let mut expression = policy(shard, &wanted);
        let all = if is_kept { all_figures(&shape, &figures) } else { BTreeMap::new() };
        for (attribute, figure) in &all {
            match shape.rules.iter().find(|rule| rule.attribute() == attribute) {
                // Places are there only when those that are taken are known.
                Some(rule) if !rule.limit.is_window() => {}
                Some(rule) => {
                    expression.set(attribute, number(figure));
                    let before = shard.item.ledger.figure(rule);
                    expression.require_equal(attribute, number(before));
                }
                None => retarget(&mut expression, shard, attribute, *figure, now_ms),
            }
        }
        for rule in shape.rules.iter().filter(|rule| rule.limit.is_window()) {
            fix(&mut expression, holder, shard, rule, now_ms);
        }
        items.push(expression.update(table, &shard.item.account)?);
    }
    Ok(Plan { items, told: () })
}

/// A window that any row has used gets a counter in each, so that no new figure makes it whole.
fn fix(expression: &mut Expression, holder: &Holder, shard: &Shard, rule: &Rule, now_ms: u64) {
    let attribute = rule.attribute();
    let zone = &holder.shape().zone;
    let used: BTreeSet<u64> = holder.items().flat_map(|item| counted(item, attribute)).collect();
    let mut ids = used.clone();
    ids.extend(running(rule.limit.period, zone, now_ms));
    for id in ids {
        let counter = counter(attribute, id);
        if left(shard, &counter).is_some() {
            expression.require_there(&counter);
            continue;
        }
        expression.require_absent(&counter);
        if used.contains(&id) {
            expression.set(&counter, number(shard.item.ledger.figure(rule)));
        }
    }
}

/// Moves what is left in rows that were retired to the others, and removes them.
pub(super) async fn absorb(table: &Table, holder: Holder, now_ms: u64) -> Result<Holder, Failed> {
    let (owner, title) = (holder.first.item.account.owner.clone(), holder.title());
    let mut holder = holder;
    for tries in 0..TRIES {
        if tries > 0 {
            tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
            let again = read(table, &owner).await?;
            holder = again.ok_or_else(|| Failed::new(format!("{title} has just been removed")))?;
        }
        let retired = retired(table, &holder).await?;
        if retired.is_empty() {
            return Ok(holder);
        }
        let items = moves(table, &holder, &retired, now_ms)?;
        // Whether it was written or not: the next look tells.
        if transact(table, items, "remove shards").await? == Written::Done {
            let again = read(table, &owner).await?;
            return again.ok_or_else(|| Failed::new(format!("{title} has just been removed")));
        }
    }
    Err(Failed::new(format!("what is left in the shards of {title} that go is not moved yet"))
        .advice("requests still end in them: the same command again completes it"))
}

/// Rows beyond the shards that there are.
async fn retired(table: &Table, holder: &Holder) -> Result<Vec<Shard>, Failed> {
    let beyond = holder.shape().shards..MOST_SHARDS;
    let keys = beyond.map(|shard| {
        let (pk, sk) = account_key(&holder.first.item.account.with_shard(shard));
        Row::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
    });
    let keys: Vec<_> = keys.collect();
    if keys.is_empty() {
        return Ok(vec![]);
    }
    let mut rows = Vec::new();
    let asked = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
    let mut asked = Some(asked.map_err(|error| Failed::new(error.to_string()))?);
    while let Some(some) = asked.take() {
        let got = table.client.batch_get_item().request_items(&table.name, some).send().await;
        let got = got.map_err(|error| table.failed("read the rows", &error))?;
        rows.extend(got.responses.into_iter().flatten().flat_map(|(_, rows)| rows));
        asked = got.unprocessed_keys.into_iter().flatten().map(|(_, rest)| rest).next();
    }
    rows.into_iter().map(as_shard).collect()
}

/// The write that moves all of it. What is retired goes only as it was read: only requests that end
/// change it.
fn moves(
    table: &Table,
    holder: &Holder,
    retired: &[Shard],
    now_ms: u64,
) -> Result<Vec<TransactWriteItem>, Failed> {
    let mut kept: Vec<_> = holder.shards().map(|shard| (shard, Expression::of(shard))).collect();
    for rule in &holder.shape().rules {
        if rule.limit.is_window() {
            let ids: BTreeSet<u64> =
                retired.iter().flat_map(|row| counted(&row.item, rule.attribute())).collect();
            for id in ids {
                move_counter(&mut kept, retired, &counter(rule.attribute(), id));
            }
        } else {
            move_places(&mut kept, retired, rule, now_ms);
        }
    }
    let used_ms = retired.iter().map(|row| row.item.ledger.used_ms).max().unwrap_or(0);
    if let Some((first, expression)) = kept.first_mut()
        && used_ms > first.item.ledger.used_ms
    {
        expression.set(USED_MS, number(used_ms));
    }
    let changed = kept.into_iter().filter(|(_, expression)| !expression.is_empty());
    let changed = changed.map(|(shard, expression)| expression.update(table, &shard.item.account));
    let removed = retired.iter().map(|row| {
        let mut expression = Expression::of(row);
        for (counter, value) in &row.item.ledger.counters {
            expression.require_equal(counter, number(value));
        }
        if row.row.contains_key(LEASES) {
            require_same_leases(&mut expression, row);
        }
        expression.delete(table, &row.item.account)
    });
    changed.chain(removed).collect()
}

/// What is left goes to the rows that have the counter; where it is not, the window is whole.
fn move_counter(kept: &mut [(&Shard, Expression)], retired: &[Shard], counter: &str) {
    let spent = format!("{counter}{SPENT}");
    let sum = |name: &str| -> i128 {
        retired.iter().filter_map(|row| left(row, name)).map(i128::from).sum()
    };
    let receives: Vec<_> =
        kept.iter_mut().filter(|(shard, _)| left(shard, counter).is_some()).collect();
    let shares = evenly(sum(counter), receives.len());
    let mut spent_amount = sum(&spent);
    for ((_, expression), share) in receives.into_iter().zip(shares) {
        expression.add(counter, number(share));
        expression.require_there(counter);
        if spent_amount != 0 {
            let (name, zero) = (expression.name(&spent), expression.value(number(0)));
            let amount = expression.value(number(spent_amount));
            expression.sets.push(format!("{name} = if_not_exists({name}, {zero}) + {amount}"));
            spent_amount = 0;
        }
    }
}

/// Places, with those that are taken.
fn move_places(kept: &mut [(&Shard, Expression)], retired: &[Shard], rule: &Rule, now_ms: u64) {
    let items =
        kept.iter().map(|(shard, _)| &shard.item).chain(retired.iter().map(|row| &row.item));
    let before: Vec<_> = items.map(|item| Places::of(item, rule, now_ms)).collect();
    let total: u64 = before.iter().map(|places| places.of).sum();
    let rows = kept.len();
    let figures = evenly(i128::from(total), rows);
    let figures: Vec<u64> =
        figures.into_iter().map(|figure| u64::try_from(figure).unwrap_or(0)).collect();
    let over = taken_over(&before, &figures);
    for (((shard, expression), figure), leases) in kept.iter_mut().zip(figures).zip(over) {
        expression.set(rule.attribute(), number(figure));
        expression.require_equal(rule.attribute(), number(shard.item.ledger.figure(rule)));
        for (id, until) in leases {
            let (map, id) = (expression.name(LEASES), expression.name(&id));
            let until = expression.value(number(until));
            expression.sets.push(format!("{map}.{id} = {until}"));
        }
    }
}
