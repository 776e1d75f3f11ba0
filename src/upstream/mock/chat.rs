//! Chat completions: the tokens of an answer, told whole or as a stream.

use bytes::Bytes;
use serde_json::{Value, json};

use super::request::{ChatRequest, Form, Function, Problem};
use super::{CREATED, Context, Draft, FINGERPRINT, Usage, done, event, schema, words};

/// What the mock thinks before it answers, when it is asked to reason.
const THOUGHT: &str = "The user said something, so I repeat it.";

/// The answer to a chat request.
pub(super) fn draft(context: &Context<'_>, body: &[u8]) -> Result<Draft, Problem> {
    let request = ChatRequest::parse(body)?;
    let choice = generate(context, &request)?;
    let usage = choice.usage(&request);
    let telling = Telling { context, request: &request, choice: &choice, usage };
    if request.streamed() {
        return Ok(telling.stream());
    }
    Ok(Draft::Plain { document: telling.document(), tokens: words::length(choice.tokens.len()) })
}

/// What the model makes, a token at a time; every choice of an answer is the same.
struct Choice {
    tokens: Vec<Token>,
    finish: &'static str,
    calls: bool,
}

/// One token, and the part of the message that it belongs to.
enum Token {
    Reasoning(String),
    Content(String),
    /// The name of the function, which opens a tool call.
    Name(String),
    Arguments(String),
}

impl Choice {
    fn usage(&self, request: &ChatRequest) -> Usage {
        let reasoning =
            self.tokens.iter().filter(|token| matches!(token, Token::Reasoning(_))).count();
        let of_all_choices = |tokens| words::length(tokens).saturating_mul(request.choices());
        Usage {
            prompt: request.prompt_tokens(),
            completion: of_all_choices(self.tokens.len()),
            reasoning: of_all_choices(reasoning),
        }
    }
}

/// A cap cuts wherever it falls, also inside reasoning or arguments: usage never exceeds what the
/// caller allowed.
fn generate(context: &Context<'_>, request: &ChatRequest) -> Result<Choice, Problem> {
    let function = request.function_to_call()?;
    if context.empty() {
        return Ok(Choice { tokens: Vec::new(), finish: "stop", calls: false });
    }
    let mut tokens = Vec::new();
    if request.reasons() {
        tokens.extend(words::tokens(THOUGHT).map(|word| Token::Reasoning(word.to_owned())));
    }
    if let Some(function) = function {
        tokens.extend(call(function));
    } else {
        let text = text(context, request);
        let text = words::before_stop(&text, request.stops());
        tokens.extend(words::answer_tokens(text).map(|word| Token::Content(word.to_owned())));
    }
    let cap = words::answer_cap(request.cap(), request.choices());
    let natural = if function.is_some() { "tool_calls" } else { "stop" };
    let finish = if tokens.len() > cap { "length" } else { natural };
    tokens.truncate(cap);
    Ok(Choice { tokens, finish, calls: function.is_some() })
}

fn text(context: &Context<'_>, request: &ChatRequest) -> String {
    let spoken = match &context.settings.reply {
        Some(reply) => reply.clone(),
        None => format!("You said: {}", words::excerpt(&request.last_user_text())),
    };
    let document = match request.form() {
        Form::Text => return spoken,
        // A configured reply which is already such a document is what the operator wants to see.
        _ if serde_json::from_str::<Value>(&spoken).is_ok_and(|reply| reply.is_object()) => {
            return spoken;
        }
        Form::JsonObject => json!({ "reply": spoken }),
        Form::JsonSchema(schema) => schema::fill(schema),
    };
    document.to_string()
}

/// A call is its function's name, then at least two pieces of arguments, as clients must join them.
fn call(function: &Function) -> Vec<Token> {
    let filled = function.parameters.as_ref().map(schema::fill).filter(Value::is_object);
    let arguments = filled.unwrap_or_else(|| json!({})).to_string();
    let mut pieces: Vec<&str> = words::answer_tokens(&arguments).collect();
    if let [whole] = *pieces {
        let (head, tail) = whole.split_at(whole.floor_char_boundary(whole.len() / 2));
        pieces = vec![head, tail];
    }
    let pieces = pieces.into_iter().map(|piece| Token::Arguments(piece.to_owned()));
    std::iter::once(Token::Name(function.name.clone())).chain(pieces).collect()
}

