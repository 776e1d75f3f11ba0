//! Where a model is.

use std::fmt::Write;

/// The path of a model under the endpoint, `/model/{id}/converse` or `/model/{id}/converse-stream`.
/// The id is a model's or an inference profile's, or an ARN: it is one segment, so that all but
/// RFC 3986's unreserved characters are percent-encoded, as AWS's clients do.
pub fn path(model: &str, stream: bool) -> String {
    let mut path = "/model/".to_owned();
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path.push_str(if stream { "/converse-stream" } else { "/converse" });
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_one_segment() {
        assert_eq!(
            path("us.anthropic.claude-sonnet-4-5-20250929-v1:0", false),
            "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
        );
        let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2";
        assert_eq!(
            path(arn, true),
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3A\
             application-inference-profile%2Fa1b2/converse-stream"
        );
        assert_eq!(path("a b?#%é~", false), "/model/a%20b%3F%23%25%C3%A9~/converse");
    }
}
