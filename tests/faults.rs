//! The table of faults: whatever goes wrong at a provider, in the store, with a client or under the
//! function, has one stated outcome. The README's table is made of the same lines, and every line is
//! played, or names the tests that show it.

mod after;
mod before;
mod cuts;
mod elsewhere;
mod line;
mod play;
mod readme;
mod stage;
mod untrusted;

use std::fs;
use std::path::Path;

use tollgate::settings::variable;

use crate::support::runtime_api::RuntimeApi;
use crate::{house, translations};
use elsewhere::{CLIENT, PLATFORM, PROVIDER, STORE, UNTOLD};
use line::{Line, Outcome, Place};
use stage::Host;

/// Every fault of a provider.
fn lines() -> Vec<Line> {
    let mut lines = before::connections();
    lines.extend(before::limits());
    lines.extend(before::rejections());
    lines.extend(before::errors());
    lines.extend(before::answers());
    lines.extend(before::broken_answers());
    lines.extend(before::silence());
    lines.extend(after::cuts());
    lines.extend(after::told_cuts());
    lines.extend(after::none());
    lines
}

/// Each is played plain and streamed, at every place of a plan of three targets, before or after the
/// first content, for both kinds of clients.
#[tokio::test]
async fn every_fault_of_a_provider_has_its_outcome() {
    let lines = lines();
    let wrong = stage::mistakes(&play::plays(&lines)).await;
    none_is_left(&lines, wrong, async || Host::Local).await;
}

/// A machine that stands still for seconds makes silence of its own: what lives by a short timeout
/// gets a second play, with little else going on.
async fn none_is_left(
    lines: &[Line],
    mut wrong: Vec<(String, String)>,
    host: impl AsyncFnOnce() -> Host,
) {
    let mut again = play::plays(lines);
    again.retain(|play| play.has_timeouts() && wrong.iter().any(|(alias, _)| *alias == play.alias));
    if !again.is_empty() {
        wrong.retain(|(alias, _)| again.iter().all(|play| play.alias != *alias));
        wrong.extend(stage::mistakes_on(&again, host().await).await);
    }
    let told: Vec<&str> = wrong.iter().map(|(_, mistake)| mistake.as_str()).collect();
    assert!(told.is_empty(), "{} mistakes:\n{}", told.len(), told.join("\n"));
}

/// The worst of them once more, as Lambda brings them: those behind the first content, and one of
/// each other kind.
#[tokio::test]
async fn the_worst_faults_have_the_same_outcome_on_lambda() {
    const WORST: [(&str, &str); 13] = [
        ("U2", "hangs"),
        ("U3", "plain text"),
        ("U4", "reset"),
        ("U7", "without an end"),
        ("U11", "308"),
        ("U12", "as JSON"),
        ("U12", "gzip, unasked"),
        ("U13", "a document"),
        ("U13", "a head"),
        ("U14", "comments only"),
        ("U14", "100 and no more"),
        ("U17", "half a chunk"),
        ("U18", "no end of the body"),
    ];
    let lines = lines();
    let mut plays = play::plays(&lines);
    plays.retain(|play| {
        let is_cut = matches!(play.line.outcome, Outcome::Cut { .. });
        let is_worst = WORST.contains(&(play.line.number, play.case.name));
        play.place == Place::First && (is_cut || is_worst)
    });
    let host = async || Host::Function(RuntimeApi::start().await);
    let wrong = stage::mistakes_on(&plays, host().await).await;
    none_is_left(&lines, wrong, host).await;
}

#[test]
fn the_readmes_table_is_what_is_played() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let before = fs::read_to_string(&path).unwrap();
    let table = readme::table(&lines());
    let after = translations::replaced(&before, "faults", &table);
    if variable("TOLLGATE_UPDATE_GOLDEN").is_some() {
        fs::write(&path, after).unwrap();
        return;
    }
    assert!(before == after, "README.md has another table than:\n\n{table}");
}

/// What is not played here is played by the tests that its line names.
#[test]
fn every_other_fault_names_tests_that_exist() {
    let told = PROVIDER.iter().chain(&STORE).chain(&CLIENT).chain(&PLATFORM);
    for line in told.chain(&UNTOLD) {
        let is_beyond_reach = ["S11", "P9"].contains(&line.number);
        assert_eq!(line.tests.is_empty(), is_beyond_reach, "{}: {}", line.number, line.fault);
        let missing = line.tests.iter().find(|name| !house::has_test(name));
        assert_eq!(missing, None, "{}: {}", line.number, line.fault);
    }
}
