//! Blobs, which are base64 in JSON (RFC 4648, with padding), and come in pieces in a stream.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// One blob of several: the base64 of their bytes one after the other. Each piece may end in padding,
/// so that to join their texts would not do. Nothing when one of them is not base64.
pub(super) fn join(pieces: &[String]) -> Option<String> {
    if let [whole] = pieces {
        // As it came, whatever it is: it only goes back.
        return Some(whole.clone());
    }
    let mut bytes = Vec::new();
    for piece in pieces {
        decode(piece, &mut bytes)?;
    }
    Some(encode(&bytes))
}

fn decode(text: &str, bytes: &mut Vec<u8>) -> Option<()> {
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

fn encode(bytes: &[u8]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&str], expected: Option<&str>) {
        let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        assert_eq!(join(&pieces).as_deref(), expected, "{pieces:?}");
    }

    #[test]
    fn pieces_become_one() {
        check(&["Zm9v", "YmFy"], Some("Zm9vYmFy"));
        check(&["Zg==", "b28=", "YmFy"], Some("Zm9vYmFy"));
        check(&["Zm9vYg==", "YQ=="], Some("Zm9vYmE="));
        check(&["+/+/", "AA=="], Some("+/+/AA=="));
        check(&["Zm9v", ""], Some("Zm9v"));
        check(&["Z", "Z"], None);
        check(&["Zm9v", "Zm 9v"], None);
        check(&["not base64 but alone"], Some("not base64 but alone"));
        check(&[], Some(""));
    }

    #[test]
    fn every_byte_comes_back() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37) ^ 0xA5).collect();
            let mut back = Vec::new();
            assert_eq!(decode(&encode(&bytes), &mut back), Some(()));
            assert_eq!(back, bytes);
        }
    }
}
