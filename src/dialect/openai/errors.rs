//! A provider's error body, in whichever of the shapes that OpenAI-compatible servers use.

mod body;
mod found;
mod scrub;
mod wait;

use crate::dialect::verdict::is_known;
use crate::failure::ProviderError;
use found::Found;
pub(in crate::dialect) use scrub::clean;

/// Reads an error body: an envelope in an envelope, an array, a bare object, the lists of a
/// validator, a text, or an event of a stream. What stands further inside was said by whoever knows
/// more: the provider behind an aggregator, the model's server behind a front. Of a proxy's HTML
/// only the title is kept.
pub fn read_error(body: &[u8]) -> ProviderError {
    let found = Found::in_body(body);
    let messages = found.messages.iter().map(|message| clean(message));
    let message = messages.into_iter().find(|message| !message.is_empty()).unwrap_or_default();
    let retry_after_ms = found.wait_ms.or_else(|| wait::in_words(&message));
    ProviderError {
        message,
        kind: telling(&found.kinds),
        code: telling(&found.codes),
        param: found.params.first().map(|param| clean(param)),
        retry_after_ms,
    }
}

/// Of several codes the first whose meaning is known, else the first that is no bare number.
fn telling(words: &[String]) -> Option<String> {
    let is_word = |word: &&String| word.parse::<i64>().is_err();
    let known = words.iter().find(|word| is_known(word));
    known.or_else(|| words.iter().find(is_word)).or_else(|| words.first()).map(|word| clean(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message, the code and the type, the field, and the wait.
    fn check(body: &str, expected: &str) {
        let error = read_error(body.as_bytes());
        let mut found = error.message;
        for (mark, word) in [(" #", error.code), (" !", error.kind), (" @", error.param)] {
            found += &word.map(|word| format!("{mark}{word}")).unwrap_or_default();
        }
        found += &error.retry_after_ms.map(|ms| format!(" {ms} ms")).unwrap_or_default();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn every_shape_of_error_is_read() {
        check(r#"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#, "m #c !t @p");
        check(r#"[{"error":{"code":429,"message":"m","status":"S"}}]"#, "m #429 !S");
        check(r#"{"object":"error","message":"m","type":"t","code":400}"#, "m #400 !t");
        check(r#"{"code":"Throttling","message":"m","request_id":"r"}"#, "m #Throttling");
        check(r#"{"type":"error","error":{"type":"t","message":"m"}}"#, "m !t");
        check(r#"{"error":"m"}"#, "m");
        check(r#"{"code":"c","error":"m"}"#, "m #c");
        check(r#"{"statusCode":400,"error":"Bad Request","message":"m"}"#, "m #400 !Bad Request");
        check(r#"{"error":"m","error_type":"validation"}"#, "m !validation");
        check(r#"{"error":["m","n"]}"#, "m; n");
        check(r#"{"detail":"m"}"#, "m");
        check(r#"{"detail":{"error":{"message":"m","code":"c"}}}"#, "m #c");
        check(r#"{"status":404,"title":"Not Found","detail":"m"}"#, "m #404");
        check(r#"{"errors":[{"code":7003,"message":"m"}],"success":false}"#, "m #7003");
        check(r#"{"base_resp":{"status_code":1008,"status_msg":"m"}}"#, "m #1008");
        check(r#"{"base_resp":{"status_code":0,"status_msg":"m"}}"#, "m");
        check(r#"{"code":20012,"message":"m","data":null}"#, "m #20012");
        check(r#"{"error_code":336003,"error_msg":"m"}"#, "m #336003");
        check(r#"{"errorCode":"C","errorMessage":"m"}"#, "m #C");
        check(r#"{"RequestId":"r","Code":"C","Message":"m"}"#, "m #C");
        check(r#"{"Response":{"Error":{"Code":"C","Message":"m"}}}"#, "m #C");
        check(r#"{"Output":{"__type":"com.amazon.coral#E"},"Version":"1.0"}"#, " !E");
        check(
            r#"{"error":{"code":"content_filter","innererror":{"code":"X"}}}"#,
            " #content_filter",
        );
        check(r#"{"error":{"code":"400","message":"m","innererror":{"code":"X"}}}"#, "m #X");
        check(r#""m""#, "m");
        check("m", "m");
        for nothing in ["", "[]", "{}", "null", "7", "true", r#"{"error":null}"#, "<html>m</html>"]
        {
            check(nothing, "");
        }
    }

    #[test]
    fn what_is_further_inside_was_said_by_whoever_knows_more() {
        check(
            r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"m\",\"code\":\"c\"}}"}}}"#,
            "m #c",
        );
        check(r#"{"error":{"message":"m","code":429,"metadata":{"raw":"ERROR"}}}"#, "m #429");
        check(
            r#"{"error":{"message":"{\n \"error\": {\"code\": 400, \"status\": \"INVALID_ARGUMENT\", \"message\": \"m\", \"details\": [{\"reason\": \"API_KEY_INVALID\"}]}}","code":400,"status":"Bad Request"}}"#,
            "m #API_KEY_INVALID !INVALID_ARGUMENT",
        );
        check(
            r#"{"object":"error","message":{"detail":[{"type":"missing","loc":["body","messages",0],"msg":"m","input":"secret"}]},"type":"t"}"#,
            "messages.0: m !t @messages.0",
        );
        check(r#"{"detail":[{"loc":["body","a"],"msg":"m"},{"loc":[],"msg":"n"}]}"#, "a: m; n @a");
        check(r#"{"error":{"message":"<html><title>502 Bad Gateway</title>"}}"#, "502 Bad Gateway");
        check(r#"{"error":{"message":"<think> is missing"}}"#, "<think> is missing");
        check(
            r#"{"error":{"message":"[] is too short - 'messages'"}}"#,
            "[] is too short - 'messages'",
        );
        check(r#"[{"error":{"message":"m","details":[{"retryDelay":"27s"}]}}]"#, "m 27000 ms");
        check(
            r#"{"error":{"message":"Please try again in 1.2s."}}"#,
            "Please try again in 1.2s. 1200 ms",
        );
    }

    #[test]
    fn a_body_that_is_made_to_hurt_does_not() {
        let deep = "{\"error\":".repeat(100) + "1" + &"}".repeat(100);
        check(&deep, "");
        let mut nested = "\"m\"".to_owned();
        for _ in 0..12 {
            nested = serde_json::json!({ "message": nested }).to_string();
        }
        assert!(read_error(nested.as_bytes()).code.is_none());
        let many =
            serde_json::json!({ "errors": vec![serde_json::json!({"message": "m"}); 1_000] });
        check(&many.to_string(), "m; m; m; m; m");
    }
}
