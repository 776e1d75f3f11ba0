//! The verdict: what a provider's error means, as a class.

use crate::failure::{Class, ProviderError};

/// Codes and types that mean more than the status they come with. Sources: the error references of
/// OpenAI, Azure OpenAI, DeepSeek, DashScope, Volcano Ark, vLLM's server, and Anthropic.
const WORDS: [(&str, Class); 57] = [
    ("insufficient_quota", Class::UpstreamQuota),
    ("billing_hard_limit_reached", Class::UpstreamQuota),
    ("billing_not_active", Class::UpstreamQuota),
    ("arrearage", Class::UpstreamQuota),
    ("allocationquota", Class::UpstreamQuota),
    ("commoditynotpurchased", Class::UpstreamQuota),
    ("prepaidbilloverdue", Class::UpstreamQuota),
    ("postpaidbilloverdue", Class::UpstreamQuota),
    ("accountoverdueerror", Class::UpstreamQuota),
    ("operationdenied.serviceoverdue", Class::UpstreamQuota),
    ("setlimitexceeded", Class::UpstreamQuota),
    ("quotaexceeded", Class::UpstreamQuota),
    ("context_length_exceeded", Class::ContextLength),
    ("string_above_max_length", Class::ContextLength),
    ("content_filter", Class::ContentPolicy),
    ("content_policy_violation", Class::ContentPolicy),
    ("invalid_prompt", Class::ContentPolicy),
    ("responsibleaipolicyviolation", Class::ContentPolicy),
    ("data_inspection_failed", Class::ContentPolicy),
    ("datainspectionfailed", Class::ContentPolicy),
    ("sensitivecontentdetected", Class::ContentPolicy),
    ("inputtextriskdetection", Class::ContentPolicy),
    ("inputtextsensitivecontentdetected", Class::ContentPolicy),
    ("inputimagesensitivecontentdetected", Class::ContentPolicy),
    ("inputvideosensitivecontentdetected", Class::ContentPolicy),
    ("outputtextriskdetection", Class::ContentPolicy),
    ("outputtextsensitivecontentdetected", Class::ContentPolicy),
    ("outputimagesensitivecontentdetected", Class::ContentPolicy),
    ("outputvideosensitivecontentdetected", Class::ContentPolicy),
    ("model_not_found", Class::ModelMissing),
    ("invalidendpointormodel", Class::ModelMissing),
    ("invalidendpoint", Class::ModelMissing),
    ("modelnotopen", Class::ModelMissing),
    ("notfounderror", Class::ModelMissing),
    ("deploymentnotfound", Class::ModelMissing),
    ("invalid_api_key", Class::UpstreamAuth),
    ("authenticationerror", Class::UpstreamAuth),
    ("accessdenied", Class::UpstreamAuth),
    ("serveroverloaded", Class::Overloaded),
    ("overloaded_error", Class::Overloaded),
    ("insufficient_system_resource", Class::Overloaded),
    ("rate_limit_exceeded", Class::RateLimit),
    ("ratelimitexceeded", Class::RateLimit),
    ("throttling", Class::RateLimit),
    ("limit_requests", Class::RateLimit),
    ("billing_error", Class::UpstreamQuota),
    ("enforced_spend_limit_reached", Class::UpstreamQuota),
    ("contract_spend_limit_reached", Class::UpstreamQuota),
    ("linked_organization_spend_limit_reached", Class::UpstreamQuota),
    ("linked_organization_billing_unavailable", Class::UpstreamQuota),
    ("organization_on_hold", Class::UpstreamAuth),
    ("authentication_error", Class::UpstreamAuth),
    ("permission_error", Class::UpstreamAuth),
    ("not_found_error", Class::ModelMissing),
    ("ramp_limit_exceeded", Class::RateLimit),
    ("rate_limit_error", Class::RateLimit),
    ("timeout_error", Class::TimeoutTotal),
];

/// Phrases in the messages of client errors, of providers that give no code for it.
const PHRASES: [(&str, Class); 13] = [
    ("maximum context length", Class::ContextLength),
    ("context window", Class::ContextLength),
    ("range of input length should be", Class::ContextLength),
    ("longer than the maximum model length", Class::ContextLength),
    ("longer than the model's context length", Class::ContextLength),
    ("exceed max message tokens", Class::ContextLength),
    ("model not exist", Class::ModelMissing),
    ("content exists risk", Class::ContentPolicy),
    ("prompt is too long", Class::ContextLength),
    ("exceed context limit", Class::ContextLength),
    ("credit balance is too low", Class::UpstreamQuota),
    ("api usage limits", Class::UpstreamQuota),
    ("content filtering policy", Class::ContentPolicy),
];

