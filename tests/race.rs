//! The race: many processes and connections against one key, through the real function, on DynamoDB
//! Local, where `TOLLGATE_TEST_DYNAMODB` says that there is one. Most requests are refused. A
//! scripted provider keeps books of what it served, to the token and the nano-dollar, and the key's
//! row is audited against them while the race goes on and at its end.
//!
//! `TOLLGATE_SEED` repeats the requests and faults of a run, `TOLLGATE_RACE_REQUESTS` says how many
//! requests a race has, and `TOLLGATE_SOAK_SECONDS` how long [`soak`] goes on.

mod accounts;
mod dice;
mod function;
mod kills;
mod limits;
mod orders;
mod provider;
mod rollover;
mod round;
mod table;
mod tally;

use std::io::Write;
use std::time::Duration;

use tokio::time::Instant;
use tollgate::clock::Clock;
use tollgate::settings::variable;

use kills::Fate;
use table::Table;

/// How large a race is.
struct Scale {
    requests: u64,
    at_once: usize,
}

impl Scale {
    fn of(requests: u64, at_once: usize) -> Self {
        // In fewer, not everything happens that should.
        let requests = number("TOLLGATE_RACE_REQUESTS").unwrap_or(requests).max(300);
        Self { requests, at_once }
    }

    /// A few seconds.
    fn small() -> Self {
        Self::of(800, 16)
    }

    fn large() -> Self {
        Self::of(2_000, 32)
    }
}

fn number(name: &str) -> Option<u64> {
    let value = variable(name)?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

/// Another one each time, unless it is given.
fn seed() -> u64 {
    number("TOLLGATE_SEED").unwrap_or_else(|| Clock::System.now_ms())
}

/// Names the seed of a race that fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed was TOLLGATE_SEED={}", self.0);
        }
    }
}

fn rollover_tables() -> Option<[Table; 2]> {
    Some([Table::create("tight")?, Table::create("wide")?])
}

/// Runs a race, and again with fewer at once when nothing can be said of it: when the machine was too
/// busy for the store to answer in time. Then a hold may be taken twice, which is safe, and stays.
/// Whatever can be said of it all the same is checked each time.
async fn until_it_counts<F>(at_once: usize, race: impl Fn(usize) -> F) -> String
where
    F: Future<Output = Result<String, String>>,
{
    let mut reasons = vec![];
    for at_once in [at_once, 8, 4, 2] {
        match race(at_once).await {
            Ok(progress) => return progress,
            Err(why) => reasons.push(format!("of {at_once} at once: {why}")),
        }
        say(reasons.last().expect("a reason"));
    }
    panic!("nothing can be said of any of the races: {reasons:#?}");
}

async fn check(test: &str, which: limits::Which) {
    if let Some(table) = Table::create(test) {
        eprintln!("{test}: {}", limits::race(&table, which, &Scale::small(), seed()).await);
    }
}

#[tokio::test]
async fn requests_a_minute_are_never_overspent() {
    check("rpm", [true, false, false]).await;
}

#[tokio::test]
async fn tokens_a_day_are_never_overspent() {
    check("tokens", [false, true, false]).await;
}

#[tokio::test]
async fn money_a_month_is_never_overspent() {
    check("money", [false, false, true]).await;
}

#[tokio::test]
async fn no_limit_of_several_is_ever_overspent() {
    check("several", [true, true, true]).await;
}

#[tokio::test]
async fn no_limit_is_overspent_when_a_minute_ends() {
    if let Some(tables) = rollover_tables() {
        eprintln!("rollover: {}", rollover::race(&tables, &Scale::small(), seed()).await);
    }
}

async fn check_faults(test: &str, fate: Fate) {
    if let Some(table) = Table::create(test) {
        eprintln!("{test}: {}", kills::race(&table, fate, &Scale::small(), seed()).await);
    }
}

#[tokio::test]
async fn no_limit_is_overspent_when_processes_are_killed() {
    check_faults("kills", Fate::Overspending).await;
}

#[tokio::test]
async fn no_more_is_held_than_what_was_lost_can_have_taken() {
    check_faults("losses", Fate::Losses).await;
}

#[tokio::test]
async fn what_nobody_knows_the_cost_of_stays_held() {
    check_faults("unknowns", Fate::Unknowns).await;
}

#[derive(Clone, Copy)]
enum Race {
    Limits(limits::Which),
    Faults(Fate),
}

/// All of it, over and over, for as long as `TOLLGATE_SOAK_SECONDS` says.
#[tokio::test]
async fn soak() {
    let Some(seconds) = number("TOLLGATE_SOAK_SECONDS") else { return };
    let end = Instant::now() + Duration::from_secs(seconds);
    let (Some(table), Some(rollovers)) = (Table::create("soak"), rollover_tables()) else {
        return;
    };
    let (seed, scale) = (seed(), Scale::large());
    let races = async {
        let kinds = [
            ("rpm", Race::Limits([true, false, false])),
            ("tokens", Race::Limits([false, true, false])),
            ("money", Race::Limits([false, false, true])),
            ("several", Race::Limits([true, true, true])),
            ("kills", Race::Faults(Fate::Overspending)),
            ("losses", Race::Faults(Fate::Losses)),
            ("unknowns", Race::Faults(Fate::Unknowns)),
        ];
        for (round, (kind, race)) in (0..).zip(kinds.into_iter().cycle()) {
            let seed = seed.wrapping_add(round);
            let progress = match race {
                Race::Limits(which) => limits::race(&table, which, &scale, seed).await,
                Race::Faults(fate) => kills::race(&table, fate, &scale, seed).await,
            };
            say(&format!("round {round}, {kind}, seed {seed}: {progress}, overspent 0"));
            if Instant::now() > end {
                break;
            }
        }
    };
    let minutes = async {
        for round in 0.. {
            let seed = seed.wrapping_add(round);
            let progress = rollover::race(&rollovers, &scale, seed).await;
            say(&format!("minute {round}, seed {seed}: {progress}, overspent 0"));
            if Instant::now() + Duration::from_secs(60) > end {
                break;
            }
        }
    };
    tokio::join!(races, minutes);
}

fn say(progress: &str) {
    writeln!(std::io::stderr(), "{progress}").unwrap();
}
