//! A stream that goes well: which bytes of it the client gets.

use super::{DONE, Duo, HI, ROLE, STOP, STREAMED, USAGE};
use crate::support::client::events;
use crate::support::upstream::{Act, Script, chunk, event, last_chunk, stream_head};

const ASKED: &str =
    r#"{"model":"duo","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#;

/// Checks what a client gets of these chunks.
async fn check(name: &str, body: &str, chunks: &[&[u8]], expected: &str) {
    let script: Script =
        [stream_head()].into_iter().chain(chunks.iter().map(chunk)).chain([last_chunk()]).collect();
    let mut duo = Duo::of(script, vec![]).await;
    let answer = duo.ask(body).await;
    assert_eq!((answer.status, answer.is_whole), (200, true), "{name}: {}", answer.body);
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"), "{name}");
    assert_eq!(answer.header("x-tollgate-target"), Some("first/uno"), "{name}");
    assert_eq!(answer.body, expected, "{name}");
    assert_eq!(events(&answer.body).last().map(String::as_str), Some(DONE), "{name}");
    let record = duo.gateway.record().await;
    assert_eq!((&record["outcome"], &record["status"]), (&"ok".into(), &200.into()), "{name}");
}

#[tokio::test]
async fn a_stream_passes_as_it_came() {
    let all = [ROLE, HI, STOP, USAGE, DONE].map(event).concat();
    check("in one piece", ASKED, &[all.as_bytes()], &all).await;
    let bytes: Vec<&[u8]> = all.as_bytes().chunks(1).collect();
    check("byte by byte", ASKED, &bytes, &all).await;

    let crlf = all.replace('\n', "\r\n");
    check("in CRLF", ASKED, &[crlf.as_bytes()], &crlf).await;
    let bytes: Vec<&[u8]> = crlf.as_bytes().chunks(1).collect();
    check("in CRLF byte by byte", ASKED, &bytes, &crlf).await;

    let emoji = all.replace("hi", "é😀");
    let cuts: Vec<&[u8]> = emoji.as_bytes().chunks(3).collect();
    check("characters split over chunks", ASKED, &cuts, &emoji).await;

    let noisy = all.replace("data: {", "event: message\nid: 1\ndata:{");
    let noisy = noisy.replace("data: [DONE]", ": processing\n\ndata: [DONE]");
    check("comments and other fields", ASKED, &[noisy.as_bytes()], &noisy).await;
}

#[tokio::test]
async fn the_usage_chunk_is_for_those_who_asked() {
    let all = [ROLE, HI, STOP, USAGE, DONE].map(event).concat();
    let without = [ROLE, HI, STOP, DONE].map(event).concat();
    check("asked", ASKED, &[all.as_bytes()], &all).await;
    check("not asked", STREAMED, &[all.as_bytes()], &without).await;
    let declined = ASKED.replace("true}}", "false}}");
    check("declined", &declined, &[all.as_bytes()], &without).await;
}

#[tokio::test]
async fn every_stream_ends_with_done() {
    let without = [HI, STOP].map(event).concat();
    let with = [HI, STOP, DONE].map(event).concat();
    check("left out", STREAMED, &[without.as_bytes()], &with).await;
    let unfinished = format!("{without}data: [DONE]");
    check("without its empty line", STREAMED, &[unfinished.as_bytes()], &with).await;
    let unfinished = without.trim_end();
    check("added after an event without its empty line", STREAMED, &[unfinished.as_bytes()], &with)
        .await;
    let twice = format!("{with}{}{}", event(HI), event(DONE));
    check("said twice", STREAMED, &[twice.as_bytes()], &with).await;
}

#[tokio::test]
async fn the_body_may_also_end_with_the_connection() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
                connection: close\r\n\r\n";
    let events = [HI, STOP, DONE].map(event).concat();
    // The names of content types have no case.
    for head in [head.to_owned(), head.replace("text/event-stream", "Text/Event-Stream")] {
        let script = vec![Act::Send(format!("{head}{events}").into()), Act::Close];
        let duo = Duo::of(script, vec![]).await;
        let answer = duo.ask(STREAMED).await;
        assert_eq!((answer.status, &answer.body), (200, &events), "{head}");
    }
}
