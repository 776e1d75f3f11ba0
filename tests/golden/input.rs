//! What goes in: `# why and from where`, `setting: value` lines, an empty line, and the bytes.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use tollgate::dialect::Operation;

/// One input file.
pub(super) struct Input {
    settings: Vec<(String, String)>,
    read: RefCell<Vec<String>>,
    /// What follows the empty line, byte for byte.
    pub(super) payload: String,
}

impl Input {
    pub(super) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let (head, payload) = text.split_once("\n\n").unwrap_or((&text, ""));
        let settings = head.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{path:?}: {line}"));
            (name.to_owned(), value.to_owned())
        });
        let settings = settings.collect();
        Self { settings, read: RefCell::default(), payload: payload.to_owned() }
    }

    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        self.read.borrow_mut().push(name.to_owned());
        self.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `yes` or `no`.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.setting(name).map(|value| match value {
            "yes" => true,
            "no" => false,
            other => panic!("{name}: yes or no, not {other}"),
        })
    }

    pub(super) fn operation(&self) -> Operation {
        match self.setting("operation").unwrap_or("chat") {
            "chat" => Operation::ChatCompletions,
            "completions" => Operation::Completions,
            "embeddings" => Operation::Embeddings,
            other => panic!("operation: {other}"),
        }
    }

    /// The payload without the line end that ends the file.
    pub(super) fn body(&self) -> &str {
        self.payload.strip_suffix('\n').unwrap_or(&self.payload)
    }

    /// A setting that nobody has asked for.
    pub(super) fn unread(&self) -> Option<&str> {
        let read = self.read.borrow();
        self.settings
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| !read.iter().any(|r| r == name))
    }
}
