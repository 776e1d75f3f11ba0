//! What was measured, as one table for people and one document for machines.

use serde_json::{Value, json};

/// Several measurements of one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(pub(crate) Vec<f64>);

impl Sample {
    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.at(0.99)
    }

    fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let most = sorted.len().saturating_sub(1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let index = (share * most as f64).round() as usize;
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        Self(self.0.iter().copied().map(change).collect())
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        Self(values.into_iter().collect())
    }
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
enum Goal {
    AtMost(f64),
    AtLeast(f64),
    Exactly(f64),
    TimesFloor(f64),
}

/// One figure.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    name: String,
    unit: &'static str,
    wall: Option<Sample>,
    cpu: Option<Sample>,
    floor: Option<f64>,
    goals: Vec<Goal>,
    note: Option<String>,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, unit: &'static str) -> Self {
        let name = name.into();
        Self { name, unit, wall: None, cpu: None, floor: None, goals: vec![], note: None }
    }

    /// What a client sees: a time, a rate, a size.
    pub(crate) fn wall(self, wall: Sample) -> Self {
        Self { wall: Some(wall), ..self }
    }

    /// The process's CPU time. Where it is given, it is what goals are about.
    pub(crate) fn cpu(self, cpu: Sample) -> Self {
        Self { cpu: Some(cpu), ..self }
    }

    /// The same of the floor.
    pub(crate) fn floor(self, floor: f64) -> Self {
        Self { floor: Some(floor), ..self }
    }

    pub(crate) fn at_most(self, most: f64) -> Self {
        self.goal(Goal::AtMost(most))
    }

    pub(crate) fn at_least(self, least: f64) -> Self {
        self.goal(Goal::AtLeast(least))
    }

    pub(crate) fn exactly(self, value: f64) -> Self {
        self.goal(Goal::Exactly(value))
    }

    pub(crate) fn times_floor(self, times: f64) -> Self {
        self.goal(Goal::TimesFloor(times))
    }

    pub(crate) fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }

    pub(crate) fn judged(&self) -> f64 {
        self.cpu.as_ref().or(self.wall.as_ref()).map_or(f64::NAN, Sample::median)
    }

    fn ratio(&self) -> Option<f64> {
        self.floor.map(|floor| self.judged() / floor)
    }

    /// Whether it reaches all of its goals; nothing where it has none.
    pub(crate) fn holds(&self) -> Option<bool> {
        let judged = self.judged();
        let holds = |goal: &Goal| match *goal {
            Goal::AtMost(most) => judged <= most,
            Goal::AtLeast(least) => judged >= least,
            Goal::Exactly(value) => (judged - value).abs() < f64::EPSILON,
            Goal::TimesFloor(times) => self.ratio().is_some_and(|ratio| ratio <= times),
        };
        (!self.goals.is_empty()).then(|| self.goals.iter().all(holds))
    }

    fn goal_words(&self) -> String {
        let unit = self.unit;
        let words = |goal: &Goal| match *goal {
            Goal::AtMost(most) => format!("≤ {} {unit}", short(most)),
            Goal::AtLeast(least) => format!("≥ {} {unit}", short(least)),
            Goal::Exactly(value) => short(value),
            Goal::TimesFloor(times) => format!("≤ {times} × floor"),
        };
        self.goals.iter().map(words).collect::<Vec<_>>().join(", ").trim_end().to_owned()
    }

    fn cells(&self) -> Vec<String> {
        let number = |value: Option<f64>| value.map_or_else(String::new, short);
        let verdict = match self.holds() {
            None => "",
            Some(true) => "ok",
            Some(false) => "MISSED",
        };
        vec![
            self.name.clone(),
            self.unit.to_owned(),
            number(self.wall.as_ref().map(Sample::median)),
            number(self.wall.as_ref().filter(|wall| wall.0.len() > 1).map(Sample::p99)),
            number(self.cpu.as_ref().map(Sample::median)),
            number(self.floor),
            self.ratio().map_or_else(String::new, |ratio| format!("{ratio:.1}")),
            self.goal_words(),
            verdict.to_owned(),
        ]
    }

    fn to_json(&self) -> Value {
        let spread = |sample: &Sample| json!({ "median": sample.median(), "p99": sample.p99(), "runs": sample.0.len() });
        json!({
            "figure": self.name,
            "unit": self.unit,
            "measured": self.wall.as_ref().map(spread),
            "cpu": self.cpu.as_ref().map(spread),
            "floor": self.floor,
            "ratio": self.ratio(),
            "goal": self.goal_words(),
            "holds": self.holds(),
            "note": self.note,
        })
    }
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        zero if zero < 0.000_5 => "0".to_owned(),
        big if big >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}").trim_end_matches(".0").to_owned(),
        _ => {
            let text = format!("{value:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

const HEADS: [&str; 9] =
    ["figure", "unit", "median", "p99", "CPU", "floor", "ratio", "to reach", ""];

/// A table that is Markdown too, and its notes.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut lines = vec![HEADS.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(Row::cells));
    let width = |column: usize| {
        lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or_default().max(3)
    };
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    let is_number = |column: usize| (2..=6).contains(&column);
    let line = |cells: &Vec<String>| {
        let cell = |(column, cell): (usize, &String)| match is_number(column) {
            true => format!("| {cell:>0$} ", widths[column]),
            false => format!("| {cell:<0$} ", widths[column]),
        };
        cells.iter().enumerate().map(cell).collect::<String>() + "|\n"
    };
    let ruler: String = widths
        .iter()
        .enumerate()
        .map(|(column, width)| match is_number(column) {
            true => format!("| {}: ", "-".repeat(width - 1)),
            false => format!("| {} ", "-".repeat(*width)),
        })
        .collect();
    let mut table = line(&lines[0]) + &ruler + "|\n";
    table.extend(lines[1..].iter().map(line));
    let notes = rows.iter().filter_map(|row| Some((&row.name, row.note.as_ref()?)));
    let notes: Vec<String> = notes.map(|(name, note)| format!("\n- {name}: {note}")).collect();
    if notes.is_empty() { table } else { format!("{table}{}\n", notes.concat()) }
}

pub(crate) fn document(place: &Value, rows: &[Row]) -> Value {
    let rows: Vec<Value> = rows.iter().map(Row::to_json).collect();
    json!({ "measured_on": place, "figures": rows })
}
