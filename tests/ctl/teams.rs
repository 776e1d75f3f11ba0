//! Teams: limits that bind all of their keys together.

use serde_json::json;
use tollgate::store::{Denial, Store};

use super::tool::{Table, check_failure, now_ms, takes};

#[tokio::test]
async fn a_team_binds_its_keys_until_it_is_revoked() {
    let Some(table) = Table::created("teams") else { return };
    assert_eq!(table.json(&["team", "list"], ""), json!({ "teams": [] }));
    table.fails(&["key", "create", "--name", "a", "--team", "red"], "there is no team 'red'");
    table.json(&["team", "create", "red", "--requests-per-day", "3", "--shards", "2"], "");
    table.fails(&["team", "create", "red"], "there is a team 'red' already");
    let command = table.command(&["team", "create", "Red"]);
    check_failure(command, 2, "1 to 32 lower-case letters");

    let keys = [table.key(&["--team", "red"]), table.key(&[])];
    table.json(&["key", "update", &keys[1].0, "--team", "red"], "");
    let store = table.as_store();
    for (_, key) in keys.iter().chain(&keys[..1]) {
        drop(store.admit(key, &takes(1, 0), now_ms()).await.unwrap());
    }
    let denial = store.admit(&keys[1].1, &takes(1, 0), now_ms()).await.unwrap_err();
    assert!(matches!(&denial, Denial::Exhausted(exhausted) if exhausted.scope.is_team));

    let shown = table.json(&["team", "show", "red"], "");
    assert_eq!((&shown["standing"][0]["used"], &shown["shards"]), (&json!(3), &json!(2)));
    let of_key = table.json(&["key", "show", &keys[0].0], "");
    assert_eq!((&of_key["team"], &of_key["standing"][0]["scope"]), (&json!("red"), &json!("team")));
    table.json(&["team", "update", "red", "--requests-per-day", "4", "--shards", "1"], "");
    let fresh = table.as_store();
    drop(fresh.admit(&keys[1].1, &takes(1, 0), now_ms()).await.unwrap());
    let reset = table.json(&["team", "reset", "red"], "");
    assert_eq!(reset["reset"][0]["forgiven"], 4);
    let listed = table.json(&["team", "list"], "");
    assert_eq!(listed["teams"][0]["limits"], json!({ "requests_per_day": 4 }));

    table.json(&["key", "update", &keys[0].0, "--team", "none"], "");
    table.json(&["team", "revoke", "red"], "");
    drop(fresh.admit(&keys[0].1, &takes(1, 0), now_ms()).await.unwrap());
    assert!(matches!(fresh.admit(&keys[1].1, &takes(1, 0), now_ms()).await, Err(Denial::Revoked)));
    table.fails(&["key", "update", &keys[0].0, "--team", "red"], "the team 'red' is revoked");
}
