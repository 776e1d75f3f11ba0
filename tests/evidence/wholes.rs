//! Rows of whole answers.

use serde_json::json;

use super::row::Ask::{Chat, Completions, Embeddings};
use super::row::{Charge, Row};
use crate::support::answers::ANSWER;
use crate::support::upstream::{Act, Script, json as whole, response};

const ORDINARY: &str = r#"{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}"#;

/// A sound answer with this usage.
fn answer(usage: &str) -> Script {
    whole(200, &ANSWER.replace(ORDINARY, usage))
}

/// An answer of this status of which the last bytes are missing.
fn cut(status: u16, body: &str) -> Script {
    let bytes = response(status, "application/json", body);
    vec![Act::Send(bytes[..bytes.len() - 5].to_vec()), Act::Close]
}

pub(super) fn with_usage() -> Vec<Row> {
    let row = |name, usage| Row::new(name, Chat, answer(usage));
    let lie = "figures that cannot be true are no figures";
    vec![
        row("usage", ORDINARY).exact(5, 2, "a complete answer with its usage"),
        row("no-usage", "null").kept("nobody says how much"),
        Row::new("usage-left-out", Chat, whole(200, &ANSWER.replace("usage", "cost")))
            .kept("nobody says how much"),
        row("usage-empty", "{}").kept("nobody says how much"),
        row("usage-no-object", "[7]").kept(lie),
        row("prompt-only", r#"{"prompt_tokens":5}"#).kept("nobody says how much output"),
        row("completion-only", r#"{"completion_tokens":2}"#).kept("nobody says how much input"),
        row("total-only", r#"{"total_tokens":7}"#).kept("nobody says how much of which"),
        row("negative", r#"{"prompt_tokens":-5,"completion_tokens":2}"#).kept(lie),
        row("negative-output", r#"{"prompt_tokens":5,"completion_tokens":-2}"#).kept(lie),
        row("fraction", r#"{"prompt_tokens":5.5,"completion_tokens":2}"#).kept(lie),
        row("text", r#"{"prompt_tokens":"5","completion_tokens":"2"}"#).kept(lie),
        row("huge", r#"{"prompt_tokens":5,"completion_tokens":1000000000000}"#).kept(lie),
        row("beyond-integers", r#"{"prompt_tokens":1e40,"completion_tokens":2}"#).kept(lie),
        row(
            "more-cached-than-sent",
            r#"{"prompt_tokens":5,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":6}}"#,
        )
        .kept(lie),
        row("hidden-output", r#"{"prompt_tokens":5,"completion_tokens":2,"total_tokens":20}"#)
            .exact(5, 15, "what the total has beyond the two is output"),
        row("small-total", r#"{"prompt_tokens":5,"completion_tokens":2,"total_tokens":1}"#)
            .exact(5, 2, "of two figures the larger counts"),
    ]
}

/// Some gateways in front of models fill in nothing where they do not know.
pub(super) fn of_nothing() -> Vec<Row> {
    let row = |name, usage| Row::new(name, Chat, answer(usage));
    let vector = r#"{"data":[{"embedding":[1]}],"usage":{"prompt_tokens":0,"total_tokens":0}}"#;
    vec![
        row("nothing-used", r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#)
            .kept("there was a prompt and there is an answer: neither is free"),
        row("no-prompt-used", r#"{"prompt_tokens":0,"completion_tokens":2,"total_tokens":2}"#)
            .kept("there was a prompt: it cannot be nothing"),
        row("no-output-used", r#"{"prompt_tokens":5,"completion_tokens":0,"total_tokens":5}"#)
            .kept("there is an answer: it cannot be nothing"),
        Row::new("embeddings-of-nothing", Embeddings, whole(200, vector))
            .kept("there was an input: it cannot be nothing"),
    ]
}

/// The status of an error is there, and the rest of it is not.
pub(super) fn broken_errors() -> Vec<Row> {
    let row = |name, script| Row::new(name, Chat, script).status(502);
    let error = r#"{"error":{"message":"no"}}"#;
    vec![
        row("error-cut", cut(500, error)).kept("only a complete error is not billed"),
        row("error-cut-then-answered", cut(500, error))
            .then(answer(ORDINARY))
            .status(200)
            .charged(&[Charge::Kept, Charge::Exact(5, 2, 9_000)], "two holds: one kept"),
    ]
}

pub(super) fn without_an_answer() -> Vec<Row> {
    let row = |name, script| Row::new(name, Chat, script).status(502);
    let complete = "a complete error of HTTP is not billed";
    let lost = "it was sent and then lost";
    let waited = "somebody in front of the model has only stopped waiting";
    vec![
        row("error-400", whole(400, "{}")).status(400).unbilled(complete),
        row("error-401", whole(401, "{}")).unbilled(complete),
        row("error-429", whole(429, "{}")).status(429).unbilled(complete),
        row("error-500", whole(500, "<html>")).unbilled(complete),
        row("error-503", whole(503, "")).status(503).unbilled(complete),
        row("error-504", whole(504, "")).status(504).kept(waited),
        row("error-524", whole(524, "<html>")).status(504).kept(waited),
        row("refused", vec![]).unreachable_at_first().unbilled("it never reached a provider"),
        row("hung-up", vec![Act::Close]).kept(lost),
        row("reset", vec![Act::Reset]).kept(lost),
        row("cut", cut(200, ANSWER)).kept(lost),
        row("html", whole(200, "<html>")).kept("a success that nobody can read"),
        row("nothing-said", whole(200, r#"{"choices":[]}"#)).kept("a success without an answer"),
        row("error-inside", whole(200, r#"{"error":{"message":"no"}}"#))
            .kept("a success of HTTP: nobody says that it is free"),
        row("silent", vec![Act::Stall])
            .status(504)
            .timeouts(json!({ "total_ms": 300 }))
            .kept("the time was up, and the provider may go on"),
    ]
}

pub(super) fn prices() -> Vec<Row> {
    let row = |name, usage, price| Row::new(name, Chat, answer(usage)).price(price);
    let cached = json!({ "input": 1, "cached_input": 0.25, "cache_write": 1.25, "output": 2 });
    let reasoning = json!({ "input": 1, "output": 2, "reasoning": 4, "per_request": 0.01 });
    let discounted = "cached input has a rate of its own and counts as input";
    vec![
        row(
            "cached",
            r#"{"prompt_tokens":100,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":60}}"#,
            cached.clone(),
        )
        .charged(&[Charge::Exact(100, 10, 40_000 + 15_000 + 20_000)], discounted),
        row(
            "cached-as-deepseek-says",
            r#"{"prompt_tokens":100,"completion_tokens":10,"prompt_cache_hit_tokens":60,"prompt_cache_miss_tokens":40}"#,
            cached.clone(),
        )
        .charged(&[Charge::Exact(100, 10, 40_000 + 15_000 + 20_000)], discounted),
        row(
            "cached-without-a-rate",
            r#"{"prompt_tokens":100,"completion_tokens":10,"prompt_cache_hit_tokens":60}"#,
            json!({ "input": 1, "output": 2 }),
        )
        .exact(100, 10, "without a rate of its own it is input"),
        row(
            "written-to-the-cache",
            r#"{"prompt_tokens":100,"completion_tokens":10,"prompt_tokens_details":{"cache_creation_input_tokens":40}}"#,
            cached,
        )
        .charged(&[Charge::Exact(100, 10, 60_000 + 50_000 + 20_000)], "a dearer rate of its own"),
        row(
            "reasoning",
            r#"{"prompt_tokens":100,"completion_tokens":10,"completion_tokens_details":{"reasoning_tokens":4}}"#,
            reasoning.clone(),
        )
        .charged(
            &[Charge::Exact(100, 10, 100_000 + 12_000 + 16_000 + 10_000_000)],
            "reasoning is a part of the output; each request has its fee",
        ),
        row(
            "more-reasoning-than-output",
            r#"{"prompt_tokens":100,"completion_tokens":10,"completion_tokens_details":{"reasoning_tokens":40}}"#,
            reasoning,
        )
        .charged(
            &[Charge::Exact(100, 10, 100_000 + 40_000 + 10_000_000)],
            "it is a part of the output at most",
        ),
        row("a-fraction", ORDINARY, json!({ "input": 0.0375, "output": 0 }))
            .charged(&[Charge::Exact(5, 2, 188)], "187.5 nano-dollars, rounded up once"),
        row("free", ORDINARY, json!({ "input": 0, "output": 0 }))
            .charged(&[Charge::Exact(5, 2, 0)], "a price of nothing is a price"),
    ]
}

/// A provider that reports more than the request can cost.
pub(super) fn violations() -> Vec<Row> {
    let much = r#"{"prompt_tokens":5,"completion_tokens":5000,"total_tokens":5005}"#;
    let more = r#"{"prompt_tokens":5000,"completion_tokens":2,"total_tokens":5002}"#;
    vec![
        Row::new("violates-output", Chat, answer(much)).limit(600).exact(
            5,
            5_000,
            "charged in full, and a debt: it was spent",
        ),
        Row::new("violates-input", Chat, answer(more)).limit(600).exact(
            5_000,
            2,
            "charged in full, and a debt: it was spent",
        ),
    ]
}

pub(super) fn other_endpoints() -> Vec<Row> {
    let vector = |usage: &str| {
        whole(200, &format!(r#"{{"object":"list","data":[{{"embedding":[1]}}]{usage}}}"#))
    };
    let text = |usage: &str| {
        let choice = r#"{"index":0,"text":"hi","finish_reason":"stop"}"#;
        whole(200, &format!(r#"{{"choices":[{choice}]{usage}}}"#))
    };
    let two = ANSWER.replace(
        "\"choices\":[",
        "\"choices\":[{\"index\":1,\"message\":{\"content\":\"ho\"},\"finish_reason\":\"stop\"},",
    );
    let usage = format!(r#","usage":{ORDINARY}"#);
    vec![
        Row::new(
            "embeddings",
            Embeddings,
            vector(r#","usage":{"prompt_tokens":5,"total_tokens":5}"#),
        )
        .exact(5, 0, "the total is the input"),
        Row::new("embeddings-without-usage", Embeddings, vector("")).kept("nobody says how much"),
        Row::new("completions", Completions, text(&usage)).exact(5, 2, "a complete answer"),
        Row::new("completions-without-usage", Completions, text("")).kept("nobody says how much"),
        Row::new("two-choices", Chat, whole(200, &two)).choices(2).exact(
            5,
            2,
            "the usage is of both",
        ),
    ]
}
