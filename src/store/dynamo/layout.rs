//! How rows look in the table. `tollgatectl` writes them by the same rules.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::keys::{KeyId, Right, TeamId};
use crate::quota::{Account, Ledger, Owner, Shape, UNLIMITED, always_stored};
use crate::routing::Aside;
use crate::store::error::StoreError;
use crate::store::item::{Item, Policy, State};

/// A row as the SDK gives it.
pub type Row = HashMap<String, AttributeValue>;

/// The partition of the configuration.
pub const CONFIG: &str = "config";
/// The sort key of the live document. Shared health sorts after it and before the history, so that
/// one Query with `sk < "v#"` reads what the function needs and no more.
pub const ACTIVE: &str = "active";
/// How the sort keys of targets' health begin.
pub const HEALTH: &str = "health#";
/// Where the history begins.
pub const HISTORY: &str = "v#";
/// The sort key of a key's own row.
pub const KEY: &str = "key";
/// The sort key of a team's row.
pub const TEAM: &str = "team";
/// How the sort keys of rollup rows begin.
pub const USAGE: &str = "usage#";
/// The attribute with the time until which a target is set aside; 0 when it is not any more.
pub const UNTIL_MS: &str = "until_ms";
/// The attribute with the class of the failure that it is set aside for.
pub const REASON: &str = "reason";
/// The attribute that expires rows.
pub const TTL: &str = "ttl";
/// The attribute with the digest of a key.
pub const HASH: &str = "hash";
/// The attribute that says whether an account may be used.
pub const STATE: &str = "state";
/// The attribute that every admission is conditional on: see [`Shape`].
pub const SHAPE: &str = "shape";
/// The attribute with the time of the last admission.
pub const USED_MS: &str = "used_ms";
/// The map of requests in flight, in accounts that limit them: when each must have ended.
pub const LEASES: &str = "leases";
/// What an operator has said. The function's role may not name it: so the function can change
/// counters, and never make a key.
pub const POLICY: &str = "policy";

/// The sort key of a document in the history.
pub fn history(version: u64) -> String {
    format!("{HISTORY}{version:08}")
}

/// The sort key of a target's health.
pub fn health_row(target: &str) -> String {
    format!("{HEALTH}{target}")
}

/// A row of health; nothing when it is none, or none any more.
pub fn aside_of(row: &Row) -> Option<Aside> {
    let string = |name: &str| row.get(name).and_then(|value| value.as_s().ok());
    Some(Aside {
        target: string("sk")?.strip_prefix(HEALTH)?.to_owned(),
        until_ms: integer(row.get(UNTIL_MS)).filter(|until_ms| *until_ms > 0)?,
        reason: string(REASON).cloned().unwrap_or_default(),
    })
}

/// The partition of a key, in which its rollups are as well.
pub fn key_partition(id: &KeyId) -> String {
    format!("key#{id}")
}

/// The partition and the sort key of an account. Shards have partitions of their own, so that they
/// have a throughput of their own.
pub fn account_key(account: &Account) -> (String, &'static str) {
    let (partition, sort) = match &account.owner {
        Owner::Key(id) => (key_partition(id), KEY),
        Owner::Team(id) => (format!("team#{id}"), TEAM),
    };
    match account.shard {
        0 => (partition, sort),
        shard => (format!("{partition}#{shard}"), sort),
    }
}

/// The account whose partition that is.
fn account_of(partition: &str) -> Option<Account> {
    let mut parts = partition.split('#');
    let (kind, id, shard) = (parts.next()?, parts.next()?, parts.next());
    let owner = match kind {
        "key" => Owner::Key(KeyId::parse(id).ok()?),
        "team" => Owner::Team(TeamId::parse(id).ok()?),
        _ => return None,
    };
    let shard = shard.map_or(Some(0), |shard| shard.parse().ok().filter(|shard| *shard > 0))?;
    parts.next().is_none().then_some(Account { owner, shard })
}

