//! Reading the keys' rows. A scan: an operator's tool may, the function never does.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;

use crate::ctl::aws::Table;
use crate::ctl::output::{Console, Failed};
use crate::store::KeyItem;
use crate::store::dynamo::layout::{KEY, Row, from_row, text};

/// After so many rows the operator is told that it goes on.
const ROWS_A_WORD: usize = 1_000;

/// All keys, the oldest first, and what is wrong with rows that are none.
pub(super) struct AllKeys {
    pub(super) keys: Vec<KeyItem>,
    pub(super) unreadable: Vec<String>,
}

/// Reads all keys.
pub(super) async fn all(table: &Table, console: Console) -> Result<AllKeys, Failed> {
    let mut found = AllKeys { keys: vec![], unreadable: vec![] };
    let mut pages = table
        .client
        .scan()
        .table_name(&table.name)
        .filter_expression("begins_with(pk, :keys) AND sk = :key")
        .expression_attribute_values(":keys", text("key#"))
        .expression_attribute_values(":key", text(KEY))
        .consistent_read(true)
        .into_paginator()
        .send();
    let mut told = 0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| table.failed("read the keys", &error))?;
        for row in page.items() {
            match from_row(row) {
                Ok(key) => found.keys.push(key),
                Err(error) => found.unreadable.push(format!("{}: {error}", partition(row))),
            }
        }
        if found.keys.len() >= told + ROWS_A_WORD {
            told = found.keys.len();
            console.progress(&format!("{told} keys so far …"));
        }
    }
    found.keys.sort_by(|a, b| (a.created_ms, &a.id).cmp(&(b.created_ms, &b.id)));
    Ok(found)
}

fn partition(row: &Row) -> &str {
    row.get("pk").and_then(|pk| pk.as_s().ok()).map_or("a row", String::as_str)
}

/// The row that was in the way of a conditional write, if that is why it failed.
pub(super) fn is_refused_by_condition<R>(error: &SdkError<PutItemError, R>) -> Option<Row> {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(failed)) => {
            Some(failed.item().cloned().unwrap_or_default())
        }
        _ => None,
    }
}
