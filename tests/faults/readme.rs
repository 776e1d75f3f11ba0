//! The README's table of faults, made of the lines that are played.

use super::elsewhere::{CLIENT, Elsewhere, PLATFORM, PROVIDER, STORE};
use super::line::{Charged, Line, Outcome, Place};
use tollgate::failure::Class;

const HEAD: &str = "| where | fault | Tollgate | the client | charged |\n|---|---|---|---|---|\n";

/// The table: faults of one outcome stand in one line.
pub(super) fn table(lines: &[Line]) -> String {
    let of = |is: fn(&Outcome) -> bool| lines.iter().filter(move |line| is(&line.outcome));
    let before = merged(of(|outcome| matches!(outcome, Outcome::Fails { .. })));
    let after = merged(of(|outcome| matches!(outcome, Outcome::Cut { .. })));
    let none = merged(of(|outcome| matches!(outcome, Outcome::Answers)));
    let elsewhere = |lines: &[Elsewhere]| -> Vec<Cells> {
        let cells = |line: &Elsewhere| (line.fault.to_owned(), line.outcome.map(str::to_owned));
        lines.iter().map(cells).collect()
    };
    let mut text = HEAD.to_owned();
    for (place, cells) in [
        ("a provider, before the first content", before),
        ("a provider, after it", after),
        ("a provider, odd but sound", none),
        ("the providers", elsewhere(&PROVIDER)),
        ("the store", elsewhere(&STORE)),
        ("the client", elsewhere(&CLIENT)),
        ("the function", elsewhere(&PLATFORM)),
    ] {
        for (number, (fault, outcome)) in cells.iter().enumerate() {
            let place = if number == 0 { place } else { "" };
            let row = format!("| {place} | {fault} | {} |", outcome.join(" | "));
            text += &row.split_whitespace().collect::<Vec<_>>().join(" ");
            text.push('\n');
        }
    }
    text
}

/// A fault, and what Tollgate does, what the client gets, what is charged.
type Cells = (String, [String; 3]);

fn merged<'a>(lines: impl Iterator<Item = &'a Line>) -> Vec<Cells> {
    let mut all: Vec<Cells> = Vec::new();
    for line in lines {
        let outcome = told(line);
        match all.iter_mut().find(|(_, known)| *known == outcome) {
            Some((faults, _)) => *faults = format!("{faults}; {}", line.fault),
            None => all.push((line.fault.to_owned(), outcome)),
        }
    }
    all
}

fn told(line: &Line) -> [String; 3] {
    match line.outcome {
        Outcome::Fails { class, status, code, charged } => {
            // Where nothing else is possible, the time is up.
            let leaves_time = line.cases.iter().any(|case| case.places != [Place::Only]);
            let falls_back = leaves_time && Class::named(class).unwrap().falls_back();
            let does = if falls_back { "asks the next" } else { "asks nobody else" };
            let of_cases = line.cases.iter().filter_map(|case| case.status);
            let statuses: Vec<_> = [status].into_iter().chain(of_cases).collect();
            let statuses: Vec<_> = statuses.iter().map(ToString::to_string).collect();
            let charged = if charged == Charged::Hold { "its hold" } else { "nothing" };
            let sees = format!("{} `{code}`", statuses.join(", "));
            [format!("`{class}`: {does}"), sees, charged.to_owned()]
        }
        Outcome::Cut { class, code } => [
            format!("`{class}`: ends the stream"),
            format!("an error event, `{code}`"),
            "its hold".to_owned(),
        ],
        Outcome::Answers => ["passes it on", "the answer", "its usage"].map(str::to_owned),
    }
}
