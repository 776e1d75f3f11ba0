//! A shallow view of a JSON object that can be edited in place: what is not edited keeps its bytes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde_json::value::RawValue;

use super::skip::{Cursor, string};

/// More fields than any request has; a bound on what a hostile body can make the gateway allocate.
const MOST_MEMBERS: usize = 512;

/// Why a text is not a usable object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectError {
    /// It is not JSON: the parser's words, with line and column.
    Syntax(String),
    /// It is JSON, but not an object.
    NotAnObject,
    /// It has too many fields.
    TooManyMembers,
}

/// A JSON object's members as slices of its text.
#[derive(Debug)]
pub struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
}

#[derive(Debug)]
struct Member<'a> {
    name: Cow<'a, str>,
    /// From the end of the member before (or the start of the text) to the value: comma, name,
    /// colon and white space.
    lead: &'a str,
    value: &'a str,
}

/// Where the values of an object's members stand in its text, in bytes: enough to view it again
/// without reading it again.
#[derive(Clone, Debug)]
pub struct Outline(Vec<Range<usize>>);

/// A change of one member. Values are JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit<'e> {
    /// Replaces the member's value, or adds the member.
    Set(&'e str, String),
    /// Takes the member out, if it is there.
    Remove(&'e str),
}

impl<'a> Object<'a> {
    /// Reads the members of an object without looking into their values.
    ///
    /// # Errors
    /// See [`ObjectError`].
    pub fn parse(text: &'a str) -> Result<Self, ObjectError> {
        Outline::read(text).map(|outline| outline.object(text))
    }

    /// The value of a member as JSON; `null` counts as absent. Of several with one name, the last.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        let named = |member: &&Member<'a>| member.name == name;
        self.members.iter().rev().find(named).map(|member| member.value).filter(|v| *v != "null")
    }

    /// The names of the members, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_ref())
    }

    /// Every member as it stands: its name, and its value as JSON.
    pub fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|member| (member.name.as_ref(), member.value))
    }

    /// How many members have this name.
    pub fn count(&self, name: &str) -> usize {
        self.members.iter().filter(|member| member.name == name).count()
    }

    /// The object's text with these edits and no other change.
    pub fn edited(&self, edits: &[Edit<'_>]) -> String {
        let added: usize = edits.iter().map(Edit::len).sum();
        let mut text = String::with_capacity(self.text.len() + added);
        let mut kept = false;
        for (index, member) in self.members.iter().enumerate() {
            let edit = edits.iter().find(|edit| edit.name() == member.name);
            let value = match edit {
                Some(Edit::Remove(_)) => {
                    if index == 0 {
                        // The brace stands in the first lead.
                        text.push_str(member.lead.split('"').next().unwrap_or_default());
                    }
                    continue;
                }
                Some(Edit::Set(_, value)) => value,
                None => member.value,
            };
            match (index, kept) {
                (0, _) | (_, true) => text.push_str(member.lead),
                // The members before it are gone, and so must be its comma.
                (_, false) => text.push_str(&member.lead.replacen(',', "", 1)),
            }
            text.push_str(value);
            kept = true;
        }
        let tail = self.tail();
        if self.members.is_empty() {
            text.push_str(self.text.strip_suffix(tail).unwrap_or("{"));
        }
        for edit in edits {
            let Edit::Set(name, value) = edit else { continue };
            if self.count(name) == 0 {
                let comma = if kept { "," } else { "" };
                text.extend([comma, "\"", name, "\":", value]);
                kept = true;
            }
        }
        text.push_str(tail);
        text
    }

    /// What stands after the last member: white space and the closing brace.
    fn tail(&self) -> &'a str {
        let end = self.text.rfind('}').unwrap_or(0);
        self.members.last().map_or_else(
            || self.text.get(end..).unwrap_or_default(),
            |last| {
                let end = last.value.as_ptr().addr() - self.text.as_ptr().addr() + last.value.len();
                self.text.get(end..).unwrap_or_default()
            },
        )
    }
}

impl Outline {
    /// Reads the members of an object without looking into their values.
    ///
    /// # Errors
    /// See [`ObjectError`].
    pub fn read(text: &str) -> Result<Self, ObjectError> {
        let (mut places, mut has_too_many) = (Vec::new(), false);
        let mut cursor = Cursor::new(text);
        let read = cursor.object(|cursor, name| {
            string(name)?;
            has_too_many = places.len() == MOST_MEMBERS;
            if has_too_many {
                return None;
            }
            let value = cursor.named()?;
            // The value borrows from the text, so its address says where it stands.
            let start = value.as_ptr().addr() - text.as_ptr().addr();
            places.push(start..start + value.len());
            Some(())
        });
        if has_too_many {
            return Err(ObjectError::TooManyMembers);
        }
        if read.is_none() || !cursor.is_at_end() {
            return Err(error_of(text));
        }
        Ok(Self(places))
    }

