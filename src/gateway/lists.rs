//! The lists: what a key may use, and what it has left.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::Gateway;
use crate::config::Snapshot;
use crate::ingress::{self, Answer, Endpoint, Request};
use crate::keys::{Caller, Presented};
use crate::quota::{Demand, Evidence, Hold};
use crate::record::{Record, RequestOutcome};
use crate::refusal::Refusal;
use crate::routing::Route;
use crate::store::Admission;

impl Gateway {
    /// Answers `/v1/models`, `/v1/models/{id}` and `/v1/key` for a key, which costs it nothing.
    pub(super) async fn list(
        &self,
        endpoint: &Endpoint,
        request: &Request,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        let presented = Presented::from_headers(&request.headers)?;
        let config = self.snapshot().await?;
        record.config_version = Some(config.version);
        let Admission { caller, hold } = self.admit(&presented, &Demand::nothing(), record).await?;
        let now_ms = self.parts.clock.now_ms();
        let body = match endpoint {
            Endpoint::Models => Ok(models(&config, &caller)),
            Endpoint::Model(id) => model(&config, &caller, id),
            _ => Ok(key(&caller, &hold, now_ms)),
        };
        self.settle(hold, &Evidence::Void, record).await;
        let body = body?;
        record.status = 200;
        record.finish(RequestOutcome::Ok);
        Ok(ingress::json(StatusCode::OK, body.to_string()))
    }
}

/// The names that the key may use, as far as they can be listed: exact routes, the names that a
/// route lists, or else its pattern.
fn listed(config: &Snapshot, caller: &Caller) -> Vec<String> {
    let usable =
        |route: &&Arc<Route>| route.all_targets().any(|target| config.unusable(target).is_none());
    let names = |route: &Arc<Route>| match route.listed.as_slice() {
        [] => vec![route.pattern.to_string()],
        listed => listed.to_vec(),
    };
    let mut names: Vec<String> =
        config.config.routes.iter().filter(usable).flat_map(names).collect();
    // A pattern is listed when the key may use all of it: `*` and the pattern itself match it.
    names.retain(|name| caller.may_use(name));
    names.sort();
    names.dedup();
    names
}

/// The names for a refusal.
pub(super) fn names(config: &Snapshot, caller: &Caller) -> String {
    match listed(config, caller).as_slice() {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}

fn models(config: &Snapshot, caller: &Caller) -> Value {
    let data: Vec<Value> = listed(config, caller).iter().map(|name| card(config, name)).collect();
    json!({ "object": "list", "data": data })
}

fn model(config: &Snapshot, caller: &Caller, id: &str) -> Result<Value, Refusal> {
    match config.config.routes.find(id) {
        Some(_) if caller.may_use(id) => Ok(card(config, id)),
        _ => Err(Refusal::UnknownModel { alias: id.to_owned(), known: names(config, caller) }),
    }
}

/// A model as OpenAI describes one.
fn card(config: &Snapshot, name: &str) -> Value {
    json!({
        "id": name,
        "object": "model",
        "created": config.read_ms / 1_000,
        "owned_by": "tollgate",
    })
}

/// The key's own limits. Amounts are in the limit's unit, times in milliseconds since 1970.
fn key(caller: &Caller, hold: &Hold, now_ms: u64) -> Value {
    let limits = hold.lines().iter().filter(|line| line.is_limited()).map(|line| {
        json!({
            "name": line.limit.name,
            "unit": line.limit.unit.name(),
            "limit": line.of,
            "left": line.left.max(0),
            "resets_at_ms": line.window.ends_ms,
            "resets_in_ms": line.window.ends_ms.saturating_sub(now_ms),
        })
    });
    json!({
        "object": "key",
        "id": caller.id().as_str(),
        "name": caller.name(),
        "models": caller.allowed(),
        "limits": limits.collect::<Vec<_>>(),
    })
}
