//! Documents as rows: the live one and its history, written together or not at all.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as WriteError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use crate::ctl::aws::Table;
use crate::ctl::output::Failed;
use crate::store::dynamo::layout::{ACTIVE, CONFIG, HISTORY, Row, history, integer, number, text};

/// A document with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ctl) struct DocumentRow {
    /// Its number, from 1.
    pub(in crate::ctl) version: u64,
    /// The document as JSON; nothing where only its history was asked for.
    pub(in crate::ctl) json: String,
    pub(super) pushed_ms: u64,
    pub(super) pushed_by: Option<String>,
    /// The older document that it repeats.
    pub(super) restores: Option<u64>,
}

/// Whether a document was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// Another push came first: nothing was written.
    LostRace,
}

/// What the history must know of a row; a document itself can have hundreds of kilobytes.
const SUMMARY: &str = "version, pushed_ms, pushed_by, restores";

impl DocumentRow {
    fn from_row(row: &Row) -> Result<Self, Failed> {
        let string = |name: &str| row.get(name).and_then(|value| value.as_s().ok()).cloned();
        let version = integer(row.get("version")).ok_or_else(|| {
            Failed::new("a row of the configuration has no version: tollgatectl did not write it")
        })?;
        Ok(Self {
            version,
            json: string("document").unwrap_or_default(),
            pushed_ms: integer(row.get("pushed_ms")).unwrap_or(0),
            pushed_by: string("pushed_by"),
            restores: integer(row.get("restores")),
        })
    }

    fn to_row(&self, sort: &str) -> Row {
        let mut row = Row::from([
            ("pk".to_owned(), text(CONFIG)),
            ("sk".to_owned(), text(sort)),
            ("document".to_owned(), text(&self.json)),
            ("version".to_owned(), number(self.version)),
            ("pushed_ms".to_owned(), number(self.pushed_ms)),
        ]);
        row.extend(self.pushed_by.iter().map(|who| ("pushed_by".to_owned(), text(who))));
        row.extend(self.restores.map(|version| ("restores".to_owned(), number(version))));
        row
    }
}

/// The live document, if one was ever pushed.
pub(in crate::ctl) async fn live(table: &Table) -> Result<Option<DocumentRow>, Failed> {
    row(table, ACTIVE).await
}

/// A document of the history.
pub(super) async fn of_version(table: &Table, version: u64) -> Result<DocumentRow, Failed> {
    let found = row(table, &history(version)).await?;
    found.ok_or_else(|| {
        Failed::new(format!("there is no version {version}"))
            .advice("'tollgatectl config history' lists them")
    })
}

async fn row(table: &Table, sort: &str) -> Result<Option<DocumentRow>, Failed> {
    let asked = table
        .client
        .get_item()
        .table_name(&table.name)
        .key("pk", text(CONFIG))
        .key("sk", text(sort))
        .consistent_read(true)
        .send()
        .await;
    match asked {
        Ok(GetItemOutput { item: Some(row), .. }) => DocumentRow::from_row(&row).map(Some),
        Ok(_) => Ok(None),
        Err(error) => Err(table.failed("read the configuration", &error)),
    }
}

/// The newest documents of the history, without their text.
pub(super) async fn newest(table: &Table, most: usize) -> Result<Vec<DocumentRow>, Failed> {
    let mut rows = Vec::new();
    let mut pages = table
        .client
        .query()
        .table_name(&table.name)
        .key_condition_expression("pk = :config AND begins_with(sk, :history)")
        .expression_attribute_values(":config", text(CONFIG))
        .expression_attribute_values(":history", text(HISTORY))
        .projection_expression(SUMMARY)
        .scan_index_forward(false)
        .consistent_read(true)
        .set_limit(i32::try_from(most).ok())
        .into_paginator()
        .items()
        .send();
    while rows.len() < most {
        match pages.next().await {
            Some(Ok(row)) => rows.push(DocumentRow::from_row(&row)?),
            Some(Err(error)) => return Err(table.failed("read the history", &error)),
            None => break,
        }
    }
    Ok(rows)
}

/// Makes a document the live one in the place of version `replaced`, and adds it to the history, in
/// one transaction.
pub(super) async fn write(
    table: &Table,
    document: &DocumentRow,
    replaced: Option<u64>,
) -> Result<Written, Failed> {
    let is_new = "attribute_not_exists(pk)";
    let past = put(table, document.to_row(&history(document.version)), is_new, None)?;
    let live = document.to_row(ACTIVE);
    let live = match replaced {
        Some(version) => put(table, live, "version = :replaced", Some(number(version)))?,
        None => put(table, live, is_new, None)?,
    };
    let written = table.client.transact_write_items().transact_items(past).transact_items(live);
    match written.send().await {
        Ok(_) => Ok(Written::Done),
        Err(error) if is_lost_race(&error) => Ok(Written::LostRace),
        Err(error) => Err(table.failed("write the configuration", &error)),
    }
}

fn put(
    table: &Table,
    row: Row,
    condition: &str,
    replaced: Option<AttributeValue>,
) -> Result<TransactWriteItem, Failed> {
    let mut put =
        Put::builder().table_name(&table.name).set_item(Some(row)).condition_expression(condition);
    if let Some(version) = replaced {
        put = put.expression_attribute_values(":replaced", version);
    }
    let put = put.build().map_err(|error| Failed::new(error.to_string()))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

fn is_lost_race<R>(error: &SdkError<WriteError, R>) -> bool {
    match error.as_service_error() {
        Some(WriteError::TransactionCanceledException(cancelled)) => {
            let mut codes = cancelled.cancellation_reasons().iter().filter_map(|why| why.code());
            codes.any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
        }
        Some(WriteError::TransactionInProgressException(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_survives_the_table() {
        let document = DocumentRow {
            version: 12,
            json: "{}".to_owned(),
            pushed_ms: 7,
            pushed_by: Some("me".to_owned()),
            restores: Some(3),
        };
        let row = document.to_row(&history(12));
        assert_eq!(row.get("sk"), Some(&text("v#00000012")));
        assert_eq!(DocumentRow::from_row(&row), Ok(document));
        assert!(DocumentRow::from_row(&Row::new()).is_err());
    }
}
