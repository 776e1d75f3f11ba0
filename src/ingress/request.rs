//! A request as every host brings it, and the limits on its body.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header};
use tokio::time::Instant;

use super::endpoint::under_v1;
use crate::dialect::{Dialect, Operation};
use crate::refusal::Refusal;

/// The largest body: what a Lambda event can hold.
pub const MOST_BODY_BYTES: usize = 6 << 20;
/// The deepest nesting of a body's JSON.
const MOST_DEPTH: usize = 128;
/// The most objects and arrays of a body. What is built from a hostile body grows with them; a long
/// conversation has some thousands.
const MOST_CONTAINERS: usize = 100_000;

/// What a client may ask of the gateway itself.
static TIMEOUT: HeaderName = HeaderName::from_static("x-tollgate-timeout-ms");
static DEBUG: HeaderName = HeaderName::from_static("x-tollgate-debug");
static EXPLAIN: HeaderName = HeaderName::from_static("x-tollgate-explain");

/// A request, whoever brought it.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as the client sent it, without the query. Never a URI that was built from the
    /// `Host` header.
    pub raw_path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; an encoding that cannot be undone is a refusal.
    pub body: Result<Bytes, Refusal>,
    /// Its id: the platform's, or one of our own.
    pub id: String,
    /// When the host will give up, if it says so.
    pub deadline: Option<Instant>,
}

impl Request {
    /// What the client speaks, whatever else is wrong with its request: by the path, or where
    /// that does not tell, by the header that Anthropic's clients always send.
    pub fn dialect(&self) -> Dialect {
        let path = under_v1(&self.raw_path);
        let asked = Operation::ALL.into_iter().find(|operation| operation.path() == path);
        match asked {
            Some(operation) => operation.dialect(),
            None if self.headers.contains_key("anthropic-version") => Dialect::Anthropic,
            None => Dialect::OpenAi,
        }
    }
}

/// How long the client is willing to wait: `x-tollgate-timeout-ms`.
///
/// # Errors
/// A refusal when it is no number of milliseconds.
pub fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Refusal> {
    let Some(value) = headers.get(&TIMEOUT) else { return Ok(None) };
    let ms = value.to_str().ok().and_then(|text| text.trim().parse().ok()).filter(|ms| *ms > 0);
    let wrong = || {
        Refusal::field(TIMEOUT.as_str(), format!("'{TIMEOUT}' must be a number of milliseconds."))
    };
    ms.map(Duration::from_millis).map(Some).ok_or_else(wrong)
}

/// Whether the client wants to know what happened: `x-tollgate-debug: true`.
pub fn wants_trail(headers: &HeaderMap) -> bool {
    headers.get(&DEBUG).is_some_and(|value| value == "true")
}

/// Whether the client wants to know what would happen, and nothing to happen:
/// `x-tollgate-explain: true`.
pub fn wants_explanation(headers: &HeaderMap) -> bool {
    headers.get(&EXPLAIN).is_some_and(|value| value == "true")
}

/// The body of a request that must be JSON, once it is known to be harmless: not too large, not too
/// deep, and what its headers say.
///
/// # Errors
/// A refusal that says what is wrong with it.
pub fn accept_body(headers: &HeaderMap, body: Result<Bytes, Refusal>) -> Result<Bytes, Refusal> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(encoding) = text(header::CONTENT_ENCODING).filter(|e| *e != "identity") {
        return Err(Refusal::UnsupportedMedia {
            message: format!("content-encoding {encoding} is not taken: send the body as it is."),
        });
    }
    if let Some(kind) = text(header::CONTENT_TYPE).filter(|kind| !is_json(kind)) {
        return Err(Refusal::UnsupportedMedia {
            message: format!("content-type {kind} is not taken: send application/json."),
        });
    }
    let body = body?;
    if body.len() > MOST_BODY_BYTES {
        return Err(Refusal::BodyTooLarge { limit_bytes: MOST_BODY_BYTES });
    }
    match misshapen(&body) {
        Some(message) => Err(Refusal::InvalidBody { message }),
        None => Ok(body),
    }
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}