/// What DashScope says where it means a rate of tokens and gives OpenAI's code for an empty account.
const TOKEN_RATE_PHRASES: [&str; 2] = ["allocated quota exceeded", "#token-limit"];

/// The class of a complete error answer, or of an error inside an answer that began well (then
/// there is no status).
pub fn classify(status: Option<u16>, error: &ProviderError) -> Class {
    let words = [error.code.as_deref(), error.kind.as_deref()];
    let named = words.into_iter().flatten().find_map(|word| {
        let word = word.to_ascii_lowercase();
        let known = |(known, _): &&(&str, Class)| is_word(&word, known);
        WORDS.iter().find(known).map(|(_, class)| *class)
    });
    let message = error.message.to_ascii_lowercase();
    match named {
        Some(Class::UpstreamQuota) if TOKEN_RATE_PHRASES.iter().any(|p| message.contains(p)) => {
            Class::RateLimit
        }
        Some(class) => class,
        None => {
            let said = |(phrase, _): &&(&str, Class)| message.contains(phrase);
            let phrase = PHRASES.iter().find(said).filter(|_| is_client_error(status));
            phrase.map_or_else(|| by_status(status), |(_, class)| *class)
        }
    }
}

fn by_status(status: Option<u16>) -> Class {
    match status {
        Some(401 | 403) => Class::UpstreamAuth,
        Some(402) => Class::UpstreamQuota,
        // The path is the gateway's own and the model the route's: not the caller's mistake.
        Some(404 | 405) => Class::ModelMissing,
        Some(408 | 504) => Class::TimeoutTotal,
        Some(429) => Class::RateLimit,
        Some(503 | 529) => Class::Overloaded,
        Some(status) if (400..500).contains(&status) => Class::BadRequest,
        _ => Class::Server,
    }
}

fn is_client_error(status: Option<u16>) -> bool {
    matches!(status, Some(400 | 413 | 422) | None)
}

/// Whether a code is the known word, or a refinement of it: `Throttling.RateQuota`.
fn is_word(word: &str, known: &str) -> bool {
    word.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, code: &str, message: &str, expected: Class) {
        let error = ProviderError {
            code: (!code.is_empty()).then(|| code.to_owned()),
            message: message.to_owned(),
            ..ProviderError::default()
        };
        let status = (status != 0).then_some(status);
        assert_eq!(classify(status, &error), expected, "{status:?} {code} {message}");
    }

    #[test]
    fn real_errors_get_their_class() {
        check(429, "rate_limit_exceeded", "", Class::RateLimit);
        check(429, "insufficient_quota", "You exceeded your current quota", Class::UpstreamQuota);
        check(429, "insufficient_quota", "Allocated quota exceeded, please…", Class::RateLimit);
        check(429, "Throttling.RateQuota", "", Class::RateLimit);
        check(403, "Arrearage", "", Class::UpstreamQuota);
        check(402, "", "Insufficient Balance", Class::UpstreamQuota);
        check(403, "AccountOverdueError", "", Class::UpstreamQuota);
        check(429, "SetLimitExceeded", "", Class::UpstreamQuota);
        check(429, "RateLimitExceeded.EndpointRPMExceeded", "", Class::RateLimit);
        check(429, "ServerOverloaded", "", Class::Overloaded);
        check(404, "InvalidEndpointOrModel.NotFound", "", Class::ModelMissing);
        check(400, "InvalidEndpoint.ClosedEndpoint", "", Class::ModelMissing);
        check(400, "InvalidParameter.max_tokens", "", Class::BadRequest);
        check(404, "model_not_found", "", Class::ModelMissing);
        check(404, "", "no such path", Class::ModelMissing);
        check(400, "context_length_exceeded", "", Class::ContextLength);
        check(400, "", "This model's maximum context length is 8192 tokens", Class::ContextLength);
        check(400, "content_filter", "", Class::ContentPolicy);
        check(400, "data_inspection_failed", "", Class::ContentPolicy);
        check(401, "", "", Class::UpstreamAuth);
        check(422, "", "", Class::BadRequest);
        check(500, "", "", Class::Server);
        check(502, "", "", Class::Server);
        check(503, "", "", Class::Overloaded);
        check(529, "", "", Class::Overloaded);
        check(302, "", "", Class::Server);
        check(0, "rate_limit_exceeded", "", Class::RateLimit);
        check(0, "", "something", Class::Server);
    }
}