/// A choice on its way to the wire.
struct Telling<'a> {
    context: &'a Context<'a>,
    request: &'a ChatRequest,
    choice: &'a Choice,
    usage: Usage,
}

impl Telling<'_> {
    fn document(&self) -> Value {
        let choices = self.indexes().map(|index| {
            json!({
                "index": index,
                "message": self.message(index),
                "logprobs": null,
                "finish_reason": self.choice.finish,
            })
        });
        json!({
            "id": self.context.id("chatcmpl"),
            "object": "chat.completion",
            "created": CREATED,
            "model": self.request.model,
            "system_fingerprint": FINGERPRINT,
            "choices": choices.collect::<Vec<_>>(),
            "usage": self.usage.json(),
        })
    }

    fn message(&self, index: u64) -> Value {
        let (mut reasoning, mut content, mut name, mut arguments) =
            (String::new(), String::new(), None, String::new());
        for token in &self.choice.tokens {
            match token {
                Token::Reasoning(word) => reasoning.push_str(word),
                Token::Content(word) => content.push_str(word),
                Token::Name(word) => name = Some(word),
                Token::Arguments(piece) => arguments.push_str(piece),
            }
        }
        let content = if self.choice.calls { Value::Null } else { json!(content) };
        let mut message = json!({ "role": "assistant", "content": content, "refusal": null });
        if let Some(fields) = message.as_object_mut() {
            if !reasoning.is_empty() {
                fields.insert("reasoning_content".to_owned(), json!(reasoning));
            }
            if let Some(name) = name {
                let function = json!({ "name": name, "arguments": arguments });
                let call =
                    json!({ "id": self.call_id(index), "type": "function", "function": function });
                fields.insert("tool_calls".to_owned(), json!([call]));
            }
        }
        message
    }

    /// Choices grow side by side, as a server samples them.
    fn stream(&self) -> Draft {
        let content = if self.choice.calls { Value::Null } else { json!("") };
        let role = json!({ "role": "assistant", "content": content, "refusal": null });
        let opening = self.indexes().map(|index| self.delta(index, &role, None)).collect();
        let content = self.choice.tokens.iter().flat_map(|token| {
            self.indexes()
                .map(move |index| self.delta(index, &self.token_delta(token, index), None))
        });
        let content = content.collect();
        let finish = Some(self.choice.finish);
        let mut closing: Vec<Bytes> =
            self.indexes().map(|index| self.delta(index, &json!({}), finish)).collect();
        if self.request.wants_usage() {
            closing.push(self.chunk(&json!([]), &self.usage.json()));
        }
        closing.push(done());
        Draft::Stream { opening, content, closing }
    }

    fn token_delta(&self, token: &Token, index: u64) -> Value {
        match token {
            Token::Reasoning(word) => json!({ "reasoning_content": word }),
            Token::Content(word) => json!({ "content": word }),
            Token::Name(name) => {
                let function = json!({ "name": name, "arguments": "" });
                let id = self.call_id(index);
                let call =
                    json!({ "index": 0, "id": id, "type": "function", "function": function });
                json!({ "tool_calls": [call] })
            }
            Token::Arguments(piece) => {
                json!({ "tool_calls": [{ "index": 0, "function": { "arguments": piece } }] })
            }
        }
    }

    fn delta(&self, index: u64, delta: &Value, finish: Option<&str>) -> Bytes {
        let choice =
            json!({ "index": index, "delta": delta, "logprobs": null, "finish_reason": finish });
        self.chunk(&json!([choice]), &Value::Null)
    }

    /// `usage` is on the wire only if the client asked for it: null on every chunk but the last.
    fn chunk(&self, choices: &Value, usage: &Value) -> Bytes {
        let mut chunk = json!({
            "id": self.context.id("chatcmpl"),
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": self.request.model,
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        });
        if self.request.wants_usage()
            && let Some(fields) = chunk.as_object_mut()
        {
            fields.insert("usage".to_owned(), usage.clone());
        }
        event(&chunk)
    }

    fn indexes(&self) -> std::ops::Range<u64> {
        0..self.request.choices()
    }

    fn call_id(&self, index: u64) -> String {
        format!("{}-{index}", self.context.id("call"))
    }
}
