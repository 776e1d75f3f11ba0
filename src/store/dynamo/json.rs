//! `UpdateItem` in JSON, as it is sent and answered (DynamoDB developer guide, "DynamoDB low-level
//! API"): rows are read as they come, without a tree of values in between.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::ser::{Error, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::call::Update;
use super::layout::Row;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    table_name: &'a str,
    key: Key<'a>,
    update_expression: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    condition_expression: &'a str,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    expression_attribute_names: &'a HashMap<String, String>,
    #[serde(skip_serializing_if = "Values::is_empty")]
    expression_attribute_values: Values<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_values: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_values_on_condition_check_failure: Option<&'static str>,
}

#[derive(Serialize)]
struct Key<'a> {
    pk: Text<'a>,
    sk: Text<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    #[serde(rename = "S")]
    text: &'a str,
}

/// A row, or the values of an expression.
struct Values<'a>(&'a Row);

struct Value<'a>(&'a AttributeValue);

/// What an error says. Of the two spellings of its text each service of AWS has one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Problem {
    #[serde(rename = "__type", default)]
    kind: String,
    message: Option<String>,
    #[serde(rename = "Message")]
    capital_message: Option<String>,
    /// The row on which a condition failed.
    #[serde(rename = "Item", default, deserialize_with = "read_row")]
    pub(super) item: Option<Row>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Attributes", default, deserialize_with = "read_row")]
    attributes: Option<Row>,
}

/// The body of an `UpdateItem`.
///
/// # Errors
/// When a value is of a kind that the table does not have.
pub(super) fn body(table: &str, update: &Update) -> serde_json::Result<Vec<u8>> {
    let expression = &update.expression;
    serde_json::to_vec(&Body {
        table_name: table,
        key: Key { pk: Text { text: &update.pk }, sk: Text { text: &update.sk } },
        update_expression: &expression.update,
        condition_expression: &expression.condition,
        expression_attribute_names: &expression.names,
        expression_attribute_values: Values(&expression.values),
        return_values: update.wants_row.then_some("ALL_NEW"),
        return_values_on_condition_check_failure: (!expression.condition.is_empty())
            .then_some("ALL_OLD"),
    })
}

/// The row in the answer of a write that happened, if it was wanted.
///
/// # Errors
/// When it is no answer of DynamoDB's.
pub(super) fn attributes(body: &[u8]) -> serde_json::Result<Option<Row>> {
    serde_json::from_slice(body).map(|answer: Answer| answer.attributes)
}

impl Problem {
    /// Reads the body of an error. One that DynamoDB has not made has no kind.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The name of the error, without its namespace: `ThrottlingException`.
    pub(super) fn kind(&self) -> &str {
        self.kind.rsplit('#').next().unwrap_or_default()
    }

    /// Why, as far as it says.
    pub(super) fn message(&self) -> &str {
        self.message.as_deref().or(self.capital_message.as_deref()).unwrap_or_default()
    }
}

impl Values<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Value(value))))
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self.0 {
            AttributeValue::S(text) => map.serialize_entry("S", text)?,
            AttributeValue::N(number) => map.serialize_entry("N", number)?,
            AttributeValue::M(entries) => map.serialize_entry("M", &Values(entries))?,
            AttributeValue::L(list) => {
                let list: Vec<_> = list.iter().map(Value).collect();
                map.serialize_entry("L", &list)?;
            }
            AttributeValue::Bool(is) => map.serialize_entry("BOOL", is)?,
            AttributeValue::Null(is) => map.serialize_entry("NULL", is)?,
            _ => return Err(S::Error::custom("a value of a kind that the table does not have")),
        }
        map.end()
    }
}

/// The kinds of values that the table's own rows have.
#[derive(Deserialize)]
#[serde(field_identifier)]
enum Kind {
    S,
    N,
    M,
    L,
    #[serde(rename = "BOOL")]
    Bool,
    #[serde(rename = "NULL")]
    Null,
    #[serde(other)]
    Other,
}

/// A value that was read. One of another kind is somebody else's and is left out: it costs the row
/// nothing, unless it stands in the place of what the row needs.
struct Known(Option<AttributeValue>);

struct KnownRow(Row);

fn read_row<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Row>, D::Error> {
    let row = Option::<KnownRow>::deserialize(deserializer)?;
    Ok(row.map(|KnownRow(row)| row))
}

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfValue;
        impl<'de> Visitor<'de> for OfValue {
            type Value = Known;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an attribute's kind and value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Known, A::Error> {
                let mut value = None;
                while let Some(kind) = map.next_key()? {
                    value = match kind {
                        Kind::S => Some(AttributeValue::S(map.next_value()?)),
                        Kind::N => Some(AttributeValue::N(map.next_value()?)),
                        Kind::M => Some(AttributeValue::M(map.next_value::<KnownRow>()?.0)),
                        Kind::L => {
                            let list: Vec<Known> = map.next_value()?;
                            let list = list.into_iter().filter_map(|Known(value)| value);
                            Some(AttributeValue::L(list.collect()))
                        }
                        Kind::Bool => Some(AttributeValue::Bool(map.next_value()?)),
                        Kind::Null => Some(AttributeValue::Null(map.next_value()?)),
                        Kind::Other => {
                            map.next_value::<IgnoredAny>()?;
                            None
                        }
                    };
                }
                Ok(Known(value))
            }
        }
        deserializer.deserialize_map(OfValue)
    }
}

