//! The trail: what happened to a request, for the client that asks (`x-tollgate-debug: true`). It says
//! no more than the answer's headers and `error.attempts` do, only all of it in one place.

use serde::Serialize;

use super::{AttemptRecord, Record};

#[derive(Serialize)]
struct Trail<'a> {
    request_id: &'a str,
    route: Option<&'a str>,
    attempts: Vec<Tried<'a>>,
    skipped: &'a [String],
    waited_ms: u64,
    held: Held,
    store_trips: u32,
    config_version: Option<u64>,
}

#[derive(Serialize)]
struct Tried<'a> {
    target: &'a str,
    class: Option<&'static str>,
    status: Option<u16>,
    ms_to_headers: Option<u64>,
    ms: u64,
}

#[derive(Serialize)]
struct Held {
    tokens: u64,
    nano_usd: u64,
}

impl<'a> From<&'a AttemptRecord> for Tried<'a> {
    fn from(attempt: &'a AttemptRecord) -> Self {
        Self {
            target: &attempt.target,
            class: attempt.class,
            status: attempt.status,
            ms_to_headers: attempt.ms_to_headers,
            ms: attempt.ms,
        }
    }
}

impl Record {
    /// What has happened so far, as one line of JSON in ASCII, such as a header can hold.
    pub fn trail(&self) -> String {
        let trail = Trail {
            request_id: &self.request_id,
            route: self.route.as_deref(),
            attempts: self.attempts.iter().map(Tried::from).collect(),
            skipped: &self.skipped,
            waited_ms: self.waited_ms,
            held: Held { tokens: self.held_tokens, nano_usd: self.held_nano_usd },
            store_trips: self.store_trips,
            config_version: self.config_version,
        };
        // Texts and numbers always serialize. A pattern may hold any letters.
        let json = serde_json::to_string(&trail).unwrap_or_default();
        json.chars().map(|c| if c.is_ascii() && !c.is_control() { c } else { '?' }).collect()
    }
}
