//! Several requests in one environment, where the platform says so.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Barrier;

use super::chat;
use crate::support::gateway::Gateway;
use crate::support::runtime_api::{Happening, RuntimeApi};
use crate::support::upstream::{Act, Gate, Upstream, chunk, event, last_chunk, stream_head};
use crate::support::{CREDENTIALS, duo};

const REQUESTS: usize = 4;
const HI: &str = r#"{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}"#;
const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

/// Four requests to a function whose provider acts so before a first token, and before the end.
struct Four {
    api: RuntimeApi,
    ids: Vec<String>,
    gateway: Gateway,
    _upstream: Upstream,
}

async fn ask(concurrency: &str, before: Vec<Act>, within: Vec<Act>) -> Four {
    let api = RuntimeApi::start().await;
    let rest = [event(STOP), event("[DONE]")].concat();
    let told = vec![stream_head(), chunk(event(HI))];
    let ended = vec![chunk(rest), last_chunk()];
    let upstream = Upstream::always([before, told, within, ended].concat()).await;
    let document = duo(&upstream.base_url(), &upstream.base_url(), &json!({}));
    let mut environment = CREDENTIALS.to_vec();
    environment.push(("AWS_LAMBDA_MAX_CONCURRENCY", concurrency));
    let gateway = Gateway::function(&api, &document, &environment);
    let ids = (0..REQUESTS).map(|_| api.invoke(&chat("duo", true))).collect();
    Four { api, ids, gateway, _upstream: upstream }
}

#[tokio::test]
async fn four_streams_overlap_where_four_may() {
    // No request is answered before there are four.
    let four = Act::Meet(Arc::new(Barrier::new(REQUESTS)));
    let gate = Gate::closed();
    let Four { api, ids, mut gateway, _upstream } =
        ask("4", vec![four], vec![Act::Await(gate.clone())]).await;
    for id in &ids {
        api.has(id, HI).await;
    }
    let ended = |happening: &Happening| matches!(happening, Happening::Ended(_));
    assert!(!api.happenings().iter().any(ended), "{:?}", api.happenings());
    gate.open();
    for id in &ids {
        let reply = api.ended(id).await;
        assert_eq!((reply.status, reply.header("x-request-id")), (200, Some(id.as_str())));
        assert!(reply.body.ends_with("data: [DONE]\n\n"), "{}", reply.body);
    }
    let mut recorded = vec![];
    for _ in &ids {
        recorded.push(gateway.record().await["request_id"].as_str().unwrap().to_owned());
    }
    recorded.sort_unstable();
    assert_eq!(recorded, ids);
}

#[tokio::test]
async fn one_after_the_other_where_only_one_may() {
    for concurrency in ["1", ""] {
        let four = ask(concurrency, vec![], vec![]).await;
        for id in &four.ids {
            assert_eq!(four.api.ended(id).await.status, 200);
        }
        let both = |id: &String| [Happening::Taken(id.clone()), Happening::Ended(id.clone())];
        let expected: Vec<Happening> = four.ids.iter().flat_map(both).collect();
        assert_eq!(four.api.happenings(), expected);
    }
}
