//! The same in DynamoDB: calls and replies that are lost, late or refused between it and the
//! gateway. What may happen twice is tried again; what may not is sent once.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tollgate::settings::variable;

use super::bench::{self, Bench, Books};
use super::cases::{ANSWERED, Ask, EXACT, Expected, NOTHING, Play, books, charged, refused};
use super::faulty::Call::{self, Admit, Count, Document, Inspect, Settle};
use super::faulty::Faulty;
use super::proxy::Fate::{
    Error, LastOfItsConnection, Late, LostAfter, LostBefore, SilentAfter, SilentBefore,
};
use super::proxy::{Fate, Fates, Proxy};
use super::table::Table;
use super::{body, misanswered, misreported, scripts};
use crate::support::itself;
use crate::support::upstream::Upstream;

const EVER: usize = usize::MAX;

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// A key that every environment knows how to admit.
    Key,
    /// A key that counts its requests in flight.
    Leased,
    /// One that may have one in flight: a second try finds its own lease in its way.
    Alone,
    /// A key of a team: both are charged in one transaction, or neither.
    OfTeam,
}

struct Case {
    name: String,
    who: Who,
    ask: Ask,
    fates: Fates,
    vanishes: bool,
    expected: Expected,
    /// How often a call must be tried.
    tries: (Call, usize),
}

impl Case {
    fn new(name: &str, call: Call, meet: (usize, usize), fate: Fate, tries: usize) -> Self {
        Self {
            name: format!("{name}: {fate:?}"),
            who: Who::Key,
            ask: Ask::Plain,
            fates: vec![(call, meet.0..=meet.1, fate)],
            vanishes: false,
            expected: ANSWERED,
            tries: (call, tries),
        }
    }

    fn of(self, who: Who) -> Self {
        Self { name: format!("{}, {who:?}", self.name), who, ..self }
    }

    fn asks(self, ask: Ask) -> Self {
        Self { ask, ..self }
    }

    fn expect(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }
}

const BUSY: Fate = Error(400, "ThrottlingException");
const CONFLICT: Fate = Error(400, "TransactionConflictException");
const BROKEN: Fate = Error(500, "InternalServerError");

/// One request that was charged twice: the second try did not know of the first.
const TWICE_AND_EXACT: Books = books(2, 0, charged(0, 1), charged(1, 1));
const TWICE: Books = books(2, 0, charged(0, 0), charged(2, 0));
/// What nobody settled, of a key without leases.
const HELD: Books = books(1, 0, charged(0, 0), charged(1, 0));

const LOST: &[&str] = &["admission failed", "check the network"];

fn admissions() -> Vec<Case> {
    let case = |meet, fate, tries| Case::new("the admission", Admit, meet, fate, tries);
    let lost = |books| Expected { books, ..refused(503, "store_unavailable", LOST) };
    let throttled = refused(429, "store_throttled", &["admission failed", "--shards"]);
    let twice = Expected { books: TWICE_AND_EXACT, ..ANSWERED };
    vec![
        case((1, 1), LostBefore, 2),
        case((1, EVER), LostBefore, 2).expect(lost(NOTHING)),
        case((1, 1), LostAfter, 2).expect(twice),
        case((1, EVER), LostAfter, 2).expect(lost(TWICE)),
        case((1, 1), SilentBefore, 2),
        case((1, EVER), SilentAfter, 2).expect(lost(TWICE)),
        case((1, 1), Late(1_800), 2).expect(twice),
        case((1, 1), Late(200), 1),
        case((1, 1), BUSY, 2),
        case((1, EVER), BUSY, 2).expect(throttled),
        case((1, EVER), Error(400, "ProvisionedThroughputExceededException"), 2).expect(throttled),
        case((1, EVER), CONFLICT, 1).expect(throttled),
        case((1, 1), BROKEN, 2),
        case((1, EVER), BROKEN, 2).expect(lost(NOTHING)),
        // The answer comes by a connection of its own.
        case((1, 1), LastOfItsConnection, 1),
    ]
}

/// The first write of these assumes too little of the key, and changes nothing.
fn admissions_of_others() -> Vec<Case> {
    let case = |meet, fate, tries| Case::new("the admission", Admit, meet, fate, tries);
    let lost = |books| Expected { books, ..refused(503, "store_unavailable", LOST) };
    // Its place is free again when its lease ends.
    let placed = books(1, 1, charged(0, 0), charged(1, 0));
    vec![
        // The lease shows that the first try was applied.
        case((2, 2), LostAfter, 3).of(Who::Leased),
        case((2, EVER), LostAfter, 3).of(Who::Leased).expect(lost(placed)),
        case((2, 2), LostAfter, 3).of(Who::Alone),
        // The SDK's token does.
        case((2, 2), LostAfter, 3).of(Who::OfTeam),
        case((2, 2), LostBefore, 3).of(Who::OfTeam),
        case((2, EVER), LostAfter, 3).of(Who::OfTeam).expect(lost(HELD)),
        case((2, 2), BUSY, 3).of(Who::OfTeam),
        case((2, 2), CONFLICT, 3).of(Who::OfTeam),
        case((2, 2), Error(400, "TransactionInProgressException"), 3).of(Who::OfTeam),
        // What is left after it cannot be read: it is not admitted, and stays charged.
        Case::new("the reads after the admission", Inspect, (2, EVER), LostBefore, 5)
            .of(Who::OfTeam)
            .expect(lost(HELD)),
    ]
}

