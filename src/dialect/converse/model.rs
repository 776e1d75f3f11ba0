//! What is known of a model by its id. Converse is one API for many models, and what they take
//! differs: where a field would be refused, it is left out and named instead.

use crate::dialect::anthropic::model::Claude;

/// A model, as far as its requests differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Model {
    /// Anthropic's.
    Claude(Claude),
    /// Amazon's.
    Nova {
        /// Whether it is of the second generation, which can think.
        thinks: bool,
    },
    /// OpenAI's open models.
    Gpt,
    /// Another vendor's.
    Other {
        /// Whether the vendor's models take a schema for their answer.
        schemas: bool,
    },
    /// An ARN that does not tell: an application's inference profile, a provisioned or own model.
    #[default]
    Unknown,
}

/// Vendors none of whose models takes a schema for its answer (Amazon Bedrock User Guide, "Get
/// validated JSON results from models": supported models).
const WITHOUT_SCHEMAS: [&str; 6] = ["ai21", "amazon", "cohere", "meta", "stability", "writer"];

impl Model {
    /// The model of an id or an ARN: `us.anthropic.claude-sonnet-4-6`, with a region's prefix or
    /// without.
    pub(super) fn of(id: &str) -> Self {
        let name = id.rsplit('/').next().unwrap_or_default();
        if !name.contains('.') {
            return Self::Unknown;
        }
        let is_known = |vendor: &str| {
            matches!(vendor, "anthropic" | "openai") || WITHOUT_SCHEMAS.contains(&vendor)
        };
        // The vendor stands first, or behind a region. A name may hold dots itself.
        let vendor = name.split('.').take(2).find(|vendor| is_known(vendor)).unwrap_or_default();
        let rest = name.split_once(vendor).map_or("", |(_, rest)| rest.trim_start_matches('.'));
        match vendor {
            "anthropic" => Claude::named(rest).map_or(Self::Unknown, Self::Claude),
            "amazon" if rest.starts_with("nova") => {
                Self::Nova { thinks: rest.starts_with("nova-2") }
            }
            "openai" => Self::Gpt,
            vendor => Self::Other { schemas: vendor.is_empty() },
        }
    }

    /// Whether it is a Claude of this version or a later one.
    pub(super) fn is_claude_since(self, since: (u32, u32)) -> bool {
        matches!(self, Self::Claude(claude) if claude.is_since(since))
    }

    /// Whether temperature, top-p and top-k may be set.
    pub(super) fn samples(self) -> bool {
        !matches!(self, Self::Claude(claude) if !claude.samples())
    }

    /// Whether it can be made to call a tool.
    pub(super) fn can_be_forced(self) -> bool {
        !matches!(self, Self::Claude(claude) if !claude.can_be_forced())
    }

    /// Whether it goes on from words that a conversation ends with as its own. Others, and later
    /// Claudes, refuse such a conversation ("A conversation must end with a user message").
    pub(super) fn takes_prefill(self) -> bool {
        match self {
            Self::Claude(claude) => claude.takes_prefill(),
            Self::Nova { .. } | Self::Unknown => true,
            Self::Gpt | Self::Other { .. } => false,
        }
    }

    /// Whether signed thoughts may be sent back. Models that sign none refuse all.
    pub(super) fn takes_thoughts(self) -> bool {
        matches!(self, Self::Claude(_) | Self::Unknown)
    }

    /// Whether a prompt may have cache points (Amazon Bedrock User Guide, "Prompt caching").
    pub(super) fn caches(self) -> bool {
        matches!(self, Self::Claude(_) | Self::Nova { .. } | Self::Unknown)
    }

    /// Whether tools may have cache points.
    pub(super) fn caches_tools(self) -> bool {
        matches!(self, Self::Claude(_) | Self::Unknown)
    }

    /// Whether a cache point may last for an hour.
    pub(super) fn caches_for_an_hour(self) -> bool {
        self.is_claude_since((4, 5))
    }

    /// Whether a tool's result may say that it is an error (`ToolResultBlock.status`).
    pub(super) fn takes_tool_status(self) -> bool {
        matches!(self, Self::Claude(_) | Self::Nova { .. } | Self::Unknown)
    }

    /// Whether answers and tools may be bound to a schema (Amazon Bedrock User Guide, "Get
    /// validated JSON results from models").
    pub(super) fn takes_schemas(self) -> bool {
        match self {
            Self::Claude(_) => self.is_claude_since((4, 5)),
            Self::Nova { .. } => false,
            Self::Other { schemas } => schemas,
            Self::Gpt | Self::Unknown => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, expected: Model) {
        assert_eq!(Model::of(id), expected, "{id}");
    }

    #[test]
    fn models_are_known_by_their_id() {
        let claude = |name| Model::Claude(Claude::named(name).unwrap());
        check("anthropic.claude-3-5-sonnet-20241022-v2:0", claude("claude-3-5-sonnet"));
        check("us.anthropic.claude-3-7-sonnet-20250219-v1:0", claude("claude-3-7-sonnet"));
        check("anthropic.claude-sonnet-4-20250514-v1:0", claude("claude-sonnet-4"));
        check("global.anthropic.claude-sonnet-4-5-20250929-v1:0", claude("claude-sonnet-4-5"));
        check("us-gov.anthropic.claude-opus-4-6-v1", claude("claude-opus-4-6"));
        check("anthropic.claude-opus-5", claude("claude-opus-5"));
        check("anthropic.claude-v2:1", claude("claude-v2"));
        check("anthropic.claude-mythos-preview", claude("claude-mythos-preview"));
        check("anthropic.something-else", Model::Unknown);
        check("amazon.nova-lite-v1:0", Model::Nova { thinks: false });
        check("us.amazon.nova-2-lite-v1:0", Model::Nova { thinks: true });
        check("openai.gpt-oss-120b-1:0", Model::Gpt);
        check("meta.llama3-3-70b-instruct-v1:0", Model::Other { schemas: false });
        check("moonshotai.kimi-k2.5", Model::Other { schemas: true });
        check("zai.glm-4.7", Model::Other { schemas: true });
        check("openai.gpt-5.4", Model::Gpt);
        check("us.deepseek.r1-v1:0", Model::Other { schemas: true });
        let arn = "arn:aws:bedrock:us-east-1:123456789012";
        check(
            &format!("{arn}:inference-profile/us.anthropic.claude-opus-4-6-v1"),
            claude("claude-opus-4-6"),
        );
        check(&format!("{arn}:application-inference-profile/a1b2c3"), Model::Unknown);
        check(&format!("{arn}:provisioned-model/abcdef123456"), Model::Unknown);
        check("", Model::Unknown);
    }
}
