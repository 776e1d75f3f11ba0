//! What the short forms are made of: members that say something, JSON as it came, texts, lists.

use serde_json::value::RawValue;
use serde_json::{Value, json};

/// An object of these members without those that say nothing.
pub(super) fn object(members: Value) -> Value {
    let Value::Object(members) = members else { panic!("{members}") };
    let says = |value: &Value| !matches!(value, Value::Null) && value != &json!([]);
    members.into_iter().filter(|(_, value)| says(value)).collect()
}

pub(super) fn raw_form(json: Option<&RawValue>) -> Value {
    json.map(|json| serde_json::from_str(json.get()).unwrap()).unwrap_or_default()
}

pub(super) fn raw_of(form: &Value) -> Option<Box<RawValue>> {
    (!form.is_null()).then(|| RawValue::from_string(form.to_string()).unwrap())
}

pub(super) fn text_of(form: &Value) -> String {
    form.as_str().unwrap_or_else(|| panic!("no text: {form}")).to_owned()
}

pub(super) fn maybe_text_of(form: &Value) -> Option<String> {
    form.as_str().map(str::to_owned)
}

pub(super) fn list_of<T>(form: &Value, element: impl Fn(&Value) -> T) -> Vec<T> {
    form.as_array().map(|list| list.iter().map(element).collect()).unwrap_or_default()
}
