//! What a provider gets of a client's request, and what a client gets of a provider's answer.

use super::{ANSWER, DONE, Duo, HI, PLAIN, STOP, USAGE, chat, sound};
use crate::support::client::Request;
use crate::support::secret;
use crate::support::upstream::{
    Act, Upstream, chunk, event, json, last_chunk, response_with, stream,
};

/// The body that the first provider gets when a client sends `sent`.
async fn check(sent: &str, reaches: &str) {
    let streamed = sent.contains(r#""stream": true"#);
    let duo = Duo::of(sound(streamed), vec![]).await;
    let answer = duo.ask(sent).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let received = duo.first.received();
    assert_eq!(String::from_utf8_lossy(&received[0].body), reaches);
    assert_eq!(received[0].head.line, "POST /v1/chat/completions HTTP/1.1");
}

#[tokio::test]
async fn a_request_keeps_its_bytes_but_for_the_named_edits() {
    let odd = " {\"temperature\":1.0 ,\t\"model\" : \"duo\",\n \"field_of_tomorrow\": {\"a\":[1e3, \
               \"\\u00e9é\"]}, \"messages\":[ {\"content\":\"x\", \"role\":\"user\"} ] }\n";
    check(odd, &odd.replace("\"duo\"", "\"uno\"")).await;

    let streamed = r#"{"stream": true, "model":"duo", "messages":[]}"#;
    let with_usage =
        r#"{"stream": true, "model":"uno", "messages":[],"stream_options":{"include_usage":true}}"#;
    check(streamed, with_usage).await;

    let asked = r#"{"stream": true, "model":"duo", "stream_options": { "include_usage": true, "x": 1 }, "messages":[]}"#;
    check(asked, &asked.replace("duo", "uno")).await;

    let declined = r#"{"stream": true, "model":"duo", "stream_options": { "x" : 1, "include_usage":false}, "messages":[]}"#;
    check(declined, &declined.replace("duo", "uno").replace("false", "true")).await;
}

#[tokio::test]
async fn no_header_of_the_client_reaches_a_provider() {
    let duo = Duo::of(json(200, ANSWER), vec![]).await;
    let request = chat(PLAIN)
        .with("cookie", "session=1")
        .with("x-api-key", &secret(1))
        .with("api-key", &secret(1))
        .with("x-custom", "1")
        .with("openai-organization", "org-1")
        .with("x-forwarded-for", "203.0.113.7")
        .with("user-agent", "client/1")
        .with("accept", "text/plain")
        .with("accept-encoding", "gzip")
        .with("traceparent", "00-0-0-00");
    let answer = duo.gateway.ask(&request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);

    let head = &duo.first.received()[0].head;
    let mut names: Vec<&str> = head.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-client-request-id",
    ];
    assert_eq!(names, expected);
    assert_eq!(head.header("authorization"), Some("Bearer sk-first-credential"));
    assert_eq!(head.header("content-type"), Some("application/json"));
    assert_eq!(head.header("host"), Some(duo.first.address.to_string().as_str()));
    assert_eq!(head.header("x-client-request-id"), answer.header("x-request-id"));
    assert!(head.header("user-agent").unwrap().starts_with("tollgate/"));
    assert_eq!(head.header("accept"), Some("*/*"));
}

