//! Base64 (RFC 4648, section 4).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Adds the bytes to those that are there. Nothing when the text is not base64; padding may lack.
pub(super) fn decode(text: &str, bytes: &mut Vec<u8>) -> Option<()> {
    let digits = text.trim_end_matches('=').as_bytes();
    for group in digits.chunks(4) {
        let mut bits: u32 = 0;
        for digit in group {
            let value = ALPHABET.iter().position(|known| known == digit)?;
            bits = (bits << 6) | u32::try_from(value).ok()?;
        }
        let missing = u32::try_from(4 - group.len()).ok()?;
        let [_, group_bytes @ ..] = (bits << (6 * missing)).to_be_bytes();
        // A single digit is less than a byte.
        let length = group.len().checked_sub(1).filter(|length| *length > 0)?;
        bytes.extend(group_bytes.iter().take(length));
    }
    Some(())
}

/// The text of bytes, with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .chain([&0; 2])
            .take(3)
            .fold(0, |bits, byte| (bits << 8) | usize::from(*byte));
        for place in 0..4 {
            let digit = ALPHABET.get((bits >> (18 - 6 * place)) & 63).copied().unwrap_or(b'=');
            text.push(if place > group.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

/// The text that is in base64, if it is one.
pub(super) fn decoded_text(base64: &str) -> Option<String> {
    let mut bytes = Vec::new();
    decode(base64, &mut bytes)?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37) ^ 0xA5).collect();
            let mut back = Vec::new();
            assert_eq!(decode(&encode(&bytes), &mut back), Some(()));
            assert_eq!(back, bytes);
        }
    }

    #[test]
    fn texts_come_out_of_it() {
        assert_eq!(decoded_text("Zm9v").as_deref(), Some("foo"));
        assert_eq!(decoded_text("Zg").as_deref(), Some("f"));
        assert_eq!(decoded_text("/w=="), None);
        assert_eq!(decoded_text("?"), None);
    }
}
