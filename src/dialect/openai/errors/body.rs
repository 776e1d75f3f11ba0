//! What the bytes of an error are: JSON, an event of a stream, a page, or a few words.

use serde_json::{Deserializer, Value};

/// The longest text without JSON that is taken for a sentence, in bytes, and its most lines. More
/// is a trace, or a page without tags.
const MOST_PLAIN_BYTES: usize = 400;
const MOST_PLAIN_LINES: usize = 2;

/// The longest title of a page that is kept, in bytes.
const MOST_TITLE_BYTES: usize = 160;

/// How pages begin. A message may begin with a tag that means something: `<think>`, `<400>`.
const PAGES: [&str; 7] = ["<!doctype", "<html", "<head", "<?xml", "<!--", "<center", "<h1"];

/// What a text is.
pub(super) enum Text {
    /// JSON, or an event with JSON in it.
    Json(Value),
    /// A sentence, or what is left of a page.
    Words(String),
}

/// What a whole body is; nothing when nothing of it is worth a word.
pub(super) fn whole(body: &[u8]) -> Option<Text> {
    let text = std::str::from_utf8(body).ok()?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if let Ok(value) = serde_json::from_str(text) {
        return Some(Text::Json(value));
    }
    if let Some(value) = begins_with_json(text).or_else(|| event(text)) {
        return Some(Text::Json(value));
    }
    if text.starts_with(['{', '[']) {
        // Half of something.
        return None;
    }
    if is_page(text) {
        return title(text).map(Text::Words);
    }
    let is_short = text.len() <= MOST_PLAIN_BYTES && text.lines().count() <= MOST_PLAIN_LINES;
    let has_tags = contains(text, "<html") || text.contains("</");
    (is_short && !has_tags).then(|| Text::Words(text.to_owned()))
}

/// What a text in a field is: a proxy may have put a whole body there.
pub(super) fn field(text: &str) -> Option<Text> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if text.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str(text)
    {
        return Some(Text::Json(value));
    }
    if is_page(text) {
        return title(text).map(Text::Words);
    }
    Some(Text::Words(text.to_owned()))
}

/// An object or an array, whatever follows it.
fn begins_with_json(text: &str) -> Option<Value> {
    let is_begun = text.starts_with(['{', '[']);
    is_begun.then(|| Deserializer::from_str(text).into_iter().next()?.ok()).flatten()
}

/// The data of the first event that has JSON: DashScope refuses a stream with an error status and
/// `event:error`, `:HTTP_STATUS/400`, `data:{"code":…}`.
fn event(text: &str) -> Option<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.filter_map(|data| serde_json::from_str(data.trim()).ok()).find(Value::is_object)
}

fn is_page(text: &str) -> bool {
    PAGES
        .iter()
        .any(|page| text.get(..page.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(page)))
}

/// The title of a page without the names of hosts: `api.example.com | 502: Bad gateway`.
fn title(page: &str) -> Option<String> {
    let begin = find(page, "<title")?;
    let (_, text) = page.get(begin..)?.split_once('>')?;
    let text = text.get(..find(text, "</title")?)?;
    let parts = text.split('|').map(str::trim).filter(|part| !part.is_empty() && !has_host(part));
    let title = parts.collect::<Vec<_>>().join(" | ");
    let is_title = !title.is_empty() && title.len() <= MOST_TITLE_BYTES && !title.contains('<');
    is_title.then_some(title)
}

/// Whether there is a full stop inside of a word.
fn has_host(text: &str) -> bool {
    text.split('.').zip(text.split('.').skip(1)).any(|(before, after)| {
        before.ends_with(|c: char| c.is_ascii_alphanumeric())
            && after.starts_with(|c: char| c.is_ascii_alphabetic())
    })
}

fn contains(text: &str, small: &str) -> bool {
    find(text, small).is_some()
}

/// Where a text that is written small stands in another, however that is written.
fn find(text: &str, small: &str) -> Option<usize> {
    text.to_ascii_lowercase().find(small)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &str) {
        let found = match whole(body.as_bytes()) {
            Some(Text::Json(value)) => value.to_string(),
            Some(Text::Words(words)) => words,
            None => String::new(),
        };
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn a_body_is_known_by_how_it_begins() {
        check("\u{feff} {\"a\":1}\n", "{\"a\":1}");
        check("{\"a\":1}{\"b\":2}", "{\"a\":1}");
        check("{\"a\":1", "");
        check("\"Invalid token\"", "\"Invalid token\"");
        check("id:1\nevent:error\n:HTTP_STATUS/400\ndata:{\"code\":\"X\"}\n", "{\"code\":\"X\"}");
        check("event: error\ndata: {\"a\":1}", "{\"a\":1}");
        check("404 page not found", "404 page not found");
        check("no healthy upstream", "no healthy upstream");
        check("", "");
        check("a\nb\nc", "");
        check(&"word ".repeat(100), "");
        check("Bad gateway <html>secret</html>", "");
        check("<html><head><title>502 Bad Gateway</title></head>x</html>", "502 Bad Gateway");
        check("<HTML><TITLE>\n 403\n</TITLE>", "403");
        check("<!DOCTYPE html><title>a.example.com | 520: Web server</title>", "520: Web server");
        check("<html><title>Attention! | Cloudflare</title>", "Attention! | Cloudflare");
        check("<html><title>a.example.com</title>", "");
        check("<html><title>Just a moment...</title>", "Just a moment...");
        check("<html><title><b>x</b></title>", "");
        check("<html>no title, sk-1234</html>", "");
        check("<html><title>never ends", "");
    }
}
