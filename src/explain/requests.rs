//! The requests that targets would get, with what is secret hidden.

use serde_json::value::RawValue;

use super::{HeadersSeen, RequestSeen, Story, hidden};
use crate::decision::Prepared;
use crate::routing::Target;

/// A request that would go out.
pub(super) fn seen(story: &Story<'_>, target: &Target, prepared: &Prepared<'_>) -> RequestSeen {
    let Story { hidden, room, .. } = story;
    let secret = story.facts.snapshot.secret(target);
    let proof = hidden::proof(target.provider.proof(secret));
    let own = prepared.headers(story.question.request_id).into_iter();
    let own = own.map(|(name, value)| (name.to_owned(), hidden.header(name, value, target)));
    let bytes = &prepared.encoded.body;
    let left = room.get().checked_sub(bytes.len());
    room.set(left.unwrap_or(0));
    let text = left.and_then(|_| std::str::from_utf8(bytes).ok());
    RequestSeen {
        method: "POST",
        url: hidden.url(&prepared.url, target),
        headers: HeadersSeen(proof.into_iter().chain(own).collect()),
        body_bytes: bytes.len(),
        body: text.and_then(|text| RawValue::from_string(hidden.text(text)).ok()),
    }
}
