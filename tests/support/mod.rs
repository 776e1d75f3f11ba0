//! What the tests of the binary stand on: the binary itself, and everything around it, played.

pub(crate) mod answers;
pub(crate) mod client;
pub(crate) mod gateway;
pub(crate) mod itself;
pub(crate) mod runtime_api;
pub(crate) mod table;
pub(crate) mod upstream;
pub(crate) mod wire;

use std::time::Duration;

use serde_json::{Value, json};
use tollgate::keys::{RANDOM_BYTES, mint};

/// Waits for something that happens at once or never: a test that waits for ever says for what.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(30), future).await;
    ended.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// A key's text: always the same for one number.
pub(crate) fn secret(number: u8) -> String {
    let mut random = [number; RANDOM_BYTES];
    random.iter_mut().zip(0..).for_each(|(byte, place): (_, u8)| *byte = byte.wrapping_add(place));
    mint(&random).expect("enough random bytes").1.reveal().to_owned()
}

/// A document with two providers at these addresses, `first` and `second`. A request for `duo`
/// goes to the first, under the name `uno`, and then to the second, under the name `due`. Its one
/// key is [`secret`] 1.
pub(crate) fn duo(first: &str, second: &str, limits: &Value) -> Value {
    let provider = |base_url: &str, api_key: &str| {
        json!({
            "vendor": "openai-compatible",
            "base_url": base_url,
            "private_network": true,
            "api_key": api_key,
        })
    };
    json!({
        "providers": {
            "first": provider(first, "env:FIRST_API_KEY"),
            "second": provider(second, "env:SECOND_API_KEY"),
        },
        "routes": [{
            "match": "duo",
            "targets": [{ "provider": "first", "model": "uno" }],
            "fallback": [{ "provider": "second", "model": "due" }],
        }],
        "keys": [{ "name": "tester", "secret": secret(1), "limits": limits }],
    })
}

/// The credentials that [`duo`] refers to.
pub(crate) const CREDENTIALS: [(&str, &str); 2] =
    [("FIRST_API_KEY", "sk-first-credential"), ("SECOND_API_KEY", "sk-second-credential")];
