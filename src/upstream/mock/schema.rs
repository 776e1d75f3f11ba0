//! The smallest document that a JSON schema asks for.

use serde_json::{Map, Value, json};

/// A value for `schema`: its `const`, the first of its `enum` or of its alternatives, or one of its
/// `type` with the required properties (all of them when it names none as required). References
/// within the document are followed; finer constraints are ignored. The result is bounded, also for
/// a schema that contains itself.
pub(super) fn fill(schema: &Value) -> Value {
    Filler { document: schema, left_bytes: MAX_BYTES }.value(schema, 0)
}

/// What an answer can hold anyway; references could multiply a schema beyond any size.
const MAX_BYTES: usize = 256 * 1024;
/// Said of each value, as most are small.
const VALUE_BYTES: usize = 16;
/// Where a schema begins to be taken for one that contains itself: from here lists are empty, and
/// the last alternative is taken, which is where an optional value has its null.
const DEEP: usize = 12;
/// Where nothing but null is left to say.
const TOO_DEEP: usize = 32;

struct Filler<'a> {
    /// What references point into.
    document: &'a Value,
    left_bytes: usize,
}

impl<'a> Filler<'a> {
    fn value(&mut self, schema: &'a Value, depth: usize) -> Value {
        if depth == TOO_DEEP || !self.spend(VALUE_BYTES) {
            return Value::Null;
        }
        if let Some(fixed) = schema.get("const").or_else(|| list(schema, "enum")?.first()) {
            return if self.spend(fixed.to_string().len()) { fixed.clone() } else { Value::Null };
        }
        if let Some(inner) = self.referred(schema).or_else(|| alternative(schema, depth)) {
            return self.value(inner, depth + 1);
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => match schema.get("items") {
                Some(items) if depth < DEEP => json!([self.value(items, depth + 1)]),
                _ => json!([]),
            },
            "integer" | "number" => number(schema),
            "boolean" => json!(true),
            "null" => Value::Null,
            _ => json!("mock"),
        }
    }

    fn object(&mut self, schema: &'a Value, depth: usize) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return json!({});
        };
        let names: Vec<&str> = match list(schema, "required") {
            Some(names) if !names.is_empty() => names.iter().filter_map(Value::as_str).collect(),
            _ => properties.keys().map(String::as_str).collect(),
        };
        let mut fields = Map::new();
        for name in names {
            if !self.spend(name.len()) {
                break;
            }
            let value = match properties.get(name) {
                Some(property) => self.value(property, depth + 1),
                None => json!("mock"),
            };
            fields.insert(name.to_owned(), value);
        }
        Value::Object(fields)
    }

    /// The target of a `$ref` into the document itself.
    fn referred(&self, schema: &Value) -> Option<&'a Value> {
        let reference = schema.get("$ref")?.as_str()?;
        self.document.pointer(reference.strip_prefix('#')?)
    }

    /// False, and nothing left, when there is less left than that.
    fn spend(&mut self, bytes: usize) -> bool {
        let left = self.left_bytes.checked_sub(bytes);
        self.left_bytes = left.unwrap_or(0);
        left.is_some()
    }
}

fn alternative(schema: &Value, depth: usize) -> Option<&Value> {
    let alternatives = list(schema, "anyOf").or_else(|| list(schema, "oneOf"))?;
    if depth < DEEP { alternatives.first() } else { alternatives.last() }
}

/// The least that the schema allows; else the most, if that is below 1; else 1.
fn number(schema: &Value) -> Value {
    let below_one = |most: &&Value| most.as_f64().is_some_and(|most| most < 1.0);
    let least = schema.get("minimum").filter(|least| least.is_number());
    let bound = least.or_else(|| schema.get("maximum").filter(below_one));
    bound.cloned().unwrap_or_else(|| json!(1))
}

/// The type that the schema names (the first of several), or that its keywords imply.
fn kind(schema: &Value) -> &str {
    let named = list(schema, "type").and_then(|types| types.first()).or_else(|| schema.get("type"));
    match named.and_then(Value::as_str) {
        Some(name) => name,
        None if schema.get("properties").is_some() => "object",
        None if schema.get("items").is_some() => "array",
        None => "string",
    }
}

fn list<'a>(schema: &'a Value, keyword: &str) -> Option<&'a Vec<Value>> {
    schema.get(keyword)?.as_array()
}
