//! Counting tokens: Bedrock does it for the models that it can (`CountTokens`).

use serde::Deserialize;

use super::answer::malformed;
use super::request::{Target, write_request};
use crate::dialect::Object;
use crate::dialect::chat::{Chat, Dropped};
use crate::failure::Failure;
use crate::refusal::Refusal;

/// The members of a request that are counted (`ConverseTokensRequest`).
const COUNTED: [&str; 4] = ["system", "messages", "toolConfig", "additionalModelRequestFields"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    input_tokens: u64,
}

/// Writes a chat as the body of `CountTokens`: `{"input":{"converse":{messages, system, …}}}`.
///
/// # Errors
/// As [`write_request`].
pub fn count_request(chat: &Chat, to: &Target<'_>) -> Result<(String, Dropped), Refusal> {
    let (request, dropped) = write_request(chat, to)?;
    // It was just written.
    let object = Object::parse(&request).map_err(|_| Refusal::Internal)?;
    let member = |name: &&str| Some(format!("\"{name}\":{}", object.value(name)?));
    let members: Vec<String> = COUNTED.iter().filter_map(member).collect();
    Ok((format!(r#"{{"input":{{"converse":{{{}}}}}}}"#, members.join(",")), dropped))
}

/// Reads the count: `{"inputTokens": n}`.
///
/// # Errors
/// A failure when it is none.
pub fn read_count(body: &[u8]) -> Result<u64, Failure> {
    let counted: Counted =
        serde_json::from_slice(body).map_err(|error| malformed("the count", &error))?;
    Ok(counted.input_tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::anthropic;

    #[test]
    fn what_is_counted_is_what_would_be_sent() {
        let chat = anthropic::read_request(
            r#"{"model":"m","max_tokens":9,"system":"s","temperature":0.5,"tools":[{"name":"f",
                "input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"u"}]}"#,
        );
        let to = Target { model: "anthropic.claude-sonnet-4-6", max_tokens_default: None };
        let (body, dropped) = count_request(&chat.unwrap(), &to).unwrap();
        let expected = concat!(
            r#"{"input":{"converse":{"system":[{"text":"s"}],"#,
            r#""messages":[{"role":"user","content":[{"text":"u"}]}],"#,
            r#""toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":"#,
            r#"{"type":"object"}}}}]}}}}"#,
        );
        assert_eq!((body.as_str(), dropped.is_empty()), (expected, true));
        assert_eq!(read_count(br#"{"inputTokens":12}"#), Ok(12));
        assert!(read_count(b"{}").is_err());
    }
}