#[tokio::test]
async fn an_answer_keeps_its_bytes_and_loses_its_headers() {
    let odd = ANSWER.replace("{\"id\":\"a\",", " { \"id\" : \"é\",\n \"of_tomorrow\": 1.0,");
    let headers = [
        ("content-type", "application/json"),
        ("set-cookie", "a=b"),
        ("x-request-id", "upstream-1"),
        ("server", "secret-server/1"),
        ("x-ratelimit-remaining-requests", "99"),
        ("openai-organization", "the-operators"),
        ("access-control-allow-origin", "https://example.com"),
        ("x-\u{e9}", "1"),
    ];
    let script = vec![Act::Send(response_with(200, &headers[..7], &odd))];
    let duo = Duo::of(script, vec![]).await;
    let answer = duo.ask(PLAIN).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, odd.as_str()));

    let mut names: Vec<&str> = answer.head.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "access-control-allow-origin",
        "access-control-expose-headers",
        "cache-control",
        "content-length",
        "content-type",
        "date",
        "x-request-id",
        "x-tollgate-attempts",
        "x-tollgate-target",
        "x-tollgate-upstream-request-id",
    ];
    assert_eq!(names, expected);
    assert_eq!(answer.header("x-tollgate-target"), Some("first/uno"));
    assert_eq!(answer.header("x-tollgate-attempts"), Some("1"));
    assert_eq!(answer.header("x-tollgate-upstream-request-id"), Some("upstream-1"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_ne!(answer.header("x-request-id"), Some("upstream-1"));
}

#[tokio::test]
async fn the_other_operations_have_their_own_paths() {
    let embedding = r#"{"object":"list","data":[{"embedding":[0.5],"index":0}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    let completion = r#"{"choices":[{"text":"hi","index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    for (path, body, answer) in [
        ("/v1/embeddings", r#"{"model":"duo","input":["a","b"]}"#, embedding),
        ("/v1/completions", r#"{"model":"duo","prompt":"a"}"#, completion),
    ] {
        let duo = Duo::of(json(200, answer), vec![]).await;
        let got = duo.gateway.ask(&Request::post(path, body).key(&secret(1))).await;
        assert_eq!((got.status, got.body.as_str()), (200, answer));
        let received = duo.first.received();
        assert_eq!(received[0].head.second_word(), path);
        assert_eq!(String::from_utf8_lossy(&received[0].body), body.replace("duo", "uno"));
    }
}

/// The next vendor needs no code: the configuration says where its credential goes, what its path is,
/// and what its requests carry.
#[tokio::test]
async fn a_vendor_of_nothing_but_configuration() {
    let second = Upstream::scripted([]).await;
    let duo = Duo::with(Upstream::scripted([json(200, ANSWER)]).await, second, |document| {
        let provider = document["providers"]["first"].as_object_mut().unwrap();
        let fields = serde_json::json!({
            "auth": "x-vendor-token",
            "path": "v9/{model}/{operation}",
            "headers": { "X-Region": "eu" },
            "query": { "api-version": "1 b" },
            "body": { "remove": ["user"], "default": { "temperature": 1.5, "top_p": 0.5 } },
        });
        provider.extend(fields.as_object().unwrap().clone());
        let target = &mut document["routes"][0]["targets"][0];
        target["headers"] = serde_json::json!({ "x-tier": "flex" });
        target["body"] = serde_json::json!({
            "set": { "chat_template_kwargs.enable_thinking": false },
            "clamp": { "temperature": { "max": 1 } },
        });
    })
    .await;
    let sent =
        r#"{"model":"duo", "messages":[{"role":"user","content":"ping"}],"user":"u", "x":1.0}"#;
    assert_eq!(duo.ask(sent).await.status, 200);
    let received = duo.first.received();
    let head = &received[0].head;
    assert_eq!(head.second_word(), "/v1/v9/uno/chat/completions?api-version=1%20b");
    assert_eq!(head.header("x-vendor-token"), Some("sk-first-credential"));
    assert_eq!(head.header("authorization"), None);
    assert_eq!((head.header("x-region"), head.header("x-tier")), (Some("eu"), Some("flex")));
    let expected = r#"{"model":"uno", "messages":[{"role":"user","content":"ping"}], "x":1.0,"temperature":1,"top_p":0.5,"chat_template_kwargs":{"enable_thinking":false}}"#;
    assert_eq!(String::from_utf8_lossy(&received[0].body), expected);
}

/// Asks twice, one after the other, and says over which connections the provider was asked.
async fn connections(script: Vec<Act>, streamed: bool) -> Vec<usize> {
    let first = Upstream::always(script).await;
    let duo = Duo::with(first, Upstream::scripted([]).await, |_| {}).await;
    for _ in 0..2 {
        let answer = duo.ask(super::body(streamed)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    duo.first.received().iter().map(|request| request.connection).collect()
}

#[tokio::test]
async fn a_connection_to_a_provider_is_used_again() {
    assert_eq!(connections(json(200, ANSWER), false).await, [1, 1]);
    assert_eq!(connections(stream(&[HI, STOP, USAGE, DONE]), true).await, [1, 1]);
    // All in one write, so that the end of the body comes with [DONE].
    let events: String = [HI, STOP, USAGE, DONE].map(event).concat();
    let (Act::Send(head), Act::Send(events), Act::Send(end)) =
        (crate::support::upstream::stream_head(), chunk(events), last_chunk())
    else {
        unreachable!("all three are bytes")
    };
    assert_eq!(connections(vec![Act::Send([head, events, end].concat())], true).await, [1, 1]);
    // A connection that the provider has closed is replaced.
    assert_eq!(connections([json(200, ANSWER), vec![Act::Close]].concat(), false).await, [1, 2]);
    // Also after an answer that was no answer.
    let first = Upstream::scripted([json(500, "{}"), json(200, ANSWER)]).await;
    let second = Upstream::scripted([json(200, ANSWER)]).await;
    let duo = Duo::with(first, second, |_| {}).await;
    for _ in 0..2 {
        assert_eq!(duo.ask(PLAIN).await.status, 200);
    }
    let used: Vec<usize> = duo.first.received().iter().map(|request| request.connection).collect();
    assert_eq!(used, [1, 1]);
}