/// What is wrong with the shape of JSON, if anything. Reads every byte once and allocates nothing:
/// a body is sound before anything is built from it.
fn misshapen(json: &[u8]) -> Option<String> {
    let (mut depth, mut containers) = (0_usize, 0_usize);
    let mut rest = json.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => rest = after_string(rest.as_slice()).iter(),
            b'{' | b'[' => {
                depth += 1;
                containers += 1;
                if depth > MOST_DEPTH {
                    return Some(format!("The body is nested deeper than {MOST_DEPTH} levels."));
                }
                if containers > MOST_CONTAINERS {
                    let most = "The body has more objects and arrays than";
                    return Some(format!("{most} {MOST_CONTAINERS}."));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// What follows a string, of which this is all but the first quotation mark.
fn after_string(mut json: &[u8]) -> &[u8] {
    // A search takes longer to begin than a look at an empty string, or at escapes in a row.
    let at_once = |json: &[u8]| matches!(json.first(), Some(b'"' | b'\\')).then_some(0);
    while let Some(at) = at_once(json).or_else(|| memchr::memchr2(b'"', b'\\', json)) {
        let is_end = json.get(at) == Some(&b'"');
        json = json.get(at + if is_end { 1 } else { 2 }..).unwrap_or_default();
        if is_end {
            return json;
        }
    }
    &[]
}

/// Undoes the encoding of a body in a Lambda event.
pub(super) fn event_body(text: Option<String>, is_base64: bool) -> Result<Bytes, Refusal> {
    let text = text.unwrap_or_default();
    if !is_base64 {
        return Ok(text.into());
    }
    let decoded = aws_smithy_types::base64::decode(text);
    decoded.map(Bytes::from).map_err(|_| Refusal::InvalidBody {
        message: "The body is marked as base64 and is not.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &str)], body: &[u8], expected: Result<(), u16>) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let found = accept_body(&headers, Ok(Bytes::copy_from_slice(body)));
        assert_eq!(found.map(|_| ()).map_err(|refusal| refusal.shape().status), expected);
    }

    #[test]
    fn bodies_are_checked_before_they_are_read() {
        check(&[], b"{}", Ok(()));
        check(&[("content-type", "application/json; charset=utf-8")], b"{}", Ok(()));
        check(&[("content-type", "application/vnd.x+json")], b"{}", Ok(()));
        check(&[("content-type", "text/plain")], b"{}", Err(415));
        check(&[("content-encoding", "gzip")], b"{}", Err(415));
        check(&[("content-encoding", "identity")], b"{}", Ok(()));
        check(&[], &vec![b' '; MOST_BODY_BYTES + 1], Err(413));
        check(&[], "[".repeat(129).as_bytes(), Err(400));
        check(&[], "[".repeat(128).as_bytes(), Ok(()));
        check(&[], format!("\"{}\\\"{}", "[".repeat(200), "[".repeat(200)).as_bytes(), Ok(()));
        check(&[], "[]".repeat(1_000).as_bytes(), Ok(()));
        check(&[], "{}".repeat(MOST_CONTAINERS).as_bytes(), Ok(()));
        check(&[], "[]".repeat(MOST_CONTAINERS + 1).as_bytes(), Err(400));
        check(&[], format!("\"{}", "[".repeat(200)).as_bytes(), Ok(()));
        check(&[], format!("\"\\\\\"{}", "[".repeat(200)).as_bytes(), Err(400));
        check(&[], b"\"\\", Ok(()));
    }

    #[test]
    fn event_bodies_are_decoded() {
        assert_eq!(event_body(None, false), Ok(Bytes::new()));
        assert_eq!(event_body(Some("e30=".into()), true), Ok("{}".into()));
        assert_eq!(event_body(Some("e30=".into()), false), Ok("e30=".into()));
        assert!(event_body(Some("%%%".into()), true).is_err());
    }
}