/// The sort key of a rollup row. An alias has no `#`.
pub fn usage_row(day: u64, alias: &str, shard: u16) -> String {
    match shard {
        0 => format!("{USAGE}{day}#{alias}"),
        shard => format!("{USAGE}{day}#{alias}#{shard}"),
    }
}

/// A text attribute.
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
#[expect(clippy::needless_pass_by_value, reason = "numbers are passed by value")]
pub fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A map attribute.
pub fn map(entries: impl IntoIterator<Item = (String, AttributeValue)>) -> AttributeValue {
    AttributeValue::M(entries.into_iter().collect())
}

/// An item as a row.
pub fn to_row(item: &Item) -> Row {
    let Policy { name, models, rights, created_ms, time_zone } = &item.policy;
    let models = models.iter().map(text).collect();
    let rights: Vec<_> = rights.iter().map(|right| text(right.name())).collect();
    let rights = (!rights.is_empty()).then(|| ("rights".to_owned(), AttributeValue::L(rights)));
    let policy = [
        ("name".to_owned(), text(name)),
        ("models".to_owned(), AttributeValue::L(models)),
        ("created_ms".to_owned(), number(created_ms)),
        ("time_zone".to_owned(), text(time_zone)),
    ];
    let policy = policy.into_iter().chain(rights);
    let (partition, sort) = account_key(&item.account);
    let mut row = Row::from([
        ("pk".to_owned(), text(partition)),
        ("sk".to_owned(), text(sort)),
        (STATE.to_owned(), text(item.state.name())),
        (POLICY.to_owned(), map(policy)),
        (SHAPE.to_owned(), text(item.ledger.shape.text())),
    ]);
    if !item.hash.is_empty() {
        row.insert(HASH.to_owned(), text(&item.hash));
    }
    let ledger = &item.ledger;
    if ledger.used_ms > 0 {
        row.insert(USED_MS.to_owned(), number(ledger.used_ms));
    }
    // An environment that has never seen the account assumes every limit.
    if ledger.shape.is_plain() {
        let all = always_stored().map(|limit| (limit.attribute.to_owned(), number(UNLIMITED)));
        row.extend(all);
    }
    if ledger.shape.has_leases() {
        let leases = ledger.leases.iter().map(|(id, expires_ms)| (id.clone(), number(expires_ms)));
        row.insert(LEASES.to_owned(), map(leases));
    }
    row.extend(ledger.figures.iter().map(|(name, figure)| (name.clone(), number(figure))));
    row.extend(ledger.counters.iter().map(|(name, left)| (name.clone(), number(left))));
    row
}

/// A row as an item.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is not one: what is missing or wrong.
pub fn from_row(row: &Row) -> Result<Item, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(format!("a key's or team's row: {what}"));
    let string = |row: &Row, name: &str| {
        let value = row.get(name).and_then(|value| value.as_s().ok()).cloned();
        value.ok_or_else(|| corrupt(&format!("no text in '{name}'")))
    };
    let pk = string(row, "pk")?;
    let account = account_of(&pk).ok_or_else(|| corrupt("no key or team in 'pk'"))?;
    let policy = row.get(POLICY).and_then(|value| value.as_m().ok());
    let policy = policy.ok_or_else(|| corrupt("no 'policy': it was not made by tollgatectl"))?;
    let models = policy.get("models").and_then(|value| value.as_l().ok());
    let hash = match account.owner {
        Owner::Key(_) => string(row, HASH)?,
        Owner::Team(_) => String::new(),
    };
    Ok(Item {
        account,
        hash,
        state: match string(row, STATE)?.as_str() {
            "active" => State::Active,
            "revoked" => State::Revoked,
            other => return Err(corrupt(&format!("unknown state '{other}'"))),
        },
        policy: Policy {
            name: string(policy, "name")?,
            models: models
                .ok_or_else(|| corrupt("no list in 'policy.models'"))?
                .iter()
                .filter_map(|model| model.as_s().ok().cloned())
                .collect(),
            // One that only a newer tool knows is none here.
            rights: policy
                .get("rights")
                .and_then(|value| value.as_l().ok())
                .into_iter()
                .flatten()
                .filter_map(|right| Right::named(right.as_s().ok()?))
                .collect(),
            created_ms: integer(policy.get("created_ms")).unwrap_or(0),
            time_zone: string(policy, "time_zone").unwrap_or_else(|_| "UTC".to_owned()),
        },
        ledger: ledger(row, &string(row, SHAPE)?)?,
    })
}

