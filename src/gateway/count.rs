//! Counting tokens where no provider does it: an estimate, and said to be one.

use http::{HeaderValue, StatusCode};

use crate::dialect::anthropic::{MessagesCall, count_answer, count_request};
use crate::ingress::{self, Answer};
use crate::record::{Record, RequestOutcome};

/// The answer that is no provider's.
pub(super) fn estimate(call: &MessagesCall, record: &mut Record) -> Answer {
    record.status = StatusCode::OK.as_u16();
    let mut answer = ingress::json(StatusCode::OK, count_answer(count_request(call)));
    let says = HeaderValue::from_static("input_tokens");
    answer.headers_mut().insert("x-tollgate-estimate", says);
    record.finish(RequestOutcome::Ok);
    answer
}
