//! The request that is explained, read as a host reads one.

use std::io::{self, Read};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::ctl::command::ExplainOptions;
use crate::ctl::output::Failed;
use crate::dialect::{Call, Operation, take_alternatives};
use crate::explain::Question;
use crate::ingress::{MOST_BODY_BYTES, accept_body, timeout};
use crate::refusal::Refusal;
use crate::routing::Faults;

/// A request that was read.
#[derive(Debug)]
pub(super) struct Asked {
    headers: HeaderMap,
    call: Call,
    alternatives: Option<Vec<String>>,
    faults: Faults,
    timeout: Option<Duration>,
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    /// What a client would be told of it.
    pub(super) fn read(options: &ExplainOptions) -> Result<Self, Failed> {
        if let (Some("-"), Some("-")) = (options.body.as_deref(), options.file.as_deref()) {
            return Err(Failed::new("the body and the document: only one of them can be stdin"));
        }
        let body = match (&options.body, &options.model) {
            (Some(path), _) => read(path)?,
            (None, model) => short(options.endpoint, model.as_deref().unwrap_or_default()),
        };
        let headers = options.headers.iter().cloned().collect();
        Self::parse(options.endpoint, headers, body).map_err(|refusal| {
            let shape = refusal.shape();
            let what = "the request would be refused as it is";
            let told = format!("{} {}: {}", shape.status, shape.code, refusal.message());
            Failed::new(what).details(vec![told])
        })
    }

    fn parse(operation: Operation, headers: HeaderMap, body: Bytes) -> Result<Self, Refusal> {
        let (timeout, faults) = (timeout(&headers)?, Faults::from_headers(&headers)?);
        let (body, alternatives) = take_alternatives(accept_body(&headers, Ok(body))?)?;
        let call = Call::parse(operation, &headers, body)?;
        Ok(Self { headers, call, alternatives, faults, timeout })
    }

    /// What is to be explained.
    pub(super) fn question(&self) -> Question<'_> {
        Question {
            request_id: "tollgatectl",
            headers: &self.headers,
            call: &self.call,
            alternatives: self.alternatives.as_deref(),
            faults: &self.faults,
            timeout: self.timeout,
        }
    }
}

/// A body from a file, or from the standard input when it is `-`. More than a client may send is
/// not read.
fn read(path: &str) -> Result<Bytes, Failed> {
    let most = u64::try_from(MOST_BODY_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut body = Vec::new();
    let read = if path == "-" {
        io::stdin().lock().take(most).read_to_end(&mut body)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut body))
    };
    let name = if path == "-" { "stdin" } else { path };
    read.map_err(|error| {
        let what = format!("cannot read {name}: {error}");
        Failed::new(what).advice("name a file with a request's body, or - for the standard input")
    })?;
    Ok(body.into())
}

/// A short request for a model.
fn short(operation: Operation, model: &str) -> Bytes {
    let message = json!([{ "role": "user", "content": "Hello" }]);
    let input = match operation.input_field() {
        "messages" => message,
        _ => Value::from("Hello"),
    };
    let mut body = json!({ "model": model });
    if let Some(members) = body.as_object_mut() {
        members.insert(operation.input_field().to_owned(), input);
        if operation == Operation::Messages {
            members.insert("max_tokens".to_owned(), json!(1_024));
        }
    }
    body.to_string().into()
}
