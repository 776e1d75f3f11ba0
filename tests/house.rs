//! The rules of the house (DESIGN: rooms that decide are pure, order cannot be forged, files are
//! short), checked by reading the sources. Every rule is first shown a house that breaks it.

mod rooms;
mod shape;
mod source;
mod words;

use std::sync::LazyLock;

use source::{Source, files, kind, read, root, sources};

type Rule = fn(&[Source]) -> Vec<String>;

/// A rule holds in the house, and would be seen to be broken in each of the `mutants`: files that
/// are `path: text`. What is `innocent` only looks broken.
fn check(rule: Rule, house: &[Source], mutants: &[(&str, &str)], innocent: &[(&str, &str)]) {
    for (path, text) in mutants {
        assert_ne!(rule(&[Source::new(path, text)]), [""; 0], "nobody noticed {path}: {text}");
    }
    for (path, text) in innocent {
        assert_eq!(rule(&[Source::new(path, text)]), [""; 0], "{path}: {text}");
    }
    let found = rule(house);
    assert!(found.is_empty(), "the house has rules:\n{}", found.join("\n"));
}

static PRODUCT: LazyLock<Vec<Source>> = LazyLock::new(|| sources("src"));

static EVERYTHING: LazyLock<Vec<Source>> =
    LazyLock::new(|| sources("src").into_iter().chain(sources("tests")).collect());

#[test]
fn a_room_uses_only_the_rooms_that_the_table_allows() {
    let mutants = [
        ("src/keys/a.rs", "use crate::store::Store;"),
        ("src/quota/a.rs", "fn f() { crate::clock::Clock::System.now_ms() }"),
        ("src/relay/a.rs", "use crate::{dialect::Usage, upstream::{Vault, Ssm}};"),
        ("src/ingress/a.rs", "use crate::store::{Store};"),
        ("src/store/mod.rs", "use super::upstream::Vault;"),
        ("src/refusal.rs", "use super::store::Denial;"),
        ("src/upstream/a.rs", "use super::super::gateway::Gateway;"),
        ("src/attic/a.rs", ""),
    ];
    let innocent = [
        ("src/gateway/a.rs", "use crate::store::Store;"),
        ("src/keys/a.rs", "/// [`crate::store`]\nconst A: &str = \"crate::store\";"),
        ("src/keys/a.rs", "use super::Digest;\n#[cfg(test)]\nmod tests { use crate::store::A; }"),
        ("src/store/dynamo/a.rs", "use super::super::dynamo::A; use crate::quota::B;"),
    ];
    check(rooms::strangers, &PRODUCT, &mutants, &innocent);
}

#[test]
fn rooms_that_decide_do_nothing_else() {
    let mutants = [
        ("src/quota/a.rs", "async fn f() {}"),
        ("src/keys/a.rs", "use std::time::{Duration, Instant};"),
        ("src/config/a.rs", "let text = std::fs::read_to_string(path);"),
        ("src/dialect/a.rs", "use tokio::sync::mpsc;"),
        ("src/routing/a.rs", "use std::time::SystemTime;"),
        ("src/config/a.rs", "reqwest::Url::parse(text)"),
        ("src/config/address.rs", "reqwest::get(url)"),
        ("src/refusal.rs", "use aws_sdk_dynamodb::Client;"),
    ];
    let innocent = [
        ("src/config/address.rs", "reqwest::Url::parse(text)"),
        ("src/quota/a.rs", "// async and tokio"),
        ("src/store/a.rs", "async fn f() {}"),
    ];
    check(rooms::deeds, &PRODUCT, &mutants, &innocent);
}

#[test]
fn only_a_store_makes_callers_and_holds() {
    let mutants = [
        ("src/gateway.rs", "let caller = Caller::admitted(id, name, vec![]);"),
        ("src/quota/hold.rs", "let make = Hold::granted;"),
    ];
    let innocent = [("src/store/a.rs", "Hold::granted(id, lines, stale)")];
    check(rooms::forgeries, &PRODUCT, &mutants, &innocent);
}

