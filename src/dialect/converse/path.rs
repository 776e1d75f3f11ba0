//! Where a model is.

use crate::dialect::percent_encoded;

/// The path of a model under the endpoint, `/model/{id}/converse` or `/model/{id}/converse-stream`.
/// The id is a model's or an inference profile's, or an ARN: it is one segment.
pub fn path(model: &str, stream: bool) -> String {
    let operation = if stream { "converse-stream" } else { "converse" };
    format!("/model/{}/{operation}", percent_encoded(model))
}

/// The path on which Bedrock counts the tokens for a model: `/model/{id}/count-tokens`.
pub fn count_path(model: &str) -> String {
    format!("/model/{}/count-tokens", percent_encoded(model))
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
