//! The table: what goes wrong with which call of the store, and what must come of it.

use super::bench::{Books, Charged};
use super::faulty::Call::{Admit, Count, Document, Inspect, Settle};
use super::faulty::Fault::{
    Corrupt, Credentials, LostAfter, LostBefore, NoTable, Panic, Slow, Throttled,
};
use super::faulty::{Call, Fault, Faults};

/// Every call of a kind.
const EVER: usize = usize::MAX;

/// What the providers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Play {
    /// The first answers.
    Answers,
    /// The first breaks off before any content, which it may bill; the second answers.
    Breaks,
    /// Both refuse, which nobody bills.
    Fails,
    /// The first answers, and the request has a tenth of a second.
    Hurries,
}

/// What the client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Plain,
    Streamed,
    /// For this path.
    List(&'static str),
}

/// When the configuration is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Before the request.
    AtStart,
    /// Before the request, so long ago that it is due again.
    LongAgo,
}

/// What must come of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) status: u16,
    /// Nothing for an answer, which then is whole.
    pub(super) code: &'static str,
    /// How often each provider was called.
    pub(super) asked: [usize; 2],
    pub(super) books: Books,
    /// In the record.
    pub(super) settled: Option<&'static str>,
    /// Words of the warnings and errors; without any there must be none.
    pub(super) logs: &'static [&'static str],
}

pub(super) struct Case {
    pub(super) name: String,
    pub(super) faults: Faults,
    pub(super) play: Play,
    pub(super) ask: Ask,
    pub(super) read: Read,
    pub(super) expected: Expected,
}

pub(super) const fn charged(holds: u64, answers: u64) -> Charged {
    Charged { holds, answers }
}

pub(super) const fn books(requests: u64, in_flight: u64, spent: Charged, taken: Charged) -> Books {
    Books { requests, in_flight, spent, taken }
}

pub(super) const NOTHING: Books = books(0, 0, charged(0, 0), charged(0, 0));
/// One request at its true cost.
pub(super) const EXACT: Books = books(1, 0, charged(0, 1), charged(0, 1));
/// A hold that nobody settled: charged until its window ends, its place until its lease does.
const HELD: Books = books(1, 1, charged(0, 0), charged(1, 0));
/// A hold that is charged for good.
const KEPT: Books = books(1, 0, charged(1, 0), charged(1, 0));
/// One that may be billed, and an answer after it.
const KEPT_AND_EXACT: Books = books(1, 0, charged(1, 1), charged(1, 1));

pub(super) const ANSWERED: Expected = Expected {
    status: 200,
    code: "",
    asked: [1, 0],
    books: EXACT,
    settled: Some("exact"),
    logs: &[],
};

pub(super) const fn refused(
    status: u16,
    code: &'static str,
    logs: &'static [&'static str],
) -> Expected {
    Expected { status, code, asked: [0, 0], books: NOTHING, settled: None, logs }
}

/// One case for a plain request and one for a streamed one.
fn both(what: &str, faults: &Faults, play: Play, read: Read, expected: Expected) -> Vec<Case> {
    let case = |(ask, how): (Ask, &str)| {
        let name = format!("{what}, {how}");
        Case { name, faults: faults.clone(), play, ask, read, expected }
    };
    [(Ask::Plain, "plain"), (Ask::Streamed, "streamed")].map(case).into()
}

/// Every case.
pub(super) fn all() -> Vec<Case> {
    let mut all = Vec::new();
    all.extend(admissions());
    all.extend(further_admissions());
    all.extend(settlements());
    all.extend(settlements_without_an_answer());
    all.extend(rollups());
    all.extend(documents());
    all.extend(lists());
    all
}

