//! What a sequence is made of: limits, and what happens to them.

use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use tollgate::quota::{Bound, Demand, LIMITS, Lease, Limit, LimitSet, Mode, Need, Rule, Zone};
use tollgate::routing::Pattern;

pub(super) const ALIASES: [&str; 4] = ["gpt-5", "gpt-5-mini", "o4-mini", "m"];
pub(super) const PATTERNS: [&str; 2] = ["gpt-*", "*-mini"];
const ZONES: [&str; 4] = ["UTC0", "CST-8", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0"];

/// One limit of an account.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) limit: &'static Limit,
    pub(super) mode: Mode,
    pub(super) alias: Option<&'static str>,
    pub(super) figure: u64,
}

/// The limits of a key or a team.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) clauses: Vec<Clause>,
    pub(super) zone: &'static str,
    pub(super) shards: u16,
}

impl Limits {
    pub(super) fn set(&self) -> LimitSet {
        let rules = self.clauses.iter().map(|clause| (clause.rule(), clause.figure)).collect();
        LimitSet { rules, zone: Zone::posix(self.zone).unwrap(), shards: self.shards }
    }
}

impl Clause {
    pub(super) fn rule(&self) -> Rule {
        Rule::new(self.limit, self.mode, self.alias.map(Pattern::new))
    }
}

/// Some keys, each with or without the team.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) keys: Vec<(Limits, bool)>,
    pub(super) team: Limits,
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) alias: usize,
    pub(super) requests: u64,
    pub(super) input: u64,
    pub(super) output: u64,
    /// How much of the bound is likely, in percent.
    pub(super) likely: u64,
    /// Whether tokens, and money, can be bounded.
    pub(super) bounded: (bool, bool),
    pub(super) lease_ms: Option<u64>,
    pub(super) draw: u64,
}

impl Ask {
    /// What input and output cost, in nano-USD.
    pub(super) fn price(input: u64, output: u64) -> u64 {
        input + 2 * output
    }

    pub(super) fn demand(&self, lease: String, now_ms: u64) -> Demand {
        let need = |amount: u64, is_bounded| {
            if is_bounded {
                return Need::known(amount, amount * self.likely / 100);
            }
            let unknown = || Bound::Unknown("nobody knows".to_owned());
            Need { at_most: unknown(), likely: unknown() }
        };
        let (tokens, money) = self.bounded;
        let lease = self.lease_ms.map(|ms| Lease { id: lease, expires_ms: now_ms + ms });
        Demand {
            alias: Some(ALIASES[self.alias].to_owned()),
            requests: self.requests,
            tokens: need(self.input + self.output, tokens),
            input: need(self.input, tokens),
            output: need(self.output, true),
            nano_usd: need(Self::price(self.input, self.output), money),
            lease,
            draw: self.draw,
        }
    }
}

/// How a request ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// So much of the input and the output that could be, in percent; and whether it has a price.
    Exact(u64, u64, bool),
    Unknown,
    Unbilled,
    Void,
}

/// How time passes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    Ms(u64),
    Days(u64),
    /// To the next time that so many milliseconds after a whole multiple have passed, or to just
    /// before.
    Until {
        every_ms: u64,
        after_ms: u64,
        before: bool,
    },
}

/// One step.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Admit { key: usize, environment: usize, ask: Ask, loses_reply: bool },
    Settle { hold: usize, environment: usize, outcome: Outcome },
    Crash { hold: usize },
    Wait(Wait),
    SetFigure { account: usize, clause: usize, figure: u64 },
    Reset { account: usize, clause: usize },
    Revoke { account: usize },
}

