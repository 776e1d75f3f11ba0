//! `config show` and `config history`.

use serde_json::{Value, json};

use super::rows::{self, DocumentRow};
use crate::ctl::aws::Table;
use crate::ctl::grid::Grid;
use crate::ctl::output::{Failed, Report};
use crate::ctl::units::{age, moment};

/// The live document, or that of a version. JSON is YAML: what is shown can be edited and pushed.
pub(in crate::ctl) async fn show(
    table: &Table,
    version: Option<u64>,
    now_ms: u64,
) -> Result<Report, Failed> {
    let row = match version {
        Some(version) => rows::of_version(table, version).await?,
        None => rows::live(table).await?.ok_or_else(nothing_pushed)?,
    };
    let document: Value = serde_json::from_str(&row.json).map_err(|error| {
        let what = format!("the document of version {} is not JSON: {error}", row.version);
        Failed::new(what).advice("push a good one: 'tollgatectl config push FILE'")
    })?;
    let mut about = format!("version {}, pushed {}", row.version, age(now_ms, row.pushed_ms));
    about.push_str(&row.pushed_by.as_ref().map(|who| format!(" by {who}")).unwrap_or_default());
    let mut json = summary(&row);
    if let Some(members) = json.as_object_mut() {
        members.insert("document".to_owned(), document.clone());
    }
    Ok(Report::new(json).header(about).text(format!("{document:#}")))
}

/// The newest documents and which of them is live.
pub(in crate::ctl) async fn history(
    table: &Table,
    most: usize,
    now_ms: u64,
) -> Result<Report, Failed> {
    let live = rows::live(table).await?.ok_or_else(nothing_pushed)?.version;
    let documents = rows::newest(table, most).await?;
    let grid_rows = documents.iter().map(|row| {
        let state = (row.version == live).then(|| "live".to_owned());
        let again = row.restores.map(|version| format!("version {version} again"));
        let state = state.into_iter().chain(again).collect::<Vec<_>>().join(", ");
        let who = row.pushed_by.clone().unwrap_or_else(|| "-".to_owned());
        let when = format!("{}, {}", moment(row.pushed_ms), age(now_ms, row.pushed_ms));
        vec![row.version.to_string(), when, who, state]
    });
    let grid = Grid::new(&["VERSION", "PUSHED", "BY", "STATE"], grid_rows);
    let versions: Vec<_> = documents.iter().map(summary).collect();
    Ok(Report::new(json!({ "live": live, "versions": versions })).grid(grid))
}

fn summary(row: &DocumentRow) -> Value {
    json!({
        "version": row.version,
        "pushed_ms": row.pushed_ms,
        "pushed_by": row.pushed_by,
        "restores": row.restores,
    })
}

fn nothing_pushed() -> Failed {
    Failed::new("no configuration was pushed yet").advice(
        "check one with 'tollgatectl config check FILE', then 'tollgatectl config push FILE'",
    )
}
