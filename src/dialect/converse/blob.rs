//! Blobs, which are base64 in JSON (RFC 4648, with padding), and come in pieces in a stream.

use crate::dialect::base64::{decode, encode};

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
}