/// What a refused or lost admission is told as. It is never a 401: clients drop their keys on it.
const TOLD: [(Fault, u16, &str, &[&str]); 6] = [
    (Throttled, 429, "store_throttled", &["admission failed", "--shards"]),
    (LostBefore, 503, "store_unavailable", &["admission failed", "check the network"]),
    (LostAfter, 503, "store_unavailable", &["admission failed", "check the network"]),
    (NoTable, 503, "store_not_set_up", &["admission failed", "tollgatectl init"]),
    (Credentials, 503, "store_forbidden", &["admission failed", "template.yaml"]),
    (Corrupt, 503, "store_corrupt", &["admission failed", "look at the item"]),
];

fn admissions() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |fault: Fault, expected| {
        let what = format!("the admission: {fault:?}");
        cases.extend(both(&what, &at(Admit, 1, fault), Play::Answers, Read::AtStart, expected));
    };
    for (fault, status, code, logs) in TOLD {
        // Whoever lost the reply cannot know whether it was charged, so it stays charged.
        let books = if fault == LostAfter { HELD } else { NOTHING };
        add(fault, Expected { books, ..refused(status, code, logs) });
    }
    add(Slow(50), ANSWERED);
    add(Panic, refused(500, "internal_error", &[]));
    cases
}

/// After an attempt that may be billed. What is told is why the first one failed: that the key's
/// limits could not be asked for more is the operator's business.
fn further_admissions() -> Vec<Case> {
    let failed = Expected {
        status: 502,
        code: "upstream_failed",
        asked: [1, 0],
        books: KEPT,
        settled: Some("kept"),
        logs: &["admission failed"],
    };
    let mut cases = Vec::new();
    let mut add = |fault: Fault, expected| {
        let what = format!("the admission of a fallback: {fault:?}");
        cases.extend(both(&what, &at(Admit, 2, fault), Play::Breaks, Read::AtStart, expected));
    };
    for (fault, ..) in TOLD {
        let books = match fault {
            LostAfter => books(1, 1, charged(1, 0), charged(2, 0)),
            _ => KEPT,
        };
        add(fault, Expected { books, ..failed });
    }
    // Of two holds the record has the one that ended worse.
    let settled = Some("kept");
    let answered = Expected { asked: [1, 1], books: KEPT_AND_EXACT, settled, ..ANSWERED };
    add(Slow(50), answered);
    let panicked = Expected { status: 500, code: "internal_error", logs: &[], ..failed };
    add(Panic, panicked);
    cases
}

/// The answer is the client's, whatever becomes of its settlement. There is no second try: it could
/// give back twice.
fn settlements() -> Vec<Case> {
    let lost = Expected { settled: Some("lost"), logs: &["unsettled"], ..ANSWERED };
    let mut cases = Vec::new();
    let mut add = |fault: Fault, expected| {
        let what = format!("the settlement: {fault:?}");
        cases.extend(both(&what, &at(Settle, 1, fault), Play::Answers, Read::AtStart, expected));
    };
    for fault in [Throttled, LostBefore, NoTable, Credentials, Corrupt] {
        add(fault, Expected { books: HELD, ..lost });
    }
    // It was written: the books are exact, and nobody knows.
    add(LostAfter, lost);
    add(Slow(50), ANSWERED);
    cases
}

/// Settlements of requests that got no answer, and of the attempt before the one that answers.
fn settlements_without_an_answer() -> Vec<Case> {
    let lost = Expected { settled: Some("lost"), logs: &["unsettled"], ..ANSWERED };
    let mut cases = Vec::new();
    for (fault, unbilled, between) in [
        (LostBefore, HELD, books(1, 1, charged(0, 1), charged(1, 1))),
        (LostAfter, books(1, 0, charged(0, 0), charged(0, 0)), KEPT_AND_EXACT),
        (Throttled, HELD, books(1, 1, charged(0, 1), charged(1, 1))),
    ] {
        let what = format!("the settlement of what nobody bills: {fault:?}");
        let (status, code, asked) = (502, "upstream_failed", [1, 1]);
        let expected = Expected { status, code, asked, books: unbilled, ..lost };
        cases.extend(both(&what, &at(Settle, 1, fault), Play::Fails, Read::AtStart, expected));
        let what = format!("the settlement between two attempts: {fault:?}");
        let expected = Expected { asked, books: between, ..lost };
        cases.extend(both(&what, &at(Settle, 1, fault), Play::Breaks, Read::AtStart, expected));
    }
    cases
}

