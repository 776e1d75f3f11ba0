//! One row: what a provider does, and what must be refunded for it.

use serde_json::{Value, json};

use crate::support::upstream::{Gate, Script};

/// The cap on the output of every request.
pub(super) const MAX_TOKENS: u64 = 100;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Chat,
    StreamedChat,
    Completions,
    StreamedCompletions,
    Embeddings,
}

/// What is charged at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charge {
    /// What the provider said: input, output, nano-USD. The rest of the hold is refunded.
    Exact(u64, u64, u64),
    /// The whole hold: nothing is refunded.
    Kept,
    /// Nothing: the whole hold is refunded.
    Unbilled,
}

/// When the client goes away.
#[derive(Clone, Debug)]
pub(super) enum Leaves {
    Never,
    /// When the provider has the request. It answers when the gate opens.
    BeforeTheAnswer(Gate),
    /// When this text has come.
    After(&'static str),
}

pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) ask: Ask,
    /// What the first target does, and the second, if there is one. Without a script nobody
    /// listens there.
    pub(super) targets: Vec<Option<Script>>,
    pub(super) price: Value,
    pub(super) timeouts: Value,
    /// The tokens of a day.
    pub(super) limit: u64,
    pub(super) choices: u64,
    pub(super) leaves: Leaves,
    pub(super) status: u16,
    /// Hold by hold.
    pub(super) charges: Vec<Charge>,
    /// Why so much is refunded.
    pub(super) why: &'static str,
}

impl Row {
    pub(super) fn new(name: &'static str, ask: Ask, script: Script) -> Self {
        Self {
            name,
            ask,
            targets: vec![Some(script)],
            price: json!({ "input": 1, "output": 2 }),
            timeouts: json!({}),
            limit: 100_000,
            choices: 1,
            leaves: Leaves::Never,
            status: 200,
            charges: vec![],
            why: "",
        }
    }

    /// A second target.
    pub(super) fn then(mut self, script: Script) -> Self {
        self.targets.push(Some(script));
        self
    }

    /// Nobody listens where the first target should be.
    pub(super) fn unreachable_at_first(mut self) -> Self {
        self.targets[0] = None;
        self
    }

    pub(super) fn price(self, price: Value) -> Self {
        Self { price, ..self }
    }

    pub(super) fn timeouts(self, timeouts: Value) -> Self {
        Self { timeouts, ..self }
    }

    pub(super) fn limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    pub(super) fn choices(self, choices: u64) -> Self {
        Self { choices, ..self }
    }

    pub(super) fn leaves(self, leaves: Leaves) -> Self {
        Self { leaves, ..self }
    }

    pub(super) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// At the ordinary price.
    pub(super) fn exact(self, input: u64, output: u64, why: &'static str) -> Self {
        self.charged(&[Charge::Exact(input, output, input * 1_000 + output * 2_000)], why)
    }

    pub(super) fn kept(self, why: &'static str) -> Self {
        self.charged(&[Charge::Kept], why)
    }

    pub(super) fn unbilled(self, why: &'static str) -> Self {
        self.charged(&[Charge::Unbilled], why)
    }

    pub(super) fn charged(self, charges: &[Charge], why: &'static str) -> Self {
        Self { charges: charges.to_vec(), why, ..self }
    }

    /// How the record must name the end of the holds: by the one that ended worst.
    pub(super) fn settled(&self) -> &'static str {
        let any = |of: fn(&Charge) -> bool| self.charges.iter().any(of);
        if any(|charge| matches!(charge, Charge::Kept)) {
            "kept"
        } else if any(|charge| matches!(charge, Charge::Exact(..))) {
            "exact"
        } else {
            "unbilled"
        }
    }

    pub(super) fn streamed(&self) -> bool {
        matches!(self.ask, Ask::StreamedChat | Ask::StreamedCompletions)
    }

    /// The path and the body of the request.
    pub(super) fn request(&self) -> (&'static str, String) {
        let (path, what, value) = match self.ask {
            Ask::Chat | Ask::StreamedChat => {
                let messages = json!([{ "role": "user", "content": "ping" }]);
                ("/v1/chat/completions", "messages", messages)
            }
            Ask::Completions | Ask::StreamedCompletions => {
                ("/v1/completions", "prompt", json!("ping"))
            }
            Ask::Embeddings => ("/v1/embeddings", "input", json!("ping")),
        };
        let mut body = json!({ "model": self.name });
        body[what] = value;
        if self.ask != Ask::Embeddings {
            body["max_tokens"] = MAX_TOKENS.into();
            body["n"] = self.choices.into();
            body["stream"] = self.streamed().into();
        }
        (path, body.to_string())
    }

    /// The most output that it can cost.
    pub(super) fn output_bound(&self) -> u64 {
        if self.ask == Ask::Embeddings { 0 } else { MAX_TOKENS * self.choices }
    }
}
