//! The live document.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tollgate::store::dynamo::layout::{ACTIVE, CONFIG, Row, history, number, text};
use tollgate::store::{MemoryStore, Store, StoreError, StoredDocument};

use super::desk::{Desk, Table};

/// The row of a document, as `tollgatectl` writes it.
fn row(sk: &str, document: &Value, version: u64) -> Row {
    Row::from([
        ("pk".to_owned(), text(CONFIG)),
        ("sk".to_owned(), text(sk)),
        ("document".to_owned(), text(document.to_string())),
        ("version".to_owned(), number(version)),
    ])
}

/// A store of its own: every table has only one live document.
async fn empty_store(desk: &Desk) -> (Arc<dyn Store>, Option<Table>) {
    match desk {
        Desk::Memory => (Arc::new(MemoryStore::default()), None),
        Desk::Dynamo(_) => {
            let table = Table::of_its_own().await.unwrap();
            (table.store.clone(), Some(table))
        }
    }
}

pub(super) async fn before_the_first_push_there_is_no_document(desk: Desk) {
    let (store, _) = empty_store(&desk).await;
    assert_eq!(store.document().await, Ok(None));
}

/// A store of its own with a live document, its version, and the table where there is one.
pub(super) async fn pushed(desk: &Desk, document: &Value) -> (Arc<dyn Store>, u64, Option<Table>) {
    match empty_store(desk).await {
        (store, Some(table)) => {
            table.put(row(ACTIVE, document, 12)).await;
            (store, 12, Some(table))
        }
        // A file of this machine has no number.
        (_, None) => (Arc::new(MemoryStore::new(document.clone(), [])), 0, None),
    }
}

pub(super) async fn a_pushed_document_comes_with_its_version(desk: Desk) {
    let document = json!({ "routes": [{ "match": "é*" }], "n": 1.5 });
    let (store, version, _) = pushed(&desk, &document).await;
    let health = vec![];
    assert_eq!(store.document().await, Ok(Some(StoredDocument { document, version, health })));
}

#[tokio::test]
async fn health_and_history_do_not_disturb_it() {
    let Some(table) = Table::of_its_own().await else { return };
    let (old, live) = (json!({ "old": "x".repeat(300_000) }), json!({ "live": true }));
    for version in 1..=4 {
        table.put(row(&history(version), &old, version)).await;
    }
    for target in ["a/m", "pai/*", "z"] {
        let health = Row::from([
            ("pk".to_owned(), text(CONFIG)),
            ("sk".to_owned(), text(format!("health#{target}"))),
            ("until_ms".to_owned(), number(1)),
        ]);
        table.put(health).await;
    }
    assert_eq!(table.store.document().await, Ok(None), "nothing is active yet");
    table.put(row(ACTIVE, &live, 5)).await;
    let stored = table.store.document().await.unwrap().unwrap();
    assert_eq!((stored.document, stored.version), (live, 5));
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_corrupt() {
    let Some(table) = Table::of_its_own().await else { return };
    let cases: [(&str, Option<AttributeValue>, &str); 8] = [
        ("document", None, "document"),
        ("document", Some(number(7)), "document"),
        ("document", Some(text("{\"routes\":")), "EOF"),
        ("document", Some(text("")), "EOF"),
        ("version", None, "version"),
        ("version", Some(text("12")), "version"),
        ("version", Some(number(-1)), "version"),
        ("version", Some(number("1.5")), "version"),
    ];
    for (name, value, says) in cases {
        let mut row = row(ACTIVE, &json!({}), 1);
        row.remove(name);
        row.extend(value.map(|value| (name.to_owned(), value)));
        table.put(row).await;
        match table.store.document().await {
            Err(StoreError::Corrupt(why)) => assert!(why.contains(says), "{name}: {why}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}
