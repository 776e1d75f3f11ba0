//! How the model is to answer: `inferenceConfig`, and the fields that only some models know
//! (`additionalModelRequestFields`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::model::Model;
use super::wire::Inference;
use crate::dialect::anthropic::model::{Claude, Rests, Thinks};
use crate::dialect::chat::{Chat, Dropped, Effort, Reasoning};
use crate::dialect::refuse::refuse_several_choices;
use crate::refusal::Refusal;

/// The least that a Claude takes as a budget, in tokens.
const LEAST_BUDGET: u64 = 1_024;
/// The most output of a Claude that thinks by a budget, where nobody says how much: what all of them
/// can, in tokens.
const LEAST_MAXIMUM: u64 = 32_000;

/// What is gathered.
#[derive(Default)]
pub(super) struct Extra<'a> {
    model: Model,
    max_tokens: Option<u64>,
    pub(super) inference: Inference<'a>,
    pub(super) fields: BTreeMap<&'static str, Value>,
    pub(super) response_paths: &'static [&'static str],
    effort: Option<&'static str>,
    /// Whether the model is told to think in a way that leaves no room for sampling.
    thinks: bool,
}

impl<'a> Extra<'a> {
    /// Nothing yet, for a model and a cap on its output in tokens.
    pub(super) fn new(model: Model, max_tokens: Option<u64>) -> Self {
        Self { model, max_tokens, ..Self::default() }
    }

    /// Claude's effort, taken out of the fields that only it knows.
    pub(super) fn take_effort(&mut self) -> Option<&'static str> {
        self.fields.remove("output_config").and_then(|_| self.effort.take())
    }

    /// How much the model is to think. It must not when a tool is forced, which one that thinks
    /// unasked must be told, nor by a budget when it has lost the thoughts that led to its calls: the client's tools count for more.
    pub(super) fn think(
        &mut self,
        chat: &Chat,
        forced: bool,
        lacks_thoughts: bool,
        dropped: &mut Dropped,
    ) {
        let unasked = match self.model {
            Model::Claude(claude) if claude.rests() == Rests::Disabled => Some(claude),
            _ => None,
        };
        if let Some(claude) = unasked.filter(|_| forced) {
            self.claude_must_not(claude);
        }
        let Some(reasoning) = &chat.reasoning else { return };
        let done = match self.model {
            Model::Claude(claude) if *reasoning == Reasoning::Off => self.claude_must_not(claude),
            Model::Claude(_) if forced => false,
            Model::Claude(claude) => self.claude(claude, reasoning, lacks_thoughts, dropped),
            Model::Nova { thinks: true } => self.nova(reasoning, dropped),
            // The first Novas do not think.
            Model::Nova { thinks: false } => *reasoning == Reasoning::Off,
            Model::Gpt => self.gpt(reasoning),
            Model::Other { .. } | Model::Unknown => false,
        };
        if !done {
            dropped.note(name(reasoning));
        }
    }

    fn claude_must_not(&mut self, claude: Claude) -> bool {
        let word = match claude.rests() {
            Rests::Unasked => return true,
            Rests::Never => return false,
            Rests::Disabled => "disabled",
            Rests::BetweenTools => "between_tools",
        };
        self.fields.insert("thinking", json!({ "type": word }));
        true
    }

    fn claude(
        &mut self,
        claude: Claude,
        reasoning: &Reasoning,
        lacks_thoughts: bool,
        dropped: &mut Dropped,
    ) -> bool {
        match (reasoning, claude.thinks()) {
            (Reasoning::Off, _) | (_, Thinks::Never) => false,
            (Reasoning::Budget(_), Thinks::ByBudget | Thinks::BothWays) | (_, Thinks::ByBudget) => {
                let budget = self.budget(reasoning).filter(|_| !lacks_thoughts);
                let Some(budget) = budget else { return false };
                if matches!(reasoning, Reasoning::Budget(asked) if *asked != budget) {
                    dropped.note("thinking.budget_tokens");
                }
                let thinking = json!({ "type": "enabled", "budget_tokens": budget });
                self.fields.insert("thinking", thinking);
                self.thinks = true;
                true
            }
            (_, Thinks::BothWays | Thinks::Adaptively) => {
                self.fields.insert("thinking", json!({ "type": "adaptive" }));
                self.thinks = true;
                self.effort = effort_of(reasoning).map(|effort| claude_effort(claude, effort));
                if let Some(effort) = self.effort {
                    self.fields.insert("output_config", json!({ "effort": effort }));
                }
                if matches!(reasoning, Reasoning::Budget(_)) {
                    dropped.note("thinking.budget_tokens");
                }
                true
            }
        }
    }

    /// The tokens to think with: at least what a Claude takes, and less than the cap, in which they
    /// are counted. An effort is a share of the cap.
    fn budget(&self, reasoning: &Reasoning) -> Option<u64> {
        let cap = self.max_tokens.unwrap_or(LEAST_MAXIMUM);
        let budget = match reasoning {
            Reasoning::Budget(budget) if *budget >= cap => cap / 2,
            Reasoning::Budget(budget) => *budget,
            _ => match effort_of(reasoning).unwrap_or(Effort::Medium) {
                Effort::Minimal => cap / 10,
                Effort::Low => cap / 5,
                Effort::Medium => cap / 2,
                Effort::High | Effort::ExtraHigh | Effort::Max => cap / 5 * 4,
            },
        };
        Some(budget.max(LEAST_BUDGET)).filter(|budget| *budget < cap)
    }

    /// At its highest effort a Nova takes neither a cap nor sampling ("Extended thinking", Amazon Nova
    /// 2 User Guide). A cap is a promise to whoever pays: with one, the effort is less.
    fn nova(&mut self, reasoning: &Reasoning, dropped: &mut Dropped) -> bool {
        let effort = match reasoning {
            Reasoning::Off => return true,
            Reasoning::Budget(_) => return false,
            _ => three_words(effort_of(reasoning).unwrap_or(Effort::Medium)),
        };
        let effort = match effort {
            "high" if self.max_tokens.is_some() => {
                dropped.note(name(reasoning));
                "medium"
            }
            effort => effort,
        };
        self.thinks = effort == "high";
        let config = json!({ "type": "enabled", "maxReasoningEffort": effort });
        self.fields.insert("reasoningConfig", config);
        true
    }

    fn gpt(&mut self, reasoning: &Reasoning) -> bool {
        let Some(effort) = effort_of(reasoning) else { return false };
        self.fields.insert("reasoning_effort", three_words(effort).into());
        true
    }

    /// The cap, sampling and what ends the answer.
    ///
    /// # Errors
    /// A refusal of a number that is none.
    pub(super) fn sample(&mut self, chat: &'a Chat, dropped: &mut Dropped) -> Result<(), Refusal> {
        self.inference.max_tokens = self.max_tokens;
        let may_sample = self.model.samples() && !self.thinks;
        if let Some((temperature, json)) = number(chat, "temperature")? {
            // Converse's range ends where that of others has its middle.
            let is_default = matches!(json.get(), "1" | "1.0");
            if temperature > 1.0 || !(may_sample || is_default) {
                dropped.note("temperature");
            }
            let most = || Cow::Owned(RawValue::from_string("1".to_owned()).unwrap_or_default());
            let json = if temperature > 1.0 { most() } else { Cow::Borrowed(json) };
            self.inference.temperature = Some(json).filter(|_| may_sample);
        }
        if let Some((_, json)) = number(chat, "top_p")? {
            // From 4.1 on a Claude takes one of the two.
            let both = self.inference.temperature.is_some() && self.model.is_claude_since((4, 1));
            if may_sample && !both {
                self.inference.top_p = Some(Cow::Borrowed(json));
            } else {
                dropped.note("top_p");
            }
        }
        if let Some((_, json)) = number(chat, "top_k")? {
            let top_k: Value = serde_json::from_str(json.get()).unwrap_or_default();
            match self.model {
                Model::Claude(_) if may_sample => drop(self.fields.insert("top_k", top_k)),
                Model::Nova { .. } if may_sample => {
                    self.fields.insert("inferenceConfig", json!({ "topK": top_k }));
                }
                _ => dropped.note("top_k"),
            }
        }
        // Claude refuses white space alone.
        let is_claude = matches!(self.model, Model::Claude(_));
        let says = |stop: &&str| !if is_claude { stop.trim() } else { stop }.is_empty();
        self.inference.stop_sequences = chat.stop.iter().map(String::as_str).filter(says).collect();
        if self.inference.stop_sequences.len() < chat.stop.len() {
            dropped.note("stop");
        }
        if !self.inference.stop_sequences.is_empty() && matches!(self.model, Model::Claude(_)) {
            // Which of them it was is told only on request, and only by Claude.
            self.response_paths = &["/stop_sequence"];
        }
        Ok(())
    }

    /// Names every other field that asks for something.
    ///
    /// # Errors
    /// A refusal of more than one choice.
    pub(super) fn drop_the_rest(chat: &Chat, dropped: &mut Dropped) -> Result<(), Refusal> {
        for (name, value) in &chat.knobs {
            match (name.as_str(), value.get()) {
                ("web_search_options", _) => dropped.note(name),
                ("temperature" | "top_p" | "top_k" | "stream_options", _)
                | (_, "null" | "false" | "[]" | "{}")
                | ("n", "1")
                | ("presence_penalty" | "frequency_penalty", "0" | "0.0")
                | ("service_tier", "\"auto\"" | "\"default\"") => {}
                ("n", _) => return Err(refuse_several_choices()),
                (name, _) => dropped.note(name),
            }
        }
        Ok(())
    }
}