fn ledger(row: &Row, shape: &str) -> Result<Ledger, StoreError> {
    let corrupt = |what: String| StoreError::Corrupt(format!("a key's or team's row: {what}"));
    let parsed = Shape::parse(shape);
    let shape = parsed.ok_or_else(|| corrupt(format!("'{shape}' is no shape")))?;
    let figures = shape.rules.iter().map(|rule| {
        let name = rule.attribute();
        let figure = integer(row.get(name));
        figure
            .map(|figure| (name.to_owned(), figure))
            .ok_or_else(|| corrupt(format!("no number in '{name}'")))
    });
    let figures = figures.collect::<Result<_, _>>()?;
    let leases = row.get(LEASES).and_then(|leases| leases.as_m().ok());
    let leases = leases.into_iter().flatten();
    Ok(Ledger {
        counters: counters(row),
        leases: leases.filter_map(|(id, at)| Some((id.clone(), integer(Some(at))?))).collect(),
        used_ms: integer(row.get(USED_MS)).unwrap_or(0),
        ..Ledger::new(shape, figures)
    })
}

fn counters(row: &Row) -> BTreeMap<String, i64> {
    row.iter()
        .filter(|(name, _)| name.contains('@'))
        .filter_map(|(name, value)| Some((name.clone(), integer(Some(value))?)))
        .collect()
}

/// A whole number in an attribute.
pub fn integer<N: std::str::FromStr>(value: Option<&AttributeValue>) -> Option<N> {
    value?.as_n().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Limit, LimitSet, Mode, Rule};
    use crate::routing::Pattern;

    fn item(owner: Owner, rules: Vec<(Rule, u64)>) -> Item {
        let limits = LimitSet { rules, ..LimitSet::default() };
        let hash = if matches!(owner, Owner::Key(_)) { "00".repeat(32) } else { String::new() };
        Item {
            account: Account { owner, shard: 3 },
            hash,
            state: State::Active,
            policy: Policy {
                name: "n".to_owned(),
                models: vec!["gpt-*".to_owned()],
                rights: vec![Right::Explain, Right::Fault],
                created_ms: 7,
                time_zone: "UTC".to_owned(),
            },
            ledger: Ledger {
                counters: BTreeMap::from([("tpd@1".to_owned(), -5), ("tpd@1.spent".to_owned(), 6)]),
                used_ms: 9,
                ..Ledger::new(limits.shape(1, None), limits.share(0))
            },
        }
    }

    fn check(item: &Item) {
        assert_eq!(from_row(&to_row(item)).as_ref(), Ok(item));
    }

    #[test]
    fn keys_and_teams_survive_the_table() {
        let limit = |name| Limit::named(name).unwrap();
        let key = || Owner::Key(KeyId::parse("abcdefghijkl").unwrap());
        check(&item(key(), vec![(Rule::plain(limit("rpm")), 1)]));
        let mut busy = item(
            Owner::Team(TeamId::parse("research").unwrap()),
            vec![
                (Rule::plain(limit("in_flight")), 2),
                (Rule::new(limit("tpm"), Mode::Hard, Some(Pattern::new("gpt-5*"))), 3),
            ],
        );
        busy.ledger.leases.insert("a".to_owned(), 5);
        check(&busy);
    }

    #[test]
    fn a_row_that_the_function_could_have_made_is_no_key() {
        let mut row = to_row(&item(Owner::Key(KeyId::parse("abcdefghijkl").unwrap()), vec![]));
        row.remove("policy");
        assert!(matches!(from_row(&row), Err(StoreError::Corrupt(why)) if why.contains("policy")));
    }
}
