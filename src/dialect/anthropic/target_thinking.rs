//! How much a Claude model is to think.

use serde::Serialize;

use super::model::{Claude, Rests};
use super::target_request::Target;
use super::target_turns::Turns;
use crate::dialect::chat::{Chat, Dropped, Effort, Reasoning};

/// What a Claude model understands of thinking. It depends on the model ("Extended thinking",
/// "Adaptive thinking").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thinking {
    /// It does not think.
    None,
    /// It thinks within a budget of tokens: `thinking: {type: enabled, budget_tokens}`.
    Budget,
    /// It decides by itself, and refuses budgets: `thinking: {type: adaptive}` and
    /// `output_config.effort`.
    Adaptive,
}

impl Thinking {
    /// The words for it in the configuration.
    pub const WORDS: [&str; 3] = ["none", "budget", "adaptive"];

    /// The one that a word of the configuration says.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "budget" => Some(Self::Budget),
            "adaptive" => Some(Self::Adaptive),
            _ => None,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum WireThinking {
    Enabled { budget_tokens: u64 },
    Adaptive,
    BetweenTools,
    Disabled,
}

impl WireThinking {
    pub(super) fn is_on(&self) -> bool {
        *self != Self::Disabled
    }
}

/// What is written of it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) thinking: Option<WireThinking>,
    pub(super) effort: Option<&'static str>,
}

/// The least budget that the API takes.
const LEAST_BUDGET: u64 = 1_024;

/// Budgets for efforts. A quarter of the cap is always left for the answer.
fn budget_of(effort: Effort) -> u64 {
    match effort {
        Effort::Minimal => LEAST_BUDGET,
        Effort::Low => 2_048,
        Effort::Medium => 8_192,
        Effort::High => 16_384,
        Effort::ExtraHigh => 32_768,
        Effort::Max => 65_536,
    }
}

fn effort_of(budget: u64) -> Effort {
    let efforts = [Effort::Low, Effort::Medium, Effort::High, Effort::ExtraHigh];
    efforts.into_iter().find(|effort| budget <= budget_of(*effort)).unwrap_or(Effort::Max)
}

fn name_of(effort: Effort, claude: Option<Claude>) -> &'static str {
    match effort {
        Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::ExtraHigh if claude.is_some_and(Claude::knows_extra_high) => "xhigh",
        Effort::High | Effort::ExtraHigh => "high",
        Effort::Max => "max",
    }
}

/// Plans the thinking of an answer of at most `max_tokens`, thinking included. The cap is the
/// caller's and is never raised: a budget that does not fit shrinks, and one that would be too small
/// is dropped. Thinking is also dropped where the API refuses it: with a tool that must be called,
/// which models that think unasked must be told, and, with a budget, after an unsigned beginning of a loop of tools or of the answer itself.
pub(super) fn plan(
    chat: &Chat,
    target: &Target<'_>,
    max_tokens: u64,
    forced: bool,
    turns: &Turns<'_>,
    dropped: &mut Dropped,
) -> Plan {
    let claude = Claude::named(target.model);
    let rests = claude.map(Claude::rests);
    let thinks_unasked = target.thinking == Thinking::Adaptive && rests == Some(Rests::Disabled);
    let Some(reasoning) = &chat.reasoning else {
        let thinking = (forced && thinks_unasked).then_some(WireThinking::Disabled);
        return Plan { thinking, effort: None };
    };
    let name = field_of(reasoning);
    let unsigned = turns.is_prefilled() || turns.continues_without_thinking();
    match (target.thinking, reasoning) {
        (Thinking::None, Reasoning::Off) => Plan::default(),
        (_, Reasoning::Off) => {
            // The models of other vendors think by themselves, and know the one word.
            let rests = rests.unwrap_or(Rests::Disabled);
            if rests == Rests::Never {
                dropped.note(name);
            }
            // The least that it can do.
            let effort = (rests == Rests::Never).then_some("low");
            Plan { thinking: rest(rests), effort }
        }
        (Thinking::None, _) => {
            dropped.note(name);
            Plan::default()
        }
        (Thinking::Budget, _) if forced || unsigned => {
            dropped.note(name);
            Plan::default()
        }
        (Thinking::Budget, reasoning) => {
            let budget = fitting_budget(reasoning, max_tokens);
            if budget.is_none()
                || matches!(reasoning, Reasoning::Budget(asked) if budget != Some(*asked))
            {
                dropped.note(name);
            }
            let thinking = budget.map(|budget_tokens| WireThinking::Enabled { budget_tokens });
            let effort = asked_effort(reasoning).filter(|_| takes_effort(target.model));
            Plan { thinking, effort: effort.map(|effort| name_of(effort, claude)) }
        }
        (Thinking::Adaptive, reasoning) => {
            if forced || matches!(reasoning, Reasoning::Budget(_)) {
                dropped.note(name);
            }
            let thinking = match forced {
                true if thinks_unasked => Some(WireThinking::Disabled),
                true => None,
                false => Some(WireThinking::Adaptive),
            };
            Plan { thinking, effort: adaptive_effort(reasoning, forced, claude) }
        }
    }
}

/// The effort that is asked for, or what a budget comes to. Only an effort up to `high` goes without
/// thinking.
fn adaptive_effort(
    reasoning: &Reasoning,
    forced: bool,
    claude: Option<Claude>,
) -> Option<&'static str> {
    let effort = match reasoning {
        Reasoning::Budget(budget) => effort_of(*budget),
        _ => asked_effort(reasoning)?,
    };
    Some(name_of(if forced { effort.min(Effort::High) } else { effort }, claude))
}

/// The field in which an OpenAI client asks for it.
fn field_of(reasoning: &Reasoning) -> &'static str {
    match reasoning {
        Reasoning::Budget(_) => "thinking_budget",
        _ => "reasoning_effort",
    }
}

fn asked_effort(reasoning: &Reasoning) -> Option<Effort> {
    match reasoning {
        Reasoning::Adaptive { effort } => *effort,
        Reasoning::Effort(effort) => Some(*effort),
        Reasoning::Off | Reasoning::Budget(_) => None,
    }
}

/// Whether a model that is no Claude is told how hard to think by an effort: `DeepSeek` passes over
/// budgets ("Anthropic API").
fn takes_effort(model: &str) -> bool {
    model.to_ascii_lowercase().contains("deepseek")
}

fn rest(rests: Rests) -> Option<WireThinking> {
    match rests {
        Rests::Unasked | Rests::Never => None,
        Rests::Disabled => Some(WireThinking::Disabled),
        Rests::BetweenTools => Some(WireThinking::BetweenTools),
    }
}

/// The budget that is asked for, or as much of it as leaves room for an answer; nothing when even
/// the least does not.
fn fitting_budget(reasoning: &Reasoning, max_tokens: u64) -> Option<u64> {
    let room = max_tokens.saturating_sub(max_tokens / 4);
    let budget = match reasoning {
        // The caller knows how much is left for the answer.
        Reasoning::Budget(asked) if *asked < max_tokens => *asked,
        Reasoning::Budget(asked) => room.min(*asked),
        Reasoning::Effort(effort) | Reasoning::Adaptive { effort: Some(effort) } => {
            budget_of(*effort).min(room)
        }
        Reasoning::Adaptive { effort: None } => budget_of(Effort::Medium).min(room),
        Reasoning::Off => 0,
    };
    let fits = budget >= LEAST_BUDGET && budget < max_tokens;
    fits.then_some(budget)
}
