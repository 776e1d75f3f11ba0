//! The text of a key: how it is made, checked and hashed.

use std::fmt;

use ring::digest::{SHA256, digest};

const PREFIX: &str = "tg";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_CHARS: usize = 12;
/// 43 characters of 62 are 256 bits.
const SECRET_CHARS: usize = 43;
const CHECK_CHARS: usize = 6;

/// How many random bytes [`mint`] needs: each character takes one that is below 248 (four times
/// 62), so that all characters are equally likely; the surplus covers the ones above.
pub const RANDOM_BYTES: usize = 128;

/// A text that must never be printed: a key or a provider's credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one header or the one print that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The public part of a key: names it in the table, in logs and in commands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// Reads an id as it stands in a key.
    ///
    /// # Errors
    /// When it is not twelve letters and digits.
    pub fn parse(text: &str) -> Result<Self, MalformedKey> {
        if text.len() == ID_CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MalformedKey)
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 of a whole key: all that is stored of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a key's text.
    pub fn of(key: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
        Self(bytes)
    }

    /// The digest as lower-case hexadecimal, as it is stored.
    pub fn to_hex(self) -> String {
        String::from_utf8_lossy(self.hex().as_flattened()).into_owned()
    }

    fn hex(self) -> [[u8; 2]; 32] {
        let digit = |half: u8| half + if half < 10 { b'0' } else { b'a' - 10 };
        self.0.map(|byte| [digit(byte >> 4), digit(byte & 15)])
    }

    /// Whether a stored digest is this one, in constant time.
    pub fn matches_hex(self, stored: &str) -> bool {
        use subtle::ConstantTimeEq;
        self.hex().as_flattened().ct_eq(stored.as_bytes()).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// The text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedKey;

/// Makes a key from random bytes: its id and its text.
///
/// # Errors
/// When too many of the bytes had to be thrown away: draw again.
pub fn mint(random: &[u8; RANDOM_BYTES]) -> Result<(KeyId, Secret), MalformedKey> {
    let chars: String = random
        .iter()
        .filter(|byte| **byte < 248)
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 62)).copied())
        .map(char::from)
        .take(ID_CHARS + SECRET_CHARS)
        .collect();
    let (id, secret) = chars.split_at_checked(ID_CHARS).ok_or(MalformedKey)?;
    if secret.len() < SECRET_CHARS {
        return Err(MalformedKey);
    }
    let mut key = format!("{PREFIX}-{id}-{secret}");
    key.extend(checksum(&key));
    Ok((KeyId::parse(id)?, Secret::new(key)))
}

/// Reads a key: its id and the digest of the whole.
///
/// # Errors
/// When it is not a key or its checksum is wrong.
pub fn parse(text: &str) -> Result<(KeyId, Digest), MalformedKey> {
    let mut parts = text.splitn(3, '-');
    let (Some(PREFIX), Some(id), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(MalformedKey);
    };
    let id = KeyId::parse(id)?;
    if rest.len() != SECRET_CHARS + CHECK_CHARS || !rest.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        return Err(MalformedKey);
    }
    let (body, check) = text.split_at_checked(text.len() - CHECK_CHARS).ok_or(MalformedKey)?;
    if !checksum(body).eq(check.chars()) {
        return Err(MalformedKey);
    }
    Ok((id, Digest::of(text)))
}

fn checksum(body: &str) -> impl Iterator<Item = char> + use<> {
    let bytes = Digest::of(body).0.into_iter();
    let chars = bytes.filter_map(|byte| ALPHABET.get(usize::from(byte % 62)).copied());
    chars.map(char::from).take(CHECK_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minted() -> (KeyId, Secret) {
        let mut random = [0; RANDOM_BYTES];
        random.iter_mut().enumerate().for_each(|(i, b)| *b = u8::try_from(i % 251).unwrap());
        mint(&random).unwrap()
    }

    #[test]
    fn a_minted_key_parses_to_its_own_id_and_digest() {
        let (id, key) = minted();
        assert_eq!(parse(key.reveal()), Ok((id, Digest::of(key.reveal()))));
        assert_eq!(key.reveal().len(), 2 + 1 + 12 + 1 + 43 + 6);
    }

    #[test]
    fn what_is_not_a_key_is_refused_without_a_lookup() {
        let (_, key) = minted();
        let key = key.reveal();
        let flipped = format!("{}x", &key[..key.len() - 1]);
        for bad in ["", "tg", "tg--", "sk-abc", &key[1..], &flipped, &format!("{key} "), "tg-é-x"]
        {
            assert_eq!(parse(bad), Err(MalformedKey), "{bad}");
        }
    }

    #[test]
    fn too_little_randomness_makes_no_key() {
        assert_eq!(mint(&[255; RANDOM_BYTES]), Err(MalformedKey));
    }

    #[test]
    fn secrets_do_not_print() {
        let (_, key) = minted();
        assert_eq!(format!("{key:?} {:?}", Digest::of(key.reveal())), "Secret(…) Digest(…)");
    }

    #[test]
    fn a_digest_matches_its_own_hex_only() {
        let digest = Digest::of("a");
        assert!(digest.matches_hex(&digest.to_hex()));
        assert!(!digest.matches_hex(&Digest::of("b").to_hex()));
        assert!(!digest.matches_hex(""));
    }
}
