//! A request as a target gets it.

use crate::config::Provider;
use crate::dialect::{Call, Encoded, Encoding};
use crate::failure::Failure;
use crate::routing::Target;

/// How a target is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Who.
    pub target: &'a Target,
    /// The alias that it serves.
    pub alias: &'a str,
    /// Whether the key's limits rely on the output cap.
    pub binds_cost: bool,
    /// Whether a field that the target cannot take is a failure.
    pub is_strict: bool,
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
}

/// A request for a target, but for what proves whose it is.
#[derive(Clone, Debug)]
pub struct Prepared<'a> {
    /// Where it goes.
    pub url: String,
    /// What goes there, and how the answer is read.
    pub encoded: Encoded,
    target: &'a Target,
}

/// Prepares a request for a target.
///
/// # Errors
/// As [`Call::encode`].
pub fn prepare<'a>(call: &Call, asking: Asking<'a>) -> Result<Prepared<'a>, Failure> {
    let Asking { target, alias, .. } = asking;
    let (encoded, model) = (encode(call, asking)?, target.model_for(alias));
    let query = pairs(&target.extras.query);
    let url = target.provider.url(encoded.operation, model, call.stream(), query);
    Ok(Prepared { url, encoded, target })
}

impl Prepared<'_> {
    /// Its headers, by names in lower case, but for the credential.
    pub fn headers<'a>(&'a self, request_id: &'a str) -> Vec<(&'a str, &'a str)> {
        let own = self.encoded.headers.iter().map(|(name, value)| (*name, value.as_str()));
        Provider::headers(request_id, own.chain(pairs(&self.target.extras.headers)))
    }
}

fn encode(call: &Call, asking: Asking<'_>) -> Result<Encoded, Failure> {
    let Asking { target, alias, binds_cost, is_strict, now_ms } = asking;
    let provider = &target.provider;
    let encoded = call.encode(&Encoding {
        vendor: provider.vendor,
        upstream_model: target.model_for(alias),
        stream_usage: provider.stream_usage,
        default_output_tokens: target.terms.output_tokens,
        binds_cost,
        reasoning: target.reasoning.style,
        thinking: target.reasoning.thinking,
        is_strict,
        now_s: now_ms / 1_000,
    })?;
    let edits = &target.extras.edits;
    if edits.is_empty() {
        return Ok(encoded);
    }
    // It is JSON, and so it is text.
    let text = std::str::from_utf8(&encoded.body).unwrap_or_default();
    match edits.apply(text) {
        Some(edited) => Ok(Encoded { body: edited.into(), ..encoded }),
        None => Ok(encoded),
    }
}

fn pairs(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}
