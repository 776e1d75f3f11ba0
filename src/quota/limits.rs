//! The limits that a key or a team can have, as a table: a new kind of limit is a row.

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Requests of the client, whatever number of attempts they take.
    Requests,
    /// Tokens, input and output together.
    Tokens,
    /// Input tokens, cached ones included.
    InputTokens,
    /// Output tokens, reasoning included.
    OutputTokens,
    /// Billionths of a US dollar.
    NanoUsd,
    /// Requests that are being answered at this moment.
    InFlight,
}

impl Unit {
    /// Its name where amounts are shown to machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::NanoUsd => "nano_usd",
            Self::InFlight => "in_flight",
        }
    }

    /// Whether it counts what providers bill.
    pub fn is_cost(self) -> bool {
        !matches!(self, Self::Requests | Self::InFlight)
    }

    /// Whether it counts tokens of some kind.
    pub fn is_tokens(self) -> bool {
        matches!(self, Self::Tokens | Self::InputTokens | Self::OutputTokens)
    }
}

/// The calendar window that a limit renews in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A minute of the clock.
    Minute,
    /// An hour of the clock, in UTC.
    Hour,
    /// A day of the calendar.
    Day,
    /// A month of the calendar.
    Month,
    /// The whole life of the key: it never renews.
    Life,
    /// No window: what is going on now.
    Moment,
}

/// What a limit does with a request that may not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Holds the most that the request can cost, and refuses what does not fit: the limit is never
    /// overspent.
    Hard,
    /// Holds what the request is likely to cost: fewer false refusals, and a debt when it costs
    /// more.
    Estimate,
    /// Counts and reports, and refuses nothing.
    Shadow,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Hard, Self::Estimate, Self::Shadow];

    /// Its name in configuration, commands and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Estimate => "estimate",
            Self::Shadow => "shadow",
        }
    }

    /// The mode of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// One kind of limit.
#[derive(Debug, PartialEq, Eq)]
pub struct Limit {
    /// The attribute of an item that holds its figure, and the first part of its counters' names.
    pub attribute: &'static str,
    /// Its name in configuration, commands, headers and answers.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// When it renews.
    pub period: Period,
}

const fn row(attribute: &'static str, name: &'static str, unit: Unit, period: Period) -> Limit {
    Limit { attribute, name, unit, period }
}

/// A limit so large that it is none: a billion dollars.
pub const UNLIMITED: u64 = 1_000_000_000_000_000_000;

/// Every kind of limit, in the order in which a refusal names them.
pub static LIMITS: [Limit; 16] = [
    row("inflight", "in_flight", Unit::InFlight, Period::Moment),
    row("rpm", "rpm", Unit::Requests, Period::Minute),
    row("rph", "requests_per_hour", Unit::Requests, Period::Hour),
    row("rpd", "requests_per_day", Unit::Requests, Period::Day),
    row("tpm", "tpm", Unit::Tokens, Period::Minute),
    row("tpd", "tokens_per_day", Unit::Tokens, Period::Day),
    row("tpmo", "tokens_per_month", Unit::Tokens, Period::Month),
    row("itpm", "input_tpm", Unit::InputTokens, Period::Minute),
    row("itpd", "input_tokens_per_day", Unit::InputTokens, Period::Day),
    row("itpmo", "input_tokens_per_month", Unit::InputTokens, Period::Month),
    row("otpm", "output_tpm", Unit::OutputTokens, Period::Minute),
    row("otpd", "output_tokens_per_day", Unit::OutputTokens, Period::Day),
    row("otpmo", "output_tokens_per_month", Unit::OutputTokens, Period::Month),
    row("usdd", "usd_per_day", Unit::NanoUsd, Period::Day),
    row("usdmo", "usd_per_month", Unit::NanoUsd, Period::Month),
    row("usdlife", "usd_total", Unit::NanoUsd, Period::Life),
];

impl Limit {
    /// Whether a client may wait for it: it renews within the hour, or as soon as another request
    /// ends. Money is never short.
    pub fn is_short(&self) -> bool {
        matches!(self.period, Period::Minute | Period::Hour | Period::Moment)
    }

    /// The mode of a limit that names none: what is counted by the minute smooths the load and may
    /// be estimated, all else is a budget.
    pub fn default_mode(&self) -> Mode {
        if self.unit.is_tokens() && self.period == Period::Minute {
            Mode::Estimate
        } else {
            Mode::Hard
        }
    }

    /// Whether it can be reserved without knowing anything of the key: all but leases.
    pub fn is_window(&self) -> bool {
        self.period != Period::Moment
    }

    /// The limit of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        LIMITS.iter().find(|limit| limit.name == name)
    }

    /// The limit with that attribute.
    pub fn stored_as(attribute: &str) -> Option<&'static Self> {
        LIMITS.iter().find(|limit| limit.attribute == attribute)
    }
}
