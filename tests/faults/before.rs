//! What providers do before the first content of an answer.

use serde_json::json;

use super::line::{Case, HTML, Line, Place, Provider, both, drip, dripping, nobody, page, plain};
use super::line::{raw, streamed};
use crate::support::answers::{ANSWER, DONE, HI, ROLE, STOP};
use crate::support::upstream::{Act, Script, chunk, event, last_chunk, stream, stream_head};
use crate::support::upstream::{json as whole, response, response_with};

const FAILED: (u16, &str) = (502, "upstream_failed");
const LATE: (u16, &str) = (504, "upstream_timeout");

/// Long enough for a busy machine whose providers answer, short enough to wait for those that do not.
const PATIENCE_MS: u64 = 5_000;

pub(super) fn connections() -> Vec<Line> {
    // A label has 63 bytes at most: no resolver is asked.
    let nameless = format!("http://{}.test/v1", "a".repeat(64));
    // Nobody has this address, and no way leads there.
    let nowhere = "http://255.255.255.255:9/v1".to_owned();
    let alert = b"\x15\x03\x03\x00\x02\x02\x28";
    vec![
        Line::fails(
            "U1",
            "a name without an address, no way there, a refused connection",
            "network",
            FAILED,
            vec![
                nobody("no address", Provider::At(nameless)),
                nobody("no way", Provider::At(nowhere)),
                nobody("refused", Provider::Refuses),
            ],
        ),
        Line::fails(
            "U2",
            "a connection that is not taken",
            "timeout_connect",
            LATE,
            vec![nobody("hangs", Provider::Hangs).timeouts(json!({ "connect_ms": PATIENCE_MS }))],
        ),
        Line::fails(
            "U3",
            "TLS: an untrusted certificate, an alert, no TLS at all (never without it)",
            "network",
            FAILED,
            vec![
                nobody("untrusted", Provider::IsUntrusted).logged("certificate"),
                nobody("an alert", Provider::SaysOnTls(alert)).logged("alert"),
                nobody(
                    "plain text",
                    Provider::SaysOnTls(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
                )
                .logged("corrupt message"),
            ],
        ),
        Line::fails(
            "U4",
            "a connection that is lost before a whole head, or says no HTTP",
            "network",
            FAILED,
            vec![
                both("closed", vec![Act::Close]),
                both("reset", vec![Act::Reset]),
                both("half a head", raw("HTTP/1.1 200 OK\r\ncontent-ty")),
                both("not HTTP", raw("SSH-2.0-x\r\n\r\n")),
                both(
                    "two lengths",
                    raw("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
                ),
            ],
        )
        .charged(),
    ]
}

fn limited(name: &'static str, headers: &[(&str, &str)]) -> Case {
    let error = r#"{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}"#;
    both(name, vec![Act::Send(response_with(429, headers, error))])
}

fn error(code: &str) -> String {
    json!({ "error": { "message": "said by the provider", "code": code } }).to_string()
}

pub(super) fn limits() -> Vec<Line> {
    vec![
        Line::fails(
            "U5",
            "429, with whatever `retry-after`",
            "rate_limit",
            (429, "upstream_rate_limited"),
            vec![
                limited("without", &[]),
                limited("seconds", &[("retry-after", "7")]),
                limited("milliseconds", &[("retry-after-ms", "7.5")]),
                limited("a date", &[("retry-after", "Fri, 01 Jan 2100 00:00:00 GMT")]),
                limited("a date in the past", &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]),
                limited("absurd", &[("retry-after", "99999999999999999999")]),
                limited("negative", &[("retry-after", "-1")]),
                limited("no number", &[("retry-after", "NaN")]),
                limited("twice", &[("retry-after", "1"), ("retry-after", "soon")]),
                both("a page", page(429)),
            ],
        ),
        Line::fails(
            "U6",
            "402, or a 429 or 403 for money or quota",
            "upstream_quota",
            (502, "upstream_quota"),
            vec![
                both("402", whole(402, "{}")),
                both("429", whole(429, &error("insufficient_quota"))),
                both("403", whole(403, &error("Arrearage"))),
            ],
        ),
        Line::fails(
            "U9",
            "401 or 403: the gateway's credential",
            "upstream_auth",
            (502, "upstream_credentials"),
            vec![
                both("401", whole(401, &error("invalid_api_key"))),
                both("403", whole(403, "{}")),
                both("407", page(407)),
            ],
        ),
    ]
}

pub(super) fn rejections() -> Vec<Line> {
    vec![
        Line::fails(
            "U10",
            "404, 405 or 410: the route's model",
            "model_missing",
            (502, "upstream_model_missing"),
            vec![
                both("404", whole(404, &error("model_not_found"))),
                both("404 of a proxy", page(404)),
                both("405", page(405)),
                both("410", whole(410, "{}")),
                both("400", whole(400, &error("model_not_found"))),
            ],
        ),
        Line::fails(
            "U8",
            "400, 409, 413, 422: the request itself",
            "bad_request",
            (400, "upstream_rejected"),
            vec![
                both("400", whole(400, &error("invalid_value"))),
                both("409", whole(409, "{}")).status(409),
                both("413", whole(413, "{}")).status(413),
                both("422", whole(422, "{}")).status(422),
            ],
        ),
        Line::fails(
            "U8",
            "a refused content",
            "content_policy",
            (400, "content_policy_violation"),
            vec![both("400", whole(400, &error("content_filter"))), both("451", whole(451, "{}"))],
        ),
        Line::fails(
            "U8",
            "a prompt longer than the context",
            "context_length",
            (400, "context_length_exceeded"),
            vec![both("400", whole(400, &error("context_length_exceeded")))],
        ),
    ]
}

/// An error of which a part is missing.
fn half_an_error() -> Script {
    raw("HTTP/1.1 500 Oops\r\ncontent-length: 99\r\n\r\n{\"error\":")
}

fn endless(head: &str, piece: &str) -> Script {
    vec![Act::Send(head.into()), Act::Flood(piece.repeat(4 << 10).into())]
}

pub(super) fn errors() -> Vec<Line> {
    let endless_error = endless("HTTP/1.1 500 Oops\r\n\r\n", "<html>xxxx");
    let redirect = |status| {
        let location = [("location", "http://127.0.0.1:9/v1/elsewhere")];
        vec![Act::Send(response_with(status, &location, ""))]
    };
    vec![
        Line::fails(
            "U7",
            "500, 502, 520 to 527, with a page or without an end to it",
            "server",
            FAILED,
            vec![
                both("500", whole(500, &error("oops"))),
                both("502", page(502)),
                both("520", page(520)),
                both("522", page(522)),
                both("527", page(527)),
                both("without an end", endless_error),
            ],
        ),
        Line::fails(
            "U11",
            "a redirect (never followed), or another status that is no answer",
            "server",
            FAILED,
            vec![
                both("301", redirect(301)),
                both("302", redirect(302)),
                both("303", redirect(303)),
                both("308", redirect(308)),
                both("304", raw("HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n")),
            ],
        ),
        Line::fails(
            "U7",
            "503, 529",
            "overloaded",
            (503, "upstream_overloaded"),
            vec![both("503", page(503)), both("529", whole(529, "{}"))],
        ),
        Line::fails(
            "U7",
            "408, 504, 524: somebody has stopped waiting for the model",
            "timeout_total",
            LATE,
            vec![both("408", page(408)), both("504", page(504)), both("524", page(524))],
        )
        .charged(),
        Line::fails(
            "U7",
            "an error that breaks off",
            "server",
            FAILED,
            vec![both("half a body", half_an_error())],
        )
        .charged(),
    ]
}

/// A whole answer under these headers, whose connection nobody else then tries.
fn answer_under(headers: &str, body: impl AsRef<[u8]>) -> Script {
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}\r\n\r\n");
    raw([head.as_bytes(), body.as_ref()].concat())
}

