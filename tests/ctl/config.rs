//! Documents in the table: pushed, shown, rolled back.

use std::io::Write;

use serde_json::{Value, json};
use tollgate::store::Store;

use super::documents::{BAD, BAD_SHOWN, document};
use super::tool::{Said, Table, a_key, run};

#[tokio::test]
async fn what_is_pushed_is_what_the_function_reads() {
    let Some(table) = Table::created("push") else { return };
    table.fails(&["config", "show"], "no configuration was pushed yet");
    table.fails(&["config", "push", "-", "--if-version", "1"], "stdin is empty");
    let push = |document: &str, more: &[&str]| {
        table.run(&[&["config", "push", "-"], more].concat(), document)
    };
    assert_eq!(push(BAD, &[]).err, BAD_SHOWN);
    let local = format!("{}\nkeys: [{{ name: a, secret: {} }}]", document("one"), a_key());
    let first = push(&local, &[]);
    assert_eq!((first.code, first.out.as_str()), (0, "stdin is version 1, the first one\n"));
    assert!(first.err.starts_with("note: not pushed: 1 local key in stdin"), "{first:?}");
    assert!(!table.run(&["config", "show"], "").out.contains("tg-"));

    assert_eq!(push(&document("one"), &[]).out, "nothing to do: version 1 is live and the same\n");
    let stale = push(&document("two"), &["--if-version", "0"]);
    assert_eq!(stale.code, 1);
    assert!(stale.err.contains("version 1 is live, not 0; nothing was written"), "{stale:?}");
    let second = push(&document("two"), &["--if-version", "1", "--by", "ci"]);
    assert_eq!(second.out, "stdin is version 2, live in the place of version 1\n");

    let live = table.as_store().document().await.unwrap().unwrap();
    assert_eq!((live.version, &live.document["routes"][0]["match"]), (2, &json!("two")));
    let shown = table.run(&["config", "show"], "");
    assert_eq!(serde_json::from_str::<Value>(&shown.out).unwrap(), live.document);
    assert_eq!(shown.err, "version 2, pushed just now by ci\n");
    let checked = run(&["config", "check", "-"], &shown.out);
    assert_eq!(checked.code, 0, "what is shown can be pushed: {checked:?}");
    let older = table.json(&["config", "show", "--version", "1"], "");
    assert_eq!(older["document"]["routes"][0]["match"], "one");
    table.fails(&["config", "show", "--version", "9"], "there is no version 9");
}

#[test]
fn a_rollback_is_a_new_version() {
    let Some(table) = Table::created("rollback") else { return };
    table.fails(&["config", "rollback", "1"], "there is no version 1");
    for name in ["one", "two"] {
        table.json(&["config", "push", "-"], &document(name));
    }
    assert_eq!(table.json(&["config", "rollback", "2"], "")["unchanged"], true);
    let back = table.run(&["config", "rollback", "1"], "");
    let said = "version 1 is live again as version 3, live in the place of version 2\n";
    assert_eq!((back.code, back.out.as_str()), (0, said));
    let live = table.json(&["config", "show"], "");
    assert_eq!((&live["version"], &live["restores"]), (&json!(3), &json!(1)));
    assert_eq!(live["document"]["routes"][0]["match"], "one");
    assert_eq!(live["pushed_by"], "tester");

    let history = table.json(&["config", "history"], "");
    let versions: Vec<_> = history["versions"].as_array().unwrap().iter().collect();
    let numbers: Vec<_> = versions.iter().map(|row| row["version"].as_u64().unwrap()).collect();
    assert_eq!((numbers, &history["live"]), (vec![3, 2, 1], &json!(3)));
    let two = table.run(&["config", "history", "--limit", "2"], "");
    assert_eq!(two.out.lines().count(), 3);
    assert!(two.out.lines().nth(1).unwrap().ends_with("tester  live, version 1 again"), "{two:?}");
}

#[test]
fn pushes_at_once_leave_no_half_state() {
    let Some(table) = Table::created("race") else { return };
    let pushes: Vec<_> = (0..8)
        .map(|n| {
            let mut child = table.command(&["config", "push", "-"]).spawn().unwrap();
            let text = document(&format!("model-{n}"));
            child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            child
        })
        .collect();
    let said: Vec<_> =
        pushes.into_iter().map(|child| Said::of(child.wait_with_output().unwrap())).collect();
    let (done, lost): (Vec<_>, Vec<_>) = said.iter().partition(|said| said.code == 0);
    assert!(!done.is_empty());
    assert!(
        lost.iter().all(|said| said.err.contains("were first; nothing was written")),
        "{lost:?}"
    );

    // Each push that was told so is one version, without a gap, and the last is the live one.
    let history = table.json(&["config", "history"], "");
    let rows = history["versions"].as_array().unwrap();
    let numbers: Vec<_> =
        rows.iter().map(|row| usize::try_from(row["version"].as_u64().unwrap()).unwrap()).collect();
    assert_eq!(numbers, (1..=done.len()).rev().collect::<Vec<_>>());
    let newest = numbers[0].to_string();
    let live = table.json(&["config", "show"], "");
    assert_eq!(live, table.json(&["config", "show", "--version", &newest], ""));
    let names: std::collections::BTreeSet<_> = numbers
        .iter()
        .map(|n| table.json(&["config", "show", "--version", &n.to_string()], ""))
        .map(|shown| shown["document"]["routes"][0]["match"].to_string())
        .collect();
    assert_eq!(names.len(), done.len(), "every document is in the history once");
}
