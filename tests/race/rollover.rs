//! A minute ends while many are under way: each of the two has its own room, and no request is in
//! both or in none.

use std::time::Duration;

use super::accounts::{Held, Limits, no_complaint};
use super::round::{Faults, Fleet, MINUTE_MS, Round, after_midnight, now_ms};
use super::table::Table;
use super::tally::Tally;
use super::{Scale, Seed, until_it_counts};

/// How long before the end of the minute the processes start, how long before it the race begins,
/// and how long after it the race ends.
const START_MS: u64 = 6_000;
const BEFORE_MS: u64 = 3_000;
const AFTER_MS: u64 = 3_000;
/// A request that was asked so long after the end of the minute was admitted after it, where the
/// store answers in time.
const SLACK_MS: u64 = 1_000;
/// So many answers for each of those who ask at once use a minute up.
const ANSWERS_EACH: u64 = 4;
/// A limit that nobody reaches.
const WIDE: u64 = 1_000_000;
/// Of requests under the wide limit, fewer go at once: all of them are answered.
const ANSWERED_AT_ONCE: usize = 8;

/// Two races over the end of a minute: of one, both minutes are used up; of the other none, so that
/// many requests are under way when the first one ends.
pub(super) async fn race(tables: &[Table; 2], scale: &Scale, seed: u64) -> String {
    until_it_counts(scale.at_once / 2, |at_once| async move {
        let rpm = ANSWERS_EACH * u64::try_from(at_once).unwrap();
        after_midnight().await;
        let end_ms = (now_ms() + START_MS).next_multiple_of(MINUTE_MS);
        let few = at_once.min(ANSWERED_AT_ONCE);
        let (tight, wide) = tokio::join!(
            race_once(&tables[0], at_once, rpm, end_ms, seed),
            race_once(&tables[1], few, WIDE, end_ms, seed),
        );
        Ok(format!("{}; {}", tight?, wide?))
    })
    .await
}

async fn race_once(
    table: &Table,
    at_once: usize,
    rpm: u64,
    end_ms: u64,
    seed: u64,
) -> Result<String, String> {
    let _seed = Seed(seed);
    // Tokens are settled after the end of a minute as well, and their window goes on.
    let limits = Limits([Some(rpm), Some(WIDE * 1_000), None]);
    sleep_until(end_ms - START_MS).await;
    let (round, fleet) = Round::start(table, seed, limits, Faults::None).await;
    sleep_until(end_ms - BEFORE_MS).await;
    let numbers = (1..).take_while(|_| now_ms() < end_ms + AFTER_MS);
    let tally = tokio::select! {
        tally = round.ask_all(at_once, numbers) => tally,
        () = round.watch() => unreachable!("it goes on for ever"),
    };
    judge(&round, fleet, &tally, rpm, end_ms).await
}

async fn judge(
    round: &Round<'_>,
    fleet: Fleet,
    tally: &Tally,
    rpm: u64,
    end_ms: u64,
) -> Result<String, String> {
    let exact = round.audit(Some(&Held::default())).await;
    let row = round.row().await;
    fleet.end().await;
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    round.store_faults(tally)?;
    no_complaint("nothing is under way", &exact);

    let used = |window: u64| {
        let counter = row.iter().find(|counter| counter.kind == 0 && counter.window == window);
        let left = counter.unwrap_or_else(|| panic!("no window {window}: {row:?}")).left;
        rpm - u64::try_from(left).unwrap()
    };
    let (first, second) = (used(end_ms / MINUTE_MS - 1), used(end_ms / MINUTE_MS));
    if rpm == WIDE {
        assert_eq!(tally.refused(), 0, "{tally:#?}");
    } else if (first, second) != (rpm, rpm) {
        return Err(format!("in the two minutes only {first} and {second} of {rpm} were used"));
    }
    // The provider knows when it was asked, which is after the admission.
    let books = round.provider.books();
    assert_eq!(books.total().0[0], first + second, "every request is in one of them");
    let before = books.asked(|asked_ms| asked_ms < end_ms);
    let after = books.asked(|asked_ms| asked_ms >= end_ms + SLACK_MS);
    assert!(before <= first, "{before} were asked in a minute of {first}");
    assert!(after <= second, "{after} were asked in a minute of {second}");
    assert!(rpm < WIDE || (before > 0 && after > 0), "{before} before and {after} after");
    let (asked, refused) = (tally.asked, tally.refused());
    Ok(format!("{asked} requests, {first} and {second} served, {refused} refused"))
}

async fn sleep_until(at_ms: u64) {
    tokio::time::sleep(Duration::from_millis(at_ms.saturating_sub(now_ms()))).await;
}
