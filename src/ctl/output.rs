//! The one place that prints: reports on stdout, errors, notes and progress on stderr.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::grid::Grid;
use crate::config::Problem;

/// What a command found or did, for people and for machines.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// For people, in this order.
    pub(super) body: Vec<Block>,
    /// What the body is about; beside it, so that the body can be piped away.
    pub(super) header: Option<String>,
    /// What people should know besides.
    pub(super) notes: Vec<String>,
    /// For machines: a map.
    pub(super) json: Value,
    /// What it means when the report cannot be written, if it means anything.
    pub(super) if_lost: Option<String>,
}

/// A part of a report.
#[derive(Debug)]
pub(super) enum Block {
    /// Lines of text.
    Text(String),
    /// Rows.
    Grid(Grid),
    /// Text for a program, which ends its own lines.
    Raw(String),
}

impl Report {
    /// A report for machines, to be given its body.
    pub(super) fn new(json: Value) -> Self {
        Self { json, ..Self::default() }
    }

    /// Adds text.
    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.body.push(Block::Text(text.into()));
        self
    }

    /// Adds rows.
    pub(super) fn grid(mut self, grid: Grid) -> Self {
        self.body.push(Block::Grid(grid));
        self
    }

    /// Adds text for a program.
    pub(super) fn raw(mut self, text: String) -> Self {
        self.body.push(Block::Raw(text));
        self
    }

    /// Says what the body is about.
    pub(super) fn header(self, header: String) -> Self {
        Self { header: Some(header), ..self }
    }

    /// Adds notes.
    pub(super) fn notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }
}

/// Why a command failed or refused.
#[derive(Debug, PartialEq)]
pub(super) struct Failed {
    what: String,
    advice: Option<String>,
    details: Vec<String>,
    file: String,
    problems: Vec<Problem>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Failed {
    /// What is wrong, and where.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            advice: None,
            details: vec![],
            file: String::new(),
            problems: vec![],
        }
    }

    /// What it is about, one by one.
    pub(super) fn details(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }

    /// What the operator can do about it.
    pub(super) fn advice(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// The mistakes in a file.
    pub(super) fn problems(self, file: &str, problems: Vec<Problem>) -> Self {
        Self { file: file.to_owned(), problems, ..self }
    }

    fn json(&self) -> Value {
        let mut error = Map::new();
        error.insert("message".to_owned(), json!(self.what));
        if let Some(advice) = &self.advice {
            error.insert("advice".to_owned(), json!(advice));
        }
        if !self.details.is_empty() {
            error.insert("details".to_owned(), json!(self.details));
        }
        if !self.problems.is_empty() {
            let problems = self.problems.iter().map(|problem| {
                json!({
                    "file": self.file,
                    "line": problem.at.map(|at| at.line),
                    "column": problem.at.map(|at| at.column),
                    "path": problem.path,
                    "message": problem.message,
                })
            });
            error.insert("problems".to_owned(), problems.collect());
        }
        json!({ "error": error })
    }
}

/// How the operator wants to be talked to.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    json: bool,
    colour_out: bool,
    colour_err: bool,
}

impl Console {
    /// Colours only for a terminal, and only if they are wanted.
    pub fn new(json: bool, no_colour: bool) -> Self {
        let colour = |terminal: bool| terminal && !no_colour && !json;
        Self {
            json,
            colour_out: colour(io::stdout().is_terminal()),
            colour_err: colour(io::stderr().is_terminal()),
        }
    }

    /// Whether the report is for a terminal that may be made pretty.
    pub(super) fn is_pretty(self) -> bool {
        self.colour_out
    }

