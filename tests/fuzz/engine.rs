//! The engine: gives a target one input after the other, until one makes it fail.

use std::cell::RefCell;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, Once};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use super::corpus::{escaped, hash};
use super::mutate::{Dice, mutated};

/// What is fuzzed.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) name: &'static str,
    /// Where its inputs come from.
    pub(super) corpus: fn() -> Vec<Vec<u8>>,
    /// How many mutated inputs it gets in an ordinary run: about a second's.
    pub(super) inputs: u64,
    /// Panics when something is not as it must be.
    pub(super) check: fn(&[u8]),
}

/// How long a run is.
#[derive(Clone, Copy)]
pub(super) enum Most {
    Inputs(u64),
    Time(Duration),
}

/// An input that a target failed on.
pub(super) struct Found {
    /// The target's own words.
    pub(super) why: String,
    pub(super) input: Vec<u8>,
    /// How many inputs came before it.
    round: usize,
}

/// No input is so large that it takes as long as this.
const MOST_RUN: Duration = Duration::from_secs(20);
const MOST_SHRINKING: Duration = Duration::from_secs(5);
/// What is printed of an input: it is in its file anyway.
const MOST_SHOWN: usize = 4_000;

impl Found {
    pub(super) fn report(&self, target: &Target, seed: u64) -> String {
        let text = escaped(&self.input);
        let saved = match save(target, &self.input, &text) {
            Ok(path) => path.display().to_string(),
            Err(error) => format!("not written: {error}"),
        };
        let shown = &text[..text.floor_char_boundary(MOST_SHOWN)];
        format!(
            "the fuzz target '{}' failed, with TOLLGATE_FUZZ_SEED={seed}, on input {}:\n{}\n\
             the input (to keep it, move {saved} to tests/fuzz/corpus):\n{shown}",
            target.name, self.round, self.why
        )
    }
}

/// Beside everything else that is built.
fn save(target: &Target, input: &[u8], text: &str) -> std::io::Result<PathBuf> {
    let built = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = built.parent().unwrap_or(built).join("fuzz").join(target.name);
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{:016x}.txt", hash(input)));
    fs::write(&path, text)?;
    Ok(path)
}

/// What is being tried: its number, and the input.
type Running = Arc<Mutex<(usize, Vec<u8>)>>;

/// Looks for an input that the target fails on: the corpus as it is, and then mutated. A thread of
/// its own does it, so that an input with which the target never ends is found too. Where the stack
/// is not enough, the thread's name says which target it was.
pub(super) fn search(target: &Target, seed: u64, most: Most) -> Option<Found> {
    search_for(target, seed, most, MOST_RUN)
}

/// As [`search`], with so much patience for one input.
pub(super) fn search_for(
    target: &Target,
    seed: u64,
    most: Most,
    patience: Duration,
) -> Option<Found> {
    keep_words_of_panics();
    let (target, running) = (*target, Running::default());
    let shown = Arc::clone(&running);
    let (sender, found) = mpsc::channel();
    thread::Builder::new()
        .name(format!("fuzz target {}", target.name))
        .spawn(move || sender.send(hunt(&target, seed, most, &running)))
        .unwrap();
    let mut before = None;
    loop {
        match found.recv_timeout(patience) {
            Ok(found) => return found,
            Err(RecvTimeoutError::Disconnected) => panic!("the search for '{}' fell", target.name),
            Err(RecvTimeoutError::Timeout) => {
                let (round, input) = shown.lock().unwrap().clone();
                if before == Some(round) {
                    return Some(Found { why: "it does not end".to_owned(), input, round });
                }
                before = Some(round);
            }
        }
    }
}

fn hunt(target: &Target, seed: u64, most: Most, running: &Running) -> Option<Found> {
    let corpus = (target.corpus)();
    assert!(!corpus.is_empty(), "no corpus");
    let (start, mut dice) = (Instant::now(), Dice::new(seed));
    let mut left = match most {
        Most::Inputs(inputs) => inputs,
        Most::Time(_) => u64::MAX,
    };
    for round in 0.. {
        let input = match corpus.get(round) {
            Some(input) => input.clone(),
            None if left == 0 || matches!(most, Most::Time(time) if start.elapsed() > time) => {
                break;
            }
            None => {
                left -= 1;
                mutated(&mut dice, &corpus)
            }
        };
        *running.lock().unwrap() = (round, input.clone());
        if run(target, &input).is_err() {
            let input = shrunk(target, input);
            let why = run(target, &input).err().unwrap_or_else(|| "only sometimes".to_owned());
            return Some(Found { why, input, round });
        }
    }
    None
}

/// The same failure, or another, by as little as possible.
fn shrunk(target: &Target, mut input: Vec<u8>) -> Vec<u8> {
    let start = Instant::now();
    let mut length = input.len().next_power_of_two();
    while length > 0 {
        let mut at = 0;
        while at < input.len() && start.elapsed() < MOST_SHRINKING {
            let mut less = input.clone();
            less.drain(at..(at + length).min(input.len()));
            if run(target, &less).is_err() {
                input = less;
            } else {
                at += length;
            }
        }
        length /= 2;
    }
    input
}

thread_local! {
    /// Where a target runs: what it panicked with.
    static WORDS: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs a target.
///
/// # Errors
/// The words of its panic, and where it was.
pub(super) fn run(target: &Target, input: &[u8]) -> Result<(), String> {
    WORDS.set(Some(String::new()));
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
    let words = WORDS.take().unwrap_or_default();
    outcome.map_err(|_| words)
}

/// While an input is made small, a target panics a thousand times. Its words are kept instead of
/// printed; those of every other thread are printed as ever.
fn keep_words_of_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let kept = WORDS.with_borrow_mut(|words| {
                words.as_mut().map(|words| *words = info.to_string()).is_some()
            });
            if !kept {
                print(info);
            }
        }));
    });
}
