//! A client's request: what the gateway must know of it, and the edits that a target needs. All
//! else keeps its bytes.

use bytes::Bytes;

use super::size::{prompts, size_of};
use crate::dialect::refuse::{expected, refuse_body};
use crate::dialect::{Edit, Object, Operation, Outline, Vendor};
use crate::quota::InputSize;
use crate::refusal::Refusal;
use crate::routing::check_alias;

/// Fields that decide who may do what at which cost: twice in one body, they could mean one thing
/// to the gateway and another to the provider.
const ONCE: [&str; 12] = [
    "model",
    "messages",
    "prompt",
    "input",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "best_of",
    "tools",
    "functions",
];

/// OpenAI's default for `/v1/completions`.
const COMPLETIONS_DEFAULT_TOKENS: u64 = 16;
/// OpenAI's maximum for `n`.
const MOST_CHOICES: u64 = 128;
const MOST_OUTPUT_TOKENS: u64 = 1_000_000_000;
const MAX_TOKENS: &str = "max_tokens";

/// A request of an OpenAI client, read as far as the gateway needs.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is asked for.
    pub operation: Operation,
    /// The model name that the client sent.
    pub alias: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the client asked for the usage chunk of a stream.
    pub wants_usage: bool,
    /// How many answers are generated: `n` or `best_of`, times the prompts of a batch.
    pub choices: u64,
    /// The caller's cap on the output of one choice.
    pub output_tokens: Option<u64>,
    /// How large the input is.
    pub size: InputSize,
    /// Whether the client knows calls as they were before there were several: it lists `functions`
    /// and no `tools`.
    pub calls_functions: bool,
    body: Bytes,
    outline: Outline,
}

/// What a target needs to be different.
#[derive(Clone, Copy, Debug)]
pub struct Encoding<'a> {
    /// The vendor's row.
    pub vendor: &'a Vendor,
    /// The model name there.
    pub upstream_model: &'a str,
    /// Whether usage is asked for in streams.
    pub stream_usage: bool,
    /// The cap to set on the output of one choice, when the key's limits need one and the caller
    /// gave none.
    pub default_output_tokens: u64,
    /// Whether the key's limits rely on the output cap.
    pub binds_cost: bool,
}

