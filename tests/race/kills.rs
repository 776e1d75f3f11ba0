//! The same with faults: processes are killed in the middle of whatever they do, the provider
//! breaks answers off, and clients do not wait for theirs. Never is more served than was taken.

use std::convert::Infallible;
use std::time::Duration;

use super::accounts::{Amounts, Held, Limits, no_complaint};
use super::dice::Dice;
use super::orders::Order;
use super::round::{Faults, Fleet, Round};
use super::table::Table;
use super::tally::Tally;
use super::{Scale, Seed, until_it_counts};

/// A process is killed after so many answers of all of them, and so many milliseconds more.
const ANSWERS: (u64, u64) = (10, 40);
const MS: (u64, u64) = (0, 30);

/// What happens in a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Processes are killed, and the limits are used up.
    Overspending,
    /// Processes are killed, and nobody reaches the limits: no more may be held at the end than
    /// what was lost can have taken.
    Losses,
    /// No process is killed, and nobody reaches the limits: what is held at the end is what nobody
    /// knows the cost of, no less and no more.
    Unknowns,
}

pub(super) async fn race(table: &Table, fate: Fate, scale: &Scale, seed: u64) -> String {
    until_it_counts(scale.at_once, |at_once| race_once(table, fate, scale.requests, at_once, seed))
        .await
}

async fn race_once(
    table: &Table,
    fate: Fate,
    requests: u64,
    at_once: usize,
    seed: u64,
) -> Result<String, String> {
    let _seed = Seed(seed);
    let is_tight = fate == Fate::Overspending;
    // What the killed hold takes more of the limits than what is served.
    let of = if is_tight { requests } else { requests * 1_000 };
    let limits = Limits([Some(of / 2), Some(of * 120), Some(of * 60_000)]);
    let faults = if fate == Fate::Unknowns { Faults::Provider } else { Faults::Everybody };
    let (round, mut fleet) = Round::start(table, seed, limits, faults).await;
    round.check_first_hold().await;
    let mut killed = 0;
    let tally = tokio::select! {
        tally = round.ask_all(at_once, 1..=requests) => tally,
        () = round.watch() => unreachable!("it goes on for ever"),
        never = kill(&round, &mut fleet, &mut killed), if fate != Fate::Unknowns => match never {},
    };
    // While some are lost and some may still be under way, the three figures add up.
    round.own_limits().await;
    // After the processes, so that nothing is given back any more.
    fleet.end().await;
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    let expected = tally.held(&round.provider.books());
    let mut allowed = expected;
    // What the store did not confirm may be held as well, twice if it was taken twice.
    for _ in 0..round.log.lock().unwrap().store_faults {
        allowed.most += Order::largest(0).holds;
        allowed.most += Order::largest(0).holds;
    }
    no_complaint("nothing is under way", &round.audit(Some(&allowed)).await);
    assert_eq!(killed > 0, fate != Fate::Unknowns);
    assert!(is_tight || tally.refused() == 0, "{tally:#?}");
    if fate == Fate::Unknowns {
        // To the token, if only the provider failed.
        round.store_faults(&tally)?;
    }
    let has_faults = tally.broken > 0 && tally.second > 0 && expected.least != Amounts::default();
    if !has_faults || (is_tight && tally.refused() == 0) {
        return Err(format!("too little has happened: {tally:#?}"));
    }
    Ok(progress(&tally, &expected, &round, killed).await)
}

async fn progress(tally: &Tally, expected: &Held, round: &Round<'_>, killed: u64) -> String {
    let (held, served) = (round.held().await, round.provider.books().total());
    let (asked, refused, broken) = (tally.asked, tally.refused(), tally.broken);
    let Held { least, most } = expected;
    format!(
        "{asked} requests, {served} served, {refused} refused, {broken} broken, {killed} processes \
         killed; {held} held, {least} at least and {most} at most"
    )
}

/// Kills a process after a while and puts another one in its place, over and over.
async fn kill(round: &Round<'_>, fleet: &mut Fleet, killed: &mut u64) -> Infallible {
    let mut dice = Dice::new(round.seed, u64::MAX);
    loop {
        // Counted in answers: on a busy machine, processes would die before they have done anything.
        let next = round.answers() + dice.between(ANSWERS.0, ANSWERS.1);
        while round.answers() < next {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(dice.ms(MS.0, MS.1)).await;
        let count = u64::try_from(fleet.environments.len()).unwrap();
        let victim = usize::try_from(dice.between(0, count - 1)).unwrap();
        let next = round.environment().await;
        std::mem::replace(&mut fleet.environments[victim], next).kill().await;
        *killed += 1;
    }
}
