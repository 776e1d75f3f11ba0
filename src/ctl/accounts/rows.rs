//! Reading the rows of keys and teams. All of them is a scan: an operator's tool may, the function
//! never does.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::holder::{Holder, Kind, Shard};
use crate::ctl::aws::Table;
use crate::ctl::output::{Console, Failed};
use crate::quota::{Account, Owner};
use crate::store::dynamo::layout::{KEY, Row, TEAM, account_key, from_row, text};

/// After so many rows the operator is told that it goes on.
const ROWS_A_WORD: usize = 1_000;
/// A key that is being spread over other rows is read again.
const TRIES: u32 = 5;

/// All keys or all teams, the oldest first, and what is wrong with rows that are none.
#[derive(Debug)]
pub(in crate::ctl) struct Holders {
    pub(in crate::ctl) all: Vec<Holder>,
    pub(in crate::ctl) unreadable: Vec<String>,
}

/// Reads a key or a team with all of its shards.
pub(in crate::ctl) async fn read(table: &Table, owner: &Owner) -> Result<Option<Holder>, Failed> {
    let account = Account { owner: owner.clone(), shard: 0 };
    for _ in 0..TRIES {
        let Some(first) = shard(table, &account).await? else { return Ok(None) };
        let shape = &first.item.ledger.shape;
        let others = (1..shape.shards).map(|n| account.with_shard(n));
        let others = others.map(|account| async move { shard(table, &account).await });
        let rest: Vec<Shard> = try_join_all(others).await?.into_iter().flatten().collect();
        let is_whole = rest.len() + 1 == usize::from(shape.shards);
        if is_whole && rest.iter().all(|shard| shard.item.ledger.shape == *shape) {
            return Ok(Some(Holder { first, rest }));
        }
    }
    let (partition, _) = account_key(&account);
    Err(Failed::new(format!("the shards of '{partition}' do not agree"))
        .advice("somebody else is changing it: try again in a moment"))
}

async fn shard(table: &Table, account: &Account) -> Result<Option<Shard>, Failed> {
    let (pk, sk) = account_key(account);
    let get = table.client.get_item().table_name(&table.name).consistent_read(true);
    let got = get.key("pk", text(pk)).key("sk", text(sk)).send().await;
    let row = got.map_err(|error| table.failed("read the row", &error))?.item;
    row.map(as_shard).transpose()
}

pub(super) fn as_shard(row: Row) -> Result<Shard, Failed> {
    match from_row(&row) {
        Ok(item) => Ok(Shard { row, item }),
        Err(error) => Err(Failed::new(format!("{}: {error}", partition(&row)))),
    }
}

fn partition(row: &Row) -> &str {
    row.get("pk").and_then(|pk| pk.as_s().ok()).map_or("a row", String::as_str)
}

/// Reads all keys or all teams.
pub(in crate::ctl) async fn all(
    table: &Table,
    kind: Kind,
    console: Console,
) -> Result<Holders, Failed> {
    let (prefix, sort) = match kind {
        Kind::Key => ("key#", KEY),
        Kind::Team => ("team#", TEAM),
    };
    let doing = format!("read the {}s", kind.name());
    let mut pages = table
        .client
        .scan()
        .table_name(&table.name)
        .filter_expression("begins_with(pk, :prefix) AND sk = :sort")
        .expression_attribute_values(":prefix", text(prefix))
        .expression_attribute_values(":sort", text(sort))
        .consistent_read(true)
        .into_paginator()
        .send();
    let (mut shards, mut unreadable, mut told) = (BTreeMap::new(), Vec::new(), 0);
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| table.failed(&doing, &error))?;
        for row in page.items.unwrap_or_default() {
            match as_shard(row) {
                Ok(shard) => drop(shards.insert(shard.item.account.clone(), shard)),
                Err(failed) => unreadable.push(failed.to_string()),
            }
        }
        if shards.len() >= told + ROWS_A_WORD {
            told = shards.len();
            console.progress(&format!("{told} rows so far …"));
        }
    }
    let mut all = together(shards);
    all.sort_by(|a, b| (a.policy().created_ms, a.id()).cmp(&(b.policy().created_ms, b.id())));
    Ok(Holders { all, unreadable })
}

/// Puts the shards of each owner together: they come one after the other, the first one first.
fn together(shards: BTreeMap<Account, Shard>) -> Vec<Holder> {
    let mut all: Vec<Holder> = Vec::new();
    for (account, shard) in shards {
        match all.last_mut() {
            _ if account.shard == 0 => all.push(Holder { first: shard, rest: vec![] }),
            Some(holder)
                if holder.first.item.account.owner == account.owner
                    && account.shard < holder.shape().shards =>
            {
                holder.rest.push(shard);
            }
            // It is retired, or its first row is broken and was told of.
            _ => {}
        }
    }
    all
}
