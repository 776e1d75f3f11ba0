//! What `update` and `reset` do to windows that are running.

use serde_json::{Value, json};
use tollgate::keys::Presented;
use tollgate::quota::Demand;
use tollgate::store::{Denial, Store};

use super::tool::{Table, lease, now_ms, takes, used};

/// A request that used so many tokens and holds on to so many more.
async fn use_some(table: &Table, key: &Presented, spent: u64, lost: u64) {
    let store = table.as_store();
    for (takes_at_most, ends) in [(spent, true), (lost, false)] {
        let demand = takes(takes_at_most, takes_at_most);
        let hold = store.admit(key, &demand, now_ms()).await.unwrap().hold;
        let settlement = hold.settle(&used(takes_at_most, takes_at_most), now_ms());
        if ends {
            store.settle(&settlement).await.unwrap();
        }
    }
}

fn figures(line: &Value) -> [i64; 4] {
    ["of", "used", "held", "left"].map(|name| line[name].as_i64().unwrap())
}

/// What a limit of 1000 with 300 used and 50 held is after each change.
#[tokio::test]
async fn a_changed_limit_applies_to_the_window_that_is_running() {
    let Some(table) = Table::created("update") else { return };
    let alias = ["--alias-limit", "m*:tokens_per_month=500", "--alias-limit", "x:rpm=1"];
    let limits = ["--tokens-per-day", "1000", "--requests-per-day", "10"];
    let (id, key) = table.key(&[limits, alias].concat());
    use_some(&table, &key, 300, 50).await;
    let steps: [(&[&str], [i64; 4], &str); 11] = [
        (&[], [1_000, 300, 50, 650], "hard"),
        (&["--tokens-per-day", "400"], [400, 300, 50, 50], "hard"),
        (&["--tokens-per-day", "200"], [200, 300, 50, -150], "hard"),
        (&["--tokens-per-day", "2000:shadow"], [2_000, 300, 50, 1_650], "shadow"),
        (&["--alias-limit", "x:rpm=none"], [2_000, 300, 50, 1_650], "shadow"),
        (&["--shards", "3"], [2_000, 300, 50, 1_650], "shadow"),
        (&["--tokens-per-day", "1500"], [1_500, 300, 50, 1_150], "shadow"),
        (&["--in-flight", "4", "--name", "other"], [1_500, 300, 50, 1_150], "shadow"),
        (&["--tokens-per-day", "1000:hard"], [1_000, 300, 50, 650], "hard"),
        (&["--in-flight", "none", "--models", "m,n"], [1_000, 300, 50, 650], "hard"),
        (&["--time-zone", "Etc/UTC", "--shards", "1", "--rpm", "9"], [1_000, 300, 50, 650], "hard"),
    ];
    for (options, expected, mode) in steps {
        if !options.is_empty() {
            table.json(&[&["key", "update", &id], options].concat(), "");
        }
        let line = table.standing(&id, "tokens_per_day");
        assert_eq!((figures(&line), &line["mode"]), (expected, &json!(mode)), "{options:?}");
        assert_eq!(figures(&table.standing(&id, "requests_per_day")), [10, 2, 0, 8]);
        assert_eq!(figures(&table.standing(&id, "tokens_per_month")), [500, 300, 50, 150]);
    }
    // Every shape that it has had is admitted, by an environment that has seen none of them.
    use_some(&table, &key, 1, 1).await;
    assert_eq!(figures(&table.standing(&id, "tokens_per_day")), [1_000, 301, 51, 648]);
}

#[tokio::test]
async fn an_update_says_what_it_changed() {
    let Some(table) = Table::created("said") else { return };
    let (id, _) = table.key(&["--rpm", "60", "--alias-limit", "gpt-5*:tpm=5"]);
    table.fails(&["key", "update", &id], "nothing to change was given");
    let update = ["key", "update", &id, "--rpm", "120", "--alias-limit", "gpt-5*:tpm=none"];
    let said = table.run(&update, "");
    let expected = format!(
        "key {id} 'tester' is changed, at once and for the windows that are running\n\
         WHAT        BEFORE  NOW\n\
         rpm         60      120\n\
         gpt-5*:tpm  5       -\n"
    );
    assert_eq!((said.code, said.out), (0, expected));
    let again = table.run(&update, "").out;
    assert_eq!(again, format!("nothing to do: key {id} 'tester' is like that\n"));
}

