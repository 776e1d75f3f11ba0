//! The list of models that a client takes, one after the other: `models`, as routers have it. It is
//! the gateway's business, and no provider sees it.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;

use super::refuse::{expected, refuse_body};
use super::{Edit, Object};
use crate::refusal::Refusal;
use crate::routing::check_alias;

/// The field.
const MODELS: &str = "models";
const MODEL: &str = "model";
/// The field as a body has it. To prepare a search takes longer than most searches.
static NAMED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"models\""));
/// The most names that it may have.
const MOST: usize = 8;

/// Takes the list out of a body. Its first name is the request's `model` where there is none; the
/// rest are asked in order when that fails. An empty list means that nobody but the first target is
/// to be asked. Without a list nothing is said, and the body stays as it is.
///
/// # Errors
/// A refusal when it is no list of names, or is too long.
pub fn take_alternatives(body: Bytes) -> Result<(Bytes, Option<Vec<String>>), Refusal> {
    // Few bodies have it, and most are long.
    if NAMED.find(&body).is_none() {
        return Ok((body, None));
    }
    // What is wrong with a body is said by whoever reads it as a whole.
    let Ok(text) = std::str::from_utf8(&body) else { return Ok((body, None)) };
    let object = Object::parse(text).map_err(refuse_body)?;
    let Some(json) = object.value(MODELS) else { return Ok((body, None)) };
    if object.count(MODELS) > 1 {
        return Err(Refusal::field(MODELS, "'models' is there more than once."));
    }
    let mut names: Vec<String> =
        serde_json::from_str(json).map_err(|_| expected(MODELS, "a list of model names", json))?;
    if names.len() > MOST {
        return Err(Refusal::field(MODELS, format!("'models' has more than {MOST} names.")));
    }
    names.iter().try_for_each(|name| check_alias(name))?;
    let mut edits = vec![Edit::Remove(MODELS)];
    if object.value(MODEL).is_none() && !names.is_empty() {
        edits.push(Edit::Set(MODEL, serde_json::Value::from(names.remove(0)).to_string()));
    }
    Ok((object.edited(&edits).into(), Some(names)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Result<(&str, Option<&[&str]>), &str>) {
        let taken = take_alternatives(Bytes::copy_from_slice(body.as_bytes()));
        let found = match &taken {
            Ok((body, names)) => Ok((std::str::from_utf8(body).unwrap(), names.clone())),
            Err(refusal) => Err(refusal.message()),
        };
        let expected = expected.map_err(str::to_owned).map(|(body, names)| {
            (body, names.map(|names| names.iter().map(|name| (*name).to_owned()).collect()))
        });
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn a_list_is_taken_out() {
        check(r#"{"model":"a"}"#, Ok((r#"{"model":"a"}"#, None)));
        check(r#"{"model":"a","models":["b","c"]}"#, Ok((r#"{"model":"a"}"#, Some(&["b", "c"]))));
        check(r#"{"models":["a","b"],"n":1}"#, Ok((r#"{"n":1,"model":"a"}"#, Some(&["b"]))));
        check(r#"{"model":"a","models":[]}"#, Ok((r#"{"model":"a"}"#, Some(&[]))));
        check(r#"{"model":"a","models":null}"#, Ok((r#"{"model":"a","models":null}"#, None)));
        check(r#"{"x":"\"models\""}"#, Ok((r#"{"x":"\"models\""}"#, None)));
        let list = "'models' must be a list of model names; got 7";
        check(r#"{"models":7}"#, Err(list));
        check(r#"{"models":[],"models":[]}"#, Err("'models' is there more than once."));
    }
}
