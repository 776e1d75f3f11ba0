//! Keys: where they are looked for, and what is said when there is none.

use super::{check, gateway};
use crate::support::client::Request;
use crate::support::secret;

#[tokio::test]
async fn a_key_is_found_where_clients_put_it() {
    let gateway = gateway().await;
    let key = secret(1);
    for (name, value) in [
        ("authorization", format!("Bearer {key}")),
        ("authorization", format!("bearer  {key} ")),
        ("x-api-key", key.clone()),
        ("api-key", key.clone()),
    ] {
        let answer = gateway.ask(&Request::get("/v1/key").with(name, &value)).await;
        assert_eq!(
            (answer.status, &answer.json()["name"]),
            (200, &"tester".into()),
            "{name}: {value}"
        );
    }
    let both = Request::get("/v1/key").key(&key).with("x-api-key", &key);
    assert_eq!(gateway.ask(&both).await.status, 200);
}

#[tokio::test]
async fn a_request_without_a_good_key_is_refused() {
    let gateway = gateway().await;
    let good = secret(1);
    let another = secret(2);
    let flipped = good.replace(&good[20..21], if &good[20..21] == "a" { "b" } else { "a" });
    let missing = (401, "invalid_api_key", None, "Authorization: Bearer");
    let invalid = (401, "invalid_api_key", None, "The key is not valid");
    for path in ["/v1/key", "/v1/models", "/v1/models/demo"] {
        check(&gateway, path, &Request::get(path), missing).await;
        check(&gateway, path, &Request::get(path).key(&another), invalid).await;
    }
    let body = r#"{"model":"demo","messages":[]}"#;
    let chat = || Request::post("/v1/chat/completions", body);
    check(&gateway, "none", &chat(), missing).await;
    check(&gateway, "an empty one", &chat().with("x-api-key", ""), missing).await;
    for key in ["sk-123", "not-a-key", &another, &flipped, &good[1..], &good[..good.len() - 1]] {
        check(&gateway, key, &chat().key(key), invalid).await;
        check(&gateway, key, &chat().with("api-key", key), invalid).await;
    }
    let scheme = chat().with("authorization", &format!("Basic {good}"));
    check(&gateway, "another scheme", &scheme, invalid).await;
    let bare = chat().with("authorization", &good);
    check(&gateway, "no scheme", &bare, invalid).await;
    let two = chat().key(&good).with("x-api-key", &another);
    check(&gateway, "two that differ", &two, invalid).await;
    // Who has no key learns nothing of what is wrong with the body, or of what is served.
    let unread = Request::post("/v1/chat/completions", "no JSON");
    check(&gateway, "a bad body, too", &unread, missing).await;
    let unknown = Request::post("/v1/chat/completions", r#"{"model":"unknown","messages":[]}"#);
    check(&gateway, "an unknown model, too", &unknown.key(&another), invalid).await;
}
