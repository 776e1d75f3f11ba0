//! What is not shown: credentials, wherever they stand.

use crate::config::{Proof, Snapshot};
use crate::dialect::percent_encoded;
use crate::routing::Target;

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "***";

/// A credential that is shorter would hide half of the text.
const LEAST_SECRET_BYTES: usize = 8;

/// A word that is as long and has letters and digits is more likely a credential than not.
const LONG_WORD_BYTES: usize = 32;

/// Words in the name of a header or a parameter that holds a credential.
const NAMES: [&str; 14] = [
    "auth",
    "authorization",
    "bearer",
    "code",
    "cookie",
    "credential",
    "jwt",
    "key",
    "password",
    "secret",
    "session",
    "sig",
    "signature",
    "token",
];

/// How well-known credentials begin.
const BEGINNINGS: [&str; 12] =
    ["AIza", "AKIA", "ASIA", "Basic ", "Bearer ", "eyJ", "ghp_", "hf_", "pk-", "sk-", "tg-", "xox"];

/// The credentials of a configuration, to be hidden wherever a document repeats them.
pub(super) struct Hidden<'a>(Vec<&'a str>);

impl<'a> Hidden<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let known = snapshot.secrets.values().filter_map(|secret| secret.as_ref().ok());
        let mut known: Vec<&str> = known.map(crate::keys::Secret::reveal).collect();
        known.retain(|secret| secret.len() >= LEAST_SECRET_BYTES);
        // One may be the beginning of another.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(known)
    }

    /// A text without the known credentials.
    pub(super) fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// A URL; of what the document adds to its query, what looks like a credential is hidden.
    pub(super) fn url(&self, url: &str, target: &Target) -> String {
        let Some((base, query)) = url.split_once('?') else { return self.text(url) };
        let shown = |pair: &str| {
            let hides = target.extras.query.iter().any(|(name, value)| {
                is_secret(name, value)
                    && format!("{}={}", percent_encoded(name), percent_encoded(value)) == pair
            });
            let name = pair.split('=').next().unwrap_or_default();
            if hides { format!("{name}={HIDDEN}") } else { self.text(pair) }
        };
        let pairs: Vec<_> = query.split('&').map(shown).collect();
        format!("{}?{}", self.text(base), pairs.join("&"))
    }

    /// The value of a header; of what the document adds, what looks like a credential is hidden.
    pub(super) fn header(&self, name: &str, value: &str, target: &Target) -> String {
        let is_extra = target.extras.headers.iter().any(|(known, _)| known == name);
        if is_extra && is_secret(name, value) { HIDDEN.to_owned() } else { self.text(value) }
    }
}

/// The header that shows whose a request is, without what proves it.
pub(super) fn proof(proof: Proof<'_>) -> Option<(String, String)> {
    match proof {
        Proof::None => None,
        Proof::Header { name, scheme, .. } => Some((name.to_owned(), format!("{scheme}{HIDDEN}"))),
        Proof::Signature { .. } => {
            Some(("authorization".to_owned(), format!("AWS4-HMAC-SHA256 {HIDDEN}")))
        }
    }
}

/// Whether a name or a value looks like a credential's. To hide too much is a nuisance, to show one
/// is not to be undone.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let named = name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let one = word.strip_suffix('s').unwrap_or(word);
        NAMES.iter().any(|known| one == *known || (known.len() > 4 && one.contains(known)))
            || one.ends_with("key")
    });
    let begins = BEGINNINGS.iter().any(|beginning| value.starts_with(beginning));
    named || begins || value.split_whitespace().any(is_long_word)
}

fn is_long_word(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+/=".contains(&byte);
    word.len() >= LONG_WORD_BYTES
        && word.bytes().all(allowed)
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_credential_is_one() {
        for (name, value, expected) in [
            ("x-title", "tollgate", false),
            ("api-version", "2024-10-21", false),
            ("helicone-auth", "x", true),
            ("x-functions-key", "x", true),
            ("subscription-keys", "x", true),
            ("ocp-apim-subscription-key", "x", true),
            ("ApiKey", "x", true),
            ("code", "x", true),
            ("encoding", "x", false),
            ("x-access-token", "x", true),
            ("cf-aig-authorization", "x", true),
            ("x-author", "x", false),
            ("x-note", "Bearer x", true),
            ("x-note", "sk-x", true),
            ("x-note", "0123456789abcdef0123456789abcdef", true),
            ("x-note", "a note of more than thirty-two letters and 2 digits", false),
            ("http-referer", "https://example.com/a-path-that-is-quite-long/2026", false),
        ] {
            assert_eq!(is_secret(name, value), expected, "{name}: {value}");
        }
    }
}