fn limits() -> impl Strategy<Value = Limits> {
    let alias = prop_oneof![3 => Just(None), 1 => select(&PATTERNS[..]).prop_map(Some)];
    // Every kind, and places in flight more often: only a crowd makes them matter.
    let place = prop_oneof![5 => 0..LIMITS.len(), 1 => Just(0)];
    let limit = place.prop_map(|place| &LIMITS[place]);
    let mode =
        prop_oneof![3 => Just(Mode::Hard), 1 => Just(Mode::Estimate), 1 => Just(Mode::Shadow)];
    let clause = (limit, mode, alias, figure()).prop_map(|(limit, mode, alias, figure)| {
        // Places in flight are for all aliases, and no estimate.
        let in_flight = !limit.is_window();
        let mode = if in_flight && mode == Mode::Estimate { Mode::Hard } else { mode };
        let figure = if in_flight { figure % 4 } else { figure };
        Clause { limit, mode, alias: alias.filter(|_| !in_flight), figure }
    });
    let clauses = proptest::collection::vec(clause, 0..=4).prop_map(|mut clauses| {
        let mut known = Vec::new();
        clauses.retain(|clause: &Clause| {
            let name = (clause.limit.name, clause.alias);
            let is_new = !known.contains(&name);
            known.push(name);
            is_new
        });
        clauses
    });
    let shards = prop_oneof![3 => Just(1_u16), 1 => 2..=3_u16];
    let zone = prop_oneof![2 => Just(ZONES[0]), 2 => select(&ZONES[..])];
    (clauses, zone, shards).prop_map(|(clauses, zone, shards)| Limits { clauses, zone, shards })
}

fn figure() -> impl Strategy<Value = u64> {
    prop_oneof![1 => 0..4_u64, 2 => 1..60_u64, 2 => 60..200_u64]
}

pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let keys = proptest::collection::vec((limits(), any::<bool>()), 1..=3);
    (keys, limits()).prop_map(|(keys, team)| Plan { keys, team })
}

fn ask() -> impl Strategy<Value = Ask> {
    let requests = prop_oneof![9 => Just(1_u64), 1 => Just(0)];
    let bounded = prop_oneof![
        8 => Just((true, true)),
        1 => Just((false, true)),
        1 => Just((true, false)),
        1 => Just((false, false))
    ];
    let lease_ms = option::weighted(0.8, 1..90_000_u64);
    (0..ALIASES.len(), requests, 0..40_u64, 0..20_u64, 0..=100_u64, bounded, lease_ms, 0..6_u64)
        .prop_map(|(alias, requests, input, output, likely, bounded, lease_ms, draw)| Ask {
            alias,
            requests,
            input,
            output,
            likely,
            bounded,
            lease_ms,
            draw,
        })
}

fn wait() -> impl Strategy<Value = Wait> {
    const HOUR: u64 = 3_600_000;
    let every_ms = prop_oneof![3 => Just(60_000), 2 => Just(HOUR), 3 => Just(24 * HOUR)];
    // When the day begins in UTC, Shanghai, Berlin and New York.
    let after_ms = select(vec![0, 16 * HOUR, 22 * HOUR, 23 * HOUR, 4 * HOUR, 5 * HOUR]);
    prop_oneof![
        2 => (1..20_000_u64).prop_map(Wait::Ms),
        1 => (1..40_u64).prop_map(Wait::Days),
        4 => (every_ms, after_ms, any::<bool>()).prop_map(|(every_ms, after_ms, before)| {
            let after_ms = if every_ms > HOUR { after_ms } else { 0 };
            Wait::Until { every_ms, after_ms, before }
        }),
    ]
}

pub(super) fn operation() -> impl Strategy<Value = Operation> {
    let outcome = prop_oneof![
        4 => (0..=100_u64, 0..=100_u64, any::<bool>())
            .prop_map(|(input, output, is_priced)| Outcome::Exact(input, output, is_priced)),
        1 => Just(Outcome::Unknown),
        1 => Just(Outcome::Unbilled),
        1 => Just(Outcome::Void),
    ];
    let place = || 0..4_usize;
    prop_oneof![
        10 => (0..3_usize, 0..2_usize, ask(), proptest::bool::weighted(0.1)).prop_map(
            |(key, environment, ask, loses_reply)| {
                Operation::Admit { key, environment, ask, loses_reply }
            }
        ),
        7 => (place(), 0..2_usize, outcome).prop_map(|(hold, environment, outcome)| {
            Operation::Settle { hold, environment, outcome }
        }),
        1 => place().prop_map(|hold| Operation::Crash { hold }),
        4 => wait().prop_map(Operation::Wait),
        2 => (place(), place(), figure()).prop_map(|(account, clause, figure)| {
            Operation::SetFigure { account, clause, figure }
        }),
        1 => (place(), place())
            .prop_map(|(account, clause)| Operation::Reset { account, clause }),
        1 => (place(), 0..6_usize).prop_map(|(account, rarely)| match rarely {
            0 => Operation::Revoke { account },
            _ => Operation::Crash { hold: rarely },
        }),
    ]
}
