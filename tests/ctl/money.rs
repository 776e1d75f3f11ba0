//! Limits in money and targets without a price never meet.

use serde_json::Value;

use super::documents::{document, priced};
use super::tool::Table;

const REFUSED: &str = "a limit in money would be about targets without a price";

#[test]
fn a_limit_in_money_needs_a_price() {
    let Some(table) = Table::created("money") else { return };
    table.json(&["config", "push", "-"], &document("demo"));
    let create = ["key", "create", "--name", "a"];
    let with = |more: &[&'static str]| [&create[..], more].concat();
    table.fails(&with(&["--usd-per-day", "1"]), REFUSED);
    table.fails(&with(&["--usd-per-day", "1"]), "'demo' is under a limit in money, and m/*");
    table.fails(&with(&["--alias-limit", "d*:usd_total=1:estimate"]), REFUSED);
    for allowed in [
        &["--usd-per-day", "1:shadow"][..],
        &["--usd-per-day", "1", "--models", "other"],
        &["--alias-limit", "x*:usd_total=1"],
        &["--rpm", "1"],
    ] {
        assert_eq!(table.run(&with(allowed), "").code, 0, "{allowed:?}");
    }
    let (id, _) = table.key(&["--usd-per-day", "1:shadow"]);
    table.fails(&["key", "update", &id, "--usd-per-day", "1:hard"], REFUSED);
    table.fails(&["key", "update", &id, "--usd-total", "5"], REFUSED);
    let (other, _) = table.key(&["--usd-per-day", "1", "--models", "other"]);
    table.fails(&["key", "update", &other, "--models", "*"], REFUSED);

    table.json(&["team", "create", "red"], "");
    table.json(&["key", "update", &id, "--team", "red"], "");
    table.fails(&["team", "update", "red", "--usd-total", "5"], REFUSED);
    table.json(&["team", "create", "blue", "--usd-total", "5"], "");
    table.fails(&["key", "update", &id, "--team", "blue"], REFUSED);
    table.fails(&with(&["--team", "blue"]), REFUSED);
    let standing = table.json(&["key", "show", &id], "")["team"].clone();
    assert_eq!(standing, "red");
}

#[test]
fn a_configuration_that_would_refuse_keys_is_refused() {
    let Some(table) = Table::created("money-push") else { return };
    table.json(&["config", "push", "-"], &priced("demo"));
    table.json(&["team", "create", "red", "--usd-total", "5"], "");
    let (own, _) = table.key(&["--usd-per-day", "1"]);
    let (member, _) = table.key(&["--team", "red"]);
    let (innocent, _) = table.key(&["--usd-per-day", "1", "--models", "other"]);
    let push = |name: &str| table.run(&["config", "push", "-", "--json"], &document(name));
    let refused = push("demo");
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    let error: Value = serde_json::from_str(&refused.err).unwrap();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("limits in money of 2 keys are about"), "{message}");
    assert!(message.ends_with("nothing was pushed"), "{message}");
    let details = error["error"]["details"].to_string();
    assert!(details.contains(&own) && details.contains(&member) && !details.contains(&innocent));
    assert!(details.contains("'demo' is under a limit in money, and m/* has no price"));

    table.json(&["key", "update", &own, "--usd-per-day", "1:shadow"], "");
    table.json(&["team", "revoke", "red"], "");
    assert_eq!(push("demo").code, 0);
    assert_eq!(push("other").code, 1);
    table.json(&["key", "revoke", &innocent], "");
    assert_eq!(push("other").code, 0);
}
