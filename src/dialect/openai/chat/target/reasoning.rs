//! How a vendor is told how much to think.

use serde::Serialize;

use super::request::{number, raw, text};
use crate::dialect::chat::{Dropped, Effort, Knobs, Reasoning};

/// How a vendor takes reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningStyle {
    /// `reasoning_effort` from `minimal` to `xhigh` (OpenAI API reference; models before `gpt-5.1`
    /// refuse `none`).
    OpenAi,
    /// `reasoning_effort` from `minimal` to `high` (Gemini, "OpenAI compatibility").
    Gemini,
    /// `thinking: {type}` and `reasoning_effort` of `low`, `high` or `max`; both at once only while
    /// it thinks (`DeepSeek`, "Thinking mode").
    DeepSeek,
    /// `thinking: {type}` and `reasoning_effort` from `minimal` to `high` (Ark, `ChatCompletions`).
    Ark,
    /// `enable_thinking` and `thinking_budget` (Model Studio, "Deep thinking").
    DashScope,
    /// Not at all.
    None,
}

impl ReasoningStyle {
    /// The words for it in the configuration.
    pub const WORDS: [&str; 6] = ["openai", "gemini", "deepseek", "ark", "dashscope", "none"];

    /// The one that a word of the configuration says.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "openai" => Some(Self::OpenAi),
            "gemini" => Some(Self::Gemini),
            "deepseek" => Some(Self::DeepSeek),
            "ark" => Some(Self::Ark),
            "dashscope" => Some(Self::DashScope),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

#[derive(Serialize)]
struct Switch {
    r#type: &'static str,
}

const TYPE: &str = "thinking.type";
const BUDGET: &str = "thinking.budget_tokens";
const EFFORT: &str = "output_config.effort";

/// Adds the vendor's fields to a request. What a field cannot say is noted by the Anthropic field
/// that said it: a number of tokens that became an effort, an effort that became a switch, a switch
/// that there is not.
pub(super) fn write_reasoning(
    style: ReasoningStyle,
    reasoning: &Reasoning,
    fields: &mut Knobs,
    dropped: &mut Dropped,
) {
    let effort = match reasoning {
        Reasoning::Effort(effort) | Reasoning::Adaptive { effort: Some(effort) } => Some(*effort),
        Reasoning::Off | Reasoning::Adaptive { effort: None } | Reasoning::Budget(_) => None,
    };
    match style {
        ReasoningStyle::OpenAi => write_effort(reasoning, effort, "xhigh", fields, dropped),
        ReasoningStyle::Gemini => write_effort(reasoning, effort, "high", fields, dropped),
        ReasoningStyle::DeepSeek | ReasoningStyle::Ark => {
            write_switch(style, reasoning, effort, fields, dropped);
        }
        ReasoningStyle::DashScope => {
            fields.insert("enable_thinking".to_owned(), flag(*reasoning != Reasoning::Off));
            if let Reasoning::Budget(tokens) = reasoning {
                fields.insert("thinking_budget".to_owned(), number(*tokens));
            }
            if effort.is_some() {
                dropped.note(EFFORT);
            }
        }
        ReasoningStyle::None => {
            match reasoning {
                Reasoning::Budget(_) => dropped.note(BUDGET),
                Reasoning::Off | Reasoning::Adaptive { .. } => dropped.note(TYPE),
                Reasoning::Effort(_) => {}
            }
            if effort.is_some() {
                dropped.note(EFFORT);
            }
        }
    }
}

/// What is left of the wish to think when a tool must be called. `DeepSeek` and Qwen refuse the two
/// together ("Thinking mode does not support this `tool_choice`"; Model Studio, "Function calling"),
/// and `DeepSeek`'s models think unless they are told not to. The call is what the client waits for.
pub(super) fn beside_forced_tools(
    style: ReasoningStyle,
    asked: Option<&Reasoning>,
    dropped: &mut Dropped,
) -> Option<Reasoning> {
    match (style, asked) {
        (ReasoningStyle::DeepSeek, None | Some(Reasoning::Off))
        | (ReasoningStyle::DashScope, Some(Reasoning::Off)) => Some(Reasoning::Off),
        (ReasoningStyle::DeepSeek | ReasoningStyle::DashScope, Some(asked)) => {
            dropped.note(match asked {
                Reasoning::Effort(_) => EFFORT,
                Reasoning::Budget(_) => BUDGET,
                Reasoning::Adaptive { .. } | Reasoning::Off => TYPE,
            });
            Some(Reasoning::Off)
        }
        _ => asked.cloned(),
    }
}

/// Models think as much as they find right unless they are told how hard to try. Those before
/// `gpt-5.1` refuse `none`, and later ones do not think unless they are told to: for thinking that is
/// off nothing is said, and that is noted. `most` is the word above `high`, or `high` itself.
fn write_effort(
    reasoning: &Reasoning,
    effort: Option<Effort>,
    most: &'static str,
    fields: &mut Knobs,
    dropped: &mut Dropped,
) {
    let effort = match reasoning {
        Reasoning::Budget(tokens) => {
            dropped.note(BUDGET);
            Some(effort_of(*tokens))
        }
        Reasoning::Off => {
            dropped.note(TYPE);
            None
        }
        Reasoning::Adaptive { .. } | Reasoning::Effort(_) => effort,
    };
    let word = effort.map(|effort| match effort {
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::ExtraHigh | Effort::Max => most,
    });
    if let Some(word) = word {
        fields.insert("reasoning_effort".to_owned(), text(word));
    }
}

fn write_switch(
    style: ReasoningStyle,
    reasoning: &Reasoning,
    effort: Option<Effort>,
    fields: &mut Knobs,
    dropped: &mut Dropped,
) {
    let r#type = if *reasoning == Reasoning::Off { "disabled" } else { "enabled" };
    fields.insert("thinking".to_owned(), raw(&Switch { r#type }));
    if matches!(reasoning, Reasoning::Budget(_)) {
        dropped.note(BUDGET);
    }
    let word = effort.map(|effort| match (style, effort) {
        (ReasoningStyle::Ark, Effort::Minimal) => "minimal",
        (ReasoningStyle::Ark, Effort::Medium) => "medium",
        (_, Effort::Minimal | Effort::Low) => "low",
        (ReasoningStyle::DeepSeek, Effort::ExtraHigh | Effort::Max) => "max",
        _ => "high",
    });
    if let Some(word) = word {
        fields.insert("reasoning_effort".to_owned(), text(word));
    }
}

/// What a number of tokens is in words. Nobody says where the borders are; these take the smallest
/// budget that Anthropic allows, 1,024 tokens, as little, and what its examples use for hard
/// problems, 16,000 and more, as much.
fn effort_of(tokens: u64) -> Effort {
    match tokens {
        0..4_096 => Effort::Low,
        4_096..16_000 => Effort::Medium,
        _ => Effort::High,
    }
}

fn flag(value: bool) -> Box<serde_json::value::RawValue> {
    raw(&value)
}