impl<'de> Deserialize<'de> for KnownRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfRow;
        impl<'de> Visitor<'de> for OfRow {
            type Value = KnownRow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("attributes by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KnownRow, A::Error> {
                let mut row = Row::new();
                while let Some((name, Known(value))) = map.next_entry()? {
                    row.extend(value.map(|value| (name, value)));
                }
                Ok(KnownRow(row))
            }
        }
        deserializer.deserialize_map(OfRow)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::store::dynamo::expression::Expression;
    use crate::store::dynamo::layout::{map, number, text};

    #[test]
    fn values_go_both_ways() {
        let value = |value| Row::from([("a".to_owned(), value)]);
        let list = AttributeValue::L(vec![text("x"), number(-1)]);
        for (row, expected) in [
            (Row::new(), json!({})),
            (value(text("\"\\\u{e9}\n")), json!({ "a": { "S": "\"\\\u{e9}\n" } })),
            (value(number(u64::MAX)), json!({ "a": { "N": "18446744073709551615" } })),
            (value(AttributeValue::Bool(true)), json!({ "a": { "BOOL": true } })),
            (value(AttributeValue::Null(true)), json!({ "a": { "NULL": true } })),
            (value(list), json!({ "a": { "L": [{ "S": "x" }, { "N": "-1" }] } })),
            (value(map([])), json!({ "a": { "M": {} } })),
            (
                value(map([("b".to_owned(), map([("c".to_owned(), text(""))]))])),
                json!({ "a": { "M": { "b": { "M": { "c": { "S": "" } } } } } }),
            ),
        ] {
            assert_eq!(serde_json::to_value(Values(&row)).unwrap(), expected);
            let answer = json!({ "Attributes": expected, "ConsumedCapacity": { "x": [1] } });
            assert_eq!(attributes(answer.to_string().as_bytes()).unwrap(), Some(row));
        }
    }

    /// An operator may have put anything beside what is the gateway's.
    #[test]
    fn what_is_nobodys_is_left_out() {
        let known = json!({ "S": "x" });
        for other in [
            json!({ "B": "AAEC" }),
            json!({ "SS": ["a", "b"] }),
            json!({ "NS": ["1"] }),
            json!({ "BS": ["AAEC"] }),
            json!({ "NEW": { "deep": [null] } }),
            json!({}),
        ] {
            let row = json!({ "a": known, "b": other, "c": { "L": [other, known] } });
            let answer = json!({ "Attributes": row }).to_string();
            let list = AttributeValue::L(vec![text("x")]);
            let expected = Row::from([("a".to_owned(), text("x")), ("c".to_owned(), list)]);
            assert_eq!(attributes(answer.as_bytes()).unwrap(), Some(expected), "{other}");
        }
    }

    #[test]
    fn only_an_answer_is_one() {
        for body in ["{}", "{\"Attributes\":null}", " {\"ConsumedCapacity\":{}} "] {
            assert_eq!(attributes(body.as_bytes()).unwrap(), None, "{body}");
        }
        let cut = "{\"Attributes\":{\"a\":{\"S\":\"";
        for body in ["", "<html>", "null", "{", "{} {}", "{\"Attributes\":{\"a\":1}}", cut] {
            assert!(attributes(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_problem_is_known_by_the_end_of_its_name() {
        for (body, kind, message, item) in [
            (
                json!({ "__type": "com.amazonaws.dynamodb.v20120810#A", "message": "why" }),
                "A",
                "why",
                None,
            ),
            (json!({ "__type": "com.amazon.coral.service#A", "Message": "why" }), "A", "why", None),
            (json!({ "__type": "A", "message": "why", "Message": "Why" }), "A", "why", None),
            (json!({ "__type": "a#A", "Item": {} }), "A", "", Some(Row::new())),
            (
                json!({ "Item": { "a": { "N": "1" } }, "__type": "a#A", "message": null }),
                "A",
                "",
                Some(Row::from([("a".to_owned(), number(1))])),
            ),
            (json!({ "message": "Forbidden" }), "", "Forbidden", None),
            (json!("what"), "", "", None),
        ] {
            let problem = Problem::read(body.to_string().as_bytes());
            assert_eq!((problem.kind(), problem.message()), (kind, message), "{body}");
            assert_eq!(problem.item, item, "{body}");
        }
        assert_eq!(Problem::read(b"<html>").kind(), "");
    }

    #[test]
    fn an_update_says_what_it_needs_and_no_more() {
        let check = |expression, wants_row, expected: Json| {
            let (pk, sk) = ("p".to_owned(), "s".to_owned());
            let body = body("t", &Update { pk, sk, expression, wants_row }).unwrap();
            assert_eq!(serde_json::from_slice::<Json>(&body).unwrap(), expected);
        };
        let key = json!({ "pk": { "S": "p" }, "sk": { "S": "s" } });
        check(
            Expression::of("SET a = :a", "", [], [(":a", number(1))]),
            false,
            json!({
                "TableName": "t",
                "Key": key,
                "UpdateExpression": "SET a = :a",
                "ExpressionAttributeValues": { ":a": { "N": "1" } },
            }),
        );
        check(
            Expression::of("REMOVE #a", "attribute_exists(#a)", [("#a", "b")], []),
            true,
            json!({
                "TableName": "t",
                "Key": key,
                "UpdateExpression": "REMOVE #a",
                "ConditionExpression": "attribute_exists(#a)",
                "ExpressionAttributeNames": { "#a": "b" },
                "ReturnValues": "ALL_NEW",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }),
        );
    }
}
