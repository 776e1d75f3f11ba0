//! YAML (and so JSON) text to a tree with positions.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span};

use super::problems::{Position, Problem};
use super::tree::{Entry, Kind, Node};

/// Deeper than any document of ours; a bound on recursion.
const MOST_DEPTH: usize = 32;

/// Reads one document.
///
/// # Errors
/// The first mistake, with its place.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let mut events = Parser::new_from_str(text);
    let mut document = None;
    while let Some(event) = events.next_event() {
        match event.map_err(|error| scan_problem(&error))? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd, _) => {}
            (Event::StreamEnd, _) => break,
            (_, span) if document.is_some() => {
                return Err(problem(span, "there is a second document: one file holds one"));
            }
            (event, span) => document = Some(node(&mut events, event, span, 0)?),
        }
    }
    Ok(document.unwrap_or(Node { at: None, kind: Kind::Map(vec![]) }))
}

type Events<'a> = Parser<'a, saphyr_parser::StrInput<'a>>;

fn node(
    events: &mut Events<'_>,
    event: Event<'_>,
    span: Span,
    depth: usize,
) -> Result<Node, Problem> {
    if depth > MOST_DEPTH {
        return Err(problem(span, "nested too deeply"));
    }
    let kind = match event {
        Event::Scalar(text, ScalarStyle::Plain, 0, None) => plain(&text),
        Event::Scalar(text, _, 0, None) => Kind::Text(text.into_owned()),
        Event::SequenceStart(0, None) => Kind::List(list(events, depth)?),
        Event::MappingStart(0, None) => Kind::Map(map(events, depth)?),
        _ => return Err(problem(span, "anchors, aliases and tags are not supported")),
    };
    Ok(Node { at: Some(position(&span.start)), kind })
}

fn list(events: &mut Events<'_>, depth: usize) -> Result<Vec<Node>, Problem> {
    let mut items = Vec::new();
    loop {
        match next(events)? {
            (Event::SequenceEnd, _) => return Ok(items),
            (event, span) => items.push(node(events, event, span, depth + 1)?),
        }
    }
}

fn map(events: &mut Events<'_>, depth: usize) -> Result<Vec<Entry>, Problem> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let (name, at) = match next(events)? {
            (Event::MappingEnd, _) => return Ok(entries),
            (Event::Scalar(name, _, 0, None), span) => (name.into_owned(), span),
            (_, span) => return Err(problem(span, "a name must be a plain text")),
        };
        if entries.iter().any(|entry| entry.name == name) {
            return Err(problem(at, &format!("'{name}' is there more than once")));
        }
        let (event, span) = next(events)?;
        let value = node(events, event, span, depth + 1)?;
        entries.push(Entry { name, at: Some(position(&at.start)), value });
    }
}

fn next<'a>(events: &mut Events<'a>) -> Result<(Event<'a>, Span), Problem> {
    match events.next_event() {
        Some(Ok(event)) => Ok(event),
        Some(Err(error)) => Err(scan_problem(&error)),
        None => {
            Err(Problem { at: None, path: String::new(), message: "the text ends early".into() })
        }
    }
}

/// What a plain scalar means in YAML's core schema.
fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if serde_json::from_str::<serde_json::Number>(text).is_ok() => {
            Kind::Number(text.to_owned())
        }
        _ => Kind::Text(text.to_owned()),
    }
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

fn problem(span: Span, message: &str) -> Problem {
    Problem { at: Some(position(&span.start)), path: String::new(), message: message.to_owned() }
}

fn scan_problem(error: &ScanError) -> Problem {
    let at = Some(position(error.marker()));
    Problem { at, path: String::new(), message: format!("not valid YAML: {}", error.info()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match parse(text) {
            Ok(node) => node.to_json().to_string(),
            Err(problem) => problem.to_string(),
        };
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn yaml_and_json_become_the_same_tree() {
        check("a: 1\nb: [x, 'y', ~, true, 0.28]\n", r#"{"a":1,"b":["x","y",null,true,0.28]}"#);
        check(r#"{"a": 1, "b": ["x", "1", null]}"#, r#"{"a":1,"b":["x","1",null]}"#);
        check("", "{}");
        check("# nothing\n", "{}");
        check("a: {}\n", r#"{"a":{}}"#);
        check("a: 1\na: 2\n", "2:1: 'a' is there more than once");
        check("a: &x 1\nb: *x\n", "1:4: anchors, aliases and tags are not supported");
        check("---\na: 1\n---\nb: 2\n", "4:1: there is a second document: one file holds one");
        assert!(parse("a: [1, 2\nb: 3").unwrap_err().at.is_some());
        assert!(parse(&"[".repeat(100)).is_err());
    }

    #[test]
    fn positions_are_counted_from_one() {
        let Kind::Map(entries) = parse("a:\n  b: 7\n").unwrap().kind else { panic!() };
        assert_eq!(entries[0].at, Some(Position { line: 1, column: 1 }));
        let Kind::Map(inner) = &entries[0].value.kind else { panic!() };
        assert_eq!(inner[0].at, Some(Position { line: 2, column: 3 }));
        assert_eq!(inner[0].value.at, Some(Position { line: 2, column: 6 }));
    }
}
