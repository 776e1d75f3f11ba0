//! `explain`: what would happen to a request, by a file or by the table. Nothing is sent to a
//! provider, and nothing is written.

mod asked;
mod known;
mod shown;

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use super::command::{ExplainOptions, Place};
use super::output::{Console, Failed, Report};
use crate::decision;
use crate::explain::{self, Facts};
use crate::routing::Target;
use asked::Asked;
use known::Known;

/// Explains a request.
pub(super) async fn explain(
    place: &Place,
    options: &ExplainOptions,
    console: Console,
    now_ms: u64,
) -> Result<Report, Failed> {
    // What is wrong with the request is told before anything is asked of AWS.
    let asked = Asked::read(options)?;
    let known = match &options.file {
        Some(file) => known::of_file(file, options.key.as_deref(), now_ms)?,
        None => known::of_table(place, options.key.as_deref(), console, now_ms).await?,
    };
    let Known { snapshot, standing, notes } = known;
    let standing_of = |id: &str| (snapshot.health.standing(id, now_ms), None);
    let explanation = explain::explain(
        &asked.question(),
        &Facts {
            snapshot: &snapshot,
            key: standing.as_ref().map(|standing| (&standing.caller, &standing.books)),
            host: None,
            draw: random(),
            now_ms,
            usable: &|target: &Target| decision::usable(target, &snapshot, now_ms, standing_of),
            usual_ms: &|_: &Target| None,
        },
    );
    // Texts and numbers always serialize.
    let json = serde_json::to_value(&explanation).unwrap_or(Value::Null);
    Ok(shown::report(&explanation, json).notes(notes))
}

/// Where a request falls that falls at random.
fn random() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness it is the first target.
    let _ = SystemRandom::new().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
