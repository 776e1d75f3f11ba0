//! The endpoints: a table from method and path to what is asked for.

use http::Method;

use crate::dialect::Operation;
use crate::refusal::Refusal;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// An answer of a model.
    Generate(Operation),
    /// The models that the key may use.
    Models,
    /// One of them.
    Model(String),
    /// The key's own limits.
    Key,
    /// Whether the gateway lives.
    Health,
    /// A browser asks what it may send.
    Preflight,
}

impl Endpoint {
    /// Finds the endpoint. A slash at the end and a missing `/v1` are forgiven.
    ///
    /// # Errors
    /// 404 for an unknown path, 405 for a known one with another method.
    pub fn find(method: &Method, raw_path: &str) -> Result<Self, Refusal> {
        let path = under_v1(raw_path);
        let generate = Operation::ALL.into_iter().find(|operation| operation.path() == path);
        let (allow, endpoint) = match (generate, path) {
            (Some(operation), _) => ("POST", Self::Generate(operation)),
            (None, "models") => ("GET", Self::Models),
            (None, "key") => ("GET", Self::Key),
            (None, "healthz") => ("GET", Self::Health),
            (None, _) => match path.strip_prefix("models/") {
                Some(id) => ("GET", Self::Model(decoded(id))),
                None => return Err(Refusal::UnknownPath { path: shown(raw_path) }),
            },
        };
        match method.as_str() {
            "OPTIONS" => Ok(Self::Preflight),
            method if method == allow => Ok(endpoint),
            _ => Err(Refusal::MethodNotAllowed { allow }),
        }
    }

    /// Its name in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Generate(operation) => operation.name(),
            Self::Models => "models",
            Self::Model(_) => "model",
            Self::Key => "key",
            Self::Health => "health",
            Self::Preflight => "preflight",
        }
    }
}

/// A path without slashes at its ends and without `v1`.
pub(super) fn under_v1(raw_path: &str) -> &str {
    let trimmed = raw_path.trim_start_matches('/').trim_end_matches('/');
    trimmed.strip_prefix("v1/").unwrap_or(trimmed)
}

/// A path segment with its percent signs undone, once.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = hex {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(b'%');
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A client's path as it may stand in an answer.
fn shown(path: &str) -> String {
    path.chars().filter(char::is_ascii_graphic).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, path: &str, expected: Result<&str, u16>) {
        let found = Endpoint::find(&method.parse().unwrap(), path);
        let found = found.as_ref().map(Endpoint::name).map_err(|refusal| refusal.shape().status);
        assert_eq!(found, expected, "{method} {path}");
    }

    #[test]
    fn paths_as_users_write_them() {
        check("POST", "/v1/chat/completions", Ok("chat"));
        check("POST", "/v1/chat/completions/", Ok("chat"));
        check("POST", "/chat/completions", Ok("chat"));
        check("POST", "//chat/completions", Ok("chat"));
        check("POST", "/v1/completions", Ok("completions"));
        check("POST", "/v1/embeddings", Ok("embeddings"));
        check("POST", "/v1/messages", Ok("messages"));
        check("POST", "/v1/messages/count_tokens", Ok("count_tokens"));
        check("POST", "/messages/", Ok("messages"));
        check("GET", "/v1/models", Ok("models"));
        check("GET", "/v1/models/gpt-4o", Ok("model"));
        check("GET", "/v1/key", Ok("key"));
        check("GET", "/healthz", Ok("health"));
        check("OPTIONS", "/v1/chat/completions", Ok("preflight"));
        check("GET", "/v1/chat/completions", Err(405));
        check("HEAD", "/v1/models", Err(405));
        check("DELETE", "/v1/key", Err(405));
        for path in ["/", "", "/v1", "/v2/chat/completions", "/V1/models", "/v1/chat", "/v1/../key"]
        {
            check("POST", path, Err(404));
        }
    }

    #[test]
    fn model_ids_are_decoded_once() {
        let id = |path| match Endpoint::find(&Method::GET, path) {
            Ok(Endpoint::Model(id)) => id,
            other => panic!("{other:?}"),
        };
        assert_eq!(id("/v1/models/openai/gpt-4o"), "openai/gpt-4o");
        assert_eq!(id("/v1/models/openai%2Fgpt-4o"), "openai/gpt-4o");
        assert_eq!(id("/v1/models/a%252e"), "a%2e");
        assert_eq!(id("/v1/models/50%"), "50%");
    }
}