fn settlements() -> Vec<Case> {
    let case = |meet, fate, tries| {
        Case::new("the settlement", Settle, meet, fate, tries).asks(Ask::Streamed)
    };
    let lost = |books| Expected { books, settled: Some("lost"), logs: &["unsettled"], ..ANSWERED };
    vec![
        case((1, 1), LostBefore, 1).expect(lost(HELD)),
        case((1, 1), LostAfter, 1).expect(lost(EXACT)),
        case((1, 1), SilentBefore, 1).expect(lost(HELD)),
        case((1, 1), SilentAfter, 1).expect(lost(EXACT)),
        case((1, 1), Late(2_500), 1).expect(lost(EXACT)),
        case((1, 1), Late(200), 1),
        case((1, 1), BROKEN, 1).expect(lost(HELD)),
        case((1, 1), Error(400, "ResourceNotFoundException"), 1).expect(lost(HELD)),
        // Here it is certain that nothing happened: it may be sent again.
        case((1, 1), BUSY, 2),
        case((1, 2), CONFLICT, 3),
        case((1, EVER), BUSY, 4).expect(lost(HELD)),
    ]
}

fn others() -> Vec<Case> {
    let uncounted = Expected { logs: &["a rollup was not counted"], ..ANSWERED };
    let unread = refused(503, "config_unavailable", &["no configuration read"]);
    let shown = refused(200, "", &[]);
    let unshown = refused(503, "store_unavailable", LOST);
    let count = |fate| Case::new("the rollup", Count, (1, 1), fate, 1).expect(uncounted);
    let document = |meet, tries| Case::new("the document", Document, meet, LostAfter, tries);
    let list = |meet, tries| {
        Case::new("a list", Inspect, meet, LostAfter, tries).asks(Ask::List("/v1/key"))
    };
    let vanished = Case::new("", Admit, (1, 1), LostBefore, 1);
    let told = refused(503, "store_not_set_up", &["admission failed", "tollgatectl init"]);
    let vanished = vanished.expect(told);
    vec![
        count(LostAfter),
        count(LostBefore),
        count(BUSY),
        document((1, 1), 2),
        document((1, EVER), 4).expect(unread),
        list((1, 1), 2).expect(shown),
        list((1, EVER), 2).expect(unshown),
        Case { vanishes: true, fates: vec![], name: "no table any more".to_owned(), ..vanished },
    ]
}

/// With DynamoDB Local beside the tests.
#[tokio::test]
async fn every_fault_between_the_gateway_and_dynamodb_has_its_outcome() {
    let Some(endpoint) = variable("TOLLGATE_TEST_DYNAMODB") else { return };
    let cases = [admissions(), admissions_of_others(), settlements(), others()];
    let cases: Vec<Case> = cases.into_iter().flatten().collect();
    if itself::is_played() {
        itself::log();
        for case in &cases {
            itself::begin_case(&case.name);
            play(case, &endpoint).await.iter().for_each(|mistake| itself::note_mistake(mistake));
        }
        return;
    }
    let played = itself::play(
        "store_faults::over_tcp::every_fault_between_the_gateway_and_dynamodb_has_its_outcome",
    );
    assert_eq!(played.len(), cases.len());
    let mut wrong = Vec::new();
    for (case, (name, logged)) in cases.iter().zip(&played) {
        let mistakes = logged.mistakes.iter().cloned().chain(misreported(&case.expected, logged));
        wrong.extend(mistakes.map(|mistake| format!("{name}: {mistake}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn play(case: &Case, endpoint: &str) -> Vec<String> {
    let streamed = case.ask == Ask::Streamed;
    let [first, second] = scripts(Play::Answers, streamed);
    let (first, second) = (Upstream::scripted([first]).await, Upstream::scripted([second]).await);
    let (document, config) = bench::read(&document(case.who, &first, &second));
    let table = Table::create(endpoint, &document, &config).await;
    let mut proxy = Proxy::start(beyond(endpoint), case.fates.clone()).await;
    let store = Arc::new(Faulty::new(Arc::new(table.store_through(proxy.address)), vec![]));
    let bench = Bench::new(store.clone());
    bench.start().await;
    if case.vanishes {
        table.vanish().await;
    }
    let got = match case.ask {
        Ask::List(path) => bench.ask(&case.name, path, None).await,
        _ => bench.ask(&case.name, "/v1/chat/completions", Some(body(streamed))).await,
    };
    proxy.quiet().await;
    let asked = [first.received().len(), second.received().len()];
    let mut wrong = misanswered(&got, case.ask, &case.expected, asked);
    if !case.vanishes {
        wrong.extend(case.expected.books.mistakes(&table.store(), store.hold()).await);
    }
    let (call, tries) = case.tries;
    let found = proxy.tried(call);
    if found != tries {
        wrong.push(format!("{call:?} was tried {found} times, not {tries}"));
    }
    wrong
}

/// The document of the bench, with the limits that make the key what it is.
fn document(who: Who, first: &Upstream, second: &Upstream) -> Value {
    let mut document = bench::document(first, second);
    let key = &mut document["keys"][0];
    match who {
        Who::Leased => return document,
        Who::Alone => {
            key["limits"]["in_flight"] = json!(1);
            return document;
        }
        Who::Key | Who::OfTeam => {}
    }
    key["limits"].as_object_mut().unwrap().remove("in_flight");
    if who == Who::OfTeam {
        let limits = key["limits"].clone();
        key["team"] = json!("research");
        document["teams"] = json!({ "research": { "limits": limits } });
    }
    document
}

fn beyond(endpoint: &str) -> SocketAddr {
    let address = endpoint.trim_start_matches("http://").trim_end_matches('/');
    address.replace("localhost", "127.0.0.1").parse().expect("the address of DynamoDB")
}
