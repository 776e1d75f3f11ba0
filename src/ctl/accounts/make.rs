//! New keys and teams: one row, or one for each shard, all of them or none.

use super::expression::put;
use super::write::{Written, transact};
use crate::ctl::aws::Table;
use crate::ctl::output::Failed;
use crate::keys::TeamId;
use crate::quota::{Account, Ledger, LimitSet};
use crate::store::dynamo::layout::to_row;
use crate::store::{Item, Policy, State};

/// A key or a team that nobody has used yet.
pub(in crate::ctl) fn new_item(
    account: Account,
    hash: String,
    policy: Policy,
    limits: &LimitSet,
    team: Option<TeamId>,
) -> Item {
    let ledger = Ledger::new(limits.shape(1, team), limits.share(0));
    Item { account, hash, state: State::Active, policy, ledger }
}

/// Writes the rows of something new; `false` when its id is taken.
pub(in crate::ctl) async fn make(
    table: &Table,
    first: &Item,
    limits: &LimitSet,
    doing: &str,
) -> Result<bool, Failed> {
    let shape = &first.ledger.shape;
    let row = |shard| {
        let ledger = Ledger::new(shape.clone(), limits.share(shard));
        let account = first.account.with_shard(shard);
        put(table, to_row(&Item { account, ledger, ..first.clone() }))
    };
    let rows = (0..limits.shards).map(row).collect::<Result<Vec<_>, _>>()?;
    Ok(transact(table, rows, doing).await? == Written::Done)
}
