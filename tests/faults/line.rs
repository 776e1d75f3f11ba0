//! One line of the table: a fault in plain words, the ways in which it is played, and what must come
//! of every one of them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::upstream::{Act, Script, chunk, response};

/// What must come of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Before any content: the attempt fails.
    Fails {
        /// The class of the failure, which decides whether the next target is asked.
        class: &'static str,
        /// What the client gets when nobody else is left to ask.
        status: u16,
        code: &'static str,
        charged: Charged,
    },
    /// After the first content: the stream ends with an error event.
    Cut { class: &'static str, code: &'static str },
    /// It is none: the answer is whole, and charged by its usage.
    Answers,
}

/// What becomes of the hold of an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charged {
    /// It serves the next attempt, and at the end all of it is given back.
    Nothing,
    /// It stays charged, and the next attempt takes another.
    Hold,
}

/// Where in the plan of three targets the faulty one is. Those before it fail with a complete error,
/// those behind it are sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There is no other.
    Only,
    First,
    Second,
    Last,
}

/// Whether a stream is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Plain,
    Streamed,
}

/// What stands in the place of the provider.
#[derive(Clone, Debug)]
pub(super) enum Provider {
    /// It takes requests and does this.
    Plays(Script),
    /// Nobody listens there.
    Refuses,
    /// Nobody ever takes a connection there.
    Hangs,
    /// The address itself is wrong.
    At(String),
    /// Its address begins with `https`, and whoever is there says these bytes.
    SaysOnTls(&'static [u8]),
    /// Its certificate is nobody's that anybody trusts.
    IsUntrusted,
}

/// One way in which a fault is played.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) asked: &'static [Asked],
    pub(super) provider: Provider,
    pub(super) timeouts: Value,
    /// The status that the client gets, where it is not the line's.
    pub(super) status: Option<u16>,
    /// What the log says of it, in whose words it may be.
    pub(super) logged: &'static str,
    /// Where it is played.
    pub(super) places: &'static [Place],
}

pub(super) struct Line {
    /// Its number in the matrix of faults: U for providers.
    pub(super) number: &'static str,
    /// As the README tells it.
    pub(super) fault: &'static str,
    pub(super) outcome: Outcome,
    pub(super) cases: Vec<Case>,
}

const EVERYWHERE: &[Place] = &[Place::Only, Place::First, Place::Second, Place::Last];
const BOTH: &[Asked] = &[Asked::Plain, Asked::Streamed];

/// The same for a plain request and for a stream.
pub(super) fn both(name: &'static str, script: Script) -> Case {
    Case {
        name,
        asked: BOTH,
        provider: Provider::Plays(script),
        timeouts: json!({}),
        status: None,
        logged: "",
        places: EVERYWHERE,
    }
}

pub(super) fn plain(name: &'static str, script: Script) -> Case {
    Case { asked: &[Asked::Plain], ..both(name, script) }
}

pub(super) fn streamed(name: &'static str, script: Script) -> Case {
    Case { asked: &[Asked::Streamed], ..both(name, script) }
}

/// Somebody else than a provider that plays a script.
pub(super) fn nobody(name: &'static str, provider: Provider) -> Case {
    Case { provider, ..both(name, vec![]) }
}

impl Case {
    pub(super) fn timeouts(self, timeouts: Value) -> Self {
        Self { timeouts, ..self }
    }

    pub(super) fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    pub(super) fn logged(self, logged: &'static str) -> Self {
        Self { logged, ..self }
    }

    /// It leaves no time for others, or is too much work to be played everywhere.
    pub(super) fn only_at(self, places: &'static [Place]) -> Self {
        Self { places, ..self }
    }
}

impl Line {
    /// A fault before the first content. What may be billed has a line of its own: `charged`.
    pub(super) fn fails(
        number: &'static str,
        fault: &'static str,
        class: &'static str,
        told: (u16, &'static str),
        cases: Vec<Case>,
    ) -> Self {
        let (status, code) = told;
        let outcome = Outcome::Fails { class, status, code, charged: Charged::Nothing };
        Self { number, fault, outcome, cases }
    }

    /// The provider may bill it.
    pub(super) fn charged(mut self) -> Self {
        if let Outcome::Fails { charged, .. } = &mut self.outcome {
            *charged = Charged::Hold;
        }
        self
    }

    /// A fault after the first content. The cases go on where that has been sent.
    pub(super) fn cut(
        number: &'static str,
        fault: &'static str,
        told: (&'static str, &'static str),
        cases: Vec<Case>,
    ) -> Self {
        let (class, code) = told;
        Self { number, fault, outcome: Outcome::Cut { class, code }, cases }
    }

    /// What only looks like a fault.
    pub(super) fn answers(number: &'static str, fault: &'static str, cases: Vec<Case>) -> Self {
        Self { number, fault, outcome: Outcome::Answers, cases }
    }
}

/// A page, as proxies say it. It must reach nobody.
pub(super) const HTML: &str = "<html><title>Bad gateway</title></html>";

/// A whole response of HTML.
pub(super) fn page(status: u16) -> Script {
    vec![Act::Send(response(status, "text/html", HTML))]
}

/// These bytes as they are, and the end of the connection.
pub(super) fn raw(bytes: impl AsRef<[u8]>) -> Script {
    vec![Act::Send(bytes.as_ref().to_vec()), Act::Close]
}

/// A piece of a body again and again, slowly; and a cut, if anybody still listens then.
pub(super) fn drip(piece: impl AsRef<[u8]>) -> Script {
    dripping(&chunk(piece))
}

pub(super) fn dripping(act: &Act) -> Script {
    let pause = || Act::Pause(Duration::from_millis(60));
    (0..150).flat_map(|_| [act.clone(), pause()]).chain([Act::Close]).collect()
}
