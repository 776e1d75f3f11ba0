//! Extras: the headers, query parameters and body edits that a document gives a target.

use http::HeaderName;

use super::fields::{Fields, Item};
use super::tree::Kind;
use crate::dialect::edits::{Bounds, Change, Edits, Step};

/// What a target's requests carry besides what the gateway itself writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Names in lower case, and values of visible ASCII; never one that the gateway sets.
    pub headers: Vec<(String, String)>,
    /// Names and values of query parameters, as they are before they are percent-encoded.
    pub query: Vec<(String, String)>,
    /// Edits of the body, after those that the gateway needs.
    pub edits: Edits,
}

impl Extras {
    /// Reads `headers`, `query` and `body`. All are taken in the order of their names: a document
    /// in the table keeps no other.
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        let body = fields.item("body").and_then(|item| item.fields());
        Self {
            headers: read_headers(fields),
            query: read_query(fields),
            edits: body.map(read_edits).unwrap_or_default(),
        }
    }

    /// These, and then a target's own, which win.
    pub(super) fn then(&self, own: &Self) -> Self {
        Self {
            headers: over(&self.headers, &own.headers),
            query: over(&self.query, &own.query),
            edits: self.edits.then(&own.edits),
        }
    }
}

type Pair = (String, String);

fn over(first: &[Pair], own: &[Pair]) -> Vec<Pair> {
    let is_kept = |pair: &&Pair| !own.iter().any(|(name, _)| *name == pair.0);
    sorted(first.iter().filter(is_kept).chain(own).cloned().collect())
}

fn sorted(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.sort();
    pairs
}

/// Every entry of a field that is a map with free names.
fn entries<'a>(fields: &Fields<'a>, field: &'static str) -> Vec<(&'a str, Item<'a>)> {
    let entries = fields.item(field).and_then(|item| item.fields());
    entries.map(|entries| entries.named_items()).unwrap_or_default()
}

fn read_query(fields: &Fields<'_>) -> Vec<Pair> {
    let read = |(name, item): (&str, Item<'_>)| Some((name.to_owned(), text(&item)?));
    sorted(entries(fields, "query").into_iter().filter_map(read).collect())
}

fn read_headers(fields: &Fields<'_>) -> Vec<Pair> {
    let mut headers: Vec<Pair> = Vec::new();
    for (name, item) in entries(fields, "headers") {
        let Some(header) = read_header(name, &item) else { continue };
        if headers.iter().any(|(name, _)| *name == header.0) {
            item.problem(format!("'{}' is there more than once", header.0));
        } else {
            headers.push(header);
        }
    }
    sorted(headers)
}

fn read_header(name: &str, item: &Item<'_>) -> Option<Pair> {
    let Ok(header) = HeaderName::try_from(name) else {
        item.problem(format!("'{}' is not the name of a header", name.escape_debug()));
        return None;
    };
    if let Some(why) = why_not_a_header(header.as_str()) {
        item.problem(format!("'{name}' cannot be set here: {why}"));
        return None;
    }
    let value = text(item)?;
    let is_visible = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !is_visible || value.trim() != value {
        item.problem("a header's value is visible ASCII, without a space at its ends");
        return None;
    }
    Some((header.as_str().to_owned(), value))
}

/// Why the gateway alone sets a header, if it does.
fn why_not_a_header(name: &str) -> Option<&'static str> {
    match name {
        "authorization" | "proxy-authorization" | "x-api-key" | "api-key" | "x-goog-api-key" => {
            Some("a credential goes into 'api_key'")
        }
        "host" => Some("'base_url' names the host"),
        // An answer that is compressed could not be read.
        "accept-encoding" => Some("the gateway reads answers that are not compressed"),
        "content-length"
        | "content-type"
        | "transfer-encoding"
        | "connection"
        | "x-client-request-id" => Some("the gateway sets it"),
        _ if name.starts_with("x-amz-") => Some("the gateway sets it when it signs a request"),
        _ => None,
    }
}

/// A text that survives the table, where a number keeps its value and not its digits.
fn text(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let stored = item.node.to_json().to_string();
    if matches!(item.node.kind, Kind::Number(_)) && stored != text {
        item.problem(format!("{text} is a number, and would become {stored}: put it in quotes"));
        return None;
    }
    Some(text.to_owned())
}

fn read_edits(fields: Fields<'_>) -> Edits {
    let removed = fields.list("remove");
    let mut steps: Vec<_> =
        removed.iter().map(|item| step(item.text()?, item, Change::Remove)).collect();
    steps.extend(read_values(&fields, "default", Change::Default));
    steps.extend(read_values(&fields, "set", Change::Set));
    steps.extend(entries(&fields, "clamp").iter().map(|(name, item)| read_clamp(name, item)));
    fields.finish();
    Edits::new(steps.into_iter().flatten().collect())
}

fn read_values(
    fields: &Fields<'_>,
    field: &'static str,
    change: fn(String) -> Change,
) -> Vec<Option<Step>> {
    let json = |item: &Item<'_>| item.node.to_json().to_string();
    let read = |(name, item): &(&str, Item<'_>)| step(name, item, change(json(item)));
    entries(fields, field).iter().map(read).collect()
}

fn read_clamp(name: &str, item: &Item<'_>) -> Option<Step> {
    let fields = item.fields()?;
    let (min, max) = (read_bound(&fields, "min"), read_bound(&fields, "max"));
    fields.finish();
    match Bounds::new(min.ok()?.as_deref(), max.ok()?.as_deref()) {
        Ok(bounds) => step(name, item, Change::Clamp(bounds)),
        Err(why) => {
            item.problem(why);
            None
        }
    }
}

/// A number as JSON, if it is there; `Err` when it is none.
fn read_bound(fields: &Fields<'_>, name: &'static str) -> Result<Option<String>, ()> {
    let Some(item) = fields.item(name) else { return Ok(None) };
    let json = item.node.to_json();
    if !json.is_number() {
        item.problem(format!("expected a number, found {}", item.node.describe()));
        return Err(());
    }
    Ok(Some(json.to_string()))
}

fn step(name: &str, item: &Item<'_>, change: Change) -> Option<Step> {
    Step::new(name, change).map_err(|why| item.problem(why)).ok()
}

#[cfg(test)]
mod tests;
