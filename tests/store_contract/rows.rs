//! What stands in the table, and what does not: only DynamoDB has rows to look at.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt, stream};
use tollgate::keys::TeamId;
use tollgate::quota::{Demand, Evidence};
use tollgate::store::dynamo::layout::{Row, USED_MS, key_partition, number, text, usage_row};
use tollgate::store::{Denial, Store, StoreError, UsageRow};

use super::desk::{Desk, Key, Table};
use super::words::{DAY, MINUTE, NOON, U, takes};

async fn table_and_key(limits: [u64; 3]) -> Option<(Table, Key)> {
    let desk = Desk::in_dynamodb().await?;
    let [rpm, tpd, usdmo] = limits;
    let key = desk.key(rpm, tpd, usdmo).await;
    match desk {
        Desk::Dynamo(table) => Some((table, key)),
        Desk::Memory => None,
    }
}

async fn row_of(table: &Table, key: &Key) -> Option<Row> {
    table.get(&key_partition(&key.presented.id), "key").await
}

/// The attributes that a row has more than another, or differently, but for the time of the last
/// admission.
fn difference(before: &Row, after: &Row) -> Vec<String> {
    let mut names: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    names.retain(|name| before.get(name) != after.get(name) && name != USED_MS);
    names.sort();
    names.dedup();
    names
}

#[tokio::test]
async fn admission_writes_counters_and_nothing_else() {
    let Some((table, key)) = table_and_key([10, 100, U]).await else { return };
    let before = row_of(&table, &key).await.unwrap();
    let _ = key.take(NOON, &Demand::nothing()).await;
    let _ = key.denial(NOON, &takes(11, 1, 0)).await;
    let after = row_of(&table, &key).await.unwrap();
    assert_eq!(difference(&before, &after), [""; 0]);
    assert_eq!(after.get(USED_MS), Some(&number(NOON)));

    let _ = key.take(NOON, &takes(1, 40, 0)).await;
    let after = row_of(&table, &key).await.unwrap();
    let (minute, day) = (format!("rpm@{}", NOON / MINUTE), format!("tpd@{}", NOON / DAY));
    assert_eq!(difference(&before, &after), [minute.as_str(), day.as_str()]);
    assert_eq!((after.get(&minute), after.get(&day)), (Some(&number(9)), Some(&number(60))));
}

#[tokio::test]
async fn settlement_removes_stale_counters_from_the_row() {
    let Some((table, key)) = table_and_key([10, 100, U]).await else { return };
    let before = row_of(&table, &key).await.unwrap();
    for minutes in [0, 1, 2, 3] {
        let _ = key.take(NOON + minutes * MINUTE, &takes(1, 0, 0)).await;
    }
    let last = key.take(NOON + 3 * MINUTE, &takes(1, 0, 0)).await;
    let _ = key.settle(last, &Evidence::Void, NOON + 3 * MINUTE).await;
    let after = row_of(&table, &key).await.unwrap();
    let first = NOON / MINUTE;
    let kept = [format!("rpm@{}", first + 2), format!("rpm@{}", first + 3)];
    assert_eq!(difference(&before, &after), kept);
}

#[tokio::test]
async fn settling_a_vanished_key_makes_no_row() {
    let Some((table, key)) = table_and_key([10, 100, U]).await else { return };
    let hold = key.take(NOON, &takes(1, 40, 0)).await;
    let partition = key_partition(&key.presented.id);
    let delete = table.client.delete_item().table_name(&table.name);
    delete.key("pk", text(&partition)).key("sk", text("key")).send().await.unwrap();
    let _ = key.settle(hold, &Evidence::Void, NOON).await;
    assert_eq!(row_of(&table, &key).await, None);
}

/// The function's role may change counters and not `policy`, so this is all that it could make.
#[tokio::test]
async fn a_row_without_a_policy_is_corrupt_and_admits_nobody() {
    let Some((table, key)) = table_and_key([10, 100, 1_000]).await else { return };
    let good = row_of(&table, &key).await.unwrap();
    let policy = good["policy"].as_m().unwrap();
    let without = |name: &str| {
        let mut policy = policy.clone();
        policy.remove(name);
        Some(AttributeValue::M(policy))
    };
    let cases: [(&str, Option<AttributeValue>, &str); 7] = [
        ("policy", None, "'policy'"),
        ("policy", Some(text("all")), "'policy'"),
        ("policy", without("name"), "'name'"),
        ("policy", without("models"), "'policy.models'"),
        ("rpm", None, "'rpm'"),
        ("tpd", Some(text("many")), "'tpd'"),
        ("usdmo", Some(number("1.5")), "'usdmo'"),
    ];
    for (name, value, says) in cases {
        let mut row = good.clone();
        row.remove(name);
        row.extend(value.clone().map(|value| (name.to_owned(), value)));
        table.put(row).await;
        for demand in [takes(1, 1, 1), Demand::nothing()] {
            match key.denial(NOON, &demand).await {
                Denial::Store(StoreError::Corrupt(why)) => {
                    assert!(why.contains(says), "{name}: {why}");
                }
                other => panic!("{name} {value:?}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn rollups_add_up() {
    let Some((table, key)) = table_and_key([U, U, U]).await else { return };
    let day = NOON / DAY;
    let row = UsageRow {
        key: key.presented.id.clone(),
        day,
        team: TeamId::parse("research").ok(),
        alias: "gpt-*".to_owned(),
        shard: 0,
        requests: 1,
        tokens_in: 10,
        tokens_cached: 4,
        tokens_out: 3,
        nano_usd: 250,
        kept_tokens: 5,
        kept_nano_usd: 6,
        bound_violations: 0,
    };
    let violated = UsageRow { bound_violations: 1, tokens_out: 0, ..row.clone() };
    let other = UsageRow { alias: "ep-*".to_owned(), team: None, ..row.clone() };
    let rows = [vec![row; 8], vec![violated, other]].concat();
    let counts = stream::iter(&rows).map(|row| table.store.count(row));
    let counted: Result<Vec<()>, StoreError> = counts.buffer_unordered(4).try_collect().await;
    counted.unwrap();

    let partition = key_partition(&key.presented.id);
    let stored = table.get(&partition, &usage_row(day, "gpt-*", 0)).await.unwrap();
    for (name, sum) in [
        ("requests", 9),
        ("tokens_in", 90),
        ("tokens_cached", 36),
        ("tokens_out", 24),
        ("nano_usd", 2_250),
        ("kept_tokens", 45),
        ("kept_nano_usd", 54),
        ("bound_violations", 1),
        ("ttl", (day + 400) * 86_400),
    ] {
        assert_eq!(stored.get(name), Some(&number(sum)), "{name}");
    }
    assert_eq!(stored.get("team"), Some(&text("research")));
    let other = table.get(&partition, &usage_row(day, "ep-*", 0)).await.unwrap();
    assert_eq!((other.get("requests"), other.get("team")), (Some(&number(1)), None));
}

#[tokio::test]
async fn a_table_that_does_not_exist_is_said_to_be_missing() {
    let Some(endpoint) = super::desk::endpoint() else { return };
    let table = Table::at(&endpoint, "nobody-made-this-one");
    for (what, error) in super::faults::every_call(&*table.store).await {
        assert!(matches!(error, StoreError::NoTable(_)), "{what}: {error:?}");
    }
}
