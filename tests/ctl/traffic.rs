//! Changes beside traffic: at the end, what is left of a limit is the limit without what was spent
//! and what is held, to the last token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tokio::task::JoinSet;
use tollgate::keys::Presented;
use tollgate::quota::Demand;
use tollgate::store::{Denial, Store};

use super::tool::{Table, now_ms, run_with, takes, used};

const WORKERS: u64 = 3;
const AT_MOST: u64 = 10;

/// What a worker has done.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    requests: u64,
    spent: u64,
    lost: u64,
}

/// Sends requests until it is told to stop. One of five never ends.
async fn send(table: Arc<Table>, key: Presented, stop: Arc<AtomicBool>, worker: u64) -> Tally {
    let (mut tally, mut store) = (Tally::default(), table.as_store());
    for n in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let demand = Demand { draw: n + worker, ..takes(AT_MOST, 0) };
        let hold = match store.admit(&key, &demand, now_ms()).await {
            Ok(admission) => admission.hold,
            Err(Denial::Exhausted(_)) => {
                // Another environment, which does not remember the refusal.
                store = table.as_store();
                continue;
            }
            Err(other) => panic!("{other:?}"),
        };
        tally.requests += 1;
        let spends = n % AT_MOST;
        let settlement = hold.settle(&used(spends, 0), now_ms());
        if n % 5 == 4 {
            tally.lost += AT_MOST;
        } else {
            store.settle(&settlement).await.unwrap();
            tally.spent += spends;
        }
    }
    tally
}

/// Does this to a key while it is used, and adds up what was done with it.
async fn beside_traffic(table: Table, key: Presented, commands: &[&[&str]]) -> (Table, Tally) {
    let (table, stop) = (Arc::new(table), Arc::new(AtomicBool::new(false)));
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        workers.spawn(send(Arc::clone(&table), key.clone(), Arc::clone(&stop), worker));
    }
    for command in commands {
        let command = table.command(command);
        let said = tokio::task::spawn_blocking(|| run_with(command, "")).await.unwrap();
        assert_eq!(said.code, 0, "{said:?}");
    }
    stop.store(true, Ordering::Relaxed);
    let mut all = Tally::default();
    while let Some(tally) = workers.join_next().await {
        let Tally { requests, spent, lost } = tally.unwrap();
        all.requests += requests;
        all.spent += spent;
        all.lost += lost;
    }
    (Arc::into_inner(table).unwrap(), all)
}

/// What is held for ever: by the requests that never ended, and by admissions that were sent twice
/// because their reply came late.
#[track_caller]
fn lost(table: &Table, id: &str, tally: Tally) -> i64 {
    let requests = figure(&table.standing(id, "requests_per_day"), "used");
    let twice = u64::try_from(requests).unwrap().checked_sub(tally.requests).unwrap();
    i64::try_from(tally.lost + twice * AT_MOST).unwrap()
}

fn figure(line: &Value, name: &str) -> i64 {
    line[name].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_raised_and_lowered_beside_traffic() {
    let Some(table) = Table::created("traffic") else { return };
    let (id, key) = table.key(&["--tokens-per-day", "100000", "--requests-per-day", "50000"]);
    let update = |options: &[&'static str]| -> Vec<String> {
        ["key", "update", &id].iter().chain(options).map(ToString::to_string).collect()
    };
    let commands = [
        update(&["--tokens-per-day", "90000", "--requests-per-day", "60000"]),
        update(&["--tokens-per-day", "200"]),
        update(&["--tokens-per-day", "300000:shadow", "--rpm", "100000"]),
        update(&["--tokens-per-day", "300001:hard", "--in-flight", "1000"]),
        update(&["--rpm", "none", "--in-flight", "none", "--tokens-per-day", "70000"]),
        update(&["--shards", "3"]),
        update(&["--tokens-per-day", "80000", "--requests-per-day", "70000"]),
        update(&["--shards", "4", "--tokens-per-day", "81000"]),
    ];
    let commands: Vec<Vec<&str>> =
        commands.iter().map(|command| command.iter().map(String::as_str).collect()).collect();
    let commands: Vec<&[&str]> = commands.iter().map(Vec::as_slice).collect();
    let (table, tally) = beside_traffic(table, key, &commands).await;
    assert!(tally.requests > 10, "{tally:?}");
    let lost = lost(&table, &id, tally);
    let line = table.standing(&id, "tokens_per_day");
    let spent = i64::try_from(tally.spent).unwrap();
    assert_eq!((figure(&line, "used"), figure(&line, "held")), (spent, lost), "{tally:?}");
    assert_eq!(figure(&line, "left"), 81_000 - spent - lost);
    let requests = table.standing(&id, "requests_per_day");
    assert_eq!(figure(&requests, "left"), 70_000 - figure(&requests, "used"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_beside_traffic_gives_back_nothing_that_is_held() {
    let Some(table) = Table::created("reset-traffic") else { return };
    let limits = ["--tokens-per-day", "100000", "--requests-per-day", "100000"];
    let (id, key) = table.key(&[&limits[..], &["--shards", "2"]].concat());
    let reset: &[&str] = &["key", "reset", &id, "--limit", "tokens_per_day"];
    let (table, tally) = beside_traffic(table, key, &[reset; 6]).await;
    let line = table.standing(&id, "tokens_per_day");
    assert_eq!(figure(&line, "held"), lost(&table, &id, tally), "{tally:?} {line}");
    assert!(figure(&line, "used") < i64::try_from(tally.spent).unwrap(), "{tally:?} {line}");
    assert_eq!(figure(&line, "left"), 100_000 - figure(&line, "used") - figure(&line, "held"));
}

/// With shards that go, what their requests in flight hold is not given back: never more is left
/// than was not used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_may_go_beside_traffic() {
    let Some(table) = Table::created("shards-traffic") else { return };
    let (id, key) = table.key(&["--tokens-per-day", "100000", "--requests-per-day", "50000"]);
    let to = |shards: &'static str| vec!["key", "update", &id, "--shards", shards];
    let commands = [to("4"), to("2"), to("5"), to("1")];
    let commands: Vec<&[&str]> = commands.iter().map(Vec::as_slice).collect();
    let (table, tally) = beside_traffic(table, key, &commands).await;
    let line = table.standing(&id, "tokens_per_day");
    let used_up = i64::try_from(tally.spent).unwrap() + lost(&table, &id, tally);
    let taken = 100_000 - figure(&line, "left");
    assert!(taken >= used_up, "{tally:?} {line}");
    // Each request of a row that goes loses ten at most.
    let in_flight = i64::try_from(WORKERS * AT_MOST * 7).unwrap();
    assert!(taken <= used_up + in_flight, "{tally:?} {line}");
}

#[tokio::test]
async fn two_operators_at_once_leave_what_one_of_them_said() {
    let Some(table) = Table::created("two") else { return };
    let (id, key) = table.key(&["--tokens-per-day", "1000"]);
    drop(table.as_store().admit(&key, &takes(AT_MOST, 0), now_ms()).await.unwrap());
    let figures = ["2000", "3000", "4000", "5000"];
    let update = |figure: &'static str| {
        let mut command = table.command(&["key", "update", &id, "--tokens-per-day", figure]);
        command.spawn().unwrap()
    };
    let children: Vec<_> = figures.into_iter().map(update).collect();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    let line = table.standing(&id, "tokens_per_day");
    assert_eq!(figure(&line, "left"), figure(&line, "of") - 10);
}
