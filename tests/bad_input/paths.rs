//! Paths and methods: those that are forgiven, and those that are not.

use super::{check, gateway};
use crate::support::client::Request;
use crate::support::secret;

const BODY: &str = r#"{"model":"demo","messages":[{"role":"user","content":"ping"}]}"#;

#[tokio::test]
async fn paths_are_taken_as_users_write_them() {
    let gateway = gateway().await;
    for path in [
        "/v1/chat/completions",
        "/v1/chat/completions/",
        "/chat/completions",
        "//chat/completions",
        "/v1/chat/completions?api-version=2024-10-21",
    ] {
        let answer = gateway.ask(&Request::post(path, BODY).key(&secret(1))).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    for path in ["/v1/models", "/models/", "/v1/models/demo", "/models/demo", "/v1/key", "/key/"] {
        let answer = gateway.ask(&Request::get(path).key(&secret(1))).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    for path in ["/healthz", "/healthz/"] {
        let answer = gateway.ask(&Request::get(path)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"status":"ok"}"#), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_404() {
    let gateway = gateway().await;
    let paths =
        ["/", "/v1", "/v1/", "/v1/chat", "/v2/models", "/V1/models", "/v1/../key", "/admin"];
    for path in paths {
        for request in [Request::get(path), Request::post(path, BODY)] {
            let expected = (404, "unknown_url", None, "POST /v1/chat/completions");
            check(&gateway, path, &request.key(&secret(1)), expected).await;
        }
    }
    let shown = (404, "unknown_url", None, "nothing at /v1/%3Cb%3E.");
    check(&gateway, "strange", &Request::get("/v1/%3Cb%3E?q=1").key(&secret(1)), shown).await;
}

#[tokio::test]
async fn another_method_is_a_405_that_names_the_right_one() {
    let gateway = gateway().await;
    for (method, path, allow) in [
        ("GET", "/v1/chat/completions", "POST"),
        ("PUT", "/v1/embeddings", "POST"),
        ("DELETE", "/v1/completions", "POST"),
        ("POST", "/v1/models", "GET"),
        ("DELETE", "/v1/models/demo", "GET"),
        ("PATCH", "/v1/key", "GET"),
        ("POST", "/healthz", "GET"),
        ("BREW", "/v1/models", "GET"),
    ] {
        let request = Request::of(method, path).key(&secret(1));
        let expected = (405, "method_not_allowed", None, allow);
        let answer = check(&gateway, path, &request, expected).await;
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[tokio::test]
async fn browsers_may_ask() {
    let gateway = gateway().await;
    for path in ["/v1/chat/completions", "/v1/models", "/v1/key"] {
        let preflight = Request::of("OPTIONS", path)
            .with("origin", "https://app.example.com")
            .with("access-control-request-method", "POST")
            .with("access-control-request-headers", "authorization, content-type, x-stainless-os");
        let answer = gateway.ask(&preflight).await;
        assert!(matches!(answer.status, 200 | 204), "{path}: {}", answer.body);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        let methods = answer.header("access-control-allow-methods").unwrap();
        assert!(methods.contains("POST") && methods.contains("GET"), "{path}: {methods}");
        let headers = answer.header("access-control-allow-headers").unwrap();
        // The star covers everything but the one that matters most.
        for name in ["*", "authorization"] {
            assert!(headers.split(", ").any(|allowed| allowed == name), "{path}: {headers}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
    }
    // A refusal must be readable for the page, too.
    let refused =
        gateway.ask(&Request::get("/v1/models").with("origin", "https://x.example")).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some("*")));
    let unknown = gateway.ask(&Request::of("OPTIONS", "/admin")).await;
    assert_eq!(unknown.status, 404);
}
