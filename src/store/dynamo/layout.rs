//! How rows look in the table. `tollgatectl` writes them by the same rules.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::keys::KeyId;
use crate::quota::LIMITS;
use crate::store::error::StoreError;
use crate::store::item::{KeyItem, KeyState};

/// A row as the SDK gives it.
pub type Row = HashMap<String, AttributeValue>;

/// The partition of the configuration.
pub const CONFIG: &str = "config";
/// The sort key of the live document. Shared health sorts after it and before the history, so that
/// one Query with `sk < "v#"` reads what the function needs and no more.
pub const ACTIVE: &str = "active";
/// Where the history begins.
pub const HISTORY: &str = "v#";
/// The sort key of a key's own row.
pub const KEY: &str = "key";
/// The attribute that expires rows.
pub const TTL: &str = "ttl";

/// The sort key of a document in the history.
pub fn history(version: u64) -> String {
    format!("{HISTORY}{version:08}")
}

/// The partition of a key.
pub fn key_partition(id: &KeyId) -> String {
    format!("key#{id}")
}

/// The sort key of a rollup row.
pub fn usage_row(day: u64, route: &str) -> String {
    format!("usage#{day}#{route}")
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

/// A key as a row. `policy` is the one attribute that the function's role may not name: so it can
/// change counters, and never make a key.
pub fn to_row(item: &KeyItem) -> Row {
    let models = item.models.iter().map(text).collect();
    let policy = HashMap::from([
        ("name".to_owned(), text(&item.name)),
        ("models".to_owned(), AttributeValue::L(models)),
        ("created_ms".to_owned(), number(item.created_ms)),
    ]);
    let mut row = Row::from([
        ("pk".to_owned(), text(key_partition(&item.id))),
        ("sk".to_owned(), text(KEY)),
        ("hash".to_owned(), text(&item.hash)),
        ("state".to_owned(), text(item.state.name())),
        ("policy".to_owned(), AttributeValue::M(policy)),
    ]);
    for (index, limit) in LIMITS.iter().enumerate() {
        row.insert(limit.attribute.to_owned(), number(item.limit(index)));
    }
    row.extend(item.counters.iter().map(|(name, left)| (name.clone(), number(left))));
    row
}

/// A row as a key.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is not one: what is missing or wrong.
pub fn from_row(row: &Row) -> Result<KeyItem, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(format!("a key's row: {what}"));
    let string = |row: &Row, name: &str| {
        let value = row.get(name).and_then(|value| value.as_s().ok()).cloned();
        value.ok_or_else(|| corrupt(&format!("no text in '{name}'")))
    };
    let pk = string(row, "pk")?;
    let id = pk.strip_prefix("key#").and_then(|id| KeyId::parse(id).ok());
    let policy = row.get("policy").and_then(|value| value.as_m().ok());
    let policy = policy.ok_or_else(|| corrupt("no 'policy': it was not made by tollgatectl"))?;
    let models = policy.get("models").and_then(|value| value.as_l().ok());
    let limits = LIMITS.iter().map(|limit| {
        let value = integer::<u64>(row.get(limit.attribute));
        value.ok_or_else(|| corrupt(&format!("no number in '{}'", limit.attribute)))
    });
    Ok(KeyItem {
        id: id.ok_or_else(|| corrupt("no key id in 'pk'"))?,
        hash: string(row, "hash")?,
        state: match string(row, "state")?.as_str() {
            "active" => KeyState::Active,
            "revoked" => KeyState::Revoked,
            other => return Err(corrupt(&format!("unknown state '{other}'"))),
        },
        name: string(policy, "name")?,
        models: models
            .ok_or_else(|| corrupt("no list in 'policy.models'"))?
            .iter()
            .filter_map(|model| model.as_s().ok().cloned())
            .collect(),
        created_ms: integer(policy.get("created_ms")).unwrap_or(0),
        limits: limits.collect::<Result<_, _>>()?,
        counters: counters(row),
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

    fn item() -> KeyItem {
        KeyItem {
            id: KeyId::parse("abcdefghijkl").unwrap(),
            hash: "00".repeat(32),
            state: KeyState::Active,
            name: "n".to_owned(),
            models: vec!["gpt-*".to_owned()],
            created_ms: 7,
            limits: vec![1, 2, 3],
            counters: BTreeMap::from([("rpm@1".to_owned(), -5)]),
        }
    }

    #[test]
    fn a_key_survives_the_table() {
        assert_eq!(from_row(&to_row(&item())), Ok(item()));
    }

    #[test]
    fn a_row_that_the_function_could_have_made_is_no_key() {
        let mut row = to_row(&item());
        row.remove("policy");
        assert!(matches!(from_row(&row), Err(StoreError::Corrupt(why)) if why.contains("policy")));
    }
}
