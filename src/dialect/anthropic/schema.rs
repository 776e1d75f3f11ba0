//! What Anthropic's structured outputs take of a JSON schema, at Bedrock too ("Structured outputs",
//! "JSON Schema limitations"; Amazon Bedrock User Guide, "Get validated JSON results from models").

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::dialect::{Edit, Object};

/// Keywords that are refused.
const REFUSED: [&str; 27] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "not",
    "if",
    "then",
    "else",
    "contentEncoding",
    "contentMediaType",
];

/// The formats of strings that are taken.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Keywords whose value is a schema, a list of schemas, or schemas by name.
const ONE: &str = "items";
const SEVERAL: [&str; 3] = ["anyOf", "allOf", "prefixItems"];
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];

/// The most levels that are looked into. The parser of a request's body allows no more.
const DEEPEST: usize = 128;

/// A schema as it is taken, and the keywords that had to be taken out of it. That objects have no
/// other members than those named must be said, and is: an answer that keeps to it fits the schema
/// as it was. `oneOf` is asked as `anyOf`.
pub(in crate::dialect) fn fitted(schema: &RawValue) -> (Box<RawValue>, BTreeSet<String>) {
    let mut taken_out = BTreeSet::new();
    let json = fit(schema.get(), DEEPEST, &mut taken_out);
    (RawValue::from_string(json).unwrap_or_else(|_| schema.to_owned()), taken_out)
}

/// Whether a schema is taken as it is.
pub(in crate::dialect) fn fits(schema: Option<&RawValue>) -> bool {
    let Some(schema) = schema else { return false };
    let mut taken_out = BTreeSet::new();
    let json = fit(schema.get(), DEEPEST, &mut taken_out);
    taken_out.is_empty() && json == schema.get()
}

fn fit(json: &str, depth: usize, taken_out: &mut BTreeSet<String>) -> String {
    // `true` and `false` are schemas too.
    let Ok(object) = Object::parse(json) else { return json.to_owned() };
    let Some(depth) = depth.checked_sub(1) else { return json.to_owned() };
    let mut edits = Vec::new();
    for (name, value) in object.members() {
        let edit = match name {
            "$schema" => Edit::Remove(name),
            "format" if !is_format(value) => take_out(name, taken_out),
            "minItems" if !matches!(value, "0" | "1") => take_out(name, taken_out),
            _ if REFUSED.contains(&name) => take_out(name, taken_out),
            "oneOf" => {
                taken_out.insert(name.to_owned());
                edits.push(Edit::Set("anyOf", each(value, depth, taken_out)));
                Edit::Remove(name)
            }
            "additionalProperties" if value != "false" => {
                taken_out.insert(name.to_owned());
                Edit::Set(name, "false".to_owned())
            }
            ONE => Edit::Set(name, fit(value, depth, taken_out)),
            _ if SEVERAL.contains(&name) => Edit::Set(name, each(value, depth, taken_out)),
            _ if NAMED.contains(&name) => Edit::Set(name, named(value, depth, taken_out)),
            _ => continue,
        };
        edits.push(edit);
    }
    if is_object(&object) && object.count("additionalProperties") == 0 {
        edits.push(Edit::Set("additionalProperties", "false".to_owned()));
    }
    object.edited(&edits)
}

fn take_out<'n>(name: &'n str, taken_out: &mut BTreeSet<String>) -> Edit<'n> {
    taken_out.insert(name.to_owned());
    Edit::Remove(name)
}

fn each(json: &str, depth: usize, taken_out: &mut BTreeSet<String>) -> String {
    let Ok(schemas) = serde_json::from_str::<Vec<&RawValue>>(json) else { return json.to_owned() };
    let fitted: Vec<_> = schemas.iter().map(|schema| fit(schema.get(), depth, taken_out)).collect();
    let is_same = schemas.iter().zip(&fitted).all(|(schema, fitted)| schema.get() == fitted);
    if is_same { json.to_owned() } else { format!("[{}]", fitted.join(",")) }
}

fn named(json: &str, depth: usize, taken_out: &mut BTreeSet<String>) -> String {
    let Ok(object) = Object::parse(json) else { return json.to_owned() };
    let edits: Vec<_> = object
        .members()
        .map(|(name, schema)| Edit::Set(name, fit(schema, depth, taken_out)))
        .collect();
    object.edited(&edits)
}

fn is_format(json: &str) -> bool {
    serde_json::from_str::<&str>(json).is_ok_and(|format| FORMATS.contains(&format))
}

/// Whether a schema is of objects, alone or beside other types.
fn is_object(schema: &Object<'_>) -> bool {
    let kinds = schema.value("type").unwrap_or_default();
    kinds == r#""object""# || (kinds.starts_with('[') && kinds.contains(r#""object""#))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: &str, expected: &str, taken_out: &[&str]) {
        let raw = RawValue::from_string(schema.to_owned()).unwrap();
        let (found, keywords) = fitted(&raw);
        assert_eq!(found.get(), expected, "{schema}");
        assert!(keywords.iter().eq(taken_out), "{keywords:?} of {schema}");
        assert_eq!(fits(Some(&raw)), schema == expected, "{schema}");
        assert!(fits(Some(&found)), "{schema}");
    }

    #[test]
    fn what_is_refused_is_taken_out_and_all_else_keeps_its_order() {
        let closed = r#"{"type":"object","properties":{"z":{"type":"string"},"a":{"enum":[1]}},"required":["z"],"additionalProperties":false}"#;
        check(closed, closed, &[]);
        check(
            r#"{"$schema":"s","type":"object","properties":{"z":{"minimum":0,"type":"integer"}}}"#,
            r#"{"type":"object","properties":{"z":{"type":"integer"}},"additionalProperties":false}"#,
            &["minimum"],
        );
        check(
            r#"{"type":["object","null"],"additionalProperties":{"type":"string"}}"#,
            r#"{"type":["object","null"],"additionalProperties":false}"#,
            &["additionalProperties"],
        );
        // A member may have the name of a keyword.
        let named = r#"{"type":"object","properties":{"minimum":{"type":"number"}},"additionalProperties":false}"#;
        check(named, named, &[]);
        check(
            r#"{"oneOf":[{"type":"object"},{"maxLength":3}]}"#,
            r#"{"anyOf":[{"type":"object","additionalProperties":false},{}]}"#,
            &["maxLength", "oneOf"],
        );
        check(
            r#"{"type":"array","items":{"type":"string","format":"uuid","pattern":"^a"},"minItems":1}"#,
            r#"{"type":"array","items":{"type":"string","format":"uuid","pattern":"^a"},"minItems":1}"#,
            &[],
        );
        check(
            r#"{"type":"array","items":{"type":"string","format":"regex"},"minItems":2}"#,
            r#"{"type":"array","items":{"type":"string"}}"#,
            &["format", "minItems"],
        );
        check(
            r##"{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"not":{}}]}}}"##,
            r##"{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{}]}}}"##,
            &["not"],
        );
        let spaced = "{ \"anyOf\": [ { \"type\": \"null\" }, true ] }";
        check(spaced, spaced, &[]);
        check("true", "true", &[]);
        assert!(!fits(None));
    }
}
