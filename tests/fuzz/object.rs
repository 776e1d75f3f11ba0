//! The shallow parser, against a parser that builds everything.

use serde_json::Value;
use tollgate::dialect::{Edit, Object, ObjectError};

use super::corpus::{golden, hash, kept};
use super::engine::Target;
use super::mutate::Dice;

pub(super) const TARGET: Target = Target {
    name: "object",
    corpus: || {
        [
            kept("object"),
            golden("openai/requests"),
            golden("dialects/openai/client_request"),
            golden("dialects/anthropic/client_request"),
        ]
        .concat()
    },
    inputs: 5_000,
    check: |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        check_members(text);
        // One more member might be one too many.
        if let Ok(object) = Object::parse(text)
            && object.names().count() < 510
        {
            let mut dice = Dice::new(hash(bytes));
            for _ in 0..4 {
                check_edit(text, &object, &mut dice, edited);
            }
        }
    },
};

/// More of one inside the other than this, and the whole parser gives up.
const MOST_DEPTH: usize = 100;

fn check_members(text: &str) {
    let whole = serde_json::from_str::<Value>(text);
    let object = match (Object::parse(text), &whole) {
        (Ok(object), _) => object,
        (Err(ObjectError::NotAnObject | ObjectError::Syntax(_)), Ok(Value::Object(_))) => {
            panic!("an object is none")
        }
        (Err(ObjectError::Syntax(why)), Ok(_)) => panic!("JSON is none: {why}"),
        (Err(ObjectError::TooManyMembers), _) => {
            return assert!(text.matches(':').count() > 512, "too many are not too many");
        }
        (Err(_), _) => return,
    };
    let whole = match whole {
        Ok(Value::Object(whole)) => whole,
        Ok(other) => panic!("{other} is no object"),
        // Texts and numbers are not looked into: those that are none are their readers' business.
        Err(error) => {
            let refused = |(_, json): (&str, &str)| serde_json::from_str::<Value>(json).is_err();
            let is_deep = text.matches(['{', '[']).count() > MOST_DEPTH;
            assert!(is_deep || object.members().any(refused), "this is no JSON: {error}");
            return;
        }
    };
    for (name, json) in &whole {
        let value = object.value(name).map(|json| serde_json::from_str(json).unwrap());
        assert_eq!(value.unwrap_or(Value::Null), *json, "{name}");
        assert!(object.count(name) > 0);
    }
    assert!(object.names().all(|name| whole.contains_key(name)), "a name from nowhere");
    assert_eq!(object.value("a name that nobody has"), None);
}

type Editor = fn(&Object<'_>, &[Edit<'_>]) -> String;

fn edited(object: &Object<'_>, edits: &[Edit<'_>]) -> String {
    object.edited(edits)
}

/// What is edited is edited, and nothing else.
pub(super) fn check_edit(text: &str, object: &Object<'_>, dice: &mut Dice, edited: Editor) {
    let members: Vec<(&str, &str)> = object.members().collect();
    assert_eq!(edited(object, &[]), text, "without an edit");
    let names: Vec<&str> = members.iter().map(|(name, _)| *name).chain(["stream", "new"]).collect();
    let (first, second) = (*dice.pick(&names), *dice.pick(&names));
    let value = *dice.pick(&["1", "null", r#""a,}\"""#, r#"{"b":[]}"#]);
    let mut edits = vec![edit(first, value, object, dice)];
    if second != first && dice.below(2) == 0 {
        edits.push(edit(second, "[2]", object, dice));
    }
    let mut expected = Vec::new();
    for (name, json) in &members {
        match edits.iter().find(|edit| named(edit) == *name) {
            Some(Edit::Remove(_)) => {}
            Some(Edit::Set(_, value)) => expected.push((*name, value.as_str())),
            None => expected.push((*name, *json)),
        }
    }
    for edit in &edits {
        if let Edit::Set(name, value) = edit
            && object.count(name) == 0
        {
            expected.push((name, value));
        }
    }
    let changed = edited(object, &edits);
    let again = Object::parse(&changed).unwrap_or_else(|e| panic!("{edits:?}: {e:?}: {changed}"));
    assert_eq!(again.members().collect::<Vec<_>>(), expected, "{edits:?}: {changed}");
}

/// A name that has to be escaped is only ever taken away or kept: the gateway adds none.
fn edit<'e>(name: &'e str, value: &str, object: &Object<'_>, dice: &mut Dice) -> Edit<'e> {
    if dice.below(3) == 0 {
        return Edit::Remove(name);
    }
    assert!(object.count(name) > 0 || matches!(name, "stream" | "new"));
    Edit::Set(name, value.to_owned())
}

fn named<'a>(edit: &Edit<'a>) -> &'a str {
    match edit {
        Edit::Set(name, _) | Edit::Remove(name) => name,
    }
}
