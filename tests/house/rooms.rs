//! Who may see whom.

use super::source::{Source, is_word};

/// Which rooms a room may use. `gateway` may use all; the binaries are outside.
///
/// Only the gateway sees both the stages and the edges. That two edges name a type of the relay,
/// which is how bytes travel (`ByteStream`, `Body`), is the one window between them.
pub(super) const ALLOWED: [(&str, &[&str]); 17] = [
    // What decides.
    ("keys", &["refusal", "routing"]),
    ("quota", &["dialect", "keys", "routing"]),
    ("routing", &["config", "failure", "keys", "quota", "refusal"]),
    ("dialect", &["failure", "quota", "refusal", "routing"]),
    ("config", &["dialect", "failure", "keys", "quota", "routing"]),
    ("decision", &["config", "dialect", "failure", "keys", "quota", "refusal", "routing"]),
    (
        "explain",
        &["config", "decision", "dialect", "failure", "keys", "quota", "refusal", "routing"],
    ),
    ("failure", &[]),
    ("refusal", &["failure", "quota"]),
    // What is told and measured.
    ("clock", &[]),
    ("settings", &[]),
    ("record", &["dialect", "failure", "keys", "quota", "refusal"]),
    ("relay", &["dialect", "failure", "refusal"]),
    // What touches the world.
    ("ingress", &["clock", "dialect", "quota", "refusal", "relay", "settings"]),
    ("upstream", &["config", "dialect", "failure", "keys", "relay"]),
    ("store", &["config", "keys", "quota", "refusal", "routing"]),
    // The operator's tool: its own way to the table. A request it only reads, to explain it.
    (
        "ctl",
        &[
            "clock", "config", "decision", "dialect", "explain", "ingress", "keys", "quota",
            "refusal", "routing", "settings", "store", "upstream",
        ],
    ),
];

/// The rooms in which nothing happens but decisions.
pub(super) const PURE: [&str; 9] =
    ["keys", "quota", "routing", "dialect", "config", "decision", "explain", "failure", "refusal"];

const EDGES: [&str; 3] = ["ingress", "upstream", "store"];

/// What no pure room may name.
const IMPURE: [&str; 22] = [
    "async ",
    ".await",
    "tokio",
    "reqwest",
    "hyper",
    "aws_",
    "lambda_",
    "futures_util",
    "std::fs",
    "std::env",
    "std::io",
    "std::process",
    "std::thread",
    "Instant",
    "SystemTime",
    "TcpStream",
    "TcpListener",
    "ToSocketAddrs",
    "ring::rand",
    "tracing",
    "println!",
    "static mut",
];

/// A parser of URLs, not a way to send anything.
const EXCEPTIONS: [(&str, &str); 1] = [("src/config/address.rs", "reqwest::Url")];

/// Rooms that use a room which the table does not allow them.
pub(super) fn strangers(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let Some(room) = source.room().filter(|room| *room != "gateway") else { continue };
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == room) else {
            found.push(format!("{}: the room '{room}' is not in the table", source.path));
            continue;
        };
        for used in used_rooms(source) {
            if used != room && !allowed.contains(&used.as_str()) {
                found.push(format!("{}: '{room}' may not use '{used}'", source.path));
            }
        }
    }
    found
}

/// Every name that follows `crate::`, or `super::` where that is the crate.
fn used_rooms(source: &Source) -> Vec<String> {
    let top = source.path.ends_with("/mod.rs") || source.path.matches('/').count() == 1;
    let roots: &[&str] = if top { &["crate::", "super::"] } else { &["crate::", "super::super::"] };
    let roots = if source.path.matches('/').count() > 2 { &roots[..1] } else { roots };
    let mut used = Vec::new();
    for root in roots {
        for (at, _) in source.code.match_indices(root) {
            let before = source.code[..at].chars().next_back();
            if before.is_some_and(|c| is_word(c) || c == ':') {
                continue;
            }
            used.extend(first_names(&source.code[at + root.len()..]));
        }
    }
    used
}

/// `a::b` is `a`; `{a::b, c}` is `a` and `c`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| is_word(*c)).collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut depth = 0_i32;
    let end = group.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth < 0
    });
    let mut names = Vec::new();
    let mut depth = 0_i32;
    for part in group[..end.unwrap_or(group.len())].split(',') {
        if depth == 0 {
            names.push(name(part));
        }
        depth += i32::try_from(part.matches('{').count()).unwrap();
        depth -= i32::try_from(part.matches('}').count()).unwrap();
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Things that happen in rooms that only decide.
pub(super) fn deeds(sources: &[Source]) -> Vec<String> {
    let pure = |source: &&Source| {
        !source.is_test() && source.room().is_some_and(|room| PURE.contains(&room))
    };
    let deed = |source: &Source| -> Vec<String> {
        let mut code = source.code.clone();
        for (_, allowed) in EXCEPTIONS.iter().filter(|(path, _)| *path == source.path) {
            code = code.replace(allowed, "");
        }
        let rest = Source { code, path: source.path.clone(), text: String::new() };
        IMPURE.iter().flat_map(|name| rest.places(name)).collect()
    };
    sources.iter().filter(pure).flat_map(deed).collect()
}

/// Proofs that are made by somebody else than the store: `Caller` and `Hold` stand for a write that
/// has happened.
pub(super) fn forgeries(sources: &[Source]) -> Vec<String> {
    let elsewhere = |source: &&Source| !source.is_test() && source.room() != Some("store");
    let made = |source: &Source| {
        ["Caller::admitted", "Hold::granted"].iter().flat_map(|name| source.places(name)).collect()
    };
    sources
        .iter()
        .filter(elsewhere)
        .flat_map(|source: &Source| -> Vec<String> { made(source) })
        .collect()
}

/// The table itself keeps the principle that it is made for.
#[test]
fn the_table_lets_only_the_gateway_see_stages_and_edges() {
    for (room, allowed) in ALLOWED {
        let edges: Vec<_> = allowed.iter().filter(|used| EDGES.contains(*used)).collect();
        assert!(edges.is_empty() || room == "ctl", "{room} sees {edges:?}");
        assert!(!allowed.contains(&"gateway"), "{room} sees the gateway");
        if PURE.contains(&room) {
            let impure: Vec<_> = allowed.iter().filter(|used| !PURE.contains(*used)).collect();
            assert!(impure.is_empty(), "{room} decides and sees {impure:?}");
        }
    }
}
