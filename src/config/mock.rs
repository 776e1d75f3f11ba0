//! What the configuration says of a mock provider.

use super::fields::Fields;
use super::problems::unknown_name;
use crate::failure::Class;

/// How the in-process provider behaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MockSettings {
    /// Before the answer's head, in milliseconds.
    pub latency_ms: u64,
    /// Between two tokens of a stream, in milliseconds.
    pub token_ms: u64,
    /// Fail every request in this way.
    pub fail: Option<Class>,
    /// The `retry-after` of a rate limit, in seconds.
    pub retry_after_s: Option<u64>,
    /// What it says; an echo of the last message when absent.
    pub reply: Option<String>,
}

const AN_HOUR_MS: u64 = 3_600_000;

impl MockSettings {
    pub(super) fn read(fields: Fields<'_>) -> Self {
        let fail = fields.item("fail").and_then(|item| {
            let name = item.text()?;
            let class = Class::named(name);
            if class.is_none() {
                let known = Class::ALL.map(|(_, name)| name);
                item.problem(unknown_name("failure class", name, known));
            }
            class
        });
        let settings = Self {
            latency_ms: fields.integer("latency_ms", 0, AN_HOUR_MS).unwrap_or(0),
            token_ms: fields.integer("token_ms", 0, AN_HOUR_MS).unwrap_or(0),
            fail,
            retry_after_s: fields.integer("retry_after_s", 0, AN_HOUR_MS),
            reply: fields.text("reply").map(str::to_owned),
        };
        fields.finish();
        settings
    }
}
