//! What may not be written, and what a promise must name.

use super::source::Source;

/// What is not in the code of the house.
pub(super) fn unfinished(sources: &[Source]) -> Vec<String> {
    let words = ["todo!", "unimplemented!", "#[ignore", "#[allow(", "#![allow(", "#[should_panic"];
    sources
        .iter()
        .flat_map(|source| words.iter().flat_map(|word| source.places(word)).collect::<Vec<_>>())
        .collect()
}

/// State that travels where no type says so.
pub(super) fn stowaways(sources: &[Source]) -> Vec<String> {
    let ways = ["Extensions", ".extensions()", ".extensions_mut()"];
    let of_the_product = sources.iter().filter(|source| !source.is_test());
    of_the_product
        .flat_map(|source| ways.iter().flat_map(|way| source.places(way)).collect::<Vec<_>>())
        .collect()
}

/// Paths of somebody's machine in a text that everybody gets.
pub(super) fn machine_paths(texts: &[(String, String)]) -> Vec<String> {
    // Put together here, so that this file holds none of them.
    let roots = ["work", "home", "root", "Users", "mnt"].map(|root| format!("/{root}/"));
    let mut found = Vec::new();
    for (path, text) in texts {
        for (number, line) in text.lines().enumerate() {
            // A path begins there; `https://host/home/` is no path of a machine.
            let begins = |root: &String| {
                line.match_indices(root.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    before.is_none_or(|c| !(c.is_alphanumeric() || "./}_-".contains(c)))
                })
            };
            if let Some(root) = roots.iter().find(|root| begins(root)) {
                found.push(format!("{path}:{}: {root}", number + 1));
            }
        }
    }
    found
}

/// The promises of a README: every row or item of its section names a test, and the test exists.
/// `known` says whether there is a function, or a file, of that name.
pub(super) fn empty_promises(readme: &str, known: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (promise, names) in promises(readme) {
        if names.is_empty() {
            found.push(format!("no test is named: {promise}"));
        }
        let missing = names.iter().filter(|name| !known(name));
        found.extend(missing.map(|name| format!("there is no test '{name}': {promise}")));
    }
    found
}

/// The rows and items under a heading with "romise", each with the names of tests in it.
pub(super) fn promises(readme: &str) -> Vec<(String, Vec<String>)> {
    let mut inside = false;
    let mut items: Vec<String> = Vec::new();
    for line in readme.lines() {
        if line.starts_with('#') {
            inside = line.contains("romise");
            continue;
        }
        let begins = line.starts_with(|c: char| c.is_ascii_digit() || "-*|".contains(c));
        // The ruler of a table, and the row above it, promise nothing.
        let ruler = line.starts_with("|--") || line.starts_with("| --");
        match (inside, ruler) {
            (true, true) => drop(items.pop()),
            (true, false) if begins => items.push(line.to_owned()),
            (true, false) if line.starts_with("  ") => {
                if let Some(last) = items.last_mut() {
                    last.push_str(line);
                }
            }
            _ => {}
        }
    }
    items.into_iter().map(|item| (item.clone(), tests_in(&item))).collect()
}

/// The names between backticks that look like a test: `module::name_of_test`, `name_of_test`, or
/// a path under `tests/`.
fn tests_in(item: &str) -> Vec<String> {
    let quoted = item.split('`').skip(1).step_by(2);
    let is_test = |name: &&str| {
        let last = name.rsplit("::").next().unwrap_or_default();
        let words = last.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        name.starts_with("tests/") || (words && last.matches('_').count() > 1)
    };
    quoted.filter(is_test).map(str::to_owned).collect()
}
