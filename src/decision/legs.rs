//! The legs of a request: the alias that the client asked for, and those that it takes instead.

use std::sync::Arc;

use http::HeaderMap;

use super::names;
use crate::config::Snapshot;
use crate::dialect::{Call, Operation};
use crate::keys::{Caller, KeyId, Right};
use crate::refusal::Refusal;
use crate::routing::{Mirror, Route, SplitBy, stable_draw};

/// An alias, and the route that serves it.
#[derive(Clone, Debug)]
pub struct Leg {
    /// The alias.
    pub alias: String,
    /// Its route.
    pub route: Arc<Route>,
}

/// A leg as it was asked for: an alias that no route serves is told so once the key is known.
pub type Asked = Result<Leg, String>;

/// The aliases of a request with their routes, each once.
pub fn asked(alias: &str, alternatives: &[String], snapshot: &Snapshot) -> Vec<Asked> {
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

/// Whether the key may use the alias; anybody may where no key is known.
pub fn may_use(caller: Option<&Caller>, alias: &str) -> bool {
    caller.is_none_or(|caller| caller.may_use(alias))
}

/// The legs, if the key has the right that the request needs, there is a route for each, and the key
/// may use them all.
///
/// # Errors
/// [`Refusal::RightMissing`]; [`Refusal::UnknownModel`] or [`Refusal::ModelForbidden`] for the first
/// leg that is not to be had.
pub fn permitted(
    asked: &[Asked],
    right: Option<Right>,
    snapshot: &Snapshot,
    caller: Option<&Caller>,
) -> Result<Vec<Leg>, Refusal> {
    let lacks = |right: &Right| caller.is_some_and(|caller| !caller.has(*right));
    if let Some(right) = right.filter(lacks) {
        return Err(Refusal::RightMissing { right: right.name(), header: right.header() });
    }
    let permit = |asked: &Asked| match asked {
        Ok(leg) if may_use(caller, &leg.alias) => Ok(leg.clone()),
        Ok(leg) => {
            let allowed = caller.map_or_else(String::new, Caller::allowed);
            Err(Refusal::ModelForbidden { alias: leg.alias.clone(), allowed })
        }
        Err(alias) => {
            Err(Refusal::UnknownModel { alias: alias.clone(), known: names(snapshot, caller) })
        }
    };
    asked.iter().map(permit).collect()
}

/// Where a request always falls among the weighted targets of its first route, so that one user stays
/// on one side; nothing when it falls at random.
pub fn draw(asked: &[Asked], key: Option<&KeyId>, call: &Call, headers: &HeaderMap) -> Option<u64> {
    let route = &asked.iter().flatten().next()?.route;
    let value = split_value(&route.split_by, key, call, headers)?;
    Some(stable_draw(route.pattern.as_str(), &value))
}

/// The mirror that gets a copy of a request, if one does. A request that only counts is not copied,
/// nor one that is to ask nobody but the first target.
pub fn mirror<'l>(first: &'l Leg, call: &Call, only_first: bool, draw: u64) -> Option<&'l Mirror> {
    let mirror = first.route.mirror.as_ref()?;
    let counts = call.operation() == Operation::CountTokens;
    (!counts && !only_first && mirror.takes(draw)).then_some(mirror)
}

/// The attribute by which a request always falls on the same of weighted targets; nothing when it
/// falls at random, as one without the attribute does.
pub fn split_value(
    split_by: &SplitBy,
    key: Option<&KeyId>,
    call: &Call,
    headers: &HeaderMap,
) -> Option<String> {
    match split_by {
        SplitBy::Random => None,
        SplitBy::Key => key.map(ToString::to_string),
        SplitBy::User => call.user(),
        SplitBy::Header(name) => {
            headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        }
    }
}
