//! `config push` and `config rollback`: a document becomes the live one, under a new number.

use serde_json::{Value, json};

use super::file::CheckedFile;
use super::rows::{self, DocumentRow, Written};
use crate::config::{Document, Strictness};
use crate::ctl::accounts::check_config;
use crate::ctl::aws::Table;
use crate::ctl::command::PushOptions;
use crate::ctl::output::{Console, Failed, Report};
use crate::settings::variable;

/// Two operators at once are served one after the other; more are told to look first.
const TRIES: u32 = 3;

/// A document on its way to the table.
struct Draft<'a> {
    document: Value,
    /// Only in the place of that version; 0 is none.
    if_version: Option<u64>,
    by: Option<&'a str>,
    restores: Option<u64>,
    now_ms: u64,
}

/// Where a document ended.
struct Published {
    version: u64,
    replaced: Option<u64>,
    /// It already was the live one: nothing was written.
    unchanged: bool,
}

/// Makes a checked file the live document.
pub(in crate::ctl) async fn push(
    table: &Table,
    file: &CheckedFile,
    options: &PushOptions,
    console: Console,
    now_ms: u64,
) -> Result<Report, Failed> {
    check_config(table, &file.config, console).await?;
    let draft = Draft {
        document: file.stored.clone(),
        if_version: options.if_version,
        by: options.by.as_deref(),
        restores: None,
        now_ms,
    };
    let published = publish(table, &draft).await?;
    let what = format!("{} is version {}", file.name, published.version);
    Ok(report(&what, &published).notes(file.note()))
}

/// Makes an older document the live one.
pub(in crate::ctl) async fn rollback(
    table: &Table,
    version: u64,
    by: Option<&str>,
    now_ms: u64,
) -> Result<Report, Failed> {
    let older = rows::of_version(table, version).await?;
    let document: Value = serde_json::from_str(&older.json)
        .map_err(|error| Failed::new(format!("version {version} is not JSON: {error}")))?;
    // Going back must work in a hurry, so it is enough that the document can still be served.
    let problems = match Document::from_json(&document).read(Strictness::Lenient) {
        Ok((config, problems)) if config.routes.iter().next().is_some() => problems,
        _ => return Err(Failed::new(format!("no route of version {version} can be served today"))),
    };
    let restores = Some(version);
    let draft = Draft { document, if_version: None, by, restores, now_ms };
    let published = publish(table, &draft).await?;
    let what = format!("version {version} is live again as version {}", published.version);
    let ignored = problems.iter().map(|problem| format!("ignored today: {problem}"));
    Ok(report(&what, &published).notes(ignored))
}

fn report(what: &str, published: &Published) -> Report {
    let json = json!({
        "version": published.version,
        "replaced": published.replaced,
        "unchanged": published.unchanged,
    });
    let text = match published.replaced {
        _ if published.unchanged => {
            format!("nothing to do: version {} is live and the same", published.version)
        }
        Some(replaced) => format!("{what}, live in the place of version {replaced}"),
        None => format!("{what}, the first one"),
    };
    Report::new(json).text(text)
}

async fn publish(table: &Table, draft: &Draft<'_>) -> Result<Published, Failed> {
    for _ in 0..TRIES {
        let live = rows::live(table).await?;
        let replaced = live.as_ref().map(|live| live.version);
        if let Some(expected) = draft.if_version.filter(|n| *n != replaced.unwrap_or(0)) {
            return Err(moved_on(expected, replaced));
        }
        if let Some(version) = live.as_ref().filter(|live| is_same(live, draft)).and(replaced) {
            return Ok(Published { version, replaced, unchanged: true });
        }
        // The history can be ahead of the live row when somebody has repaired that by hand.
        let newest = rows::newest(table, 1).await?.first().map(|newest| newest.version);
        let version = replaced.max(newest).unwrap_or(0).saturating_add(1);
        let row = DocumentRow {
            version,
            json: draft.document.to_string(),
            pushed_ms: draft.now_ms,
            pushed_by: draft.by.map(str::to_owned).or_else(|| variable("USER")),
            restores: draft.restores,
        };
        if rows::write(table, &row, replaced).await? == Written::Done {
            return Ok(Published { version, replaced, unchanged: false });
        }
    }
    Err(Failed::new("others push at the same moment and were first; nothing was written")
        .advice("look at 'tollgatectl config history', then push again"))
}

fn is_same(live: &DocumentRow, draft: &Draft<'_>) -> bool {
    serde_json::from_str::<Value>(&live.json).is_ok_and(|live| live == draft.document)
}

fn moved_on(expected: u64, live: Option<u64>) -> Failed {
    let what = match live {
        Some(live) => format!("version {live} is live, not {expected}; nothing was written"),
        None => format!("no version is live yet, so not {expected}; nothing was written"),
    };
    Failed::new(what).advice("look at 'tollgatectl config show' before you replace it")
}
