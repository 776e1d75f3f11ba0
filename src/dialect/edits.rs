//! A target's own edits: what its configuration changes in the body that goes to it.

use std::borrow::Cow;
use std::mem::discriminant;

use super::json::{Edit, Object};

/// Longer paths than any request has; a bound on recursion.
const MOST_PARTS: usize = 16;

/// Fields that quotas and routing rely on, and what to use instead.
const PROTECTED: [(&str, &str); 18] = [
    ("model", "use 'model' of the target"),
    ("messages", INPUT),
    ("prompt", INPUT),
    ("input", INPUT),
    ("system", INPUT),
    ("instructions", INPUT),
    ("stream", "the client decides it"),
    ("stream_options", "use 'stream_usage' of the provider"),
    ("n", FACTOR),
    ("best_of", FACTOR),
    ("max_tokens", CAP),
    ("max_completion_tokens", CAP),
    ("max_output_tokens", CAP),
    ("inferenceConfig.maxTokens", CAP),
    ("tools", TOOLS),
    ("functions", TOOLS),
    ("toolConfig.tools", TOOLS),
    ("mcp_servers", TOOLS),
];
const INPUT: &str = "quotas count it as the client wrote it";
const TOOLS: &str = "quotas count the tools that the client names";
const FACTOR: &str = "it multiplies the cost, and only a 'max' in 'clamp' may lower it";
const CAP: &str = "use 'output_tokens' of the target, or a 'max' in 'clamp'";

/// What happens to one field of a body. Values are JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is taken out.
    Remove,
    /// It gets this value where it is absent or null.
    Default(String),
    /// It gets this value, whatever it was.
    Set(String),
    /// A number is moved between these bounds; what is no number stays.
    Clamp(Bounds),
}

/// The least and the most that a number may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    min: Option<String>,
    max: Option<String>,
}

/// One change of the field at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    path: Vec<String>,
    change: Change,
}

/// Changes in the order in which they are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits(Vec<Step>);

impl Bounds {
    /// Bounds from the texts of JSON numbers.
    ///
    /// # Errors
    /// Why they bound nothing, for people.
    pub fn new(min: Option<&str>, max: Option<&str>) -> Result<Self, String> {
        match (min, max) {
            (None, None) => Err("give a 'min', a 'max' or both".to_owned()),
            (Some(min), Some(max)) if is_less(max, min) => {
                Err(format!("no number is between {min} and {max}"))
            }
            _ => Ok(Self { min: min.map(whole), max: max.map(whole) }),
        }
    }

    /// The bound that a number is beyond; nothing when it is between them, or is no number.
    fn exceeded_by(&self, json: &str) -> Option<&str> {
        json.parse::<f64>().ok()?;
        let min = self.min.as_deref().filter(|min| is_less(json, min));
        min.or_else(|| self.max.as_deref().filter(|max| is_less(max, json)))
    }
}

/// A bound as it is written into a body: providers refuse `8192.0` where they expect `8192`.
fn whole(bound: &str) -> String {
    match bound.parse::<f64>() {
        Ok(value) if bound.contains(['.', 'e', 'E']) && value.fract() == 0.0 => value.to_string(),
        _ => bound.to_owned(),
    }
}

/// Whether one JSON number is less than another. Whole numbers are not rounded.
fn is_less(a: &str, b: &str) -> bool {
    match (a.parse::<i128>(), b.parse::<i128>()) {
        (Ok(a), Ok(b)) => a < b,
        _ => a.parse::<f64>().ok() < b.parse::<f64>().ok(),
    }
}

impl Step {
    /// A change of the field of this name. A name with dots is a path into objects.
    ///
    /// # Errors
    /// Why there is no such field, or why it is not changed here and what to use instead.
    pub fn new(name: &str, change: Change) -> Result<Self, String> {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        let is_odd = |c: char| c.is_control() || c == '"' || c == '\\';
        if path.iter().any(String::is_empty) || name.contains(is_odd) {
            return Err(format!("'{}' is not the name of a field", name.escape_debug()));
        }
        if path.len() > MOST_PARTS {
            return Err(format!("a path has at most {MOST_PARTS} names"));
        }
        for (protected, instead) in PROTECTED {
            check_protected(name, &change, protected, instead)?;
        }
        Ok(Self { path, change })
    }
}

fn check_protected(
    name: &str,
    change: &Change,
    protected: &str,
    instead: &str,
) -> Result<(), String> {
    let is_within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let may_be_lowered = [CAP, FACTOR].contains(&instead);
    match change {
        Change::Clamp(bounds) if name == protected && may_be_lowered => {
            if bounds.min.is_some() {
                return Err(format!("'{name}' may be lowered, not raised: give no 'min'"));
            }
            let max = bounds.max.as_deref().and_then(|max| max.parse::<u64>().ok());
            max.filter(|max| *max > 0)
                .map(|_| ())
                .ok_or_else(|| format!("the 'max' of '{name}' is a whole number from 1"))
        }
        _ if is_within(name, protected) => Err(format!("'{name}' is protected: {instead}")),
        _ if is_within(protected, name) => {
            Err(format!("'{name}' holds '{protected}', which is protected: {instead}"))
        }
        _ => Ok(()),
    }
}