pub(super) fn answers() -> Vec<Line> {
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
    let gzip = answer_under("content-type: application/json\r\ncontent-encoding: gzip", gzip);
    let typed = |kind: &str, body: &str| vec![Act::Send(response(200, kind, body))];
    let shorter = format!("content-type: application/json\r\ncontent-length: {}", ANSWER.len() - 9);
    vec![
        Line::fails(
            "U12",
            "a 200 that cannot be read: a page, nothing, half a document, gzip, no UTF-8, what was not asked for",
            "malformed",
            FAILED,
            vec![
                both("a page", page(200)),
                both("nothing", typed("application/json", "")),
                both("204", raw("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")),
                both("half a document", whole(200, &ANSWER[..40])),
                both("more than its length", answer_under(&shorter, ANSWER)),
                both("gzip, unasked", gzip),
                both("not UTF-8", answer_under("content-type: application/json", b"\"\xe9\"")),
                both("NUL", whole(200, &ANSWER.replace("hi", "h\0i"))),
                both("no object", whole(200, "[7]")),
                streamed("a whole answer", whole(200, ANSWER)),
                streamed("a stream by another name", typed("text/plain", &event(HI))),
                plain("a stream", stream(&[HI, STOP, DONE])),
            ],
        )
        .charged(),
        Line::fails(
            "U12",
            "a 200 with an error in it, also as a stream's first event",
            "server",
            FAILED,
            vec![
                both("as JSON", whole(200, r#"{"error":{"message":"said by the provider"}}"#)),
                streamed("the first event", stream(&[&error("server_error"), DONE])),
                streamed("after the role", stream(&[ROLE, &error("server_error")])),
                streamed("by name", vec![
                    stream_head(),
                    chunk("event: error\ndata: {\"message\":\"no\"}\n\n"),
                    last_chunk(),
                ]),
            ],
        )
        .charged(),
        Line::fails(
            "U12",
            "a 200 without any content",
            "empty",
            FAILED,
            vec![
                plain("no choice", whole(200, r#"{"choices":[]}"#)),
                streamed("only a finish", stream(&[ROLE, STOP, DONE])),
                streamed("only [DONE]", stream(&[DONE])),
            ],
        )
        .charged(),
    ]
}

pub(super) fn broken_answers() -> Vec<Line> {
    let longer = format!("content-length: {}", ANSWER.len() + 1);
    let chunked = "transfer-encoding: chunked";
    vec![
        Line::fails(
            "U17",
            "a 200 that breaks off: closed, reset, a false length, a broken chunk, no end",
            "truncated",
            FAILED,
            vec![
                both("less than its length", answer_under(&longer, ANSWER)),
                both("no chunk", answer_under(chunked, format!("zz\r\n{HTML}\r\n0\r\n\r\n"))),
                both("half a chunk", answer_under(chunked, "ff\r\n{\"id\"")),
                streamed("closed", begun(&[ROLE], vec![Act::Close])),
                streamed("reset", begun(&[ROLE], vec![pause(), Act::Reset])),
                streamed("the end of the body", begun(&[ROLE], vec![last_chunk()])),
                streamed("no events", vec![stream_head(), last_chunk()]),
                streamed(
                    "comments only",
                    vec![stream_head(), chunk(": keep-alive\n\n"), last_chunk()],
                ),
            ],
        )
        .charged(),
        Line::fails(
            "U13",
            "a body or an event without an end (20 MiB, 4 MiB)",
            "malformed",
            FAILED,
            vec![
                both("a document", endless(OK_JSON, "          "))
                    .only_at(&[Place::Only, Place::First]),
                plain(
                    "a length of 10 GiB",
                    endless(
                        &OK_JSON.replace("\r\n\r\n", "\r\ncontent-length: 10737418240\r\n\r\n"),
                        "          ",
                    ),
                )
                .only_at(&[Place::First]),
                streamed("an event", endless(OK_EVENTS, "data:xxxxx")),
            ],
        )
        .charged(),
        Line::fails(
            "U13",
            "a head without an end",
            "network",
            FAILED,
            vec![both("a head", endless("HTTP/1.1 200 OK\r\n", "x: xxxxx\r\n"))],
        )
        .charged(),
    ]
}

const OK_JSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
const OK_EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/// A stream that has begun with these events.
fn begun(events: &[&str], then: Script) -> Script {
    let events: String = events.iter().map(|data| event(data)).collect();
    [vec![stream_head(), chunk(events)], then].concat()
}

/// Long enough for what was sent to be read before a reset takes it back.
fn pause() -> Act {
    Act::Pause(std::time::Duration::from_millis(50))
}

pub(super) fn silence() -> Vec<Line> {
    let first_token = || json!({ "first_token_ms": PATIENCE_MS });
    let dripping = |head: &str, piece: &str| {
        [vec![Act::Send(head.into())], dripping(&Act::Send(piece.into()))].concat()
    };
    let comments = [vec![stream_head()], drip(": keep-alive\n\n")].concat();
    vec![
        Line::fails(
            "U14",
            "no content in time, with or without a head and signs of life",
            "timeout_first_token",
            LATE,
            vec![
                streamed("no head", vec![Act::Stall]).timeouts(first_token()),
                streamed("a head byte by byte", dripping("HTTP/1.1 200 OK\r\n", "a: b\r\n"))
                    .timeouts(first_token()),
                streamed("100 and no more", dripping("", "HTTP/1.1 100 Continue\r\n\r\n"))
                    .timeouts(first_token()),
                streamed("a head only", vec![stream_head(), Act::Stall]).timeouts(first_token()),
                streamed("a role only", begun(&[ROLE], vec![Act::Stall])).timeouts(first_token()),
                streamed("comments only", comments).timeouts(first_token()),
                streamed("one event byte by byte", dripping(OK_EVENTS, "data: x"))
                    .timeouts(first_token()),
                plain("no answer, while others could give one", vec![Act::Stall])
                    .timeouts(json!({ "answer_ms": PATIENCE_MS }))
                    .only_at(&[Place::First, Place::Second]),
            ],
        )
        .charged(),
        Line::fails(
            "U14",
            "no content while the request has time",
            "timeout_total",
            LATE,
            vec![
                both("silence", vec![Act::Stall])
                    .timeouts(json!({ "total_ms": PATIENCE_MS }))
                    .only_at(&[Place::Only]),
                plain("byte by byte", dripping(OK_JSON, " "))
                    .timeouts(json!({ "total_ms": PATIENCE_MS }))
                    .only_at(&[Place::Only]),
            ],
        )
        .charged(),
    ]
}
