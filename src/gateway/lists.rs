//! The lists: what a key may use, and what it has left.

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Gateway, told};
use crate::config::Snapshot;
use crate::decision::{listed, names};
use crate::dialect::Dialect;
use crate::ingress::{self, Answer, Endpoint, Request};
use crate::keys::{Caller, Presented, TeamId};
use crate::record::{Record, RequestOutcome, micros};
use crate::refusal::Refusal;
use crate::store::Standing;

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
        let now_ms = self.parts.clock.now_ms();
        let standing = self.inspect(&presented, now_ms, record).await?;
        let body = match endpoint {
            Endpoint::Models => models(&config, &standing.caller, request.dialect()),
            Endpoint::Model(id) => model(&config, &standing.caller, id, request.dialect())?,
            _ => key(&standing, now_ms),
        };
        record.status = 200;
        record.finish(RequestOutcome::Ok);
        Ok(ingress::json(StatusCode::OK, body.to_string()))
    }

    pub(super) async fn inspect(
        &self,
        presented: &Presented,
        now_ms: u64,
        record: &mut Record,
    ) -> Result<Standing, Refusal> {
        record.key = Some(presented.id.to_string());
        let began = Instant::now();
        let standing = self.parts.store.inspect(presented, now_ms).await;
        record.store_trips += 1;
        record.store_us += micros(began);
        let standing = standing.map_err(|denial| told(&denial, None, record))?;
        record.caller(&standing.caller);
        Ok(standing)
    }
}

fn models(config: &Snapshot, caller: &Caller, client: Dialect) -> Value {
    let names = listed(config, Some(caller));
    let data: Vec<Value> = names.iter().map(|name| card(config, name, client)).collect();
    match client {
        // All of them are on the first page.
        Dialect::Anthropic => json!({
            "data": data,
            "has_more": false,
            "first_id": names.first(),
            "last_id": names.last(),
        }),
        _ => json!({ "object": "list", "data": data }),
    }
}

fn model(config: &Snapshot, caller: &Caller, id: &str, client: Dialect) -> Result<Value, Refusal> {
    match config.config.routes.find(id) {
        Some(_) if caller.may_use(id) => Ok(card(config, id, client)),
        _ => {
            Err(Refusal::UnknownModel { alias: id.to_owned(), known: names(config, Some(caller)) })
        }
    }
}

/// A model as the client's dialect describes one.
fn card(config: &Snapshot, name: &str, client: Dialect) -> Value {
    let created_s = config.read_ms / 1_000;
    match client {
        Dialect::Anthropic => json!({
            "type": "model",
            "id": name,
            "display_name": name,
            "created_at": date(created_s),
        }),
        _ => json!({
            "id": name,
            "object": "model",
            "created": created_s,
            "owned_by": "tollgate",
        }),
    }
}

/// A time as RFC 3339 has it.
fn date(unix_s: u64) -> String {
    let second = i64::try_from(unix_s).unwrap_or(0);
    jiff::Timestamp::from_second(second).unwrap_or_default().to_string()
}

/// The key's own limits and its team's. Amounts are in the limit's unit, times in milliseconds since
/// 1970. What is neither used nor left is held: by requests in flight, or by ones that were lost.
fn key(standing: &Standing, now_ms: u64) -> Value {
    let limits = standing.lines.iter().map(|line| {
        let ends_ms = line.window.ends_ms;
        json!({
            "name": line.limit.name,
            "scope": line.scope.to_string(),
            "unit": line.limit.unit.name(),
            "mode": line.mode.name(),
            "limit": line.of,
            "used": line.used(),
            "held": line.unsettled(),
            "left": line.left.max(0),
            "resets_at_ms": ends_ms,
            "resets_in_ms": ends_ms.map(|ends_ms| ends_ms.saturating_sub(now_ms)),
        })
    });
    let caller = &standing.caller;
    json!({
        "object": "key",
        "id": caller.id().as_str(),
        "name": caller.name(),
        "team": caller.team().map(TeamId::as_str),
        "models": caller.allowed(),
        "time_zone": standing.time_zone,
        "limits": limits.collect::<Vec<_>>(),
    })
}
