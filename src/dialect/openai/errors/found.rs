//! What is found in an error's body, wherever in it: sentences, codes, types, fields, a wait.

use serde_json::{Map, Value};

use super::body::{self, Text};
use super::wait;

/// How deep the body is read, and how many items of a list.
const MOST_DEPTH: u8 = 8;
const MOST_ITEMS: usize = 5;

/// Fields around an error: what is inside was said by whoever knows more. `raw` is what the
/// provider behind `OpenRouter` said, `base_resp` is `MiniMax`'s, `Response` Tencent's,
/// `ResponseMetadata` Volcano Engine's, `fault` Apigee's, `Output` AWS's.
const AROUND: [&str; 13] = [
    "raw",
    "metadata",
    "error",
    "Error",
    "errors",
    "detail",
    "message",
    "base_resp",
    "Response",
    "ResponseMetadata",
    "fault",
    "Output",
    "header",
];

/// Fields with more about an error: `innererror` is Azure's, `details` Google's and Anthropic's.
const BESIDE: [&str; 3] = ["innererror", "inner_error", "details"];

const MESSAGES: [&str; 15] = [
    "message",
    "Message",
    "msg",
    "error_msg",
    "error_message",
    "errorMessage",
    "ErrorMessage",
    "errmsg",
    "status_msg",
    "faultstring",
    "detail",
    "error_description",
    "error",
    "description",
    "title",
];

const CODES: [&str; 13] = [
    "code",
    "Code",
    "error_code",
    "errorCode",
    "ErrorCode",
    "errorcode",
    "err_code",
    "status_code",
    "statusCode",
    "http_code",
    "http_status",
    "status",
    "reason",
];

const KINDS: [&str; 6] = ["type", "error_type", "errorType", "__type", "status", "error"];

const PARAMS: [&str; 3] = ["param", "parameter", "field"];

/// Codes of what went well.
const GOOD: [&str; 4] = ["0", "200", "success", "ok"];

/// Types and fields that say nothing; Python's nothing is a word in `LiteLLM`'s errors.
const EMPTY_WORDS: [&str; 6] = ["", "error", "failure", "fail", "none", "null"];

/// What is found, the most telling first.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) messages: Vec<String>,
    pub(super) codes: Vec<String>,
    pub(super) kinds: Vec<String>,
    pub(super) params: Vec<String>,
    pub(super) wait_ms: Option<u64>,
}

impl Found {
    pub(super) fn in_body(body: &[u8]) -> Self {
        let mut found = Self::default();
        found.read_text(body::whole(body), 0);
        found
    }

    fn read_text(&mut self, text: Option<Text>, depth: u8) {
        match text {
            Some(Text::Json(value)) => {
                self.wait_ms = self.wait_ms.or_else(|| wait::in_fields(&value));
                self.read(&value, depth);
            }
            Some(Text::Words(words)) => self.messages.push(words),
            None => {}
        }
    }

    fn read(&mut self, value: &Value, depth: u8) {
        if depth > MOST_DEPTH {
            return;
        }
        match value {
            Value::String(text) => self.read_text(body::field(text), depth + 1),
            Value::Array(items) => self.read_list(items, depth),
            Value::Object(object) => self.read_object(object, depth),
            _ => {}
        }
    }

    /// The items of a list are one sentence.
    fn read_list(&mut self, items: &[Value], depth: u8) {
        let mut sentences = Vec::new();
        for item in items.iter().take(MOST_ITEMS) {
            let mut found = Self::default();
            found.read(item, depth + 1);
            sentences.extend(found.messages.into_iter().next());
            self.codes.append(&mut found.codes);
            self.kinds.append(&mut found.kinds);
            self.params.append(&mut found.params);
        }
        if !sentences.is_empty() {
            self.messages.push(sentences.join("; "));
        }
    }

    fn read_object(&mut self, object: &Map<String, Value>, depth: u8) {
        if let Some(at) = object.get("loc").and_then(Value::as_array) {
            return self.read_validation(object, at);
        }
        for name in AROUND {
            match object.get(name) {
                Some(inside @ (Value::Object(_) | Value::Array(_))) => self.read(inside, depth + 1),
                // A word alone, such as "ERROR", is not more than what is around it.
                Some(text @ Value::String(raw)) if name == "raw" && raw.contains([' ', '"']) => {
                    self.read(text, depth + 1);
                }
                _ => {}
            }
        }
        let texts = MESSAGES.iter().filter_map(|name| object.get(*name)?.as_str());
        let texts: Vec<&str> = texts.filter(|text| !text.trim().is_empty()).collect();
        for text in &texts {
            self.read_text(body::field(text), depth + 1);
        }
        self.codes.extend(CODES.iter().filter_map(|name| code(name, object.get(*name)?)));
        // `error` may be the sentence itself, or the words of the status before it.
        let kinds = KINDS.iter().filter_map(|name| object.get(*name)?.as_str());
        self.kinds.extend(kinds.filter(|word| texts.first() != Some(word)).filter_map(kind));
        let params = PARAMS.iter().filter_map(|name| object.get(*name)?.as_str());
        self.params.extend(params.filter(|param| !is_empty(param)).map(str::to_owned));
        for name in BESIDE {
            if let Some(more @ (Value::Object(_) | Value::Array(_))) = object.get(name) {
                self.read(more, depth + 1);
            }
        }
    }

    /// One item of what `FastAPI` and pydantic say (Mistral, vLLM, SGLang): `{loc, msg, type}`.
    /// What was sent stands in `input`, and stays there.
    fn read_validation(&mut self, object: &Map<String, Value>, at: &[Value]) {
        let steps = at.iter().filter_map(|step| match step {
            Value::String(name) => (name != "body").then(|| name.clone()),
            Value::Number(index) => Some(index.to_string()),
            _ => None,
        });
        let param = steps.collect::<Vec<_>>().join(".");
        let message = object.get("msg").and_then(Value::as_str).unwrap_or_default();
        if param.is_empty() {
            self.messages.push(message.to_owned());
        } else {
            self.messages.push(format!("{param}: {message}"));
            self.params.push(param);
        }
    }
}

/// A code as text: a word, or a number that is not one of success.
fn code(name: &str, value: &Value) -> Option<String> {
    match value {
        // A word there is one of the types.
        Value::String(_) if name == "status" => None,
        Value::String(word) if name == "reason" && word.contains(' ') => None,
        Value::String(word) => {
            let is_good = GOOD.iter().any(|good| good.eq_ignore_ascii_case(word.trim()));
            (!is_good && !word.trim().is_empty()).then(|| word.clone())
        }
        Value::Number(number) => {
            let is_good = number.as_i64().is_some_and(|n| n == 0 || (200..300).contains(&n));
            (!is_good).then(|| number.to_string())
        }
        _ => None,
    }
}

/// A type: a word or three, without AWS's namespace, and not a problem's address.
fn kind(word: &str) -> Option<String> {
    let word = word.rsplit('#').next().unwrap_or(word).trim();
    let is_word = !word.contains(['/', ':']) && word.split(' ').count() <= 3;
    (is_word && !is_empty(word)).then(|| word.to_owned())
}

fn is_empty(word: &str) -> bool {
    EMPTY_WORDS.iter().any(|empty| empty.eq_ignore_ascii_case(word))
}
