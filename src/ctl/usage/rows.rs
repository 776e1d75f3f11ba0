//! Reading rollups: a query for each key, of the days that are asked for.

use futures_util::future::try_join_all;

use super::days::{Day, Days};
use super::totals::Totals;
use crate::ctl::accounts::Holder;
use crate::ctl::aws::Table;
use crate::ctl::output::{Console, Failed};
use crate::keys::KeyId;
use crate::quota::Owner;
use crate::store::dynamo::layout::{Row, USAGE, key_partition, text};

/// So many keys are asked for at once.
const KEYS_AT_ONCE: usize = 16;
/// After so many keys the operator is told that it goes on.
const KEYS_A_WORD: usize = 480;

/// What a key used of an alias on a day.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rollup {
    pub(super) day: Day,
    pub(super) key: String,
    pub(super) name: String,
    /// The team that the key belonged to on that day.
    pub(super) team: Option<String>,
    pub(super) alias: String,
    pub(super) totals: Totals,
}

/// The rollups of these keys.
pub(super) async fn rollups(
    table: &Table,
    keys: &[Holder],
    days: Days,
    console: Console,
) -> Result<Vec<Rollup>, Failed> {
    let mut found = Vec::new();
    for (chunk, some) in keys.chunks(KEYS_AT_ONCE).enumerate() {
        let rows = try_join_all(some.iter().map(|key| of_key(table, key, days))).await?;
        found.extend(rows.into_iter().flatten());
        let done = (chunk + 1) * KEYS_AT_ONCE;
        if done.is_multiple_of(KEYS_A_WORD) {
            console.progress(&format!("{done} of {} keys so far …", keys.len()));
        }
    }
    Ok(found)
}

async fn of_key(table: &Table, key: &Holder, days: Days) -> Result<Vec<Rollup>, Failed> {
    let Some(Owner::Key(id)) = key.items().next().map(|item| item.account.owner.clone()) else {
        return Ok(vec![]);
    };
    let mut rows = Vec::new();
    // The end is before the next day's rows, which have a '#' there.
    let mut pages = table
        .client
        .query()
        .table_name(&table.name)
        .key_condition_expression("pk = :key AND sk BETWEEN :first AND :after")
        .expression_attribute_values(":key", text(key_partition(&id)))
        .expression_attribute_values(":first", text(format!("{USAGE}{}#", days.first.0)))
        .expression_attribute_values(":after", text(format!("{USAGE}{}", days.last.0 + 1)))
        .into_paginator()
        .items()
        .send();
    while let Some(row) = pages.next().await {
        let row = row.map_err(|error| table.failed("read the usage", &error))?;
        rows.extend(rollup(&row, &id, &key.policy().name));
    }
    Ok(rows)
}

fn rollup(row: &Row, key: &KeyId, name: &str) -> Option<Rollup> {
    let string = |name: &str| row.get(name).and_then(|value| value.as_s().ok());
    let (day, alias) = string("sk")?.strip_prefix(USAGE)?.split_once('#')?;
    // Behind an alias there may be a shard.
    let alias = alias.split('#').next().unwrap_or(alias);
    Some(Rollup {
        day: Day(day.parse().ok()?),
        key: key.to_string(),
        name: name.to_owned(),
        team: string("team").cloned(),
        alias: alias.to_owned(),
        totals: Totals::of(row),
    })
}
