//! The Runtime API hangs up in the middle of an answer, as `cargo lambda watch` does when its client
//! goes away, and as Lambda does when it gives an environment up.

use super::{chat, function};

/// The request is settled, and the next one is served.
#[tokio::test]
async fn a_function_outlives_a_runtime_api_that_hangs_up() {
    for concurrency in ["1", "4"] {
        let (api, mut gateway) = function(&[("AWS_LAMBDA_MAX_CONCURRENCY", concurrency)]).await;
        api.hang_up_at("word");
        let id = api.invoke(&chat("slow", true));
        let record = gateway.record().await;
        assert_eq!((&record["request_id"], &record["alias"]), (&id.into(), &"slow".into()));
        let ended = (&record["outcome"], &record["settled"]);
        assert_eq!(ended, (&"client_gone".into(), &"kept".into()), "{record}");
        let reply = api.reply(&chat("demo", true)).await;
        assert!(reply.body.ends_with("data: [DONE]\n\n"), "{}", reply.body);
        assert!(gateway.is_alive());
    }
}
