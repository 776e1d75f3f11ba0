//! The explanation itself, in the order in which a person reads it.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Amount;
use crate::keys::{Caller, TeamId};
use crate::quota::{Bound, Demand, Need, Unit};
use crate::routing::Timeouts;

/// What would happen to a request.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// `tollgate.explanation`
    pub object: &'static str,
    /// The id of the request that asked for it.
    pub request_id: String,
    /// The name of the endpoint.
    pub endpoint: &'static str,
    /// Whether the answer would be streamed.
    pub stream: bool,
    /// What the client would get, as far as that is known.
    pub would: Would,
    /// Whose request it is; nothing when no key is known.
    pub key: Option<KeySeen>,
    /// The number of the configuration; 0 for a file.
    pub config_version: u64,
    /// How long ago that was read, in seconds.
    pub config_age_s: u64,
    /// The alias that the request asks for first.
    #[serde(flatten)]
    pub first: LegSeen,
    /// How long all of it may take, in milliseconds from now; nothing when there is too little time
    /// to begin.
    pub deadline_ms: Option<u64>,
    /// What it can cost, whichever target answers.
    pub bound: MostCost,
    /// The aliases of the client's own list that are asked when the first does not answer, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instead: Vec<LegSeen>,
}

/// What a client would get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Would {
    /// The status, where it is known without a provider.
    pub status: Option<u16>,
    /// The code of the error, if it is one.
    pub code: Option<&'static str>,
    /// What would happen, or the error's message.
    pub message: String,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeySeen {
    /// Its public id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The team whose limits bind it as well.
    pub team: Option<String>,
}

impl From<&Caller> for KeySeen {
    fn from(caller: &Caller) -> Self {
        Self {
            id: caller.id().to_string(),
            name: caller.name().to_owned(),
            team: caller.team().map(TeamId::to_string),
        }
    }
}

/// An alias, and what serves it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LegSeen {
    /// The alias.
    pub alias: String,
    /// Whether the key may use it; nothing when no key is known.
    pub permitted: Option<bool>,
    /// The route that serves it, if one does.
    pub route: Option<RouteSeen>,
    /// The other routes in the order in which they are searched.
    pub lost: Vec<LostRoute>,
    /// Every target of the route: those that would be tried in order, then the others.
    pub targets: Vec<TargetSeen>,
    /// How long each step may take.
    pub timeouts: Option<TimeoutsSeen>,
    /// The limits that are about it; nothing when no key is known.
    pub limits: Option<Vec<LimitSeen>>,
}

/// The route that serves an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RouteSeen {
    /// Its pattern.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Why it serves it, and no other.
    pub why: String,
    /// At most how many attempts are made.
    pub attempts: usize,
    /// By what the request falls on one of weighted targets, where they are.
    pub drawn: Option<String>,
}

/// A route that does not serve an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LostRoute {
    /// Its pattern.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Why not.
    pub why: String,
}

/// A target of the route.
#[derive(Clone, Debug, Serialize)]
pub struct TargetSeen {
    /// Its place among those that would be tried, each after the one before has failed.
    pub order: Option<usize>,
    /// Its id.
    pub target: String,
    /// Where it stands: `targets`, `fallback`, or `fallback_on CLASS`.
    pub part: String,
    /// Its share of the draw.
    pub weight: Option<u32>,
    /// Why it would not be tried, if it would not.
    pub skipped: Option<String>,
    /// Why it could not take the request, if it could not: the next one is tried then, if the
    /// route's rules allow that.
    pub refused: Option<String>,
    /// What else there is to know.
    pub note: Option<String>,
    /// The name of the model there.
    pub model: String,
    /// The provider's vendor.
    pub vendor: &'static str,
    /// What it speaks.
    pub dialect: &'static str,
    /// Fields of the request that have no place there.
    pub dropped: Vec<String>,
    /// The request as it would get it.
    pub request: Option<RequestSeen>,
}

/// A request to a provider, with what is secret hidden.
#[derive(Clone, Debug, Serialize)]
pub struct RequestSeen {
    /// The method.
    pub method: &'static str,
    /// Where it goes.
    pub url: String,
    /// Its headers, but for those of the transport.
    pub headers: HeadersSeen,
    /// How long its body is.
    pub body_bytes: usize,
    /// The body, byte for byte; nothing when it is too large to be shown.
    pub body: Option<Box<RawValue>>,
}

/// Headers in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadersSeen(pub Vec<(String, String)>);

impl Serialize for HeadersSeen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// How long each step may take, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TimeoutsSeen {
    /// For a connection.
    pub connect_ms: u64,
    /// From sending a streamed request to its first content.
    pub first_token_ms: u64,
    /// For a whole answer, while another target is left.
    pub answer_ms: u64,
    /// Between two events of a stream.
    pub idle_ms: u64,
    /// For the whole request.
    pub total_ms: u64,
}

impl From<&Timeouts> for TimeoutsSeen {
    fn from(timeouts: &Timeouts) -> Self {
        let Timeouts { connect_ms, first_token_ms, answer_ms, idle_ms, total_ms, .. } = *timeouts;
        Self { connect_ms, first_token_ms, answer_ms, idle_ms, total_ms }
    }
}

/// A limit, and what the request would do to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitSeen {
    /// Its name.
    pub limit: &'static str,
    /// Whose, and for which aliases.
    pub scope: String,
    /// What it does.
    pub mode: &'static str,
    /// What it counts.
    pub unit: &'static str,
    /// How much may be used.
    pub of: Amount,
    /// How much is used for good.
    pub used: Amount,
    /// How much is held by other requests.
    pub held: Amount,
    /// How much the request would hold; nothing when nothing bounds it.
    pub hold: Option<Amount>,
    /// What would be left.
    pub left_after: Option<Amount>,
    /// When it renews, if it does.
    pub resets_in_s: Option<u64>,
    /// Whether the request fits.
    pub fits: bool,
}

/// What a request can cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MostCost {
    /// Never more than this: what a hard limit holds.
    pub at_most: Cost,
    /// What an estimated limit holds.
    pub likely: Cost,
    /// What has no bound, and what to set.
    pub unbounded: Vec<String>,
}

/// Tokens and dollars; nothing where nothing bounds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Input tokens.
    pub input_tokens: Option<u64>,
    /// Output tokens.
    pub output_tokens: Option<u64>,
    /// Both together.
    pub tokens: Option<u64>,
    /// US dollars.
    pub usd: Option<Amount>,
}

impl MostCost {
    /// What a demand says.
    pub(super) fn of(demand: &Demand) -> Self {
        let needs = [&demand.input, &demand.output, &demand.tokens, &demand.nano_usd];
        let cost = |bound: fn(&Need) -> &Bound| {
            let [input_tokens, output_tokens, tokens, nano_usd] =
                needs.map(|need| match bound(need) {
                    Bound::AtMost(amount) => Some(*amount),
                    Bound::Unknown(_) => None,
                });
            let usd = nano_usd.map(|nano_usd| Amount::of(Unit::NanoUsd, nano_usd));
            Cost { input_tokens, output_tokens, tokens, usd }
        };
        let mut unbounded: Vec<String> = Vec::new();
        for need in needs {
            if let Bound::Unknown(why) = &need.at_most
                && !unbounded.contains(why)
            {
                unbounded.push(why.clone());
            }
        }
        let (at_most, likely) = (cost(|need| &need.at_most), cost(|need| &need.likely));
        Self { at_most, likely, unbounded }
    }
}
