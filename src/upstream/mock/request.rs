//! The typed view of what a client asked of the mock; fields it does not know are ignored.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::words;

/// Why a request cannot be answered; told to the client with status 400.
pub(super) struct Problem {
    /// The field at fault.
    pub(super) param: Option<&'static str>,
    pub(super) message: String,
}

impl Problem {
    pub(super) fn of(param: &'static str, message: &str) -> Self {
        Self { param: Some(param), message: message.to_owned() }
    }
}

/// `POST /chat/completions`
#[derive(Deserialize)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    pub(super) messages: Vec<Message>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    #[serde(default)]
    stop: Stop,
    n: Option<u64>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    response_format: Option<ResponseFormat>,
    tools: Option<Vec<Tool>>,
    tool_choice: Option<Value>,
    reasoning_effort: Option<String>,
}

/// One message; only its text matters here.
#[derive(Deserialize)]
pub(super) struct Message {
    role: String,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

#[derive(Deserialize)]
struct ResponseFormat {
    r#type: String,
    json_schema: Option<NamedSchema>,
}

#[derive(Deserialize)]
struct NamedSchema {
    schema: Option<Value>,
}

#[derive(Deserialize)]
struct Tool {
    /// None for a tool that is not a function; the mock calls only functions.
    function: Option<Function>,
}

/// A function that the client offers.
#[derive(Deserialize)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) parameters: Option<Value>,
}

/// The form that the text of an answer must have.
pub(super) enum Form<'a> {
    Text,
    JsonObject,
    JsonSchema(&'a Value),
}

impl ChatRequest {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let request: Self = parse(body)?;
        check_model(&request.model)?;
        request.stop.check()?;
        if request.messages.is_empty() {
            return Err(Problem::of("messages", "Expected at least one message."));
        }
        if request.cap() == Some(0) {
            return Err(Problem::of("max_completion_tokens", "Expected at least 1 token."));
        }
        if !(1..=MAX_CHOICES).contains(&request.choices()) {
            return Err(Problem::of("n", "Expected 1 to 128 choices."));
        }
        if request.functions().any(|function| function.name.len() > MAX_FUNCTION_NAME_BYTES) {
            return Err(Problem::of("tools", "A function's name has at most 64 bytes."));
        }
        Ok(request)
    }

    /// Tokens of all the texts of all the messages, at least 1.
    pub(super) fn prompt_tokens(&self) -> u64 {
        self.messages.iter().flat_map(Message::texts).map(words::count).sum::<u64>().max(1)
    }

    /// The text of the last message of the user, or of nobody.
    pub(super) fn last_user_text(&self) -> String {
        let message = self.messages.iter().rev().find(|message| message.role == "user");
        message.map(|message| message.texts().collect::<Vec<_>>().join(" ")).unwrap_or_default()
    }

    /// The most tokens of one choice, reasoning included.
    pub(super) fn cap(&self) -> Option<u64> {
        [self.max_tokens, self.max_completion_tokens].into_iter().flatten().min()
    }

    pub(super) fn choices(&self) -> u64 {
        self.n.unwrap_or(1)
    }

    pub(super) fn stops(&self) -> &[String] {
        self.stop.sequences()
    }

    pub(super) fn streamed(&self) -> bool {
        self.stream == Some(true)
    }

    pub(super) fn wants_usage(&self) -> bool {
        wants_usage(self.stream_options.as_ref())
    }

    pub(super) fn reasons(&self) -> bool {
        self.reasoning_effort.as_ref().is_some_and(|effort| effort != "none")
    }

    pub(super) fn form(&self) -> Form<'_> {
        let Some(format) = &self.response_format else { return Form::Text };
        let schema = format.json_schema.as_ref().and_then(|named| named.schema.as_ref());
        match (format.r#type.as_str(), schema) {
            ("json_schema", Some(schema)) => Form::JsonSchema(schema),
            ("json_schema" | "json_object", _) => Form::JsonObject,
            _ => Form::Text,
        }
    }

    /// The function to call: the one that `tool_choice` names, else the first, but none in answer
    /// to a tool.
    pub(super) fn function_to_call(&self) -> Result<Option<&Function>, Problem> {
        let answers_tool = self.messages.last().is_some_and(|message| message.role == "tool");
        let choice = self.tool_choice.as_ref();
        if answers_tool || choice.and_then(Value::as_str) == Some("none") {
            return Ok(None);
        }
        let named =
            choice.and_then(|choice| choice.pointer("/function/name")).and_then(Value::as_str);
        match named {
            None => Ok(self.functions().next()),
            Some(name) => match self.functions().find(|function| function.name == name) {
                Some(function) => Ok(Some(function)),
                None => {
                    Err(Problem::of("tool_choice", "The function it names is not among the tools."))
                }
            },
        }
    }

    fn functions(&self) -> impl Iterator<Item = &Function> {
        self.tools.iter().flatten().filter_map(|tool| tool.function.as_ref())
    }
}

impl Message {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let (whole, parts) = match &self.content {
            None => (None, None),
            Some(Content::Text(text)) => (Some(text.as_str()), None),
            Some(Content::Parts(parts)) => (None, Some(parts)),
        };
        whole.into_iter().chain(parts.into_iter().flatten().filter_map(|part| part.text.as_deref()))
    }
}

/// The most choices of one answer.
pub(super) const MAX_CHOICES: u64 = 128;
const MAX_STOPS: usize = 4;
/// A streamed answer repeats the model's name in every chunk, so a long one would multiply.
const MAX_MODEL_BYTES: usize = 256;
const MAX_FUNCTION_NAME_BYTES: usize = 64;

/// The place of the error, but not the parser's words, which may quote the prompt.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem {
        param: None,
        message: format!(
            "The JSON body of the request could not be read (line {}, column {}).",
            error.line(),
            error.column()
        ),
    })
}

/// A model's name is there, and short.
pub(super) fn check_model(model: &str) -> Result<(), Problem> {
    if (1..=MAX_MODEL_BYTES).contains(&model.len()) {
        return Ok(());
    }
    Err(Problem::of("model", "Expected the name of a model."))
}

/// Stop sequences: none (also as null), one or several.
#[derive(Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Stop {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl Stop {
    pub(super) fn sequences(&self) -> &[String] {
        match self {
            Self::None => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.sequences().len() <= MAX_STOPS {
            return Ok(());
        }
        Err(Problem::of("stop", "Expected at most 4 stop sequences."))
    }
}

/// Whether and how to stream.
#[derive(Deserialize)]
pub(super) struct StreamOptions {
    include_usage: Option<bool>,
}

/// True when the stream is to end with a chunk of usage.
pub(super) fn wants_usage(options: Option<&StreamOptions>) -> bool {
    options.is_some_and(|options| options.include_usage == Some(true))
}
