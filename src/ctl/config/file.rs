//! A document from a file, read strictly: what is not right is not sent anywhere.

use std::io::{self, Read};

use serde_json::Value;

use crate::config::{Config, Document, Strictness};
use crate::ctl::output::Failed;
use crate::ctl::units::counted;

/// DynamoDB stores rows up to 400 KB, and the row holds more than the document.
const MOST_DOCUMENT_BYTES: usize = 350_000;
/// Comments and local keys are not stored, so a file may be larger; a bound all the same.
const MOST_FILE_BYTES: u64 = 16_000_000;

/// A document without a mistake.
#[derive(Debug)]
pub(in crate::ctl) struct CheckedFile {
    /// What people call it.
    pub(super) name: String,
    /// What it says.
    pub(in crate::ctl) config: Config,
    /// The document as it is stored.
    pub(super) stored: Value,
    /// How many local keys were left out of it.
    pub(super) local_keys: usize,
}

impl CheckedFile {
    /// What the operator should know about what is not stored.
    pub(super) fn note(&self) -> Option<String> {
        let keys = counted(self.local_keys, "local key");
        (self.local_keys > 0).then(|| {
            format!("not pushed: {keys} in {}; 'tollgatectl key create' makes keys", self.name)
        })
    }
}

/// Reads a file, or the standard input when it is `-`.
///
/// # Errors
/// Every mistake with its place.
pub(in crate::ctl) fn read(path: &str) -> Result<CheckedFile, Failed> {
    let name = if path == "-" { "stdin" } else { path };
    let text = text(path).map_err(|error| {
        let what = format!("cannot read {name}: {error}");
        Failed::new(what).advice("name a YAML or JSON file, or - for the standard input")
    })?;
    let wrong = |problems: Vec<_>| {
        let mistakes = counted(problems.len(), "mistake");
        Failed::new(format!("{name} has {mistakes}")).problems(name, problems)
    };
    let document = Document::parse(&text).map_err(|problem| wrong(vec![problem]))?;
    let (config, _) = document.read(Strictness::Strict).map_err(wrong)?;
    if config.routes.iter().next().is_none() {
        return Err(Failed::new(format!("{name} is empty: without a route nothing is served")));
    }
    let (stored, local_keys) = document.to_stored();
    let bytes = stored.to_string().len();
    if bytes > MOST_DOCUMENT_BYTES {
        return Err(Failed::new(format!(
            "{name} is too large for the table: {bytes} bytes as it is stored, of at most \
             {MOST_DOCUMENT_BYTES}"
        ))
        .advice("replace routes that differ in one name only by a pattern with *"));
    }
    Ok(CheckedFile { name: name.to_owned(), config, stored, local_keys })
}

fn text(path: &str) -> io::Result<String> {
    let mut text = String::new();
    let bytes = if path == "-" {
        io::stdin().lock().take(MOST_FILE_BYTES + 1).read_to_string(&mut text)?
    } else {
        std::fs::File::open(path)?.take(MOST_FILE_BYTES + 1).read_to_string(&mut text)?
    };
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > MOST_FILE_BYTES) {
        return Err(io::Error::other(format!("it has more than {MOST_FILE_BYTES} bytes")));
    }
    Ok(text)
}
