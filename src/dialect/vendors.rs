//! The vendors that Tollgate knows, as a table: one that speaks a known dialect is a row.

use super::openai::chat::{ReasoningStyle, SignedCalls};

/// A wire format. Clients speak the first two; targets all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Chat completions, completions and embeddings, as OpenAI has them.
    OpenAi,
    /// Messages, as Anthropic has them.
    Anthropic,
    /// Bedrock's Converse.
    Converse,
}

impl Dialect {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "messages",
            Self::Converse => "converse",
        }
    }
}

/// How a provider wants its credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer …`
    Bearer,
    /// In a header of that name, in lower case.
    Header(std::borrow::Cow<'static, str>),
    /// A signature of AWS, made with the function's own role; a credential that is configured goes
    /// as a bearer token instead.
    Aws,
}

/// What is special about one vendor's wire. Sources: the vendors' API references.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "what a vendor knows, each by itself")]
pub struct Vendor {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it speaks.
    pub dialect: Dialect,
    /// Where it is, unless the configuration says otherwise. `{region}` stands for the provider's.
    pub base_url: Option<&'static str>,
    /// Where an operation is under that: `{operation}` stands for the operation's path, `{model}` for
    /// the model. Converse has paths of its own.
    pub path: &'static str,
    /// How it wants its credential.
    pub auth: Auth,
    /// Whether it must have one.
    pub needs_key: bool,
    /// Whether it wants an `api-version` in the query.
    pub needs_api_version: bool,
    /// The field of a chat request that caps everything it bills.
    pub output_cap: &'static str,
    /// Whether `max_tokens` caps everything too. Where it leaves reasoning out, a limited key's
    /// `max_tokens` is sent as [`Self::output_cap`].
    pub max_tokens_is_total: bool,
    /// Whether it knows `stream_options.include_usage`.
    pub stream_usage: bool,
    /// How a translated request tells it to think.
    pub reasoning: ReasoningStyle,
    /// Whether a translated request brings the thoughts of earlier turns back as
    /// `reasoning_content`.
    pub sends_reasoning_content: bool,
    /// What a translated request does with the signatures of calls.
    pub signed_calls: SignedCalls,
    /// Whether it knows `response_format` with a schema.
    pub takes_schemas: bool,
    /// Whether it knows `top_k`.
    pub takes_top_k: bool,
    /// How many texts may end an answer.
    pub most_stops: usize,
}

const API_KEY: Auth = Auth::Header(std::borrow::Cow::Borrowed("api-key"));
const X_API_KEY: Auth = Auth::Header(std::borrow::Cow::Borrowed("x-api-key"));

const OPENAI: Vendor = Vendor {
    name: "openai",
    dialect: Dialect::OpenAi,
    base_url: Some("https://api.openai.com/v1"),
    path: "{operation}",
    auth: Auth::Bearer,
    needs_key: true,
    needs_api_version: false,
    output_cap: "max_completion_tokens",
    max_tokens_is_total: true,
    stream_usage: true,
    reasoning: ReasoningStyle::OpenAi,
    sends_reasoning_content: false,
    signed_calls: SignedCalls::Unknown,
    takes_schemas: true,
    takes_top_k: false,
    most_stops: 4,
};

/// vLLM, SGLang, PAI, anything at its own address.
const COMPATIBLE: Vendor = Vendor {
    name: "openai-compatible",
    base_url: None,
    needs_key: false,
    output_cap: "max_tokens",
    reasoning: ReasoningStyle::None,
    signed_calls: SignedCalls::Kept,
    takes_top_k: true,
    most_stops: 16,
    ..OPENAI
};

const ANTHROPIC: Vendor = Vendor {
    name: "anthropic",
    dialect: Dialect::Anthropic,
    base_url: Some("https://api.anthropic.com/v1"),
    auth: X_API_KEY,
    output_cap: "max_tokens",
    ..OPENAI
};

/// Every vendor, in the order in which an error lists them.
pub static VENDORS: [Vendor; 13] = [
    OPENAI,
    // The v1 path (Azure OpenAI, "API version lifecycle").
    Vendor {
        name: "azure",
        base_url: None,
        path: "openai/v1/{operation}",
        auth: API_KEY,
        ..OPENAI
    },
    // The path of a deployment, whose name is the model (Azure OpenAI, "REST API reference").
    Vendor {
        name: "azure-deployments",
        base_url: None,
        path: "openai/deployments/{model}/{operation}",
        auth: API_KEY,
        needs_api_version: true,
        ..OPENAI
    },
    ANTHROPIC,
    // What speaks Messages at its own address: DeepSeek, Model Studio, Kimi, GLM, vLLM, …
    Vendor { name: "anthropic-compatible", base_url: None, needs_key: false, ..ANTHROPIC },
    Vendor {
        name: "deepseek",
        base_url: Some("https://api.deepseek.com/v1"),
        output_cap: "max_tokens",
        reasoning: ReasoningStyle::DeepSeek,
        sends_reasoning_content: true,
        takes_schemas: false,
        most_stops: 16,
        ..OPENAI
    },
    // max_tokens may leave reasoning out, depending on the model (Model Studio's notices of 2026-04
    // and 2026-11); max_completion_tokens never does.
    Vendor {
        name: "dashscope",
        base_url: Some("https://dashscope.aliyuncs.com/compatible-mode/v1"),
        max_tokens_is_total: false,
        reasoning: ReasoningStyle::DashScope,
        takes_top_k: true,
        ..OPENAI
    },
    // max_tokens caps the answer only, and the two fields exclude each other (Ark, ChatCompletions).
    Vendor {
        name: "volcengine",
        base_url: Some("https://ark.cn-beijing.volces.com/api/v3"),
        max_tokens_is_total: false,
        reasoning: ReasoningStyle::Ark,
        ..OPENAI
    },
    // Through Converse, which every model of Bedrock has.
    Vendor {
        name: "bedrock",
        dialect: Dialect::Converse,
        base_url: Some("https://bedrock-runtime.{region}.amazonaws.com"),
        auth: Auth::Aws,
        needs_key: false,
        ..OPENAI
    },
    // The OpenAI-compatible endpoint, which some have.
    Vendor {
        name: "bedrock-openai",
        base_url: Some("https://bedrock-runtime.{region}.amazonaws.com/openai/v1"),
        auth: Auth::Aws,
        needs_key: false,
        ..OPENAI
    },
    Vendor {
        name: "gemini",
        base_url: Some("https://generativelanguage.googleapis.com/v1beta/openai"),
        reasoning: ReasoningStyle::Gemini,
        signed_calls: SignedCalls::Needed,
        most_stops: 5,
        ..OPENAI
    },
    COMPATIBLE,
    Vendor { name: "mock", base_url: Some("https://mock.invalid/v1"), ..COMPATIBLE },
];

impl Vendor {
    /// The vendor of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        VENDORS.iter().find(|vendor| vendor.name == name)
    }

    /// Whether it answers in-process.
    pub fn is_mock(&self) -> bool {
        self.name == "mock"
    }

    /// Input that the provider adds by itself, at most, in tokens: what Claude models read before
    /// the first tool, and what stands for a schema ("Tool use", "Structured outputs", "Pricing").
    pub fn added_tokens(&self) -> u64 {
        match self.dialect {
            Dialect::OpenAi => 0,
            Dialect::Anthropic | Dialect::Converse => 1_024,
        }
    }
}
