//! Which key or team an operator means.

use super::holder::{Holder, Kind};
use super::rows::{Holders, all, read};
use crate::ctl::aws::Table;
use crate::ctl::output::{Console, Failed};
use crate::keys::{KeyId, TeamId, parse};
use crate::quota::Owner;
use crate::store::State;

/// The key with this id, this name or this text, or the team with this id.
pub(in crate::ctl) async fn find(
    table: &Table,
    kind: Kind,
    said: &str,
    console: Console,
) -> Result<Holder, Failed> {
    match kind {
        Kind::Key => find_key(table, said, console).await,
        Kind::Team => match TeamId::parse(said) {
            Ok(id) => team(table, &id).await,
            Err(why) => Err(Failed::new(format!("'{said}' is no team: {why}"))),
        },
    }
}

/// The team with that id.
pub(in crate::ctl) async fn team(table: &Table, id: &TeamId) -> Result<Holder, Failed> {
    let found = read(table, &Owner::Team(id.clone())).await?;
    found.ok_or_else(|| {
        let what = format!("there is no team '{id}'");
        Failed::new(what)
            .advice(format!("make it with 'tollgatectl team create {id}'; 'team list' shows all"))
    })
}

async fn find_key(table: &Table, said: &str, console: Console) -> Result<Holder, Failed> {
    // A key that has leaked is at hand as a whole.
    let id = parse(said).map(|(id, _)| id).or_else(|_| KeyId::parse(said));
    if let Ok(id) = id
        && let Some(found) = read(table, &Owner::Key(id)).await?
    {
        return Ok(found);
    }
    // A name can look like an id.
    let Holders { all, .. } = all(table, Kind::Key, console).await?;
    let named: Vec<_> = all.into_iter().filter(|found| found.policy().name == said).collect();
    let active: Vec<_> = named.iter().filter(|found| found.state() == State::Active).collect();
    let meant = match (active.as_slice(), named.last()) {
        ([only], _) => &only.first.item.account.owner,
        ([], Some(newest)) => &newest.first.item.account.owner,
        ([], None) => {
            // What was given, unless it looks like a key.
            let shown = if said.starts_with("tg-") { "tg-…" } else { said };
            return Err(Failed::new(format!("there is no key '{shown}'"))
                .advice("'tollgatectl key list' shows them; give an id or a name"));
        }
        (several, _) => {
            let ids: Vec<_> = several.iter().map(|found| found.id()).collect();
            let what = format!("{} keys have the name '{said}': {}", ids.len(), ids.join(", "));
            return Err(Failed::new(what).advice("give the id; nothing was changed"));
        }
    };
    let found = read(table, meant).await?;
    found.ok_or_else(|| Failed::new("the key has just been removed"))
}
