//! A request: what is said so far, and how the model is to answer.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Dropped;

/// A chat request.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    /// What the model is told before the conversation: system and developer messages that stand at
    /// its beginning.
    pub system: Vec<Block>,
    /// The conversation.
    pub turns: Vec<Turn>,
    /// Functions that the model may call.
    pub tools: Vec<Tool>,
    /// Whether it may, must, or must not.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    pub parallel_tools: Option<bool>,
    /// The cap on all output of one choice, reasoning included.
    pub max_output_tokens: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// How much the model may think.
    pub reasoning: Option<Reasoning>,
    /// What shape the answer must have.
    pub format: Option<Format>,
    /// Numbers that steer sampling, and other fields with a simple value.
    pub knobs: Knobs,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Fields of the client's request that have no place here. Whoever writes the request for a
    /// target begins its own list with them.
    pub dropped: Dropped,
}

/// Fields with a simple value by their OpenAI name (`temperature`, `top_p`, `top_k`, `seed`,
/// `presence_penalty`, `logprobs`, `user`, `service_tier`, …), each with its JSON as it came.
pub type Knobs = BTreeMap<String, Box<RawValue>>;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The user, also when a tool's result is brought.
    User,
    /// The model.
    Assistant,
    /// The operator, in the middle of the conversation.
    System,
}

/// What one of them said. Two turns of one role in a row stay two; a dialect that wants them
/// alternating joins them.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Who.
    pub role: Role,
    /// What.
    pub blocks: Vec<Block>,
    /// The speaker's name, where the client gave one.
    pub name: Option<String>,
    /// Which of the client's messages it is, from 0: what is dropped of it is named by that.
    pub at: usize,
}

/// That a prompt's beginning up to here is to be cached: the marker's JSON as it came
/// (`{"type":"ephemeral","ttl":"1h"}`).
pub type CacheMark = Option<Box<RawValue>>;

/// A piece of what is said.
#[derive(Clone, Debug)]
pub enum Block {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// Whether it is to be cached up to here.
        cache: CacheMark,
    },
    /// An image, a sound or a document.
    Media(Media),
    /// The model called a tool.
    ToolUse {
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// Its arguments: a JSON object, as text that may be wrong, for models write it.
        arguments: String,
        /// What a provider signed the call with and wants to see again (Gemini's thought
        /// signature): the JSON as it came.
        signature: Option<Box<RawValue>>,
        /// Whether it is to be cached up to here.
        cache: CacheMark,
    },
    /// What a tool gave.
    ToolResult {
        /// Of which call.
        id: String,
        /// Text and media.
        content: Vec<Self>,
        /// Whether the tool failed.
        is_error: bool,
        /// Whether it is to be cached up to here.
        cache: CacheMark,
    },
    /// What the model thought.
    Thinking {
        /// The thoughts.
        text: String,
        /// What the provider signed them with and wants to see again, unchanged.
        signature: Option<String>,
    },
    /// Thoughts that only the provider can read, as it gave them.
    RedactedThinking(String),
    /// The model's words of refusal.
    Refusal(String),
    /// A piece that only its own dialect knows: its type, and its JSON as it came.
    Other {
        /// Its type, such as `search_result`.
        kind: String,
        /// All of it.
        json: Box<RawValue>,
    },
}

/// An image, a sound or a document.
#[derive(Clone, Debug)]
pub struct Media {
    /// Which.
    pub kind: MediaKind,
    /// Where it is.
    pub source: Source,
    /// How closely an image is to be looked at (OpenAI's `detail`).
    pub detail: Option<String>,
    /// A document's name.
    pub name: Option<String>,
    /// Whether it is to be cached up to here.
    pub cache: CacheMark,
}

/// What kind of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// An image.
    Image,
    /// A sound.
    Audio,
    /// A document, such as a PDF.
    Document,
}

/// Where media is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Here.
    Data {
        /// Its type, such as `image/png`.
        media_type: String,
        /// Its bytes in base64.
        base64: String,
    },
    /// At an address that the provider fetches.
    Url(String),
    /// In the provider's file store.
    File(String),
    /// Here, as plain text.
    Text(String),
}

impl Source {
    /// Whether a text can be a media type with its parameters (RFC 6838, and RFC 2045 without
    /// quotes). It may become a part of a `data:` URL, where a comma would be its end.
    pub(in crate::dialect) fn is_type(text: &str) -> bool {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+/;= ".contains(&byte);
        text.contains('/') && text.bytes().all(allowed)
    }
}

/// A function that the model may call.
#[derive(Clone, Debug)]
pub enum Tool {
    /// One that the client runs.
    Function {
        /// Its name.
        name: String,
        /// What it does.
        description: Option<String>,
        /// The JSON schema of its arguments.
        parameters: Option<Box<RawValue>>,
        /// Whether the arguments must fit the schema exactly.
        strict: Option<bool>,
        /// Whether the prompt is to be cached up to here.
        cache: CacheMark,
    },
    /// One that the provider runs, or that only its own dialect knows: its type and its JSON.
    Other {
        /// Its type, such as `web_search_20250305`.
        kind: String,
        /// All of it.
        json: Box<RawValue>,
    },
}

/// Whether the model may call tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// It must not.
    None,
    /// It must call one.
    Required,
    /// It must call this one.
    Named(String),
}

/// How much the model may think.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reasoning {
    /// Not at all.
    Off,
    /// As much as it finds right.
    Adaptive {
        /// How hard it is to try.
        effort: Option<Effort>,
    },
    /// About so much.
    Effort(Effort),
    /// At most so many tokens.
    Budget(u64),
}

/// How hard a model is to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// As little as possible.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More.
    ExtraHigh,
    /// As much as possible.
    Max,
}

/// What shape the answer must have.
#[derive(Clone, Debug)]
pub enum Format {
    /// Any JSON object.
    Json,
    /// JSON that fits a schema.
    Schema {
        /// The schema's name.
        name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// The schema.
        schema: Box<RawValue>,
        /// Whether the answer must fit it exactly.
        strict: Option<bool>,
    },
}
