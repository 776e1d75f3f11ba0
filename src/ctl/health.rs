//! `health`: the targets that are set aside, and how to put one back.

use serde_json::json;

use super::aws::Table;
use super::grid::Grid;
use super::output::{Failed, Report};
use super::units::{age, moment, until};
use crate::routing::{Aside, Standing};
use crate::store::dynamo::layout::{CONFIG, HEALTH, aside_of, health_row, text};

/// The targets that are set aside, and those that wait for a probe.
pub(super) async fn show(table: &Table, now_ms: u64) -> Result<Report, Failed> {
    let rows = read(table).await?;
    let standing = |aside: Aside| (Standing::of(aside.until_ms, now_ms), aside);
    let rows = rows.into_iter().map(standing).filter(|(standing, _)| *standing != Standing::Ready);
    let rows: Vec<_> = rows.collect();
    let name = |standing| match standing {
        Standing::Aside { .. } => "aside",
        Standing::HalfOpen { .. } => "half-open",
        Standing::Ready => "ready",
    };
    let targets = rows.iter().map(|(standing, aside)| {
        let Aside { target, until_ms, reason } = aside;
        let standing = name(*standing);
        json!({ "target": target, "standing": standing, "until_ms": until_ms, "reason": reason })
    });
    let report = Report::new(json!({ "targets": targets.collect::<Vec<_>>() }));
    if rows.is_empty() {
        return Ok(report.text("no target is set aside"));
    }
    let grid_rows = rows.iter().map(|(standing, aside)| {
        let when = match standing {
            Standing::Aside { until_ms } => until(now_ms, *until_ms),
            _ => age(now_ms, aside.until_ms),
        };
        let when = format!("{}, {when}", moment(aside.until_ms));
        vec![aside.target.clone(), name(*standing).to_owned(), when, aside.reason.clone()]
    });
    Ok(report.grid(Grid::new(&["TARGET", "STANDING", "UNTIL", "REASON"], grid_rows)))
}

/// Puts a target back.
pub(super) async fn clear(table: &Table, target: &str) -> Result<Report, Failed> {
    let deleted = table
        .client
        .delete_item()
        .table_name(&table.name)
        .key("pk", text(CONFIG))
        .key("sk", text(health_row(target)))
        .return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld)
        .send()
        .await
        .map_err(|error| table.failed("put the target back", &error))?;
    if deleted.attributes.as_ref().and_then(aside_of).is_none() {
        let failed = Failed::new(format!("the target '{target}' is not set aside"));
        return Err(failed.advice("'tollgatectl health' lists those that are"));
    }
    let text = format!("{target} is put back, for each environment when it next reads the table");
    Ok(Report::new(json!({ "target": target, "cleared": true })).text(text))
}

/// The targets that are, or lately were, set aside.
pub(super) async fn read(table: &Table) -> Result<Vec<Aside>, Failed> {
    let mut rows = Vec::new();
    let mut pages = table
        .client
        .query()
        .table_name(&table.name)
        .key_condition_expression("pk = :config AND begins_with(sk, :health)")
        .expression_attribute_values(":config", text(CONFIG))
        .expression_attribute_values(":health", text(HEALTH))
        .consistent_read(true)
        .into_paginator()
        .items()
        .send();
    while let Some(row) = pages.next().await {
        let row = row.map_err(|error| table.failed("read the targets' health", &error))?;
        rows.extend(aside_of(&row));
    }
    Ok(rows)
}
