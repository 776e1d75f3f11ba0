//! Explanations: what would happen to a request, told from the same decisions by which it would
//! happen. Pure: no provider is called for it, and nothing is written.

mod amount;
mod explanation;
mod hidden;
mod limits;
mod requests;
mod routes;
mod targets;
mod walk;
mod would;

use std::cell::Cell;
use std::time::Duration;

use http::HeaderMap;

use crate::config::Snapshot;
use crate::decision::{self, Asked, Leg};
use crate::dialect::Call;
use crate::keys::Caller;
use crate::quota::{Books, Demand, Lease, Line};
use crate::routing::{Faults, Plan, Route, Target, Usable};

pub use amount::Amount;
pub use explanation::{
    Cost, Explanation, HeadersSeen, KeySeen, LegSeen, LimitSeen, LostRoute, MostCost, RequestSeen,
    RouteSeen, TargetSeen, TimeoutsSeen, Would,
};
use hidden::Hidden;
use walk::Walk;

/// So many bytes of bodies are shown in one explanation.
const MOST_BODY_BYTES: usize = 1 << 20;

/// A request as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Its id.
    pub request_id: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub call: &'a Call,
    /// The client's own list of models, if it has one.
    pub alternatives: Option<&'a [String]>,
    /// What is to fail because the client asks for it.
    pub faults: &'a Faults,
    /// How long the client waits.
    pub timeout: Option<Duration>,
}

/// What the request would meet.
pub struct Facts<'a> {
    /// The configuration.
    pub snapshot: &'a Snapshot,
    /// Whom the key stands for, and its books; nothing when no key is known.
    pub key: Option<(&'a Caller, &'a Books)>,
    /// How much of the host's time the request may have, if that is bounded.
    pub host: Option<Duration>,
    /// Where a request falls that falls at random.
    pub draw: u64,
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
    /// Whether a target can be tried now.
    pub usable: &'a dyn Fn(&Target) -> Usable,
    /// How long a target usually takes to its first content, in milliseconds, if that is known.
    pub usual_ms: &'a dyn Fn(&Target) -> Option<u64>,
}

/// Tells what would happen to a request.
pub fn explain(question: &Question<'_>, facts: &Facts<'_>) -> Explanation {
    let others = question.alternatives.unwrap_or_default();
    let asked = decision::asked(question.call.alias(), others, facts.snapshot);
    let time = decision::time(&asked, question.timeout, facts.host);
    let caller = facts.key.map(|(caller, _)| caller);
    let key_id = caller.map(Caller::id);
    let drawn = decision::draw(&asked, key_id, question.call, question.headers);
    // The id is in no answer: nothing is held.
    let lease = Lease { id: String::new(), expires_ms: u64::MAX };
    let story = Story {
        question,
        facts,
        demand: decision::demand(question.call, &asked, lease, facts.draw),
        left_ms: time.as_ref().map_or(u64::MAX, |time| millis(*time)),
        draw: drawn.unwrap_or(facts.draw),
        drawn: routes::drawn(&asked, caller, question),
        hidden: Hidden::of(facts.snapshot),
        room: Cell::new(MOST_BODY_BYTES),
    };
    let plans: Vec<_> = asked.iter().map(|asked| story.plan(asked)).collect();
    let walks = plans.iter().map(|plan| {
        let (leg, plan) = plan.as_ref()?;
        Some(Walk::through(&story, leg, plan))
    });
    let walks: Vec<_> = walks.collect();
    let would = would::would(&story, &asked, time.as_ref().err(), &walks);
    let mut legs = asked.iter().zip(walks).map(|(asked, walk)| story.leg(asked, walk));
    let first = legs.next();
    Explanation {
        object: "tollgate.explanation",
        request_id: question.request_id.to_owned(),
        endpoint: question.call.operation().name(),
        stream: question.call.stream(),
        would,
        key: caller.map(KeySeen::from),
        config_version: facts.snapshot.version,
        config_age_s: facts.now_ms.saturating_sub(facts.snapshot.read_ms) / 1_000,
        first: first.unwrap_or_default(),
        deadline_ms: time.ok().map(millis),
        bound: MostCost::of(&story.demand),
        instead: legs.collect(),
    }
}

/// What the parts of an explanation are made from.
struct Story<'a> {
    question: &'a Question<'a>,
    facts: &'a Facts<'a>,
    /// What the request takes, for its first alias.
    demand: Demand,
    left_ms: u64,
    draw: u64,
    /// By what it falls on one of weighted targets.
    drawn: String,
    hidden: Hidden<'a>,
    /// How many bytes of bodies can still be shown.
    room: Cell<usize>,
}

impl Story<'_> {
    fn caller(&self) -> Option<&Caller> {
        self.facts.key.map(|(caller, _)| caller)
    }

    /// Whether the client wants nobody but the first target.
    fn only_first(&self) -> bool {
        self.question.alternatives.is_some_and(<[String]>::is_empty)
    }

    fn plan<'r>(&self, asked: &'r Asked) -> Option<(&'r Leg, Plan<'r>)> {
        let leg = asked.as_ref().ok()?;
        Some((leg, Plan::new(&leg.route, self.draw, self.facts.usable)))
    }

    /// What the request takes for an alias. Nobody's limits are asked for one that is not served.
    fn demand_for(&self, alias: &str) -> Demand {
        let alias = self.demand.alias.is_some().then(|| alias.to_owned());
        Demand { alias, ..self.demand.clone() }
    }

    /// Whether the limits of the key rely on the output cap.
    fn binds_cost(&self, alias: &str) -> bool {
        let Some((_, books)) = self.facts.key else { return false };
        let lines = books.lines(&self.demand_for(alias), self.facts.now_ms);
        lines.iter().any(Line::binds_cost)
    }

    fn leg(&self, asked: &Asked, walk: Option<Walk<'_>>) -> LegSeen {
        let alias = asked.as_ref().map_or_else(String::as_str, |leg| &leg.alias);
        let route: Option<&Route> = asked.as_ref().ok().map(|leg| &*leg.route);
        LegSeen {
            alias: alias.to_owned(),
            permitted: self.caller().map(|caller| caller.may_use(alias)),
            route: route.map(|route| routes::seen(self, route, alias)),
            lost: routes::lost(self.facts.snapshot, route, alias),
            targets: walk.map(|walk| targets::seen(self, walk)).unwrap_or_default(),
            timeouts: route.map(|route| TimeoutsSeen::from(&route.timeouts)),
            limits: limits::seen(self, alias),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
