//! Keys: made, listed, shown, revoked, and for local documents.

use serde_json::json;
use tollgate::config::{Document, Strictness};
use tollgate::keys::{Presented, Right, parse};
use tollgate::store::{Denial, Store};

use super::documents::{document, priced};
use super::tool::{Table, a_key, check_failure, now_ms, run, takes};

#[test]
fn a_minted_key_is_one_that_a_local_document_takes() {
    let limits = ["--rpm", "60", "--tpm", "9:hard", "--usd-per-month", "1.5:shadow"];
    let more = ["--alias-limit", "a:b*:tokens_per_day=7:shadow", "--time-zone", "Asia/Shanghai"];
    let more = [&more[..], &["--rights", "fault"]].concat();
    let arguments = [&["key", "mint", "--name", "it's: mine", "--models", "demo,x-*"], &limits[..]];
    let said = run(&[&arguments.concat()[..], &more].concat(), "");
    assert_eq!(said.code, 0, "{said:?}");
    let text = format!("{}\n{}", document("demo"), said.out);
    let (config, _) = Document::parse(&text).unwrap().read(Strictness::Strict).unwrap();
    let key = &config.keys[0];
    assert_eq!((key.name.as_str(), key.models[1].as_str()), ("it's: mine", "x-*"));
    assert_eq!(key.rights, [Right::Fault]);
    assert_eq!(
        key.limits.shape(1, None).text(),
        "custom #1 tz=CST-8 rpm tpm=hard usdmo=shadow tpd=shadow:a:b*"
    );
    let figures: Vec<_> = key.limits.rules.iter().map(|(_, figure)| *figure).collect();
    assert_eq!(figures, [60, 9, 1_500_000_000, 7]);

    let plain = run(&["key", "mint", "--json"], "").json();
    assert!(parse(plain["secret"].as_str().unwrap()).is_ok());
    assert_eq!((&plain["models"], &plain["limits"]), (&json!(["*"]), &json!({})));
    assert_ne!(plain["secret"], run(&["key", "mint", "--json"], "").json()["secret"]);
}

#[tokio::test]
async fn a_key_that_is_made_is_admitted_until_it_is_revoked() {
    let Some(table) = Table::created("keys") else { return };
    assert_eq!(table.json(&["key", "list"], ""), json!({ "keys": [] }));
    table.json(&["config", "push", "-"], &priced("demo"));
    let arguments = ["key", "create", "--name", "app", "--rpm", "60", "--tokens-per-day", "100000"];
    let more = ["--usd-per-month", "25.5:hard", "--tpm", "7:hard", "--models", "demo,gpt-*"];
    let alias = ["--alias-limit", "gpt-5*:rpm=6"];
    let made = table.json(&[&arguments[..], &more, &alias].concat(), "");
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let tpm = json!({ "limit": 7, "mode": "hard" });
    let limits = json!({ "rpm": 60, "tpm": tpm, "tokens_per_day": 100_000, "usd_per_month": 25.5 });
    assert_eq!((&made["limits"], &made["models"]), (&limits, &json!(["demo", "gpt-*"])));
    assert_eq!(made["notes"], json!(["no route serves a model that fits 'gpt-*'"]));

    let listed = table.json(&["key", "list"], "");
    assert_eq!((&listed["keys"][0]["id"], &listed["keys"][0]["limits"]), (&json!(id), &limits));
    let text = table.run(&["key", "list"], "").out;
    let words = "app   active  -     demo,gpt-*  rpm 60, tpm 7:hard, tokens_per_day 100000, \
                 usd_per_month 25.5, gpt-5*:rpm 6";
    assert!(text.contains(words), "{text}");
    assert!(!format!("{listed}{text}").contains(secret));

    let store = table.as_store();
    let (key, digest) = parse(secret).unwrap();
    let (presented, demand) = (Presented { id: key, digest }, takes(1, 1));
    let demo = tollgate::quota::Demand { alias: Some("demo".to_owned()), ..demand };
    let admission = store.admit(&presented, &demo, now_ms()).await.unwrap();
    assert_eq!(admission.caller.name(), "app");
    assert!(admission.caller.may_use("gpt-4o") && !admission.caller.may_use("other"));
    drop(admission);

    for said in [id, secret, "app"] {
        assert_eq!(table.standing(said, "rpm")["used"], 1, "{said}");
    }
    assert_eq!(table.json(&["key", "revoke", id], "")["changed"], true);
    assert!(matches!(store.admit(&presented, &demo, now_ms()).await, Err(Denial::Revoked)));
    assert_eq!(table.json(&["key", "revoke", secret], "")["changed"], false);
    assert_eq!(table.json(&["key", "revoke", "app"], "")["changed"], false);
    for command in ["revoke", "show", "reset"] {
        table.fails(&["key", command, "nobody"], "there is no key 'nobody'");
        table.fails(&["key", command, &a_key()], "there is no key 'tg-…'");
    }
}

#[test]
fn a_name_revokes_only_when_it_is_one_key_s() {
    let Some(table) = Table::created("names") else { return };
    let make = || table.json(&["key", "create", "--name", "twelve4lette"], "")["id"].clone();
    let (first, second) = (make(), make());
    table.fails(&["key", "revoke", "twelve4lette"], "2 keys have the name 'twelve4lette'");
    table.json(&["key", "revoke", first.as_str().unwrap()], "");
    let revoked = table.json(&["key", "revoke", "twelve4lette"], "");
    assert_eq!((&revoked["id"], &revoked["changed"]), (&second, &json!(true)));
}

#[test]
fn the_secret_is_shown_once_and_its_loss_is_told() {
    let Some(table) = Table::created("secret") else { return };
    let said = table.run(&["key", "create", "--name", "a"], "");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out.matches("tg-").count(), 1, "{said:?}");
    assert!(said.out.contains("\n    export OPENAI_API_KEY=tg-"), "{said:?}");
    assert_eq!(said.err, "note: no configuration was pushed yet: no model is served\n");

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = table.command(&["key", "create", "--name", "b"]);
    command.stdout(writer);
    check_failure(command, 1, "the secret is lost: 'tollgatectl key revoke ");
}

#[tokio::test]
async fn rights_are_given_and_taken() {
    let Some(table) = Table::created("rights") else { return };
    let made = table.json(&["key", "create", "--name", "dev", "--rights", "explain,fault"], "");
    assert_eq!(made["rights"], json!(["explain", "fault"]));
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let store = table.as_store();
    let (key, digest) = parse(secret).unwrap();
    let presented = Presented { id: key, digest };
    for (rights, expected) in
        [("", [true, true]), ("fault", [false, true]), ("none", [false, false])]
    {
        if !rights.is_empty() {
            table.json(&["key", "update", id, "--rights", rights], "");
        }
        let caller = store.admit(&presented, &takes(1, 1), now_ms()).await.unwrap().caller;
        let has = [Right::Explain, Right::Fault].map(|right| caller.has(right));
        assert_eq!(has, expected, "{rights}");
    }
    let said = run(&["key", "create", "--name", "dev", "--rights", "all"], "");
    assert!(said.err.contains("expected one of explain, fault"), "{said:?}");
}