#[tokio::test]
async fn a_new_limit_binds_an_environment_that_knows_the_key() {
    let Some(table) = Table::created("new-limit") else { return };
    let (id, key) = table.key(&[]);
    for (option, limit) in [("--tokens-per-day", "tokens_per_day"), ("--in-flight", "in_flight")] {
        let store = table.as_store();
        drop(store.admit(&key, &takes(100, 0), now_ms()).await.unwrap());
        table.json(&["key", "update", &id, option, "1"], "");
        let demand = |name| {
            let lease = Some(lease(name, now_ms() + 60_000));
            Demand { lease, ..takes(200, 0) }
        };
        // The only place is free at first.
        let first = store.admit(&key, &demand("a"), now_ms()).await;
        let denial = match first {
            Ok(_) => store.admit(&key, &demand("b"), now_ms()).await.unwrap_err(),
            Err(denial) => denial,
        };
        let Denial::Exhausted(exhausted) = denial else { panic!("{limit}: {denial:?}") };
        assert_eq!(exhausted.limit.name, limit);
        table.json(&["key", "update", &id, option, "none"], "");
    }
}

#[tokio::test]
async fn a_reset_forgives_what_was_spent_and_not_what_is_held() {
    let Some(table) = Table::created("reset") else { return };
    let limits = ["--tokens-per-day", "1000", "--usd-total", "0.001", "--requests-per-day", "10"];
    let (id, key) = table.key(&limits);
    let nothing = table.run(&["key", "reset", &id], "").out;
    assert!(nothing.starts_with("nothing to do"), "{nothing}");
    use_some(&table, &key, 300, 50).await;
    table.fails(&["key", "reset", &id, "--limit", "rpm"], "has no limit rpm");
    let said = table.json(&["key", "reset", &id, "--limit", "tokens-per-day"], "");
    let forgiven = json!([{
        "scope": "key", "limit": "tokens_per_day", "unit": "tokens", "forgiven": 300,
        "given_back": 0,
    }]);
    assert_eq!(said["reset"], forgiven);
    assert_eq!(figures(&table.standing(&id, "tokens_per_day")), [1_000, 0, 50, 950]);
    assert_eq!(figures(&table.standing(&id, "usd_total")), [1_000_000, 300, 50, 999_650]);
    let text = table.run(&["key", "reset", &id], "").out;
    assert!(text.contains("key    usd_total         $0.0000003          $0"), "{text}");
    assert_eq!(figures(&table.standing(&id, "usd_total")), [1_000_000, 0, 50, 999_950]);
    assert_eq!(figures(&table.standing(&id, "requests_per_day")), [10, 0, 0, 10]);
}

/// What was admitted before the limit was there, and ends after it was used, does not make it whole.
#[tokio::test]
async fn a_limit_that_is_added_survives_requests_from_before() {
    let Some(table) = Table::created("added") else { return };
    let (id, key) = table.key(&[]);
    let store = table.as_store();
    drop(store.admit(&key, &takes(1, 0), now_ms()).await.unwrap());
    let before = store.admit(&key, &takes(1, 0), now_ms()).await.unwrap().hold;
    table.json(&["key", "update", &id, "--tokens-per-day", "1000"], "");
    drop(table.as_store().admit(&key, &takes(900, 0), now_ms()).await.unwrap());
    store.settle(&before.settle(&used(1, 1), now_ms())).await.unwrap();
    let left = figures(&table.standing(&id, "tokens_per_day"))[3];
    assert!(left <= 100, "{left}");
}
