//! What providers do after the first content of a stream; and what only looks like a fault.

use std::time::Duration;

use serde_json::json;

use super::line::{Case, HTML, Line, drip, plain, streamed};
use crate::support::answers::{ANSWER, DONE, HI, ROLE, STOP, USAGE, sound};
use crate::support::upstream::response_with;
use crate::support::upstream::{Act, Script, chunk, event, last_chunk, stream, stream_head};

/// The acts go on where the first content has reached the client.
pub(super) fn cuts() -> Vec<Line> {
    let broken = ("truncated", "upstream_failed");
    let unreadable = ("malformed", "upstream_failed");
    let two = HI.replace("\"index\":0", "\"index\":1");
    vec![
        Line::cut(
            "U17",
            "the connection or the body ends without the stream's end",
            broken,
            vec![
                streamed("reset", vec![Act::Reset]),
                streamed("closed", vec![Act::Close]),
                streamed("half a chunk", vec![Act::Send(b"ff\r\ndata: {".to_vec()), Act::Close]),
                streamed("no chunk", vec![Act::Send(b"zz\r\n".to_vec()), Act::Close]),
                streamed("the end of the body", vec![last_chunk()]),
                streamed("usage without a finish", vec![chunk(event(USAGE)), last_chunk()]),
                streamed(
                    "one of two choices",
                    vec![chunk(event(&two) + &event(STOP)), last_chunk()],
                ),
            ],
        ),
        Line::cut(
            "U17",
            "what is no event: a page, half an event, no UTF-8, no end to it",
            unreadable,
            vec![
                streamed("a page", vec![chunk(event(HTML)), last_chunk()]),
                streamed("half an event", vec![chunk("data: {\"choices\":[{\"del"), last_chunk()]),
                streamed("not UTF-8", vec![chunk(b"data: \"\xe9\"\n\n"), last_chunk()]),
                streamed("no end to it", flood()),
            ],
        ),
    ]
}

pub(super) fn told_cuts() -> Vec<Line> {
    let error = |error: serde_json::Value| {
        vec![chunk(event(&json!({ "error": error }).to_string())), chunk(event(DONE)), last_chunk()]
    };
    let gave_up = STOP.replace("stop", "insufficient_system_resource");
    vec![
        Line::cut(
            "U19",
            "an error event",
            ("server", "upstream_failed"),
            vec![
                streamed("in OpenAI's words", error(json!({ "message": "said by the provider" }))),
                streamed(
                    "by name",
                    vec![chunk("event: error\ndata: {\"message\":\"no\"}\n\n"), last_chunk()],
                ),
            ],
        ),
        Line::cut(
            "U19",
            "an error event that says why",
            ("overloaded", "upstream_overloaded"),
            vec![
                streamed("overloaded", error(json!({ "type": "overloaded_error" }))),
                streamed("gave up", vec![chunk(event(&gave_up) + &event(DONE)), last_chunk()]),
            ],
        ),
        Line::cut(
            "U16",
            "silence; signs of life, or bytes of one event, are no progress",
            ("timeout_idle", "upstream_timeout"),
            vec![
                streamed("silence", vec![Act::Stall]).timeouts(idle()),
                streamed("comments", drip(": keep-alive\n\n")).timeouts(idle()),
                streamed("one event byte by byte", drip("data: x")).timeouts(idle()),
            ],
        ),
        Line::cut(
            "U16",
            "events without an end, however slow, when the request's time is up",
            ("timeout_total", "upstream_timeout"),
            vec![streamed("a drip", drip(event(HI))).timeouts(json!({ "total_ms": 5_000 }))],
        ),
    ]
}

fn idle() -> serde_json::Value {
    json!({ "idle_ms": 2_500 })
}

/// An event that does not end.
fn flood() -> Script {
    let piece = "data: xxxxx".repeat(4 << 10);
    vec![Act::Flood(format!("{:x}\r\n{piece}\r\n", piece.len()).into())]
}

pub(super) fn none() -> Vec<Line> {
    let events = |events: &str| vec![stream_head(), chunk(events), last_chunk()];
    let all = [ROLE, HI, STOP, USAGE, DONE].map(event).concat();
    let crlf = all.replace('\n', "\r\n");
    let bytes = crlf.as_bytes().chunks(1).map(chunk);
    let bytes = [stream_head()].into_iter().chain(bytes).chain([last_chunk()]).collect();
    vec![
        Line::answers(
            "U18",
            "a finish without `[DONE]`, or `[DONE]` without the end of the body",
            vec![
                streamed("no [DONE]", stream(&[ROLE, HI, STOP, USAGE])),
                streamed("no end of the body", {
                    let mut script = sound(true);
                    script.pop();
                    [script, vec![Act::Stall]].concat()
                }),
                streamed("a reset behind it", {
                    let mut script = sound(true);
                    script.pop();
                    [script, vec![Act::Pause(Duration::from_millis(50)), Act::Reset]].concat()
                }),
            ],
        ),
        Line::answers(
            "U20",
            "odd events: split anywhere, CRLF, comments, empty lines, more behind `[DONE]`",
            vec![
                streamed("byte by byte in CRLF", bytes),
                streamed("empty lines", events(&("\n".repeat(100_000) + &all))),
                streamed("comments", events(&all.replace("data:", ": x\n\ndata:"))),
                streamed("fields", events(&all.replace("data: {", "id: 1\nretry: 5\ndata:{"))),
                streamed("behind [DONE]", events(&(all.clone() + &event(HI) + &event(DONE)))),
            ],
        ),
        Line::answers(
            "U22",
            "odd headers: doubled, large, not ASCII, `set-cookie`; interim responses",
            vec![
                plain("odd headers", odd_headers()),
                both_with_interim(false),
                both_with_interim(true),
            ],
        ),
        Line::answers(
            "U16",
            "silence that is shorter than it may be",
            vec![both_slow(false), both_slow(true)],
        ),
    ]
}

fn odd_headers() -> Script {
    let large = "x".repeat(30_000);
    let headers = [
        ("content-type", "application/json"),
        ("content-type", "text/html"),
        ("set-cookie", "a=b"),
        ("connection", "keep-alive, x-large"),
        ("x-large", large.as_str()),
        ("x-request-id", "caf\u{e9}"),
        ("server", HTML),
    ];
    vec![Act::Send(response_with(200, &headers, ANSWER))]
}

/// Responses before the response.
fn both_with_interim(is_streamed: bool) -> Case {
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
    let script = [vec![Act::Send(interim.into())], sound(is_streamed)].concat();
    if is_streamed { streamed("interim", script) } else { plain("interim", script) }
}

fn both_slow(is_streamed: bool) -> Case {
    let pause = Act::Pause(Duration::from_millis(250));
    let slowed = sound(is_streamed).into_iter().flat_map(|act| [pause.clone(), act]).collect();
    let case = if is_streamed { streamed("slow", slowed) } else { plain("slow", slowed) };
    case.timeouts(json!({ "idle_ms": 15_000, "first_token_ms": 15_000 }))
}
