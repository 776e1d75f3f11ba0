//! What a request asks for, read.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use crate::dialect::{Call, Operation, take_alternatives};
use crate::explain::Question;
use crate::ingress::{accept_body, timeout};
use crate::refusal::Refusal;
use crate::routing::Faults;

/// What a request asks for.
pub(super) struct Wish {
    pub(super) call: Call,
    /// The client's own list of models, if it has one.
    pub(super) alternatives: Option<Vec<String>>,
    /// What is to fail because the client asks for it.
    pub(super) faults: Faults,
    /// How long the client waits.
    pub(super) timeout: Option<Duration>,
}

impl Wish {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(
        operation: Operation,
        headers: &HeaderMap,
        body: Result<Bytes, Refusal>,
    ) -> Result<Self, Refusal> {
        let (timeout, faults) = (timeout(headers)?, Faults::from_headers(headers)?);
        let (body, alternatives) = take_alternatives(accept_body(headers, body)?)?;
        let call = Call::parse(operation, headers, body)?;
        Ok(Self { call, alternatives, faults, timeout })
    }

    /// The aliases that are asked when the first does not answer.
    pub(super) fn others(&self) -> &[String] {
        self.alternatives.as_deref().unwrap_or_default()
    }

    /// The same as a question for what would happen.
    pub(super) fn question<'a>(
        &'a self,
        request_id: &'a str,
        headers: &'a HeaderMap,
    ) -> Question<'a> {
        let Self { call, alternatives, faults, timeout } = self;
        let (alternatives, timeout) = (alternatives.as_deref(), *timeout);
        Question { request_id, headers, call, alternatives, faults, timeout }
    }
}