    /// Tells people that something takes its time.
    pub(super) fn progress(self, text: &str) {
        if !self.json {
            let line = paint(self.colour_err, Paint::Dim, text);
            // Nobody reads it: nothing is lost.
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
    }

    /// Tells what is wrong with the command line, or what it can be: 2, or 0 for help.
    pub fn usage(self, error: &clap::Error) -> ExitCode {
        if self.json && error.use_stderr() {
            // What comes after the first paragraph is a hint about --help.
            let text = error.render().to_string();
            let message = text.split("\n\n").next().unwrap_or_default();
            let message = message.trim().trim_start_matches("error: ");
            let _ = writeln!(io::stderr().lock(), "{}", json!({ "error": { "message": message } }));
        } else {
            let _ = error.print();
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    }

    /// Tells how a command went: 0 or 1.
    pub(super) fn deliver(self, outcome: Result<Report, Failed>) -> ExitCode {
        let failed = match outcome {
            Ok(report) => match self.write_report(&report, &mut io::stdout(), &mut io::stderr()) {
                Ok(()) => return ExitCode::SUCCESS,
                // A reader that has seen enough (`| head`) is no failure.
                Err(error) if is_closed(&error) && report.if_lost.is_none() => {
                    return ExitCode::SUCCESS;
                }
                Err(error) => undelivered(report.if_lost, &error),
            },
            Err(failed) => failed,
        };
        let _ = self.write_failed(&failed, &mut io::stderr());
        ExitCode::FAILURE
    }

    fn write_report(
        self,
        report: &Report,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> io::Result<()> {
        if self.json {
            let mut json = report.json.clone();
            if let Some(members) = json.as_object_mut().filter(|_| !report.notes.is_empty()) {
                members.insert("notes".to_owned(), json!(report.notes));
            }
            out.write_all(format!("{json:#}\n").as_bytes())?;
            return out.flush();
        }
        if let Some(header) = &report.header {
            let _ = writeln!(err, "{}", paint(self.colour_err, Paint::Dim, &printable(header)));
        }
        for note in &report.notes {
            let label = paint(self.colour_err, Paint::Yellow, "note:");
            // Without a reader of notes there can still be one of the report.
            let _ = writeln!(err, "{label} {}", printable(note));
        }
        // One write, so that a reader gets all or nothing of what fits.
        out.write_all(self.render(&report.body).as_bytes())?;
        out.flush()
    }

    fn render(self, body: &[Block]) -> String {
        let mut text = String::new();
        for block in body {
            match block {
                Block::Raw(raw) => {
                    text.push_str(raw);
                    continue;
                }
                Block::Text(lines) => text.push_str(&printable(lines)),
                Block::Grid(grid) => {
                    for (index, line) in grid.lines().iter().enumerate() {
                        let bold = self.colour_out && index == 0 && grid.has_heading();
                        text.push_str(if index == 0 { "" } else { "\n" });
                        text.push_str(&paint(bold, Paint::Bold, &printable(line)));
                    }
                }
            }
            text.push('\n');
        }
        text
    }

    fn write_failed(self, failed: &Failed, err: &mut impl Write) -> io::Result<()> {
        if self.json {
            return writeln!(err, "{:#}", failed.json());
        }
        for problem in &failed.problems {
            let space = if problem.at.is_some() { "" } else { " " };
            writeln!(err, "{}", printable(&format!("{}:{space}{problem}", failed.file)))?;
        }
        let label = paint(self.colour_err, Paint::Red, "error:");
        writeln!(err, "{label} {}", printable(&failed.what))?;
        for detail in &failed.details {
            writeln!(err, "  {}", printable(detail))?;
        }
        match &failed.advice {
            Some(advice) => writeln!(err, "  {}", printable(advice)),
            None => Ok(()),
        }
    }
}

fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

fn undelivered(if_lost: Option<String>, error: &io::Error) -> Failed {
    let failed = Failed::new(format!("the output could not be written: {error}"));
    match if_lost {
        Some(advice) => failed.advice(advice),
        None => failed,
    }
}

/// What comes from a table or a file must not steer a terminal.
fn printable(text: &str) -> String {
    let plain = |c: char| if c.is_control() && c != '\n' { '\u{FFFD}' } else { c };
    text.chars().map(plain).collect()
}

#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Dim,
    Red,
    Yellow,
}

fn paint(wanted: bool, paint: Paint, text: &str) -> String {
    let code = match paint {
        _ if !wanted => return text.to_owned(),
        Paint::Bold => "1",
        Paint::Dim => "2",
        Paint::Red => "1;31",
        Paint::Yellow => "33",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Position;

    const PLAIN: Console = Console { json: false, colour_out: false, colour_err: false };
    const JSON: Console = Console { json: true, ..PLAIN };

    fn written(console: Console, report: &Report) -> (String, String) {
        let (mut out, mut err) = (vec![], vec![]);
        console.write_report(report, &mut out, &mut err).unwrap();
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn a_report_has_two_faces() {
        let report = Report::new(json!({ "a": 1 }))
            .text("A\x1b[31m")
            .grid(Grid::new(&["B"], [vec!["b".to_owned()]]))
            .notes(["c".to_owned()]);
        let plain = ("A\u{FFFD}[31m\nB\nb\n".to_owned(), "note: c\n".to_owned());
        assert_eq!(written(PLAIN, &report), plain);
        let (out, err) = written(JSON, &report);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json!({ "a": 1, "notes": ["c"] }));
        assert_eq!(err, "");
        let colourful = Console { colour_out: true, colour_err: true, ..PLAIN };
        assert_eq!(written(colourful, &report).0, "A\u{FFFD}[31m\n\x1b[1mB\x1b[0m\nb\n");
    }

    #[test]
    fn a_failure_says_what_where_and_what_to_do() {
        let problem = |at| Problem { at, path: "p".into(), message: "m".into() };
        let at = Some(Position { line: 2, column: 3 });
        let failed = Failed::new("w").advice("a").problems("f", vec![problem(at), problem(None)]);
        let mut err = vec![];
        PLAIN.write_failed(&failed, &mut err).unwrap();
        assert_eq!(String::from_utf8(err).unwrap(), "f:2:3: p: m\nf: p: m\nerror: w\n  a\n");
        assert_eq!(failed.json()["error"]["problems"][0]["line"], 2);
    }
}
