//! How much the model may think, in the ways in which OpenAI's clients say it.

use super::field::{Fields, Value};
use crate::dialect::chat::{Effort, Knobs, Reasoning};
use crate::refusal::Refusal;

/// OpenAI's words, and `max`, which Anthropic and DeepSeek have above them. `none` is nothing.
const EFFORTS: [(&str, Option<Effort>); 7] = [
    ("none", None),
    ("minimal", Some(Effort::Minimal)),
    ("low", Some(Effort::Low)),
    ("medium", Some(Effort::Medium)),
    ("high", Some(Effort::High)),
    ("xhigh", Some(Effort::ExtraHigh)),
    ("max", Some(Effort::Max)),
];

const SWITCH: &str = "enable_thinking";
const SWITCH_BUDGET: &str = "thinking_budget";

/// What `thinking.type` says.
#[derive(Clone, Copy)]
enum Thinks {
    Yes,
    No,
    AsItLikes,
}

/// Reads whichever of these are there; of several the most exact counts, and the others are carried
/// to the knobs, so that it is noted that they were not heard:
///
/// 1. `thinking: {type, budget_tokens}`, as Anthropic, `DeepSeek` and Ark have it;
/// 2. `reasoning: {effort, max_tokens, enabled}`, as `OpenRouter` has it;
/// 3. `enable_thinking` and `thinking_budget`, as `DashScope` has them;
/// 4. `reasoning_effort`, which is OpenAI's own. It also says how hard to try where one of the
///    others only says that there is to be thinking.
pub(super) fn read_reasoning(
    fields: &Fields<'_, '_>,
    knobs: &mut Knobs,
) -> Result<Option<Reasoning>, Refusal> {
    let effort = fields.get("reasoning_effort");
    let by_effort = effort.map(|value| read_effort(&value)).transpose()?;
    let others = [
        ("thinking", by_thinking(fields, knobs)?),
        ("reasoning", by_reasoning(fields, knobs)?),
        (SWITCH, by_switch(fields)?),
    ];
    let mut heard = None;
    for (name, found) in others {
        match (&heard, found) {
            (None, found) => heard = found,
            (Some(_), Some(_)) => carry(fields, name, knobs),
            (Some(_), None) => {}
        }
    }
    Ok(match (heard, by_effort) {
        (None, by_effort) => by_effort,
        (Some(Reasoning::Adaptive { effort: None }), Some(Reasoning::Effort(effort))) => {
            let exact = fields.get("thinking").is_some_and(|thinking| says_auto(&thinking));
            Some(if exact {
                Reasoning::Adaptive { effort: Some(effort) }
            } else {
                Reasoning::Effort(effort)
            })
        }
        (heard, by_effort) => {
            if by_effort.is_some() && by_effort != heard {
                carry(fields, "reasoning_effort", knobs);
            }
            heard
        }
    })
}

fn carry(fields: &Fields<'_, '_>, name: &str, knobs: &mut Knobs) {
    let budget = (name == SWITCH).then_some(SWITCH_BUDGET);
    for name in [Some(name), budget].into_iter().flatten() {
        if let Some(value) = fields.get(name) {
            knobs.insert(name.to_owned(), value.raw());
        }
    }
}

fn read_effort(value: &Value<'_, '_>) -> Result<Reasoning, Refusal> {
    Ok(value.one_of(&EFFORTS)?.map_or(Reasoning::Off, Reasoning::Effort))
}

const THINKING_KINDS: [(&str, Thinks); 4] = [
    ("enabled", Thinks::Yes),
    ("disabled", Thinks::No),
    ("adaptive", Thinks::AsItLikes),
    ("auto", Thinks::AsItLikes),
];

fn says_auto(thinking: &Value<'_, '_>) -> bool {
    let kind = thinking.object().and_then(|wire| wire.need("type", "")?.one_of(&THINKING_KINDS));
    matches!(kind, Ok(Thinks::AsItLikes))
}

fn by_thinking(fields: &Fields<'_, '_>, knobs: &mut Knobs) -> Result<Option<Reasoning>, Refusal> {
    let Some(value) = fields.get("thinking") else { return Ok(None) };
    let wire = value.object()?;
    wire.carry_others(&["type", "budget_tokens"], knobs);
    let kind = wire.need("type", "'enabled' or 'disabled'")?.one_of(&THINKING_KINDS)?;
    let budget = wire.integer("budget_tokens")?;
    Ok(Some(match (kind, budget) {
        (Thinks::No, _) => Reasoning::Off,
        (Thinks::Yes, Some(tokens)) => Reasoning::Budget(tokens),
        (Thinks::Yes, None) | (Thinks::AsItLikes, _) => Reasoning::Adaptive { effort: None },
    }))
}

fn by_reasoning(fields: &Fields<'_, '_>, knobs: &mut Knobs) -> Result<Option<Reasoning>, Refusal> {
    let Some(value) = fields.get("reasoning") else { return Ok(None) };
    let wire = value.object()?;
    wire.carry_others(&["effort", "max_tokens", "enabled"], knobs);
    let effort = wire.get("effort").map(|value| read_effort(&value)).transpose()?;
    let budget = wire.integer("max_tokens")?.map(Reasoning::Budget);
    Ok(match wire.flag("enabled")? {
        Some(false) => Some(Reasoning::Off),
        Some(true) => budget.or(effort).or(Some(Reasoning::Adaptive { effort: None })),
        None => budget.or(effort),
    })
}

fn by_switch(fields: &Fields<'_, '_>) -> Result<Option<Reasoning>, Refusal> {
    let budget = fields.integer(SWITCH_BUDGET)?.map(Reasoning::Budget);
    Ok(match fields.flag(SWITCH)? {
        Some(false) => Some(Reasoning::Off),
        Some(true) => budget.or(Some(Reasoning::Adaptive { effort: None })),
        None => budget,
    })
}