impl Call {
    /// Reads a body.
    ///
    /// # Errors
    /// A refusal that names the field and what was expected.
    pub fn parse(operation: Operation, body: Bytes) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(&body).map_err(|error| Refusal::InvalidBody {
            message: format!("The body is not UTF-8: byte {} is wrong.", error.valid_up_to()),
        })?;
        let outline = Outline::read(text).map_err(refuse_body)?;
        let object = outline.object(text);
        let repeated = ONCE.into_iter().find(|name| object.count(name) > 1);
        if let Some(name) = repeated {
            return Err(Refusal::field(name, format!("'{name}' is there more than once.")));
        }
        let alias: String = match object.value("model") {
            Some(json) => {
                serde_json::from_str(json).map_err(|_| expected("model", "a string", json))?
            }
            None => {
                return Err(Refusal::field("model", "'model' is missing: name the model to use."));
            }
        };
        check_alias(&alias)?;
        let stream = operation != Operation::Embeddings && boolean(&object, "stream")?;
        let (max_tokens, max_completion) = (
            integer(&object, MAX_TOKENS, 0, MOST_OUTPUT_TOKENS)?,
            integer(&object, "max_completion_tokens", 0, MOST_OUTPUT_TOKENS)?,
        );
        let choices = integer(&object, "n", 1, MOST_CHOICES)?
            .max(integer(&object, "best_of", 1, MOST_CHOICES)?)
            .unwrap_or(1);
        let output_tokens = match operation {
            Operation::ChatCompletions => max_completion.max(max_tokens),
            Operation::Completions => Some(max_tokens.unwrap_or(COMPLETIONS_DEFAULT_TOKENS)),
            _ => Some(0),
        };
        Ok(Self {
            operation,
            alias,
            stream,
            wants_usage: wants_usage(&object)?,
            choices: choices.saturating_mul(prompts(operation, &object)?),
            output_tokens,
            size: size_of(operation, &object, body.len())?,
            calls_functions: object.value("functions").is_some() && object.value("tools").is_none(),
            body,
            outline,
        })
    }

    /// The cap on the output of one choice at a target: the caller's, or the target's default.
    pub fn output_cap(&self, default_output_tokens: u64) -> u64 {
        self.output_tokens.unwrap_or(default_output_tokens)
    }

    /// The body as it came, such as [`super::chat::read_request`] wants it.
    pub fn text(&self) -> &str {
        // It was UTF-8 when it was read.
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// The body as a shallow view.
    pub fn object(&self) -> Object<'_> {
        self.outline.object(self.text())
    }

    /// Whether the usage chunk must be kept from the client, because only the gateway asked for it.
    pub fn hides_usage(&self) -> bool {
        self.stream && !self.wants_usage
    }

    /// The body for a target: the client's own bytes but for the edits that the target needs.
    pub fn encode(&self, encoding: &Encoding<'_>) -> Bytes {
        let renames = encoding.upstream_model != self.alias;
        let asks_usage = self.hides_usage() && encoding.stream_usage;
        if !(renames || asks_usage || encoding.binds_cost) {
            return self.body.clone();
        }
        let object = self.object();
        let mut edits = Vec::new();
        if renames {
            edits.push(Edit::Set("model", json_string(encoding.upstream_model)));
        }
        if asks_usage {
            edits.push(Edit::Set("stream_options", with_usage(object.value("stream_options"))));
        }
        if encoding.binds_cost {
            self.cap_output(encoding, &object, &mut edits);
        }
        if edits.is_empty() { self.body.clone() } else { object.edited(&edits).into() }
    }

    /// Makes sure that the field which caps all that this vendor bills is there.
    fn cap_output(&self, encoding: &Encoding<'_>, object: &Object<'_>, edits: &mut Vec<Edit<'_>>) {
        let field = match self.operation {
            Operation::ChatCompletions => encoding.vendor.output_cap,
            Operation::Completions => MAX_TOKENS,
            _ => return,
        };
        let is_capped_by_max_tokens = object.value(MAX_TOKENS).is_some();
        let is_capped = object.value(field).is_some()
            || (is_capped_by_max_tokens && encoding.vendor.max_tokens_is_total);
        if is_capped {
            return;
        }
        if is_capped_by_max_tokens {
            // It leaves reasoning out there, and the two fields may exclude each other.
            edits.push(Edit::Remove(MAX_TOKENS));
        }
        let cap = self.output_cap(encoding.default_output_tokens);
        edits.push(Edit::Set(field, cap.to_string()));
    }
}

fn boolean(object: &Object<'_>, name: &str) -> Result<bool, Refusal> {
    match object.value(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(expected(name, "true or false", other)),
    }
}

fn integer(object: &Object<'_>, name: &str, min: u64, max: u64) -> Result<Option<u64>, Refusal> {
    let Some(json) = object.value(name) else { return Ok(None) };
    match json.parse::<u64>() {
        Ok(value) if (min..=max).contains(&value) => Ok(Some(value)),
        _ => Err(expected(name, &format!("an integer from {min} to {max}"), json)),
    }
}

fn wants_usage(object: &Object<'_>) -> Result<bool, Refusal> {
    let Some(json) = object.value("stream_options") else { return Ok(false) };
    let options = Object::parse(json).map_err(|_| expected("stream_options", "an object", json))?;
    boolean(&options, "include_usage").map_err(|refusal| match refusal {
        Refusal::InvalidField { message, .. } => {
            Refusal::field("stream_options.include_usage", message)
        }
        other => other,
    })
}

