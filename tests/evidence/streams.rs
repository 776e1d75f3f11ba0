//! Rows of streams.

use serde_json::json;

use super::row::Ask::{StreamedChat, StreamedCompletions};
use super::row::Row;
use crate::support::answers::{DONE, HI, ROLE, STOP, USAGE};
use crate::support::upstream::{Act, Script, chunk, event, last_chunk, stream, stream_head};

/// An event of a stream with a usage of so many tokens of input and output.
fn with_usage(event: &str, input: u64, output: u64) -> String {
    let usage = format!(r#""usage":{{"prompt_tokens":{input},"completion_tokens":{output}}}"#);
    event.replacen(r#""choices""#, &format!(r#"{usage},"choices""#), 1)
}

/// The event that has only a usage.
fn usage(input: u64, output: u64) -> String {
    with_usage(r#"{"id":"a","choices":[]}"#, input, output)
}

fn null_usage(event: &str) -> String {
    event.replacen(r#""choices""#, r#""usage":null,"choices""#, 1)
}

fn negative_usage() -> String {
    usage(5, 2).replace(":5,", ":-5,")
}

/// These events, and then something else than the end of the body.
fn broken(events: &[&str], end: Act) -> Script {
    let chunks = events.iter().map(|data| chunk(event(data)));
    [stream_head()].into_iter().chain(chunks).chain([end]).collect()
}

fn row(name: &'static str, events: &[&str]) -> Row {
    Row::new(name, StreamedChat, stream(events))
}

pub(super) fn complete() -> Vec<Row> {
    let unknown = "nobody says how much";
    let (one, both) = (with_usage(HI, 5, 1), with_usage(STOP, 5, 2));
    let (zero, nulls) = (with_usage(ROLE, 0, 0), [ROLE, HI, STOP].map(null_usage));
    let [role, hi, stop] = nulls.each_ref().map(String::as_str);
    let text = r#"{"choices":[{"index":0,"text":"hi","finish_reason":"stop"}]}"#;
    vec![
        row("usage-at-the-end", &[ROLE, HI, STOP, USAGE, DONE]).exact(5, 2, "complete"),
        row("usage-with-the-finish", &[ROLE, HI, &both, DONE]).exact(5, 2, "complete"),
        row("usage-and-no-done", &[ROLE, HI, STOP, USAGE]).exact(5, 2, "finished is complete"),
        row("usage-and-no-finish", &[ROLE, HI, USAGE, DONE]).exact(
            5,
            2,
            "some leave the finish out: [DONE] is an end",
        ),
        row("no-usage-streamed", &[ROLE, HI, STOP, DONE]).kept(unknown),
        row("no-usage-and-no-done", &[ROLE, HI, STOP]).kept(unknown),
        row("null-usage", &[role, hi, stop, DONE]).kept(unknown),
        row("null-usage-then-real", &[role, hi, stop, USAGE, DONE]).exact(
            5,
            2,
            "null says nothing",
        ),
        row("cumulative", &[ROLE, &one, &both, DONE]).exact(5, 2, "the last is the whole"),
        row("usage-twice", &[ROLE, HI, &both, USAGE, DONE]).exact(5, 2, "said twice, used once"),
        row("second-smaller", &[ROLE, HI, STOP, &usage(9, 9), USAGE, DONE]).exact(
            9,
            9,
            "a provider that takes something back is not believed",
        ),
        row("larger-here-and-there", &[ROLE, HI, STOP, &usage(9, 1), &usage(5, 4), DONE]).exact(
            9,
            4,
            "the larger of each",
        ),
        row("zero-and-no-more", &[&zero, HI, STOP, DONE]).kept("what came after it is not in it"),
        row("early-usage", &[ROLE, &one, HI, STOP, DONE]).kept("what came after it is not in it"),
        row("nonsense-at-the-end", &[ROLE, HI, STOP, &negative_usage(), DONE])
            .kept("figures that cannot be true are no figures"),
        row("nonsense-then-real", &[ROLE, HI, STOP, &negative_usage(), USAGE, DONE])
            .kept("who once says what cannot be is not believed again"),
        row("real-then-nonsense", &[ROLE, HI, STOP, USAGE, &negative_usage(), DONE])
            .kept("who once says what cannot be is not believed again"),
        row("usage-after-done", &[ROLE, HI, STOP, DONE, USAGE])
            .kept("after the end nothing counts"),
        row("violates-in-a-stream", &[ROLE, HI, STOP, &usage(5, 5_000), DONE]).limit(600).exact(
            5,
            5_000,
            "charged in full, and a debt: it was spent",
        ),
        Row::new("completions-streamed", StreamedCompletions, stream(&[text, USAGE, DONE]))
            .exact(5, 2, "complete"),
        Row::new("completions-streamed-without", StreamedCompletions, stream(&[text, DONE]))
            .kept(unknown),
    ]
}

pub(super) fn of_nothing() -> Vec<Row> {
    vec![
        row("zero-then-real", &[&with_usage(ROLE, 0, 0), HI, STOP, USAGE, DONE]).exact(
            5,
            2,
            "nothing yet is no lie: the last is the whole",
        ),
        row("zero-at-the-end", &[ROLE, HI, STOP, &usage(0, 0), DONE])
            .kept("there was a prompt and there is an answer: neither is free"),
        row("no-output-at-the-end", &[ROLE, HI, STOP, &usage(5, 0), DONE])
            .kept("there is an answer: it cannot be nothing"),
    ]
}

pub(super) fn cut() -> Vec<Row> {
    let row = |name, script| Row::new(name, StreamedChat, script);
    let cut = "what broke off is not complete";
    let zero = with_usage(ROLE, 0, 0);
    let error = r#"{"error":{"message":"no","code":"server_error"}}"#;
    let silent = "the provider may go on";
    vec![
        row("cut-after-content", broken(&[ROLE, HI], Act::Close)).kept(cut),
        row("ended-after-content", stream(&[ROLE, HI])).kept(cut),
        row("reset-after-content", broken(&[ROLE, HI], Act::Reset)).kept(cut),
        row("cut-after-a-zero-usage", broken(&[&zero, HI], Act::Close)).kept(cut),
        row("cut-after-the-usage", broken(&[ROLE, HI, USAGE], Act::Close)).kept(cut),
        row("cut-before-done", broken(&[ROLE, HI, STOP, USAGE], Act::Close)).kept(cut),
        row("ended-after-usage-only", stream(&[ROLE, HI, USAGE])).kept(cut),
        row("error-after-the-usage", stream(&[ROLE, HI, STOP, USAGE, error])).kept(cut),
        row("unreadable-after-content", stream(&[ROLE, HI, "<html>", USAGE, DONE])).kept(cut),
        row("cut-before-content", broken(&[ROLE], Act::Close)).status(502).kept(cut),
        row("ended-before-content", stream(&[ROLE, STOP, DONE]))
            .status(502)
            .kept("a success without an answer"),
        row("hung-up-on-a-stream", vec![Act::Close]).status(502).kept("it was sent and then lost"),
        row("error-before-content", stream(&[error])).status(502).kept("a success of HTTP"),
        row("silent-after-content", broken(&[ROLE, HI], Act::Stall))
            .timeouts(json!({ "idle_ms": 300 }))
            .kept(silent),
        row("silent-after-the-usage", broken(&[ROLE, HI, USAGE], Act::Stall))
            .timeouts(json!({ "idle_ms": 300 }))
            .kept(silent),
        row("deadline", broken(&[ROLE, HI], Act::Stall))
            .timeouts(json!({ "total_ms": 300 }))
            .kept(silent),
        row("no-first-token", broken(&[ROLE], Act::Stall))
            .timeouts(json!({ "first_token_ms": 300 }))
            .status(504)
            .kept(silent),
        row("finished-and-not-ended", {
            let mut script = stream(&[ROLE, HI, STOP, USAGE, DONE]);
            script.retain(|act| !is_last(act));
            script.push(Act::Stall);
            script
        })
        .exact(5, 2, "[DONE] is the end, whatever becomes of the connection"),
    ]
}

fn is_last(act: &Act) -> bool {
    let Act::Send(last) = last_chunk() else { return false };
    matches!(act, Act::Send(bytes) if *bytes == last)
}
