//! Events that no well-meaning client sends: each gets an answer, and the function lives on.

use serde_json::{Value, json};

use super::{chat, event, example, function};

/// Events with what their answer must be: status, code and a part of the message.
fn odd_events() -> Vec<(&'static str, Value, (u64, &'static str, &'static str))> {
    let with = |event: Value, pointer: &str, value: Value| {
        let mut event = event;
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let admin = || event("/admin", "{}");
    let nowhere = (404, "unknown_url", "/admin");
    let not_an_event = (400, "invalid_body", "not an event of a Function URL");
    let mut no_host = admin();
    no_host["headers"].as_object_mut().unwrap().remove("host");
    let mut no_body = chat("demo", false);
    no_body.as_object_mut().unwrap().remove("body");
    let base64 = |body: &str| {
        let event = with(chat("demo", false), "/isBase64Encoded", true.into());
        with(event, "/body", body.into())
    };
    vec![
        // A URI that is built from the Host header would be /v1/models.
        ("a path in Host", with(admin(), "/headers/host", "x/v1/models?".into()), nowhere),
        ("garbage in Host", with(admin(), "/headers/host", "]:[::1%zz/ ?#@é".into()), nowhere),
        ("an empty Host", with(admin(), "/headers/host", "".into()), nowhere),
        ("no Host", no_host, nowhere),
        ("a path of dots", event("/v1/../admin", "{}"), (404, "unknown_url", "")),
        ("a path that is none", event("\\ \"é\u{1}", "{}"), (404, "unknown_url", "")),
        (
            "a method that is none",
            with(chat("demo", false), "/requestContext/http/method", "G E T".into()),
            (405, "method_not_allowed", "POST"),
        ),
        ("no body", no_body, (400, "invalid_body", "not valid JSON")),
        ("not base64", base64("%%%"), (400, "invalid_body", "base64")),
        ("base64 of nothing", base64(""), (400, "invalid_body", "not valid JSON")),
        ("nothing", json!({}), not_an_event),
        ("null", Value::Null, not_an_event),
        ("a list", json!([1]), not_an_event),
        ("a text", json!("x"), not_an_event),
        ("a wrong kind", with(admin(), "/rawPath", 7.into()), not_an_event),
        ("a queue's event", json!({ "Records": [{ "body": "{}" }] }), not_an_event),
        ("a REST API's event", json!({ "httpMethod": "GET", "path": "/v1/models" }), not_an_event),
    ]
}

#[tokio::test]
async fn odd_events_are_answered() {
    for mode in ["stream", "buffered"] {
        let (api, mut gateway) = function(&[("TOLLGATE_RESPONSE_MODE", mode)]).await;
        for (name, event, (status, code, says)) in odd_events() {
            let reply = api.reply(&event).await;
            let error = reply.json()["error"].clone();
            assert_eq!((reply.status, &error["code"]), (status, &code.into()), "{name}: {error}");
            assert!(error["message"].as_str().unwrap().contains(says), "{name}: {error}");
            assert_eq!(reply.header("x-request-id"), Some(reply.id.as_str()));
        }
        assert_eq!(api.reply(&chat("demo", false)).await.status, 200);
        assert!(gateway.is_alive());
    }
}

#[tokio::test]
async fn header_values_may_be_anything() {
    let (api, _gateway) = function(&[]).await;
    for (name, value) in [
        ("x-client-name", "Müller 😀"),
        ("user-agent", "é"),
        ("accept-language", ""),
        ("cookie", "a=b; c=ü"),
        ("x-forwarded-for", "203.0.113.7, 10.0.0.1"),
    ] {
        let mut event = chat("demo", false);
        event["headers"][name] = value.into();
        let reply = api.reply(&event).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.body);
    }
    // Where a key is expected, it is not one.
    let mut event = chat("demo", false);
    event["headers"]["authorization"] = "Bearer tg-é".into();
    assert_eq!(api.reply(&event).await.status, 401);
}

#[tokio::test]
async fn the_path_is_the_one_that_the_client_sent() {
    let (api, _gateway) = function(&[]).await;
    let mut models = example("models.json");
    models["headers"]["authorization"] = chat("demo", false)["headers"]["authorization"].clone();
    for path in ["/v1/models", "/v1/models/", "/models", "//v1/models"] {
        models["rawPath"] = path.into();
        // A stage or a proxy may have changed the other one.
        models["requestContext"]["http"]["path"] = "/else/where".into();
        let reply = api.reply(&models).await;
        assert_eq!((reply.status, &reply.json()["object"]), (200, &"list".into()), "{path}");
    }
    models["rawPath"] = "/v1/models/demo".into();
    assert_eq!(api.reply(&models).await.json()["id"], "demo");
}
