//! `usage`: what was used by day, key, team and alias, in tokens and money.

mod chart;
mod csv;
mod days;
mod groups;
mod rows;
mod totals;

use serde_json::{Value, json};

pub(super) use days::Day;
pub(super) use groups::By;

use super::accounts::{Holders, Kind, all, find};
use super::aws::Table;
use super::command::UsageOptions;
use super::grid::Grid;
use super::output::{Console, Failed, Report};
use super::units::counted;
use crate::quota::decimal_usd;
use crate::routing::Pattern;
use days::Days;
use groups::{Group, groups, total};
use rows::rollups;
use totals::Totals;

/// Adds up what was used.
pub(super) async fn usage(
    table: &Table,
    options: &UsageOptions,
    console: Console,
    now_ms: u64,
) -> Result<Report, Failed> {
    let days = Days::asked(options, now_ms)?;
    let Holders { all: keys, unreadable } = match &options.key {
        Some(key) => {
            let key = find(table, Kind::Key, key, console).await?;
            Holders { all: vec![key], unreadable: vec![] }
        }
        None => all(table, Kind::Key, console).await?,
    };
    let mut found = rollups(table, &keys, days, console).await?;
    if let Some(team) = &options.team {
        found.retain(|rollup| rollup.team.as_deref() == Some(team.as_str()));
    }
    if let Some(alias) = &options.alias {
        let pattern = Pattern::new(alias);
        found.retain(|rollup| pattern.matches(&rollup.alias));
    }
    let groups = groups(&found, options.by);
    let json = json!({
        "from": days.first.to_string(),
        "to": days.last.to_string(),
        "by": options.by.names().first(),
        "rows": groups.iter().map(|group| as_json(options.by, group)).collect::<Vec<_>>(),
        "total": total(&groups).json(),
    });
    let report = Report::new(json).notes(unreadable);
    if options.csv {
        return Ok(report.raw(csv::csv(options.by, &groups)));
    }
    let about = format!("{} to {}, days in UTC", days.first, days.last);
    let report = report.header(about);
    if groups.is_empty() {
        return Ok(report.text("nothing was used"));
    }
    let violations = total(&groups).get("bound_violations");
    let violations = (violations > 0).then(|| {
        let count = counted(usize::try_from(violations).unwrap_or(usize::MAX), "request");
        format!("{count} cost more than the bound: the log names them ('bound_violation')")
    });
    Ok(report.grid(grid(options.by, &groups, console.is_pretty())).notes(violations))
}

fn as_json(by: By, group: &Group) -> Value {
    let mut json = group.totals.json();
    for (name, value) in by.names().iter().zip(&group.values) {
        let value = if value.is_empty() { Value::Null } else { json!(value) };
        json.insert((*name).to_owned(), value);
    }
    json.into()
}

fn grid(by: By, groups: &[Group], is_pretty: bool) -> Grid {
    let all = total(groups);
    let has_money = all.get("nano_usd") > 0;
    let has_kept = all.get("kept_tokens") > 0 || all.get("kept_nano_usd") > 0;
    let mut heading: Vec<&'static str> = match by {
        By::Day => vec!["DAY"],
        By::Key => vec!["KEY", "NAME"],
        By::Team => vec!["TEAM"],
        By::Alias => vec!["ALIAS"],
    };
    let labels = heading.len();
    heading.extend(["REQUESTS", "TOKENS IN", "CACHED", "OUT", "USD"]);
    if has_kept {
        heading.extend(["KEPT TOKENS", "KEPT USD"]);
    }
    let figures = labels..heading.len();
    heading.push(if has_money { "BY MONEY" } else { "BY TOKENS" });
    let weight = |totals: &Totals| if has_money { totals.get("nano_usd") } else { totals.tokens() };
    let weights: Vec<_> = groups.iter().map(|group| weight(&group.totals)).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (group, bar) in groups.iter().zip(chart::bars(&weights, is_pretty)) {
        let label = |value: &String| if value.is_empty() { "-".to_owned() } else { value.clone() };
        let mut row: Vec<_> = group.values.iter().map(label).collect();
        row.extend(cells(&group.totals, has_kept));
        row.push(bar);
        rows.push(row);
    }
    let mut last = vec![String::new(); labels];
    last.first_mut().into_iter().for_each(|label| "total".clone_into(label));
    last.extend(cells(&all, has_kept));
    rows.push(last);
    Grid::new(&heading, rows).right(figures)
}

fn cells(totals: &Totals, has_kept: bool) -> Vec<String> {
    let count = |name| totals.get(name).to_string();
    let money = |name| decimal_usd(totals.get(name));
    let mut cells = ["requests", "tokens_in", "tokens_cached", "tokens_out"].map(count).to_vec();
    cells.push(money("nano_usd"));
    if has_kept {
        cells.extend([count("kept_tokens"), money("kept_nano_usd")]);
    }
    cells
}
