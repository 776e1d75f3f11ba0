//! Ids of another provider's calls, on their way through an Anthropic client. Messages has no place for
//! what a call was signed with, and takes fewer letters in an id; but every client brings an id back as
//! it was, so that all stands in it. Should the conversation go on at Anthropic, where its bytes stay
//! as they are, it is an id like others.

use serde_json::Value;
use serde_json::value::RawValue;

use super::target_tools::is_of_an_id;
use crate::dialect::base64::{decoded_text, encode};

/// What stands between an id and what the call was signed with.
const SIGNED: &str = "_signed_";
/// What stands before an id that has other letters.
const RENAMED: &str = "call_as_";

/// The id by which a client knows a call. The JSON of the signature loses its white space.
pub(super) fn told(id: &str, signature: Option<&str>) -> String {
    let mut told = if !id.is_empty() && id.chars().all(is_of_an_id) {
        id.to_owned()
    } else {
        format!("{RENAMED}{}", to_letters(id))
    };
    if let Some(signature) = signature {
        let json = serde_json::from_str::<Value>(signature).map(|json| json.to_string());
        told.push_str(SIGNED);
        told.push_str(&to_letters(json.as_deref().unwrap_or(signature)));
    }
    told
}

/// The provider's id of a call, and what the provider signed it with: JSON. An id that only looks like
/// one of these stays.
pub(super) fn untold(id: &str) -> (String, Option<Box<RawValue>>) {
    let signed = id.split_once(SIGNED).and_then(|(own, letters)| {
        let signature = RawValue::from_string(of_letters(letters)?).ok()?;
        Some((own, Some(signature)))
    });
    let (own, signature) = signed.unwrap_or((id, None));
    let renamed = own.strip_prefix(RENAMED).and_then(of_letters);
    (renamed.unwrap_or_else(|| own.to_owned()), signature)
}

/// A text in the letters that an id may have: base64 (RFC 4648, section 5) without padding.
fn to_letters(text: &str) -> String {
    encode(text.as_bytes()).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

fn of_letters(letters: &str) -> Option<String> {
    decoded_text(&letters.replace('-', "+").replace('_', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, signature: Option<&str>) {
        let found = told(id, signature);
        assert!(!found.is_empty() && found.chars().all(is_of_an_id), "{found}");
        let (own, again) = untold(&found);
        assert_eq!((own.as_str(), again.as_deref().map(RawValue::get)), (id, signature), "{found}");
    }

    #[test]
    fn an_id_comes_back_with_its_signature() {
        check("toolu_1", None);
        assert_eq!(told("toolu_1", None), "toolu_1");
        check("functions.get:0", None);
        check("functions.get:0", Some("{}"));
        check("", None);
        check("function-call-1", Some(r#"{"google":{"thought_signature":"CsE/+w=="}}"#));
        for length in 0..6 {
            check("a", Some(&format!("\"{}\"", "?>".repeat(length))));
        }
        assert_eq!(told("a", Some("{ \"b\": 1 }")), told("a", Some("{\"b\":1}")));
        for id in ["a_signed_", "a_signed_?", "a_signed_bm8", "_signed_", "call_as_?"] {
            assert_eq!((untold(id).0.as_str(), untold(id).1.is_none()), (id, true));
        }
    }
}
