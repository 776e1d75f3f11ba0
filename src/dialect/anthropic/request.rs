//! A client's request: what the gateway must know of it. All but the model keeps its bytes.

use bytes::Bytes;
use http::HeaderMap;

use super::expected::{boolean, max_tokens, read};
use super::server_tools::server_tools;
use super::size::size_of;
use crate::dialect::refuse::refuse_body;
use crate::dialect::{Edit, Object, Operation, Outline};
use crate::quota::InputSize;
use crate::refusal::Refusal;
use crate::routing::check_alias;

/// The headers of a request that no Anthropic client made.
pub fn headers() -> Vec<(&'static str, String)> {
    vec![(VERSION.0, VERSION.1.to_owned())]
}

/// Fields that decide who may do what at which cost: twice in one body, they could mean one thing
/// to the gateway and another to the provider.
const ONCE: [&str; 13] = [
    "model",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "mcp_servers",
    "fallbacks",
    "service_tier",
    "speed",
];

/// A request of an Anthropic client, read as far as the gateway needs.
#[derive(Clone, Debug)]
pub struct MessagesCall {
    /// What is asked for: an answer, or how many tokens the input has.
    pub operation: Operation,
    /// The model name that the client sent.
    pub alias: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The caller's cap on all output, thinking included, in tokens. 0 asks for no answer.
    pub max_tokens: u64,
    /// How large the input is.
    pub size: InputSize,
    /// The types of the tools that the provider runs itself (`web_search_20250305`), and
    /// `mcp_servers` when it is to call some: what they bring is input that no size here knows.
    pub server_tools: Vec<String>,
    /// Headers that belong to the request and go to a provider of the same dialect.
    pub headers: Vec<(&'static str, String)>,
    is_fast: bool,
    body: Bytes,
    outline: Outline,
}

/// The version that a client means which names none.
const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");
/// The names of features that are not for everybody yet.
const BETA: &str = "anthropic-beta";
/// The longest value of either, in bytes.
const MOST_HEADER_BYTES: usize = 1_024;

impl MessagesCall {
    /// Reads the body of `POST /v1/messages`.
    ///
    /// # Errors
    /// A refusal that names the field and what was expected.
    pub fn parse(body: Bytes) -> Result<Self, Refusal> {
        Self::read(body, Operation::Messages)
    }

    /// Reads the body of `POST /v1/messages/count_tokens`, which asks for no answer: it has no
    /// `max_tokens` and no `stream`.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_count(body: Bytes) -> Result<Self, Refusal> {
        Self::read(body, Operation::CountTokens)
    }

    fn read(body: Bytes, operation: Operation) -> Result<Self, Refusal> {
        let answers = operation == Operation::Messages;
        let text = std::str::from_utf8(&body).map_err(|error| Refusal::InvalidBody {
            message: format!("The body is not UTF-8: byte {} is wrong.", error.valid_up_to()),
        })?;
        let outline = Outline::read(text).map_err(refuse_body)?;
        let object = outline.object(text);
        if let Some(name) = ONCE.into_iter().find(|name| object.count(name) > 1) {
            return Err(Refusal::field(name, format!("'{name}' is there more than once.")));
        }
        let Some(model) = object.value("model") else {
            return Err(Refusal::field("model", "'model' is missing: name the model to use."));
        };
        let alias: String = read(model, "model", "a string")?;
        check_alias(&alias)?;
        if object.value("fallbacks").is_some() {
            // Each entry names a model and a cap of its own, past this key's rules.
            let message =
                "'fallbacks' is not taken: what else may answer is the gateway's routing.";
            return Err(Refusal::field("fallbacks", message));
        }
        if object.value("thread").is_some() {
            // What a thread holds is input of no known size, at one target, and of whoever knows its
            // name: all keys share the provider's account ("Message threads").
            return Err(Refusal::ThreadUnsupported);
        }
        Ok(Self {
            operation,
            alias,
            stream: answers && boolean(&object, "stream")?,
            max_tokens: if answers { max_tokens(&object)? } else { 0 },
            size: size_of(&object, body.len())?,
            server_tools: server_tools(&object),
            headers: headers(),
            is_fast: object.value("speed").is_some_and(|speed| speed != "\"standard\""),
            body,
            outline,
        })
    }

    /// With the client's own `anthropic-version` and `anthropic-beta`.
    ///
    /// # Errors
    /// A refusal of one that no header of a request could have.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Result<Self, Refusal> {
        for name in [VERSION.0, BETA] {
            let mut values = Vec::new();
            for value in headers.get_all(name) {
                let value = value.to_str().ok().filter(|value| value.len() <= MOST_HEADER_BYTES);
                let refused = || Refusal::field(name, format!("The header {name} is not text."));
                values.push(value.ok_or_else(refused)?);
            }
            if !values.is_empty() {
                self.headers.retain(|(known, _)| *known != name);
                self.headers.push((name, values.join(",")));
            }
        }
        Ok(self)
    }

    /// Whether the client asked for features that are not for everybody yet.
    pub fn has_beta(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == BETA)
    }

    /// Why no size bounds what the request costs, if none does.
    pub fn unbounded(&self) -> Option<String> {
        if self.is_fast {
            return Some("'speed' has prices of its own, which no configuration knows".to_owned());
        }
        let tool = self.server_tools.first()?;
        Some(format!("'{tool}' is run by the provider, and what it brings is billed as input"))
    }

    /// The body as it came, such as [`super::read_request`] wants it.
    pub fn text(&self) -> &str {
        // It was UTF-8 when it was read.
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// The body as a shallow view.
    pub fn object(&self) -> Object<'_> {
        self.outline.object(self.text())
    }

    /// The body for a target: the client's own bytes, with the name that the model has there.
    /// `max_tokens` is always there and caps all output, so nothing else is needed.
    pub fn encode(&self, upstream_model: &str) -> Bytes {
        if upstream_model == self.alias {
            return self.body.clone();
        }
        let model = serde_json::Value::from(upstream_model).to_string();
        self.object().edited(&[Edit::Set("model", model)]).into()
    }
}