#[test]
fn files_are_short() {
    let long = "a();\n".repeat(401);
    let padded = format!("{}{}", "a();\n".repeat(90), "// words\n\n".repeat(900));
    let tested = format!("a();\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
    let mutants = [("src/keys/a.rs", long.as_str()), ("src/keys/a.rs", &long[..500])];
    let innocent = [("src/keys/a.rs", padded.as_str()), ("src/keys/a.rs", tested.as_str())];
    check(shape::long_files, &PRODUCT, &mutants, &innocent);
}

#[test]
fn functions_are_short() {
    let long = format!("impl A {{ pub fn f(&self) {{\n{}}} }}", "a();\n".repeat(60));
    let short = format!("fn f() {{\n{}}}", "a();\n// why\n\n".repeat(50));
    check(
        shape::long_functions,
        &EVERYTHING,
        &[("src/keys/a.rs", &long)],
        &[("src/keys/a.rs", &short)],
    );
}

#[test]
fn every_file_says_what_it_is_for() {
    let mutants = [
        ("src/keys/a.rs", "use x;"),
        ("src/keys/a.rs", "\n//! Keys and their hashes."),
        ("src/keys/a.rs", "//!"),
    ];
    let innocent = [("src/keys/a.rs", "//! Keys and their hashes.")];
    check(shape::unexplained_files, &EVERYTHING, &mutants, &innocent);
}

#[test]
fn names_say_something() {
    let mutants = [
        ("src/keys/utils.rs", ""),
        ("src/common/a.rs", ""),
        ("src/keys/a.rs", "pub struct KeyManager;"),
        ("src/keys/a.rs", "mod helpers;"),
    ];
    let innocent = [("src/keys/a.rs", "// a manager\nstruct Typed;")];
    check(shape::empty_names, &EVERYTHING, &mutants, &innocent);
}

#[test]
fn nothing_is_left_for_later() {
    let mutants = [
        ("src/keys/a.rs", "todo!()"),
        ("tests/a.rs", "#[ignore = \"slow\"]"),
        ("src/keys/a.rs", "#[allow(dead_code)]"),
        ("src/keys/a.rs", "unimplemented!(\"x\")"),
    ];
    let innocent = [("tests/a.rs", "let a = \"todo!\"; // #[allow(")];
    check(words::unfinished, &EVERYTHING, &mutants, &innocent);
}

#[test]
fn state_travels_in_types() {
    let mutants = [
        ("src/gateway.rs", "request.extensions_mut().insert(caller);"),
        ("src/gateway.rs", "use http::Extensions;"),
    ];
    check(words::stowaways, &PRODUCT, &mutants, &[("src/gateway.rs", "// Extensions")]);
}

#[test]
fn public_texts_name_no_machine() {
    let roots = ["work", "home", "root", "Users"];
    for root in roots {
        let text = format!("see \"/{root}/main/x\"");
        let found = words::machine_paths(&[("a.md".to_owned(), text.clone())]);
        assert_eq!(found.len(), 1, "{text}");
    }
    let innocent = "https://example.com/home/x ./home/x";
    assert_eq!(words::machine_paths(&[("a.md".to_owned(), innocent.to_owned())]), [""; 0]);
    let texts: Vec<_> =
        public_files().into_iter().map(|path| (path.clone(), read(&path))).collect();
    assert!(texts.len() > 100, "where is the repository? {} files", texts.len());
    let found = words::machine_paths(&texts);
    assert!(found.is_empty(), "paths of a machine:\n{}", found.join("\n"));
}

/// Everything but what tools put there.
fn public_files() -> Vec<String> {
    let of_the_repository = |name: &str| !matches!(kind(name), "lock" | "pyc");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        match entry.file_type().unwrap().is_dir() {
            true if matches!(name.as_str(), ".aws-sam" | ".git" | ".tools" | "target") => {}
            true => found.extend(files(&name, &of_the_repository)),
            false if of_the_repository(&name) => found.push(name),
            false => {}
        }
    }
    found
}

#[test]
fn every_promise_of_the_readme_names_a_test_that_exists() {
    let readme = "# T\n## Promises\n| promise | test |\n|---|---|\n| One. | `a::it_is_so` |\n\
                  - Two,\n  by `tests/x.rs`.\n## Next\n- Three\n";
    let known = |name: &str| matches!(name, "a::it_is_so" | "tests/x.rs");
    assert_eq!(words::empty_promises(readme, &known), [""; 0]);
    assert_eq!(words::promises(readme).len(), 2);
    assert_eq!(words::empty_promises(readme, &|_| false).len(), 2);
    assert_eq!(words::empty_promises("## Promises\n- Four.\n", &known).len(), 1);

    let Ok(readme) = std::fs::read_to_string(root().join("README.md")) else { return };
    let found = words::empty_promises(&readme, &has_test);
    assert!(found.is_empty(), "promises without a test:\n{}", found.join("\n"));
}

/// Whether there is a test, or a file of tests, of this name.
pub(crate) fn has_test(name: &str) -> bool {
    let function = format!("fn {}(", name.rsplit("::").next().unwrap_or_default());
    root().join(name).exists() || EVERYTHING.iter().any(|file| file.text.contains(&function))
}
