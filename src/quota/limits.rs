//! The limits that a key can have, as a table: a new kind of limit is a row.

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Requests of the client, whatever number of attempts they take.
    Requests,
    /// Tokens, input and output together.
    Tokens,
    /// Billionths of a US dollar.
    NanoUsd,
}

impl Unit {
    /// Its name where amounts are shown to machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::NanoUsd => "nano_usd",
        }
    }
}

/// The calendar window, in UTC, that a limit renews in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A minute of the clock.
    Minute,
    /// A day of the calendar.
    Day,
    /// A month of the calendar.
    Month,
}

/// One kind of limit.
#[derive(Debug, PartialEq, Eq)]
pub struct Limit {
    /// The attribute of a key's item that holds it, and the first part of its counters' names.
    pub attribute: &'static str,
    /// Its name in configuration, commands, headers and answers.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// When it renews.
    pub period: Period,
}

impl Limit {
    /// Whether it renews within a minute: a client may wait for it.
    pub fn is_short(&self) -> bool {
        self.period == Period::Minute
    }

    /// The limit of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        LIMITS.iter().find(|limit| limit.name == name)
    }
}

/// A limit so large that it is none: a billion dollars. Every key's item has every limit, so that
/// the admission write needs no branch.
pub const UNLIMITED: u64 = 1_000_000_000_000_000_000;

/// Every kind of limit, in the order in which a refusal names them.
pub static LIMITS: [Limit; 3] = [
    Limit { attribute: "rpm", name: "rpm", unit: Unit::Requests, period: Period::Minute },
    Limit { attribute: "tpd", name: "tokens_per_day", unit: Unit::Tokens, period: Period::Day },
    Limit { attribute: "usdmo", name: "usd_per_month", unit: Unit::NanoUsd, period: Period::Month },
];
