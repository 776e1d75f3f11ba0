//! Many at once against one limit, and against all of them, without faults: to the token.

use serde_json::Value;

use super::accounts::{Amounts, Held, KINDS, Limits, no_complaint};
use super::orders::Order;
use super::round::{Faults, Round};
use super::table::Table;
use super::{Scale, Seed, until_it_counts};

/// What a request costs about: the room of a limit is so many times as much.
const ABOUT: Amounts = Amounts([1, 130, 82_000]);

/// Of so many requests, one is answered.
const ODDS: u64 = 20;

/// Which of the three limits a key has.
pub(super) type Which = [bool; 3];

pub(super) async fn race(table: &Table, which: Which, scale: &Scale, seed: u64) -> String {
    let room = scale.requests / ODDS;
    let limit = |kind: usize| which[kind].then(|| room * ABOUT.0[kind]);
    let limits = Limits([limit(0), limit(1), limit(2)]);
    until_it_counts(scale.at_once, |at_once| {
        race_once(table, limits, scale.requests, at_once, seed)
    })
    .await
}

/// What came of it, or what faults the store had.
async fn race_once(
    table: &Table,
    limits: Limits,
    requests: u64,
    at_once: usize,
    seed: u64,
) -> Result<String, String> {
    let _seed = Seed(seed);
    let (round, fleet) = Round::start(table, seed, limits, Faults::None).await;
    let racing = async {
        let mut tally = round.ask_all(at_once, 1..=requests).await;
        round.use_up(&mut tally, requests + 1).await;
        tally
    };
    let tally = tokio::select! {
        tally = racing => tally,
        () = round.watch() => unreachable!("it goes on for ever"),
    };
    let own = round.own_limits().await;
    let complaints = round.audit(None).await;
    no_complaint("at the end", &complaints);
    let exact = round.audit(Some(&Held::default())).await;
    fleet.end().await;
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    round.store_faults(&tally)?;
    no_complaint("nothing is under way", &exact);
    assert_eq!((tally.broken, tally.failed, tally.second), (0, 0, 0), "{tally:#?}");
    let books = round.provider.books();
    let served = books.total();
    assert_eq!(tally.answered + tally.rejected, served.0[0], "answers are what was served");
    assert_eq!(tally.rejected, books.rejected());
    assert!(tally.refused() > tally.asked / 2, "most are refused: {tally:#?}");
    let (records, slowest_ms) = {
        let log = round.log.lock().unwrap();
        (log.records, log.slowest_ms)
    };
    assert!(records > tally.asked, "every request has its record: {records}");
    check_own_limits(&own, &limits, &served);
    let (asked, refused) = (tally.asked, tally.refused());
    Ok(format!(
        "{asked} requests, {at_once} at once, {served} served, {refused} refused, \
         the store took at most {slowest_ms} ms"
    ))
}

/// What the key is told is what was served, to the token; and too little is left for one more.
fn check_own_limits(own: &[Value], limits: &Limits, served: &Amounts) {
    let count = limits.0.iter().flatten().count();
    assert_eq!(own.len(), count, "{own:?}");
    let largest = Order::largest(0).holds;
    let mut is_used_up = false;
    for told in own {
        let kind = KINDS.iter().position(|(_, name)| told["name"] == *name);
        let kind = kind.expect("a limit of the key");
        let limit = limits.0[kind].expect("the key has that limit");
        let left = told["left"].as_u64().expect("a number");
        let said = (&told["limit"], &told["mode"], &told["scope"]);
        assert_eq!(said, (&limit.into(), &"hard".into(), &"key".into()), "{told}");
        is_used_up |= left < largest.0[kind];
        assert_eq!(told["held"], 0, "{told}");
        // A minute may have ended within the race, and with it what was used in it.
        if kind > 0 {
            assert_eq!(told["used"], served.0[kind], "{told}");
        }
    }
    assert!(is_used_up, "as many are answered as there is room for: {own:?}");
}
