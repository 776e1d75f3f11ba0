//! What a key is called.

const MOST_NAME_CHARS: usize = 64;

/// Reads a key's name: it stands in logs and metrics.
pub(in crate::ctl) fn name(text: &str) -> Result<String, String> {
    let good = (1..=MOST_NAME_CHARS).contains(&text.chars().count());
    if good && text.trim() == text && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!("a name has 1 to {MOST_NAME_CHARS} characters, none at its ends a space"))
}
