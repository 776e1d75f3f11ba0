//! The legs of a request: the alias that the client asked for, and those that it takes instead.

use std::sync::Arc;

use super::{Gateway, lists};
use crate::config::Snapshot;
use crate::keys::{Caller, Right};
use crate::quota::{Evidence, Hold};
use crate::record::Record;
use crate::refusal::Refusal;
use crate::routing::Route;
use crate::store::Admission;

/// An alias, and the route that serves it.
pub(super) struct Leg {
    pub(super) alias: String,
    pub(super) route: Arc<Route>,
}

/// A leg as it was asked for: an alias that no route serves is told so once the key is known.
pub(super) type Asked = Result<Leg, String>;

/// The aliases of a request with their routes, each once.
pub(super) fn asked(alias: &str, alternatives: &[String], snapshot: &Snapshot) -> Vec<Asked> {
    let mut aliases = vec![alias];
    for other in alternatives {
        if !aliases.contains(&other.as_str()) {
            aliases.push(other);
        }
    }
    let leg = |alias: &str| match snapshot.config.routes.find(alias) {
        Some(route) => Ok(Leg { alias: alias.to_owned(), route: Arc::clone(route) }),
        None => Err(alias.to_owned()),
    };
    aliases.into_iter().map(leg).collect()
}

/// A request that may be planned.
pub(super) struct Permitted {
    pub(super) caller: Caller,
    pub(super) hold: Hold,
    pub(super) legs: Vec<Leg>,
}

impl Gateway {
    /// A request that needs a right which the key lacks, or is for an alias that no route serves or
    /// the key may not use, is told so once its key is known to be good. What was admitted for it is
    /// given back.
    pub(super) async fn permit(
        &self,
        asked: Vec<Asked>,
        right: Option<Right>,
        snapshot: &Snapshot,
        admission: Admission,
        record: &mut Record,
    ) -> Result<Permitted, Refusal> {
        let Admission { caller, hold, .. } = admission;
        match permitted(asked, right, snapshot, &caller) {
            Ok(legs) => {
                if let Some(leg) = legs.first() {
                    record.leg(leg.route.pattern.as_str(), leg.route.listed_as(&leg.alias));
                }
                Ok(Permitted { caller, hold, legs })
            }
            Err(refusal) => {
                self.settle(hold, &Evidence::Void, record).await;
                Err(refusal)
            }
        }
    }
}

fn permitted(
    asked: Vec<Asked>,
    right: Option<Right>,
    snapshot: &Snapshot,
    caller: &Caller,
) -> Result<Vec<Leg>, Refusal> {
    if let Some(right) = right.filter(|right| !caller.has(*right)) {
        return Err(Refusal::RightMissing { right: right.name(), header: right.header() });
    }
    let leg = |asked: Asked| {
        let known = || lists::names(snapshot, caller);
        let leg = asked.map_err(|alias| Refusal::UnknownModel { alias, known: known() })?;
        if caller.may_use(&leg.alias) {
            return Ok(leg);
        }
        Err(Refusal::ModelForbidden { alias: leg.alias, allowed: caller.allowed() })
    };
    asked.into_iter().map(leg).collect()
}
