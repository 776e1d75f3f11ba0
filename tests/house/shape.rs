//! How long and how named.

use super::source::Source;

const MOST_LINES: usize = 400;
const MEDIAN_LINES: usize = 100;
const MOST_FUNCTION_LINES: usize = 60;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 12] = [
    "util", "utils", "common", "type", "types", "helper", "helpers", "manager", "misc", "shared",
    "core", "lib2",
];
/// Endings of types that say nothing about what they do.
const EMPTY_ENDINGS: [&str; 5] = ["Manager", "Helper", "Helpers", "Util", "Utils"];

/// Files that are too long.
pub(super) fn long_files(sources: &[Source]) -> Vec<String> {
    let files: Vec<_> = sources.iter().filter(|source| !source.is_test()).collect();
    let mut found: Vec<String> = files
        .iter()
        .filter(|source| source.code_lines() > MOST_LINES)
        .map(|source| format!("{}: {} lines of code", source.path, source.code_lines()))
        .collect();
    let mut lengths: Vec<usize> = files.iter().map(|source| source.code_lines()).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    if median >= MEDIAN_LINES {
        found.push(format!("the median file has {median} lines of code"));
    }
    found
}

/// Functions that are too long.
pub(super) fn long_functions(sources: &[Source]) -> Vec<String> {
    let long = |source: &Source| -> Vec<String> {
        let functions = source.functions().into_iter();
        functions
            .filter(|(_, lines)| *lines >= MOST_FUNCTION_LINES)
            .map(|(name, lines)| format!("{}: {name} has {lines} lines of code", source.path))
            .collect()
    };
    sources.iter().flat_map(long).collect()
}

/// Files that do not say in their first line what they are for.
pub(super) fn unexplained_files(sources: &[Source]) -> Vec<String> {
    let silent = |source: &&Source| {
        let first = source.text.lines().next().unwrap_or_default();
        // A module's tests are explained by the module.
        let explained = first.strip_prefix("//! ").is_some_and(|words| words.len() > 10);
        !explained && !source.path.ends_with("/tests.rs")
    };
    sources.iter().filter(silent).map(|source| source.path.clone()).collect()
}

/// Files and types with names that say nothing.
pub(super) fn empty_names(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let parts = source.path.split('/').skip(1).map(|part| part.trim_end_matches(".rs"));
        found.extend(parts.filter(|part| EMPTY_NAMES.contains(part)).map(|_| source.path.clone()));
        for keyword in ["struct ", "enum ", "trait ", "mod "] {
            for (at, _) in source.code.match_indices(keyword) {
                let rest = &source.code[at + keyword.len()..];
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
                let empty = EMPTY_NAMES.contains(&name.as_str())
                    || EMPTY_ENDINGS.iter().any(|ending| name.ends_with(ending));
                if empty {
                    found.push(format!("{}: {keyword}{name}", source.path));
                }
            }
        }
    }
    found
}