fn with_usage(options: Option<&str>) -> String {
    let set = [Edit::Set("include_usage", "true".to_owned())];
    let options = options.unwrap_or("{}");
    Object::parse(options)
        .map_or_else(|_| r#"{"include_usage":true}"#.to_owned(), |object| object.edited(&set))
}

fn json_string(text: &str) -> String {
    // A text always serializes.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(body: &str) -> Result<Call, Refusal> {
        Call::parse(Operation::ChatCompletions, Bytes::copy_from_slice(body.as_bytes()))
    }

    fn refused(body: &str, param: &str, says: &str) {
        match chat(body) {
            Err(Refusal::InvalidField { param: found, message }) => {
                assert_eq!(found, param, "{body}");
                assert!(message.contains(says), "{body}: {message}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn bad_fields_are_named() {
        refused(r#"{"messages":[]}"#, "model", "missing");
        refused(r#"{"model":null,"messages":[]}"#, "model", "missing");
        refused(r#"{"model":7,"messages":[]}"#, "model", "must be a string; got 7");
        refused(r#"{"model":"a","model":"b","messages":[]}"#, "model", "more than once");
        refused(r#"{"model":"a","mod\u0065l":"b","messages":[]}"#, "model", "more than once");
        refused(r#"{"model":"a/../b","messages":[]}"#, "model", "'..'");
        refused(r#"{"model":"a"}"#, "messages", "missing");
        refused(r#"{"model":"a","messages":"hi"}"#, "messages", "must be an array");
        for bad in ["-1", "1.0", "1e2", "\"5\"", "true", "18446744073709551616", "[]"] {
            let body = format!(r#"{{"model":"a","messages":[],"max_tokens":{bad}}}"#);
            refused(&body, "max_tokens", "an integer from 0");
        }
        refused(r#"{"model":"a","messages":[],"n":0}"#, "n", "from 1 to 128");
        refused(r#"{"model":"a","messages":[],"n":129}"#, "n", "from 1 to 128");
        refused(r#"{"model":"a","messages":[],"stream":"yes"}"#, "stream", "true or false");
        refused(r#"{"model":"a","messages":[],"stream_options":1}"#, "stream_options", "an object");
        refused(
            r#"{"model":"a","messages":[],"stream_options":{"include_usage":1}}"#,
            "stream_options.include_usage",
            "true or false",
        );
    }

    #[test]
    fn bad_bodies_say_where() {
        let message = |body: &[u8]| {
            let call = Call::parse(Operation::ChatCompletions, Bytes::copy_from_slice(body));
            match call {
                Err(Refusal::InvalidBody { message }) => message,
                other => panic!("{other:?}"),
            }
        };
        assert!(message(b"{\"model\": }").contains("line 1 column 11"));
        assert!(message(b"{\"model\": \"\xff\"}").contains("byte 11"));
        assert!(message(b"[]").contains("JSON object"));
        assert!(message(b"").contains("not valid JSON"));
    }

    const ARK: &str = "volcengine";

    fn encoded(body: &str, vendor: &str, model: &str, binds_cost: bool) -> String {
        let call = chat(body).unwrap();
        let vendor = Vendor::named(vendor).unwrap();
        let encoding = Encoding {
            vendor,
            upstream_model: model,
            stream_usage: vendor.stream_usage,
            default_output_tokens: 4096,
            binds_cost,
        };
        String::from_utf8(call.encode(&encoding).to_vec()).unwrap()
    }

    #[test]
    fn only_what_must_be_edited_is() {
        let same = r#" {"model":"m", "messages" :[ ],"new_field_of_tomorrow":{"x":1.0}}"#;
        assert_eq!(encoded(same, "openai", "m", false), same);
        assert_eq!(
            encoded(same, "openai", "other", false),
            r#" {"model":"other", "messages" :[ ],"new_field_of_tomorrow":{"x":1.0}}"#
        );
        assert_eq!(
            encoded(r#"{"model":"m","messages":[],"stream":true}"#, "openai", "m", false),
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#
        );
        let asked =
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#;
        assert_eq!(encoded(asked, "openai", "m", false), asked);
        assert_eq!(
            encoded(
                r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_obfuscation":false}}"#,
                "openai",
                "m",
                false
            ),
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}"#
        );
    }

    #[test]
    fn a_limited_key_gets_a_cap_on_all_that_is_billed() {
        let none = r#"{"model":"m","messages":[]}"#;
        let with = |cap: &str| format!(r#"{{"model":"m","messages":[],{cap}}}"#);
        assert_eq!(encoded(none, "openai", "m", true), with(r#""max_completion_tokens":4096"#));
        assert_eq!(encoded(none, "deepseek", "m", true), with(r#""max_tokens":4096"#));
        let own = with(r#""max_tokens":9"#);
        assert_eq!(encoded(&own, "openai", "m", true), own);
        assert_eq!(encoded(&own, ARK, "m", true), with(r#""max_completion_tokens":9"#));
        assert_eq!(encoded(&own, ARK, "m", false), own);
        let total = with(r#""max_completion_tokens":9"#);
        assert_eq!(encoded(&total, ARK, "m", true), total);
        // A server that does not know the newer field would not be capped by it.
        let both = with(r#""max_completion_tokens":9,"max_tokens":9"#);
        assert_eq!(encoded(&total, "openai-compatible", "m", true), both);
        let null = with(r#""max_tokens":null"#);
        assert_eq!(encoded(&null, "deepseek", "m", true), with(r#""max_tokens":4096"#));
    }
}
