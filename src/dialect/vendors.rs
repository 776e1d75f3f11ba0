//! The vendors that Tollgate knows, as a table: one that speaks a known dialect is a row.

/// How a provider wants its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer …`
    Bearer,
    /// None is needed; one that is configured goes as a bearer token.
    Optional,
}

/// What is special about one vendor's wire. Sources: the vendors' API references.
#[derive(Debug, PartialEq, Eq)]
pub struct Vendor {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Where it is, unless the configuration says otherwise.
    pub base_url: Option<&'static str>,
    /// How it wants its credential.
    pub auth: Auth,
    /// The field of a chat request that caps everything it bills.
    pub output_cap: &'static str,
    /// Whether `max_tokens` caps everything too. Where it leaves reasoning out, a limited key's
    /// `max_tokens` is sent as [`Self::output_cap`].
    pub max_tokens_is_total: bool,
    /// Whether it knows `stream_options.include_usage`.
    pub stream_usage: bool,
}

/// Every vendor, in the order in which an error lists them.
pub static VENDORS: [Vendor; 6] = [
    Vendor {
        name: "openai",
        base_url: Some("https://api.openai.com/v1"),
        auth: Auth::Bearer,
        output_cap: "max_completion_tokens",
        max_tokens_is_total: true,
        stream_usage: true,
    },
    Vendor {
        name: "deepseek",
        base_url: Some("https://api.deepseek.com/v1"),
        auth: Auth::Bearer,
        output_cap: "max_tokens",
        max_tokens_is_total: true,
        stream_usage: true,
    },
    // max_tokens may leave reasoning out, depending on the model (Model Studio's notices of 2026-04
    // and 2026-11); max_completion_tokens never does.
    Vendor {
        name: "dashscope",
        base_url: Some("https://dashscope.aliyuncs.com/compatible-mode/v1"),
        auth: Auth::Bearer,
        output_cap: "max_completion_tokens",
        max_tokens_is_total: false,
        stream_usage: true,
    },
    // max_tokens caps the answer only, and the two fields exclude each other (Ark, ChatCompletions).
    Vendor {
        name: "volcengine",
        base_url: Some("https://ark.cn-beijing.volces.com/api/v3"),
        auth: Auth::Bearer,
        output_cap: "max_completion_tokens",
        max_tokens_is_total: false,
        stream_usage: true,
    },
    // vLLM, SGLang, PAI, anything at its own address.
    Vendor {
        name: "openai-compatible",
        base_url: None,
        auth: Auth::Optional,
        output_cap: "max_tokens",
        max_tokens_is_total: true,
        stream_usage: true,
    },
    Vendor {
        name: "mock",
        base_url: Some("https://mock.invalid/v1"),
        auth: Auth::Optional,
        output_cap: "max_tokens",
        max_tokens_is_total: true,
        stream_usage: true,
    },
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
}
