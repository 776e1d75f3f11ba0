//! Legacy completions: every prompt continued, told whole or as a stream.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{Input, Prompt};
use super::request::{MAX_CHOICES, Problem, Stop, StreamOptions, check_model, parse, wants_usage};
use super::{CREATED, Context, Draft, FINGERPRINT, Usage, done, event, words};

/// The answer to a completion request.
pub(super) fn draft(context: &Context<'_>, body: &[u8]) -> Result<Draft, Problem> {
    let request = CompletionRequest::parse(body)?;
    let prompts = request.prompt.prompts();
    let per_prompt = request.per_prompt();
    let choices: Vec<Choice> = prompts
        .into_iter()
        .flat_map(|prompt| (0..per_prompt).map(move |_| prompt))
        .map(|prompt| generate(context, &request, prompt))
        .collect();
    let tokens = choices.iter().map(|choice| words::length(choice.tokens.len()));
    let longest = tokens.clone().max().unwrap_or(0);
    let usage = Usage { prompt: request.prompt.tokens(), completion: tokens.sum(), reasoning: 0 };
    let telling = Telling { context, request: &request, choices: &choices, usage };
    if request.stream == Some(true) {
        return Ok(telling.stream());
    }
    Ok(Draft::Plain { document: telling.document(), tokens: longest })
}

/// `POST /completions`
#[derive(Deserialize)]
struct CompletionRequest {
    model: String,
    #[serde(default)]
    prompt: Input,
    /// May be 0, to hear only the echo.
    max_tokens: Option<u64>,
    #[serde(default)]
    stop: Stop,
    n: Option<u64>,
    echo: Option<bool>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

impl CompletionRequest {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let request: Self = parse(body)?;
        check_model(&request.model)?;
        request.stop.check()?;
        if !(1..=MAX_CHOICES).contains(&request.choices()) {
            return Err(Problem::of("n", "Expected 1 to 128 choices over all prompts."));
        }
        Ok(request)
    }

    fn per_prompt(&self) -> u64 {
        self.n.unwrap_or(1)
    }

    /// Of all prompts.
    fn choices(&self) -> u64 {
        words::length(self.prompt.len()).saturating_mul(self.per_prompt())
    }
}

/// The continuation of one prompt.
struct Choice {
    /// The prompt, when it is to be said again; it is not output, and costs nothing.
    echo: Option<String>,
    tokens: Vec<String>,
    finish: &'static str,
}

fn generate(context: &Context<'_>, request: &CompletionRequest, prompt: Prompt<'_>) -> Choice {
    if context.empty() {
        return Choice { echo: None, tokens: Vec::new(), finish: "stop" };
    }
    let cap = words::answer_cap(request.max_tokens, request.choices());
    let prompt = prompt.excerpt(words::answer_cap(None, request.choices()));
    let spoken = match &context.settings.reply {
        Some(reply) => reply.clone(),
        None => format!("You said: {prompt}"),
    };
    let text = words::before_stop(&spoken, request.stop.sequences());
    let mut tokens: Vec<String> = words::answer_tokens(text).map(str::to_owned).collect();
    let finish = if tokens.len() > cap { "length" } else { "stop" };
    tokens.truncate(cap);
    Choice { echo: (request.echo == Some(true)).then_some(prompt), tokens, finish }
}

/// The choices on their way to the wire.
struct Telling<'a> {
    context: &'a Context<'a>,
    request: &'a CompletionRequest,
    choices: &'a [Choice],
    usage: Usage,
}

impl Telling<'_> {
    fn document(&self) -> Value {
        let choices = (0_u64..).zip(self.choices).map(|(index, choice)| {
            let text: String =
                choice.echo.iter().chain(&choice.tokens).map(String::as_str).collect();
            choice_json(index, &text, Some(choice.finish))
        });
        self.envelope(&choices.collect::<Vec<_>>(), Some(&self.usage.json()))
    }

    /// Choices grow side by side, as a server samples them.
    fn stream(&self) -> Draft {
        let indexed = || (0_u64..).zip(self.choices);
        let mut content: Vec<Bytes> = indexed()
            .filter_map(|(index, choice)| Some(self.chunk(index, choice.echo.as_ref()?, None)))
            .collect();
        let longest = self.choices.iter().map(|choice| choice.tokens.len()).max().unwrap_or(0);
        for step in 0..longest {
            let grown = indexed().filter_map(|(index, choice)| {
                Some(self.chunk(index, choice.tokens.get(step)?, None))
            });
            content.extend(grown);
        }
        let mut closing: Vec<Bytes> =
            indexed().map(|(index, choice)| self.chunk(index, "", Some(choice.finish))).collect();
        if self.wants_usage() {
            closing.push(event(&self.envelope(&[], Some(&self.usage.json()))));
        }
        closing.push(done());
        Draft::Stream { opening: Vec::new(), content, closing }
    }

    /// `usage` is on the wire only if the client asked for it: null on every chunk but the last.
    fn chunk(&self, index: u64, text: &str, finish: Option<&str>) -> Bytes {
        let usage = self.wants_usage().then_some(&Value::Null);
        event(&self.envelope(&[choice_json(index, text, finish)], usage))
    }

    fn envelope(&self, choices: &[Value], usage: Option<&Value>) -> Value {
        let mut envelope = json!({
            "id": self.context.id("cmpl"),
            "object": "text_completion",
            "created": CREATED,
            "model": self.request.model,
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        });
        if let Some(usage) = usage
            && let Some(fields) = envelope.as_object_mut()
        {
            fields.insert("usage".to_owned(), usage.clone());
        }
        envelope
    }

    fn wants_usage(&self) -> bool {
        wants_usage(self.request.stream_options.as_ref())
    }
}

fn choice_json(index: u64, text: &str, finish: Option<&str>) -> Value {
    json!({ "index": index, "text": text, "logprobs": null, "finish_reason": finish })
}
