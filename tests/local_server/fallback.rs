//! Before the first content of an answer, any failure of the first target lets the second answer.

use super::{ANSWER, DONE, Duo, HI, ROLE, STOP, body, sound, timeouts};
use crate::support::upstream::{
    Act, Script, Upstream, chunk, event, json, last_chunk, response, response_with, stream,
    stream_head,
};

const HTML: &str = "<html><body>Bad gateway</body></html>";
const INNER_ERROR: &str =
    r#"{"error":{"message":"Too many","type":"requests","code":"rate_limit_exceeded"}}"#;

/// Checks that the second target answers, and how the first one's failure is recorded.
async fn check_with(name: &str, streamed: bool, first: Upstream, expected: (&str, Option<u16>)) {
    let name = format!("{name}, {}", if streamed { "streamed" } else { "plain" });
    let second = Upstream::scripted([sound(streamed)]).await;
    // Long enough for a busy machine, short enough for the targets below that never answer.
    let patience = serde_json::json!({ "first_token_ms": 1_500 });
    let mut duo = Duo::with(first, second, timeouts(patience)).await;
    let answer = duo.ask(body(streamed)).await;
    assert_eq!((answer.status, answer.is_whole), (200, true), "{name}: {}", answer.body);
    assert!(answer.body.contains(r#""content":"hi""#), "{name}: {}", answer.body);
    assert_eq!(answer.header("x-tollgate-target"), Some("second/due"), "{name}");
    assert_eq!(answer.header("x-tollgate-attempts"), Some("2"), "{name}");

    let asked = duo.second.received();
    assert_eq!(asked.len(), 1, "{name}");
    assert_eq!(asked[0].json()["model"], "due", "{name}");
    assert_eq!(asked[0].head.header("authorization"), Some("Bearer sk-second-credential"));
    assert!(duo.first.received().len() <= 1, "{name}: {:?}", duo.first.received());

    let record = duo.gateway.record().await;
    let (failed, answered) = (&record["attempts"][0], &record["attempts"][1]);
    let found = (failed["class"].as_str().unwrap(), failed["status"].as_u64());
    assert_eq!(found, (expected.0, expected.1.map(u64::from)), "{name}: {record}");
    assert_eq!(
        (&failed["target"], &answered["target"]),
        (&"first/uno".into(), &"second/due".into())
    );
    assert!(answered["class"].is_null(), "{name}: {record}");
}

async fn check(name: &str, streamed: bool, script: Script, class: &str, status: Option<u16>) {
    check_with(name, streamed, Upstream::scripted([script]).await, (class, status)).await;
}

/// A failure that is the same for a plain and for a streamed request.
async fn both(name: &str, script: Script, class: &str, status: Option<u16>) {
    for streamed in [false, true] {
        check(name, streamed, script.clone(), class, status).await;
    }
}

#[tokio::test]
async fn after_no_answer_at_all() {
    for streamed in [false, true] {
        let refusing = Upstream::refusing().await;
        check_with("refused", streamed, refusing, ("network", None)).await;
    }
    both("reset", vec![Act::Reset], "network", None).await;
    both("closed", vec![Act::Close], "network", None).await;
    let half_a_head = vec![Act::Send(b"HTTP/1.1 200 OK\r\ncontent-ty".to_vec()), Act::Close];
    both("half a head", half_a_head, "network", None).await;
    both("not HTTP", vec![Act::Send(b"SSH-2.0-x\r\n\r\n".to_vec()), Act::Close], "network", None)
        .await;
}

#[tokio::test]
async fn after_an_error_status() {
    let limited = response_with(429, &[("retry-after", "7")], INNER_ERROR);
    both("429", vec![Act::Send(limited)], "rate_limit", Some(429)).await;
    let broke = r#"{"error":{"message":"Pay","code":"insufficient_quota"}}"#;
    both("429 for money", json(429, broke), "upstream_quota", Some(429)).await;
    both("402", json(402, "{}"), "upstream_quota", Some(402)).await;
    both("500", json(500, r#"{"error":{"message":"Oops"}}"#), "server", Some(500)).await;
    let html = |status| vec![Act::Send(response(status, "text/html", HTML))];
    both("502", html(502), "server", Some(502)).await;
    both("503", html(503), "overloaded", Some(503)).await;
    both("529", html(529), "overloaded", Some(529)).await;
    both("504", html(504), "timeout_total", Some(504)).await;
    both("520", html(520), "server", Some(520)).await;
    let key = r#"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#;
    both("401", json(401, key), "upstream_auth", Some(401)).await;
    both("403", json(403, "{}"), "upstream_auth", Some(403)).await;
    let model = r#"{"error":{"message":"No such model","code":"model_not_found"}}"#;
    both("404", json(404, model), "model_missing", Some(404)).await;
    both("404 of a proxy", html(404), "model_missing", Some(404)).await;
    let cut = b"HTTP/1.1 500 Oops\r\ncontent-length: 99\r\n\r\n{\"error\":".to_vec();
    both("500 with half a body", vec![Act::Send(cut), Act::Close], "server", Some(500)).await;
}

#[tokio::test]
async fn after_a_redirect_which_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        // To a place where an answer would be had.
        let elsewhere = Upstream::always(json(200, ANSWER)).await;
        let location = [("location", elsewhere.base_url())];
        let location = location.each_ref().map(|(name, value)| (*name, value.as_str()));
        let redirect = vec![Act::Send(response_with(status, &location, ""))];
        both("a redirect", redirect, "server", Some(status)).await;
        assert!(elsewhere.received().is_empty(), "{status} was followed");
    }
}

#[tokio::test]
async fn after_a_success_that_is_none() {
    both("an error as JSON", json(200, INNER_ERROR), "rate_limit", None).await;
    let html = vec![Act::Send(response(200, "text/html", HTML))];
    both("a page", html, "malformed", None).await;
    both("nothing", vec![Act::Send(response(200, "application/json", ""))], "malformed", None)
        .await;
    both("204", vec![Act::Send(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())], "malformed", None)
        .await;
    both("half a document", json(200, &ANSWER[..40]), "malformed", None).await;
    both("no choice", json(200, r#"{"choices":[]}"#), "empty", None).await;
    let length = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", ANSWER.len() + 1);
    let short = vec![Act::Send(format!("{length}{ANSWER}").into()), Act::Close];
    both("less than its length", short, "truncated", None).await;
    let reset = vec![Act::Send(format!("{length}{ANSWER}").into()), Act::Reset];
    both("a reset before its end", reset, "truncated", None).await;
    let gzip = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let gzip = vec![Act::Send(response_with(200, &gzip, "\u{1f}\u{8b}\u{8}"))];
    both("gzip, unasked", gzip, "malformed", None).await;
    let latin = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\"\xe9".to_vec();
    both("not UTF-8", vec![Act::Send(latin)], "malformed", None).await;
    // What was not asked for.
    check("a whole answer", true, json(200, ANSWER), "malformed", None).await;
    check("a stream", false, stream(&[HI, STOP, DONE]), "malformed", None).await;
}

#[tokio::test]
async fn after_a_stream_that_says_nothing() {
    let begun = |events: &str| vec![stream_head(), chunk(events)];
    let ended = |events: &str| [begun(events), vec![last_chunk()]].concat();
    let then = |events: &str, act: Act| [begun(events), vec![act]].concat();
    let role = event(ROLE);
    for (name, script, class) in [
        ("an error first", ended(&event(INNER_ERROR)), "rate_limit"),
        ("an error event", ended("event: error\ndata: {\"message\":\"Oops\"}\n\n"), "server"),
        ("a role, then an error", ended(&(role.clone() + &event(INNER_ERROR))), "rate_limit"),
        ("a role, then a reset", then(&role, Act::Reset), "truncated"),
        ("a role, then the end of the connection", then(&role, Act::Close), "truncated"),
        ("a role, then the end of the body", ended(&role), "truncated"),
        ("a role, then a finish", ended(&[ROLE, STOP, DONE].map(event).concat()), "empty"),
        ("no events", vec![stream_head(), last_chunk()], "truncated"),
        ("comments only", ended(": keep-alive\n\n"), "truncated"),
        ("[DONE] only", ended(&event(DONE)), "empty"),
        ("no JSON", ended(&event("<html>")), "malformed"),
        ("not UTF-8", vec![stream_head(), chunk(b"data: \"\xe9\"\n\n"), last_chunk()], "malformed"),
        ("no event stream", json(200, &event(HI)), "malformed"),
    ] {
        check(name, true, script, class, None).await;
    }
}

#[tokio::test]
async fn after_more_than_can_be_true() {
    let endless = |head: &str, piece: &str| {
        let piece = piece.repeat(4 << 10);
        vec![Act::Send(head.into()), Act::Flood(piece.into())]
    };
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    both("an endless document", endless(json, "          "), "malformed", None).await;
    let events = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    check("an endless event", true, endless(events, "data:xxxxx"), "malformed", None).await;
    both("an endless head", endless("HTTP/1.1 200 OK\r\n", "x: xxxxx\r\n"), "network", None).await;
}

#[tokio::test]
async fn after_silence() {
    let comment = chunk(": keep-alive\n\n");
    let Act::Send(comments) = comment.clone() else { unreachable!("a chunk is bytes") };
    let late = "timeout_first_token";
    let alive = vec![stream_head(), chunk(event(ROLE)), comment, Act::Stall];
    tokio::join!(
        check("no head", true, vec![Act::Stall], late, None),
        check("a head only", true, vec![stream_head(), Act::Stall], late, None),
        check("a sign of life", true, alive, late, None),
        check(
            "signs of life without end",
            true,
            vec![stream_head(), Act::Flood(comments)],
            late,
            None
        ),
        async {
            let hanging = Upstream::hanging().await;
            check_with("no connection", false, hanging, ("timeout_connect", None)).await;
        },
    );
}
