//! Golden files: what goes in and what comes out of the wire formats, in files that a person can
//! read. Every case is a folder with `in.txt` and `out.txt`; `TOLLGATE_UPDATE_GOLDEN=1` writes what
//! comes out.

mod answers;
mod errors;
mod examples;
mod input;
mod records;
mod refusals;
mod requests;
mod streams;

use std::fs;
use std::path::{Path, PathBuf};

use input::Input;
use tollgate::settings::variable;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The folders in a folder, in order.
fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Every case of a kind gives what its file says.
fn check(kind: &str, output: fn(&Input) -> String) {
    let mut wrong = Vec::new();
    let cases = folders(&folder().join("openai").join(kind));
    assert!(!cases.is_empty(), "no cases of {kind}");
    for case in cases {
        let input = Input::read(&case.join("in.txt"));
        wrong.extend(compare(&case.join("out.txt"), &output(&input)));
        if let Some(unread) = input.unread() {
            wrong.push(format!("{}: nobody reads the setting '{unread}'", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a text, unless it is what the file holds; or the file is written.
fn compare(path: &Path, found: &str) -> Option<String> {
    if variable("TOLLGATE_UPDATE_GOLDEN").is_some() {
        fs::write(path, found).unwrap();
        return None;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    (expected != found).then(|| format!("{}:\n{}", path.display(), difference(&expected, found)))
}

/// The lines that differ: one by one where nothing was added or taken away.
fn difference(expected: &str, found: &str) -> String {
    let (mut expected, mut found): (Vec<_>, Vec<_>) =
        (expected.lines().collect(), found.lines().collect());
    if expected.len() == found.len() {
        let pairs = expected.iter().zip(&found).enumerate().filter(|(_, (a, b))| a != b);
        return pairs.map(|(at, (a, b))| format!("line {}\n  - {a}\n  + {b}\n", at + 1)).collect();
    }
    let same = expected.iter().zip(&found).take_while(|(a, b)| a == b).count();
    (expected, found) = (expected.split_off(same), found.split_off(same));
    let backwards = expected.iter().rev().zip(found.iter().rev());
    let same_end = backwards.take_while(|(a, b)| a == b).count();
    expected.truncate(expected.len() - same_end);
    found.truncate(found.len() - same_end);
    let lines = |mark: &str, lines: &[&str]| -> String {
        lines.iter().map(|line| format!("  {mark} {line}\n")).collect()
    };
    format!("line {}\n", same + 1) + &lines("-", &expected) + &lines("+", &found)
}

#[test]
fn clients_requests_become_providers_requests() {
    check("requests", requests::output);
}

#[test]
fn whole_answers_are_understood() {
    check("answers", answers::output);
}

#[test]
fn streams_are_forwarded_however_they_were_cut() {
    check("streams", streams::output);
}

#[test]
fn every_documented_error_has_its_class() {
    check("errors", errors::output);
}

#[test]
fn refusals_look_like_this() {
    let wrong = compare(&folder().join("refusals/out.txt"), &refusals::output());
    assert_eq!(wrong, None, "{}", wrong.as_deref().unwrap_or_default());
}

#[test]
fn a_record_has_these_fields() {
    let wrong = compare(&folder().join("record/out.txt"), &records::output());
    assert_eq!(wrong, None, "{}", wrong.as_deref().unwrap_or_default());
}

/// A file that nothing reads would be believed by whoever reads it.
#[test]
fn no_golden_file_is_left_over() {
    let known = ["requests", "answers", "streams", "errors"];
    let mut read = vec![folder().join("refusals/out.txt"), folder().join("record/out.txt")];
    for case in known.iter().flat_map(|kind| folders(&folder().join("openai").join(kind))) {
        read.extend([case.join("in.txt"), case.join("out.txt")]);
    }
    let mut left = files(&folder());
    // Those of the dialects are read, and counted, by their own tests.
    let dialects = folder().join("dialects");
    left.retain(|path| !path.starts_with(&dialects));
    left.retain(|path| path.extension().is_none_or(|kind| kind != "rs") && !read.contains(path));
    assert_eq!(left, Vec::<PathBuf>::new());
}

fn files(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