/// A lost rollup costs a statistic.
fn rollups() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |fault: Fault, logs| {
        let what = format!("the rollup: {fault:?}");
        let expected = Expected { logs, ..ANSWERED };
        cases.extend(both(&what, &at(Count, 1, fault), Play::Answers, Read::AtStart, expected));
    };
    for fault in [Throttled, LostBefore, LostAfter, NoTable, Credentials, Corrupt] {
        add(fault, &["a rollup was not counted"]);
    }
    add(Slow(50), &[]);
    cases
}

fn documents() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |what: &str, fault: Fault, which: (usize, usize), read, expected| {
        let faults = vec![(Document, which.0..=which.1, fault)];
        cases.extend(both(&format!("{what}: {fault:?}"), &faults, Play::Answers, read, expected));
    };
    let logs: &[&str] = &["no configuration read"];
    let logged = Expected { logs, ..ANSWERED };
    for fault in [Throttled, LostBefore, LostAfter, NoTable, Credentials, Corrupt] {
        add("the document at the start", fault, (1, 1), Read::AtStart, logged);
        let nothing = refused(503, "config_unavailable", logs);
        add("every document", fault, (1, EVER), Read::AtStart, nothing);
        // The last good one stays.
        add("every later document", fault, (2, EVER), Read::LongAgo, logged);
    }
    add("the document at the start", Slow(50), (1, 1), Read::AtStart, ANSWERED);
    // Nobody waits for it.
    add("every later document", Slow(60_000), (2, EVER), Read::LongAgo, ANSWERED);
    cases
}

/// The time is up before any provider is called: there is nothing to pay for.
pub(super) fn late() -> Vec<Case> {
    let (settled, books) = (Some("unbilled"), books(1, 0, charged(0, 0), charged(0, 0)));
    let late = Expected { books, settled, ..refused(504, "upstream_timeout", &[]) };
    both("an admission", &at(Admit, 1, Slow(200)), Play::Hurries, Read::AtStart, late)
}

/// A defect of the store beside an answer: it is not the client's.
pub(super) fn defects() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |what: &str, call, nth, read, expected| {
        cases.extend(both(what, &at(call, nth, Panic), Play::Answers, read, expected));
    };
    let lost = Expected { settled: Some("lost"), logs: &["unsettled"], ..ANSWERED };
    add("the settlement", Settle, 1, Read::AtStart, Expected { books: HELD, ..lost });
    let uncounted = Expected { logs: &["a rollup was not counted"], ..ANSWERED };
    add("the rollup", Count, 1, Read::AtStart, uncounted);
    let unread = Expected { logs: &["configuration"], ..ANSWERED };
    add("a later document", Document, 2, Read::LongAgo, unread);
    cases
}

fn lists() -> Vec<Case> {
    let mut cases = Vec::new();
    for path in ["/v1/key", "/v1/models", "/v1/models/duo"] {
        let mut add = |fault: Fault, expected| {
            let (play, read) = (Play::Answers, Read::AtStart);
            let (name, faults) = (format!("{path}: {fault:?}"), at(Inspect, 1, fault));
            cases.push(Case { name, faults, play, ask: Ask::List(path), read, expected });
        };
        for (fault, status, code, logs) in TOLD {
            add(fault, refused(status, code, logs));
        }
        add(Slow(50), refused(200, "", &[]));
        add(Panic, refused(500, "internal_error", &[]));
    }
    cases
}

fn at(call: Call, nth: usize, fault: Fault) -> Faults {
    vec![(call, nth..=nth, fault)]
}