/// The field by which a client asks for this.
fn name(reasoning: &Reasoning) -> &'static str {
    match reasoning {
        Reasoning::Effort(_) => "reasoning_effort",
        Reasoning::Off | Reasoning::Adaptive { .. } | Reasoning::Budget(_) => "thinking",
    }
}

fn claude_effort(claude: Claude, effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::ExtraHigh if claude.knows_extra_high() => "xhigh",
        Effort::High | Effort::ExtraHigh => "high",
        Effort::Max => "max",
    }
}

fn effort_of(reasoning: &Reasoning) -> Option<Effort> {
    match reasoning {
        Reasoning::Effort(effort) => Some(*effort),
        Reasoning::Adaptive { effort } => *effort,
        Reasoning::Off | Reasoning::Budget(_) => None,
    }
}

/// The efforts that Nova and OpenAI's open models know.
fn three_words(effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::ExtraHigh | Effort::Max => "high",
    }
}

/// A field that must be a number, if it is there.
fn number<'a>(chat: &'a Chat, name: &str) -> Result<Option<(f64, &'a RawValue)>, Refusal> {
    let Some(json) = chat.knobs.get(name).filter(|json| json.get() != "null") else {
        return Ok(None);
    };
    let number = serde_json::from_str::<f64>(json.get());
    let number = number.map_err(|_| Refusal::field(name, format!("'{name}' is not a number.")))?;
    Ok(Some((number, json)))
}
