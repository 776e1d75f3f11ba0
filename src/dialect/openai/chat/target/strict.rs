//! Schemas that must be fitted exactly. OpenAI takes fewer of them than Anthropic.

use serde_json::Value;
use serde_json::value::RawValue;

/// Keywords that OpenAI refuses in a strict schema.
const REFUSED: [&str; 10] = [
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "unevaluatedProperties",
];

/// What of a wish for strictness OpenAI can be asked for. All fields of all objects must be required,
/// and no others allowed ("Structured model outputs", "Supported schemas"); Anthropic knows optional
/// fields ("Structured outputs"), so what its clients wish for may be refused.
pub(super) fn strictness(wish: Option<bool>, schema: Option<&RawValue>) -> Option<bool> {
    if wish != Some(true) {
        return wish;
    }
    let schema: Value = schema.and_then(|json| serde_json::from_str(json.get()).ok())?;
    Some(is_object(&schema) && fits(&schema))
}

fn fits(schema: &Value) -> bool {
    let Value::Object(members) = schema else { return false };
    if REFUSED.iter().any(|keyword| members.contains_key(*keyword)) {
        return false;
    }
    let properties = members.get("properties").and_then(Value::as_object);
    if is_object(schema) {
        let required = members.get("required").and_then(Value::as_array);
        let is_required = |name: &String| {
            required.is_some_and(|names| names.iter().any(|n| n.as_str() == Some(name)))
        };
        let all = properties.is_none_or(|properties| properties.keys().all(is_required));
        if !all || members.get("additionalProperties") != Some(&Value::Bool(false)) {
            return false;
        }
    }
    let named = ["$defs", "definitions"].iter().filter_map(|name| members.get(*name)?.as_object());
    let named = named.chain(properties).all(|schemas| schemas.values().all(fits));
    let choices = members.get("anyOf").and_then(Value::as_array);
    let choices = choices.is_none_or(|choices| choices.iter().all(fits));
    named && choices && members.get("items").is_none_or(fits)
}

/// Whether a schema is of objects: it says so, alone or beside other types, or names their fields.
fn is_object(schema: &Value) -> bool {
    let is = |kind: &Value| kind.as_str() == Some("object");
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is),
        Some(kind) => is(kind),
        None => schema.get("properties").is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: &str, expected: bool) {
        let raw = RawValue::from_string(schema.to_owned()).unwrap();
        assert_eq!(strictness(Some(true), Some(&raw)), Some(expected), "{schema}");
        assert_eq!(strictness(Some(false), Some(&raw)), Some(false));
        assert_eq!(strictness(None, Some(&raw)), None);
    }

    #[test]
    fn all_fields_are_required_and_no_others_allowed() {
        let object = |properties: &str, required: &str| {
            format!(
                r#"{{"type":"object","properties":{{{properties}}},"required":[{required}],"additionalProperties":false}}"#
            )
        };
        let a = r#""a":{"type":"string"}"#;
        check(&object("", ""), true);
        check(&object(a, r#""a""#), true);
        check(&object(a, ""), false);
        check(r#"{"type":"object","additionalProperties":false}"#, true);
        check(r#"{"type":"object"}"#, false);
        check(r#"{"type":"object","additionalProperties":true}"#, false);
        check(r#"{"type":"array","items":{"type":"string"}}"#, false);
        check(r#"{"anyOf":[{"type":"string"}]}"#, false);
        check("true", false);
        // All the way down.
        let (good, bad) = (object(a, r#""a""#), object(a, ""));
        for (schema, expected) in [(&good, true), (&bad, false)] {
            let inside = |field: &str| object(&format!(r#""b":{field}"#), r#""b""#);
            check(&inside(schema), expected);
            check(&inside(&format!(r#"{{"type":"array","items":{schema}}}"#)), expected);
            check(&inside(&format!(r#"{{"anyOf":[{{"type":"null"}},{schema}]}}"#)), expected);
            let reference = inside(r##"{"$ref":"#/$defs/c"}"##);
            let defined = format!(r#"{{"$defs":{{"c":{schema}}},{}"#, &reference[1..]);
            check(&defined, expected);
        }
        check(&object(r#""a":{"allOf":[{"type":"string"}]}"#, r#""a""#), false);
        check(&object(r#""a":{"type":["object","null"]}"#, r#""a""#), false);
    }
}
