//! What messages say more exactly than the status and the code they come with.

use crate::failure::Class;

/// A class, the classes that it may make more exact, and the phrases that say so, all small. The
/// first that is said counts.
///
/// Sources: the messages of the providers and servers as their references have them and as users
/// report them; the names stand beside those that are nobody else's.
pub(super) const PHRASES: [(Class, &[Class], &[&str]); 9] = [
    // One request that is larger than a whole minute's tokens: no pause makes it fit, and the others
    // fit as before.
    (Class::ContextLength, &[Class::RateLimit], &["request too large for"]),
    (
        Class::ContentPolicy,
        &[Class::BadRequest, Class::UpstreamAuth, Class::Server],
        &[
            "content management policy",         // Azure
            "content filtering policy",          // Anthropic
            "content exists risk",               // DeepSeek
            "violates usage guidelines",         // xAI, with a 403
            "violating our usage policy",        // OpenAI
            "violates our usage policies",       // OpenAI
            "safety system",                     // OpenAI
            "flagged for possible",              // OpenAI
            "input was flagged",                 // OpenRouter, with a 403
            "considered high risk",              // Moonshot
            "may contain inappropriate content", // DashScope
            "may contain sensitive information", // Ark
            "unsafe or sensitive content",       // Zhipu
            "不安全或敏感内容",                  // Zhipu
            "new_sensitive",                     // MiniMax
            "prohibited_content",                // Gemini
            "blocked by our content filters",    // Bedrock
            "responsible ai polic",              // Bedrock
            "prompt blocked due to",             // Cloudflare
        ],
    ),
    (
        Class::UpstreamQuota,
        &[
            Class::BadRequest,
            Class::UpstreamAuth,
            Class::RateLimit,
            Class::ModelMissing,
            Class::Server,
        ],
        &[
            "insufficient balance",
            "insufficient account balance",
            "insufficient credits",
            "balance is insufficient", // SiliconFlow
            "credit balance is too low",
            "out of credits",
            "requires available credits",
            "used all available credits", // xAI
            "credits are depleted",       // Gemini
            "depleted your",              // Hugging Face
            "spending limit",
            "api usage limits",        // Anthropic
            "out of extra usage",      // Anthropic
            "extra usage is required", // Anthropic
            "for this billing cycle",  // Kimi
            "payment is past due",     // Ollama
            "session usage limit",     // Ollama
            "daily free allocation",   // Cloudflare
            "free-models-per-day",     // OpenRouter
            "limit: 0,",               // Gemini, where a model is not in the plan
            "tokens per day, please",  // Bedrock
            "not available on the free tier",
            "requires billing",
            "余额不足",
            "欠费",
        ],
    ),
    (
        Class::ContextLength,
        &[Class::BadRequest, Class::Server],
        &[
            "maximum context length",
            "maximum context limit",
            "maximum model length",
            "maximum prompt length",            // xAI
            "maximum allowed input length",     // Poolside
            "maximum number of tokens allowed", // Gemini
            "maximum number of input tokens",
            "tokens) exceeds the maximum allowed length", // SGLang
            "max context length",                         // Ollama
            "context window",
            "context length exceeded",
            "context_length_exceeded",
            "exceed context limit",            // Anthropic
            "exceeds the context length",      // Ollama
            "available context size",          // llama.cpp
            "context size has been exceeded",  // LM Studio
            "greater than the context length", // LM Studio
            "context length of only",          // LM Studio
            "model's context length",
            "exceed model maximum",         // Bedrock
            "exceeded model token limit",   // Moonshot
            "exceed the configured limit",  // OpenAI
            "exceed max message tokens",    // Ark
            "more than max tokens allowed", // Zhipu
            "prompt exceeds max length",    // Zhipu
            "prompt token count",           // GitHub
            "prompt is too long",
            "prompt too long",
            "prompt tokens too long",
            "input is too long",
            "input token length too long", // Moonshot
            "too many input tokens",
            "total number of tokens in the prompt", // Cohere
            "range of input length should be",      // DashScope
            "reduce the length of the",             // Groq, Cerebras
            "max_seq_len",                          // SiliconFlow, TensorRT-LLM
            "max_model_len",                        // vLLM
            "`max_new_tokens` must be",             // text-generation-inference
            "`inputs` must have less than",         // text-generation-inference
            "content': string too long",            // OpenAI
            "input': string too long",              // OpenAI
            "prompt 超长",                          // Zhipu
            "上下文长度",
        ],
    ),
    (
        Class::UpstreamAuth,
        &[Class::BadRequest, Class::Server],
        &[
            "api key not valid", // Gemini, with a 400
            "api key expired",   // Gemini, with a 400
            "incorrect api key", // xAI, with a 400
            "invalid api key",
            "invalid api-key",
            "invalid x-api-key",
            "login fail",                          // MiniMax
            "authentication fails",                // DeepSeek
            "location is not supported",           // Gemini, where the gateway stands
            "multiple authentication credentials", // Gemini, with a 400
        ],
    ),
    (
        Class::ModelMissing,
        &[Class::BadRequest, Class::Server],
        &[
            "model not exist",      // DeepSeek
            "model does not exist", // SiliconFlow
            "model not found",
            "no such model",
            "unknown model",
            "invalid model:",                // Mistral
            "invalid model name",            // LiteLLM
            "is not a valid model",          // OpenRouter
            "model identifier is invalid",   // Bedrock
            "on-demand throughput isn",      // Bedrock
            "on-demand throughput is not",   // Bedrock
            "work with the specified model", // Azure
            "api version not supported",     // Azure, of what is configured
            "unsupported api version",       // Azure
            "enabled only for api versions", // Azure
            "non-serverless model",          // Together
            "try pulling it first",          // Ollama
            "no models loaded",              // LM Studio
            "模型不存在",                    // Zhipu
        ],
    ),
    (
        Class::Overloaded,
        &[Class::RateLimit, Class::Server],
        &[
            "overloaded",
            "over capacity",
            "at capacity",
            "out of capacity",           // Vertex
            "experiencing high demand",  // Gemini
            "experiencing high traffic", // Cerebras
            "currently loading",         // Hugging Face
            "访问量过大",                // Zhipu
        ],
    ),
    // NVIDIA, where a model has no servers.
    (Class::Overloaded, &[Class::BadRequest], &["function cannot be invoked"]),
    (
        Class::RateLimit,
        &[Class::BadRequest, Class::UpstreamAuth, Class::Server],
        &[
            "rate limit exceeded",
            "rate limit reached",
            "rate increased too quickly", // DashScope
            "rpm limit",                  // SiliconFlow, with a 403
            "tpm limit",
            "too many requests",
            "resource exhausted",
            "resource has been exhausted",
            "速率限制", // Zhipu
            "请求过于频繁",
        ],
    ),
];

/// What DashScope says where it means a rate of tokens and gives OpenAI's code for an empty
/// account.
pub(super) const TOKEN_RATES: [&str; 2] = ["allocated quota exceeded", "#token-limit"];
