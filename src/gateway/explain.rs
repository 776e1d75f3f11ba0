//! Explains a request instead of doing what it asks for.

use http::StatusCode;
use tokio::time::Instant;

use super::{Gateway, random};
use crate::config::Snapshot;
use crate::explain::{Facts, Question, explain};
use crate::ingress::{self, Answer};
use crate::keys::{Presented, Right};
use crate::record::{Record, RequestOutcome};
use crate::refusal::Refusal;

impl Gateway {
    /// Tells what would happen to a request, to a key that has the right to know it. It costs the
    /// key nothing: the store is only read, and no provider is called.
    pub(super) async fn explain(
        &self,
        question: &Question<'_>,
        presented: &Presented,
        host: Option<Instant>,
        snapshot: &Snapshot,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        record.operation = "explain";
        let now_ms = self.parts.clock.now_ms();
        let standing = self.inspect(presented, now_ms, record).await?;
        let right = Right::Explain;
        if !standing.caller.has(right) {
            return Err(Refusal::RightMissing { right: right.name(), header: right.header() });
        }
        let explanation = explain(
            question,
            &Facts {
                snapshot,
                key: Some((&standing.caller, &standing.books)),
                host: self.host_time(host),
                draw: random(),
                now_ms,
                usable: &|target| self.usable(target, snapshot),
                usual_ms: &|target| self.usual_ms(target, question.call),
            },
        );
        record.status = 200;
        record.finish(RequestOutcome::Ok);
        // Texts and numbers always serialize. People read it.
        let body = serde_json::to_string_pretty(&explanation).unwrap_or_default();
        Ok(ingress::json(StatusCode::OK, body))
    }
}
