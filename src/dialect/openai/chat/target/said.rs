//! What a message or a delta says, in any vendor's spelling, and what a finish reason means.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::dialect::chat::Finish;
use crate::dialect::openai::answer::FILTERED;

/// A message of a whole answer, or a delta of a stream.
#[derive(Default, Deserialize)]
pub(super) struct Said<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_calls: Option<Vec<CallPiece<'a>>>,
    #[serde(borrow)]
    pub(super) function_call: Option<FunctionPiece<'a>>,
}

/// A call of a tool, or a piece of one.
#[derive(Default, Deserialize)]
pub(super) struct CallPiece<'a> {
    pub(super) index: Option<i64>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) function: Option<FunctionPiece<'a>>,
    #[serde(borrow)]
    extra_content: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
pub(super) struct FunctionPiece<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

impl CallPiece<'_> {
    /// The call's id; empty where there is none.
    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The tool's name or a piece of it; empty where there is none.
    pub(super) fn name(&self) -> &str {
        self.function.as_ref().and_then(|function| function.name.as_deref()).unwrap_or_default()
    }

    /// The arguments or a piece of them. Some servers give an object where there should be a text.
    pub(super) fn arguments(&self) -> String {
        let json = self.function.as_ref().and_then(|function| function.arguments);
        json.map(|json| text_of(json).unwrap_or_else(|| json.get().to_owned())).unwrap_or_default()
    }

    /// What the provider signed the call with: the JSON as it came.
    pub(super) fn signature(&self) -> Option<&RawValue> {
        self.extra_content
    }
}

impl<'a> From<FunctionPiece<'a>> for CallPiece<'a> {
    /// A call as it was before there were several.
    fn from(function: FunctionPiece<'a>) -> Self {
        Self { index: Some(0), function: Some(function), ..Self::default() }
    }
}

/// What kind of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Thinking,
    Text,
    Refusal,
}

/// A part of a content that is a list. Mistral gives thoughts as parts with parts in them
/// (Mistral, "Reasoning").
#[derive(Deserialize)]
struct ContentPart<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
}

impl Said<'_> {
    /// The words in their order: thoughts, which come first, then text, then a refusal. vLLM and
    /// others call thoughts `reasoning`, some servers give both names the same thoughts.
    pub(super) fn words(&self) -> Vec<(Kind, String)> {
        let mut words = Vec::new();
        let thoughts = self.reasoning_content.and_then(text_of).filter(|text| !text.is_empty());
        let thoughts = thoughts.or_else(|| self.reasoning.and_then(text_of));
        words.extend(thoughts.map(|text| (Kind::Thinking, text)));
        if let Some(content) = self.content {
            read_content(content, &mut words);
        }
        words.extend(self.refusal.and_then(text_of).map(|text| (Kind::Refusal, text)));
        words.retain(|(_, text)| !text.is_empty());
        words
    }
}

fn read_content(content: &RawValue, words: &mut Vec<(Kind, String)>) {
    if let Some(text) = text_of(content) {
        words.push((Kind::Text, text));
        return;
    }
    for part in parts_of(content) {
        let thoughts = part.thinking.map(|thinking| {
            text_of(thinking).unwrap_or_else(|| {
                parts_of(thinking).iter().filter_map(|inner| inner.text.and_then(text_of)).collect()
            })
        });
        match part.kind.as_deref() {
            Some("thinking") => words.extend(thoughts.map(|text| (Kind::Thinking, text))),
            _ => words.extend(part.text.and_then(text_of).map(|text| (Kind::Text, text))),
        }
    }
}

fn parts_of(json: &RawValue) -> Vec<ContentPart<'_>> {
    serde_json::from_str(json.get()).unwrap_or_default()
}

fn text_of(json: &RawValue) -> Option<String> {
    serde_json::from_str(json.get()).ok()
}

/// How a choice ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended {
    pub(super) reason: Option<String>,
    /// The text that ended it: `stop_reason` of vLLM, `matched_stop` of `SGLang`.
    pub(super) stop_text: Option<String>,
    pub(super) has_calls: bool,
    pub(super) has_refusal: bool,
}

impl Ended {
    /// What it means. Calls in a complete answer are there to be run, whatever the reason says:
    /// Gemini's streams say `stop`. So do models that refuse.
    pub(super) fn meaning(self) -> (Finish, Option<String>) {
        let finish = match self.reason.as_deref() {
            Some("length" | "max_tokens" | "model_length") => Finish::Length,
            Some(FILTERED) => Finish::Refused,
            _ if self.has_calls => Finish::ToolUse,
            _ if self.has_refusal => Finish::Refused,
            _ if self.stop_text.is_some() => Finish::StopSequence,
            _ => Finish::Stop,
        };
        (finish, self.stop_text.filter(|_| finish == Finish::StopSequence))
    }
}

/// The text in `stop_reason` or `matched_stop`, which may also be the number of a token.
pub(super) fn stop_text(candidates: [Option<&RawValue>; 2]) -> Option<String> {
    candidates.into_iter().flatten().find_map(text_of)
}
