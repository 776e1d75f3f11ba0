//! `key list`.

use serde_json::{Value, json};

use super::rows::{AllKeys, all};
use crate::ctl::aws::Table;
use crate::ctl::grid::Grid;
use crate::ctl::output::{Console, Failed, Report};
use crate::ctl::units::{limits_json, limits_line, moment};
use crate::store::KeyItem;

/// All keys, the oldest first; never a secret, for the table has none.
pub(in crate::ctl) async fn list(table: &Table, console: Console) -> Result<Report, Failed> {
    let AllKeys { keys, unreadable } = all(table, console).await?;
    let report = Report::new(json!({ "keys": keys.iter().map(as_json).collect::<Vec<_>>() }));
    let report = if keys.is_empty() {
        report.text("no keys yet: make one with 'tollgatectl key create --name NAME'")
    } else {
        let heading = ["ID", "NAME", "STATE", "MODELS", "LIMITS", "CREATED"];
        report.grid(Grid::new(&heading, keys.iter().map(as_row)))
    };
    Ok(report.notes(unreadable))
}

fn as_row(key: &KeyItem) -> Vec<String> {
    vec![
        key.id.to_string(),
        key.name.clone(),
        key.state.name().to_owned(),
        key.models.join(","),
        limits_line(&key.limits),
        moment(key.created_ms),
    ]
}

fn as_json(key: &KeyItem) -> Value {
    json!({
        "id": key.id.as_str(),
        "name": key.name,
        "state": key.state.name(),
        "models": key.models,
        "limits": limits_json(&key.limits),
        "created_ms": key.created_ms,
    })
}
