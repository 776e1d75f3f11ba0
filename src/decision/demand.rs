//! What a request takes from the limits.

use super::Asked;
use crate::dialect::{Call, Operation};
use crate::quota::{self, Demand, Lease, Terms};
use crate::routing::Target;

/// What a request takes from the limits of the alias that it asks for first: the most that it can
/// cost at any target of its routes, and a place among the requests in flight. Nothing is taken for
/// an alias that no route serves: the request only authenticates.
pub fn demand(call: &Call, asked: &[Asked], lease: Lease, draw: u64) -> Demand {
    if asked.iter().any(Result::is_err) {
        return Demand::nothing();
    }
    let targets: Vec<&Target> =
        asked.iter().flatten().flat_map(|leg| leg.route.all_targets()).collect();
    let (alias, lease) = (Some(call.alias().to_owned()), Some(lease));
    Demand { alias, lease, draw, ..bound(call, &targets) }
}

/// The most that a request can cost, whichever of these targets answers.
pub fn bound(call: &Call, targets: &[&Target]) -> Demand {
    if call.operation() == Operation::CountTokens {
        return Demand { requests: 1, ..Demand::nothing() };
    }
    let terms = targets.iter().map(|target| Terms {
        target: &target.id,
        media_tokens: target.terms.media_tokens,
        bytes_per_token: target.terms.bytes_per_token,
        output_tokens: call.output_cap(target.terms.output_tokens),
        added_tokens: target.provider.vendor.added_tokens(),
        price: target.terms.price.as_ref(),
    });
    let demand = quota::demand(call.size(), call.choices(), terms);
    match call.unbounded() {
        Some(why) => demand.unbounded(&why),
        None => demand,
    }
}
