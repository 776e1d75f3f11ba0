//! The key that came with a request, before anybody knows whether it is good.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use super::{Digest, KeyId, parse};
use crate::refusal::Refusal;

/// A well-formed key that a client sent. It proves nothing yet: admission does.
#[derive(Clone, Debug, PartialEq)]
pub struct Presented {
    /// Which key it claims to be.
    pub id: KeyId,
    /// The digest of the whole key.
    pub digest: Digest,
}

impl Presented {
    /// Takes the key from `Authorization: Bearer`, `x-api-key` or `api-key`.
    ///
    /// # Errors
    /// [`Refusal::MissingKey`] when there is none, [`Refusal::InvalidKey`] when it is malformed or
    /// when several headers disagree.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        let text = header_credential(headers)?;
        let (id, digest) = parse(text).map_err(|_| Refusal::InvalidKey)?;
        Ok(Self { id, digest })
    }
}

/// Headers that are nothing but a key.
static NAMED: [HeaderName; 2] =
    [HeaderName::from_static("x-api-key"), HeaderName::from_static("api-key")];

/// The credential's text in the headers.
fn header_credential(headers: &HeaderMap) -> Result<&str, Refusal> {
    let bearer = headers.get_all(AUTHORIZATION).iter().map(|value| {
        let text = value.to_str().map_err(|_| Refusal::InvalidKey)?;
        let (scheme, token) = text.split_once(' ').ok_or(Refusal::InvalidKey)?;
        let known = scheme.eq_ignore_ascii_case("bearer");
        known.then_some(token.trim()).ok_or(Refusal::InvalidKey)
    });
    let named = NAMED
        .iter()
        .flat_map(|name| headers.get_all(name))
        .map(|value| value.to_str().map(str::trim).map_err(|_| Refusal::InvalidKey));
    let mut found: Option<&str> = None;
    for text in bearer.chain(named) {
        match (found, text?) {
            (Some(before), now) if before != now => return Err(Refusal::InvalidKey),
            (_, now) => found = Some(now),
        }
    }
    found.filter(|text| !text.is_empty()).ok_or(Refusal::MissingKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "a table's row")]
    fn check(headers: &[(&str, &str)], expected: Result<&str, Refusal>) {
        let map: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .fold(HeaderMap::new(), |mut map, (name, value): (_, http::HeaderValue)| {
                map.append(name, value);
                map
            });
        assert_eq!(header_credential(&map), expected, "{headers:?}");
    }

    #[test]
    fn keys_are_found_where_sdks_put_them() {
        check(&[("authorization", "Bearer k")], Ok("k"));
        check(&[("authorization", "bearer  k")], Ok("k"));
        check(&[("x-api-key", "k")], Ok("k"));
        check(&[("api-key", " k ")], Ok("k"));
        check(&[("authorization", "Bearer k"), ("x-api-key", "k")], Ok("k"));
        check(&[], Err(Refusal::MissingKey));
        check(&[("authorization", "Bearer ")], Err(Refusal::MissingKey));
        check(&[("authorization", "Basic a2V5")], Err(Refusal::InvalidKey));
        check(&[("authorization", "k")], Err(Refusal::InvalidKey));
        check(&[("authorization", "Bearer a"), ("x-api-key", "b")], Err(Refusal::InvalidKey));
        // What Lambda makes of a header that came twice: no key has a comma, so it is malformed.
        check(&[("authorization", "Bearer a, Bearer b")], Ok("a, Bearer b"));
    }
}
