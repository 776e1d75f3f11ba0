//! Bodies that are not what an endpoint takes.

use super::{Refused, check, gateway};
use crate::support::client::Request;
use crate::support::secret;

const CHAT: &str = "/v1/chat/completions";

fn post(path: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::post(path, body).key(&secret(1))
}

#[tokio::test]
async fn a_body_that_cannot_be_read_says_where() {
    let gateway = gateway().await;
    let wrong = |says| (400, "invalid_body", None, says);
    let many: String = (0..600).map(|number| format!("\"{number}\":0,")).collect();
    for (name, body, expected) in [
        ("not JSON", b"{\"model\": }".to_vec(), wrong("line 1 column 11")),
        ("cut off", b"{\"model\":\"demo\"".to_vec(), wrong("not valid JSON")),
        ("two documents", b"{} {}".to_vec(), wrong("not valid JSON")),
        ("nothing", vec![], wrong("not valid JSON")),
        ("a list", b"[]".to_vec(), wrong("JSON object")),
        ("null", b"null".to_vec(), wrong("JSON object")),
        ("not UTF-8", b"{\"model\":\"\xff\"}".to_vec(), wrong("byte 10")),
        ("too deep", "[".repeat(129).into(), wrong("deeper than 128")),
        ("too deep inside", deep(200).into(), wrong("deeper than 128")),
        ("too many fields", format!("{{{many}\"z\":0}}").into(), wrong("512 fields")),
    ] {
        check(&gateway, name, &post(CHAT, body), expected).await;
    }
    let most = 6 << 20;
    let large = (413, "body_too_large", None, "6291456");
    check(&gateway, "too large", &post(CHAT, vec![b' '; most + 1]), large).await;
    check(&gateway, "large", &post(CHAT, vec![b' '; most]), wrong("not valid JSON")).await;
}

fn deep(levels: usize) -> String {
    let content = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    format!(r#"{{"model":"demo","messages":[],"x":{content}}}"#)
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    fn wrong<'a>(param: &'a str, says: &'a str) -> Refused<'a> {
        (400, "invalid_value", Some(param), says)
    }
    let gateway = gateway().await;
    let long = format!(r#"{{"model":"{}","messages":[]}}"#, "a".repeat(257));
    for (body, expected) in [
        (r#"{"messages":[]}"#, wrong("model", "missing")),
        (r#"{"model":null,"messages":[]}"#, wrong("model", "missing")),
        (r#"{"model":7,"messages":[]}"#, wrong("model", "a string; got 7")),
        (r#"{"model":["demo"],"messages":[]}"#, wrong("model", "a string; got [")),
        (r#"{"model":"demo","messages":[],"model":"private"}"#, wrong("model", "more than once")),
        (r#"{"model":"demo","mod\u0065l":"x","messages":[]}"#, wrong("model", "more than once")),
        (r#"{"model":"","messages":[]}"#, wrong("model", "empty")),
        (r#"{"model":"a/../b","messages":[]}"#, wrong("model", "'..'")),
        (r#"{"model":"a b","messages":[]}"#, wrong("model", "' '")),
        (r#"{"model":"демо","messages":[]}"#, wrong("model", "letters")),
        (long.as_str(), wrong("model", "256 bytes")),
        (r#"{"model":"demo"}"#, wrong("messages", "missing")),
        (r#"{"model":"demo","messages":"hi"}"#, wrong("messages", "an array")),
        (r#"{"model":"demo","messages":{"role":"user"}}"#, wrong("messages", "an array")),
        (r#"{"model":"demo","messages":[],"messages":[]}"#, wrong("messages", "more than once")),
        (r#"{"model":"demo","messages":[],"max_tokens":-1}"#, wrong("max_tokens", "got -1")),
        (r#"{"model":"demo","messages":[],"max_tokens":1.5}"#, wrong("max_tokens", "an integer")),
        (r#"{"model":"demo","messages":[],"max_tokens":"9"}"#, wrong("max_tokens", "an integer")),
        (
            r#"{"model":"demo","messages":[],"max_completion_tokens":18446744073709551616}"#,
            wrong("max_completion_tokens", "an integer"),
        ),
        (r#"{"model":"demo","messages":[],"n":0}"#, wrong("n", "from 1 to 128")),
        (r#"{"model":"demo","messages":[],"n":129}"#, wrong("n", "from 1 to 128")),
        (r#"{"model":"demo","messages":[],"stream":"yes"}"#, wrong("stream", "true or false")),
        (r#"{"model":"demo","messages":[],"stream":1}"#, wrong("stream", "true or false")),
        (
            r#"{"model":"demo","messages":[],"stream_options":true}"#,
            wrong("stream_options", "an object"),
        ),
        (
            r#"{"model":"demo","messages":[],"stream_options":{"include_usage":"yes"}}"#,
            wrong("stream_options.include_usage", "true or false"),
        ),
        (r#"{"model":"demo","messages":[],"tools":{}}"#, wrong("tools", "an array")),
    ] {
        check(&gateway, body, &post(CHAT, body), expected).await;
    }
    let no_input = wrong("input", "missing");
    check(&gateway, "embeddings", &post("/v1/embeddings", r#"{"model":"demo"}"#), no_input).await;
    let no_prompt = wrong("prompt", "missing");
    check(&gateway, "completions", &post("/v1/completions", r#"{"model":"demo"}"#), no_prompt)
        .await;
    let number = r#"{"model":"demo","prompt":7}"#;
    let expected = wrong("prompt", "a string or an array");
    check(&gateway, "a number", &post("/v1/completions", number), expected).await;
}

#[tokio::test]
async fn a_model_that_is_not_to_be_had_is_named() {
    let gateway = gateway().await;
    let asking = |alias: &str| post(CHAT, format!(r#"{{"model":"{alias}","messages":[]}}"#));
    for alias in ["unknown", "DEMO", "nothing-here"] {
        let expected = (404, "model_not_found", Some("model"), "This key may use: demo.");
        let answer = check(&gateway, alias, &asking(alias), expected).await;
        assert!(answer.body.contains(alias), "{}", answer.body);
        // What others may use is none of this key's business.
        assert!(!answer.body.contains("private"), "{}", answer.body);
    }
    let expected = (403, "model_not_allowed", Some("model"), "'private'");
    check(&gateway, "private", &asking("private"), expected).await;
    let expected = (404, "model_not_found", Some("model"), "'private'");
    let one = Request::get("/v1/models/private").key(&secret(1));
    check(&gateway, "one of the list", &one, expected).await;
}

#[tokio::test]
async fn a_body_must_be_json_and_say_so() {
    let gateway = gateway().await;
    let body = r#"{"model":"demo","messages":[{"role":"user","content":"ping"}]}"#;
    let unsupported = |says| (415, "unsupported_media_type", None, says);
    for kind in
        ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
    {
        let request = post(CHAT, body).with("content-type", kind);
        check(&gateway, kind, &request, unsupported("application/json")).await;
    }
    let request = post(CHAT, body).with("content-encoding", "gzip");
    check(&gateway, "gzip", &request, unsupported("gzip")).await;
    for kind in
        ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "a/b+json"]
    {
        let answer = gateway.ask(&post(CHAT, body).with("content-type", kind)).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
    }
    assert_eq!(gateway.ask(&post(CHAT, body).without("content-type")).await.status, 200);
}