impl Edits {
    /// Edits that remove first, then fill in, then set, then clamp; each in the order of names, so
    /// that an object is made before a part of it.
    pub fn new(mut steps: Vec<Step>) -> Self {
        let turn = |change: &Change| match change {
            Change::Remove => 0,
            Change::Default(_) => 1,
            Change::Set(_) => 2,
            Change::Clamp(_) => 3,
        };
        steps.sort_by(|a, b| (turn(&a.change), &a.path).cmp(&(turn(&b.change), &b.path)));
        Self(steps)
    }

    /// These, and then those. Where both change one field in one way, only the later one does, so
    /// that a later default or bound wins as a later value does.
    #[must_use]
    pub fn then(&self, later: &Self) -> Self {
        let is_kept = |step: &&Step| {
            !later.0.iter().any(|other| {
                other.path == step.path && discriminant(&other.change) == discriminant(&step.change)
            })
        };
        Self(self.0.iter().filter(is_kept).chain(&later.0).cloned().collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A body with these edits, in which all else keeps its bytes; nothing when it needs none, or
    /// is no JSON object.
    pub fn apply(&self, body: &str) -> Option<String> {
        let object = Object::parse(body).ok()?;
        let mut edits: Vec<(&str, Option<Edit<'_>>)> = Vec::new();
        for name in self.0.iter().filter_map(|step| step.path.first()) {
            // The body may be large: it is read once, and only the field's own value again.
            if !edits.iter().any(|(done, _)| done == name) {
                edits.push((name, edit_of(&object, name, |value| self.all_of(name, value))));
            }
        }
        let edits: Vec<Edit<'_>> = edits.into_iter().filter_map(|(_, edit)| edit).collect();
        (!edits.is_empty()).then(|| object.edited(&edits))
    }

    /// What becomes of the member of this name.
    fn all_of(&self, name: &str, before: Option<&str>) -> Outcome {
        let mut value = before.map(Cow::Borrowed);
        for step in &self.0 {
            let Some((_, rest)) = step.path.split_first().filter(|(first, _)| *first == name)
            else {
                continue;
            };
            match outcome(&step.change, rest, value.as_deref()) {
                Outcome::Same => {}
                Outcome::Gone => value = None,
                Outcome::New(json) => value = Some(Cow::Owned(json)),
            }
        }
        match value {
            value if value.as_deref() == before => Outcome::Same,
            None => Outcome::Gone,
            Some(json) => Outcome::New(json.into_owned()),
        }
    }
}

/// What becomes of a value.
enum Outcome {
    Same,
    Gone,
    New(String),
}

/// What a change makes of the value at this path within a value. A path ends at what is no object:
/// that is never replaced by one.
fn outcome(change: &Change, path: &[String], value: Option<&str>) -> Outcome {
    let present = value.filter(|json| *json != "null");
    let Some((name, rest)) = path.split_first() else {
        return match (change, value) {
            (Change::Remove, Some(_)) => Outcome::Gone,
            (Change::Default(json), _) if present.is_none() => Outcome::New(json.clone()),
            (Change::Set(json), _) => Outcome::New(json.clone()),
            (Change::Clamp(bounds), Some(number)) => bounds
                .exceeded_by(number)
                .map_or(Outcome::Same, |bound| Outcome::New(bound.to_owned())),
            _ => Outcome::Same,
        };
    };
    let adds = matches!(change, Change::Default(_) | Change::Set(_));
    let Some(json) = present.or_else(|| adds.then_some("{}")) else { return Outcome::Same };
    let Ok(object) = Object::parse(json) else { return Outcome::Same };
    let edit = edit_of(&object, name, |value| outcome(change, rest, value));
    edit.map_or(Outcome::Same, |edit| Outcome::New(object.edited(&[edit])))
}

/// The edit that gives a member what becomes of its value.
fn edit_of<'n>(
    object: &Object<'_>,
    name: &'n str,
    becomes: impl FnOnce(Option<&str>) -> Outcome,
) -> Option<Edit<'n>> {
    let last = object.members().filter(|member| member.0 == name).last().map(|member| member.1);
    match becomes(last) {
        Outcome::New(json) => Some(Edit::Set(name, json)),
        Outcome::Gone => Some(Edit::Remove(name)),
        // Two of one name could mean one thing here and another to the provider, beyond a bound.
        Outcome::Same if object.count(name) > 1 => last.map(|json| Edit::Set(name, json.into())),
        Outcome::Same => None,
    }
}

#[cfg(test)]
mod tests;
