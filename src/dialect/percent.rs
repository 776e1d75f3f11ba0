//! Percent-encoding of what stands in a URL.

use std::fmt::Write;

/// A text as one segment of a path, or as a name or a value of a query: all but RFC 3986's
/// unreserved characters are encoded, as AWS's clients do.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
