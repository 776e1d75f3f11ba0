//! What a host needs of a gateway: somebody who answers.

use std::sync::Arc;

use super::{Answer, Request};
use crate::refusal::Refusal;

/// Answers requests. Never fails: what goes wrong is an answer, too.
pub trait Entry: Send + Sync + 'static {
    /// Answers one request.
    fn answer(self: Arc<Self>, request: Request) -> impl Future<Output = Answer> + Send;

    /// Answers what is not even a request.
    fn refuse(&self, refusal: &Refusal, request_id: &str) -> Answer;
}