    /// The object, from the same text.
    pub fn object<'a>(&self, text: &'a str) -> Object<'a> {
        let mut end = 0;
        let member = |place: &Range<usize>| {
            let lead = text.get(end..place.start)?;
            end = place.end;
            let is_around = |c| matches!(c, '{' | ',' | ':' | ' ' | '\n' | '\t' | '\r');
            Some(Member {
                name: string(lead.trim_matches(is_around))?,
                lead,
                value: text.get(place.clone())?,
            })
        };
        Object { text, members: self.0.iter().map_while(member).collect() }
    }
}

impl Edit<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Set(name, _) | Self::Remove(name) => name,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Set(name, value) => name.len() + value.len() + 4,
            Self::Remove(_) => 0,
        }
    }
}

/// What is wrong with a text, in the parser's words.
fn error_of(text: &str) -> ObjectError {
    match serde_json::from_str::<HashMap<String, &RawValue>>(text) {
        Err(error) if error.is_data() => ObjectError::NotAnObject,
        Err(error) => ObjectError::Syntax(error.to_string()),
        // What is refused without words is what the parser refuses: see the fuzz targets.
        Ok(_) => ObjectError::Syntax("it cannot be read".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, edits: &[Edit<'_>], expected: &str) {
        let edited = Object::parse(text).unwrap().edited(edits);
        assert_eq!(edited, expected);
        assert!(serde_json::from_str::<serde_json::Value>(&edited).is_ok(), "{edited}");
    }

    #[test]
    fn what_is_not_edited_keeps_its_bytes() {
        let set = |name, value: &str| Edit::Set(name, value.to_owned());
        let odd = " { \"b\" :\t1.0 ,\n\"model\": \"x\" , \"é\\n\": [ 1, {} ] } ";
        check(odd, &[], odd);
        check(
            odd,
            &[set("model", "\"longer\"")],
            " { \"b\" :\t1.0 ,\n\"model\": \"longer\" , \"é\\n\": [ 1, {} ] } ",
        );
        check(r#"{"a":1}"#, &[set("b", "2"), set("c", "{}")], r#"{"a":1,"b":2,"c":{}}"#);
        check("{}", &[set("b", "2")], r#"{"b":2}"#);
        check(" { } ", &[set("b", "2")], " { \"b\":2} ");
        check("\n{ } ", &[], "\n{ } ");
        check(r#"{"mod\u0065l":"x"}"#, &[set("model", "1")], r#"{"mod\u0065l":1}"#);
    }

    #[test]
    fn members_can_be_taken_out_anywhere() {
        let all = r#"{ "a,\"":1, "b":2 , "c":3 }"#;
        check(all, &[Edit::Remove("a,\"")], r#"{  "b":2 , "c":3 }"#);
        check(all, &[Edit::Remove("b")], r#"{ "a,\"":1 , "c":3 }"#);
        check(all, &[Edit::Remove("c")], r#"{ "a,\"":1, "b":2 }"#);
        let none = [Edit::Remove("a,\""), Edit::Remove("b"), Edit::Remove("c")];
        check(all, &none, "{  }");
        let swap = [Edit::Remove("a"), Edit::Set("b", "1".to_owned())];
        check(r#"{"a":1}"#, &swap, r#"{"b":1}"#);
    }

    #[test]
    fn what_is_not_an_object_says_so() {
        let error = |text| Object::parse(text).unwrap_err();
        assert!(matches!(error("{\"a\":}"), ObjectError::Syntax(why) if why.contains("line 1")));
        assert!(matches!(error(""), ObjectError::Syntax(_)));
        assert!(matches!(error("{} x"), ObjectError::Syntax(_)));
        for other in ["[]", "1", "\"x\"", "null", "true"] {
            assert_eq!(error(other), ObjectError::NotAnObject, "{other}");
        }
        let many: String = (0..600).map(|i| format!("\"{i}\":0,")).collect();
        assert_eq!(error(&format!("{{{many}\"z\":0}}")), ObjectError::TooManyMembers);
    }

    #[test]
    fn duplicates_are_counted_by_meaning() {
        let object = Object::parse(r#"{"model":"a","mod\u0065l":"b","n":null}"#).unwrap();
        assert_eq!(object.count("model"), 2);
        assert_eq!(object.value("model"), Some("\"b\""));
        assert_eq!(object.value("n"), None);
    }
}
