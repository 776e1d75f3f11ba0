//! The verdict: what a provider's error means, as a class.

mod phrases;
mod words;

use crate::failure::{Class, ProviderError};
use phrases::{PHRASES, TOKEN_RATES};
use words::{NUMBERS, WORDS, WRONG_REQUESTS};

/// The class of a complete error answer, or of an error inside an answer that began well (then
/// there is no status). A code or a type that is known is believed before the status, and the
/// message makes either more exact.
pub fn classify(status: Option<u16>, error: &ProviderError) -> Class {
    let message = error.message.to_lowercase();
    match named(error) {
        Some(Class::UpstreamQuota) if TOKEN_RATES.iter().any(|said| message.contains(said)) => {
            Class::RateLimit
        }
        Some(class) => said(class, &message),
        None => said(unnamed(status, error), &message),
    }
}

/// The class that a message in small letters makes of a class.
pub(in crate::dialect) fn said(class: Class, message: &str) -> Class {
    let exact = PHRASES.iter().find(|(_, of, phrases)| {
        of.contains(&class) && phrases.iter().any(|phrase| message.contains(phrase))
    });
    exact.map_or(class, |(exact, ..)| *exact)
}

/// Whether a code or a type means something by itself.
pub(in crate::dialect) fn is_known(word: &str) -> bool {
    let is = |known: &&str| is_word(word, known);
    WORDS.iter().chain(&NUMBERS).any(|(_, words)| words.iter().any(|known| is_word(word, known)))
        || WRONG_REQUESTS.iter().any(is)
}

fn named(error: &ProviderError) -> Option<Class> {
    words(error).find_map(|word| lookup(&WORDS, word))
}

/// The class by the status, or by what stands for it where there is none.
fn unnamed(status: Option<u16>, error: &ProviderError) -> Class {
    let code = error.code.as_deref().and_then(|code| code.parse().ok());
    let code = code.filter(|code| (400..600).contains(code));
    let status = match (status, code) {
        (None, code) => code,
        // A gateway's own status around a provider's.
        (Some(500..), Some(429)) => code,
        (status, _) => status,
    };
    let class = by_status(status);
    let is_open = matches!(class, Class::BadRequest | Class::RateLimit | Class::Server);
    let number = words(error).find_map(|word| lookup(&NUMBERS, word)).filter(|_| is_open);
    let is_wrong = |word: &str| WRONG_REQUESTS.iter().any(|known| is_word(word, known));
    match (number, status) {
        (Some(class), _) => class,
        (None, None) if words(error).any(is_wrong) => Class::BadRequest,
        _ => class,
    }
}

fn words(error: &ProviderError) -> impl Iterator<Item = &str> {
    [error.code.as_deref(), error.kind.as_deref()].into_iter().flatten()
}

fn lookup(table: &[(Class, &[&str])], word: &str) -> Option<Class> {
    let holds = |(_, words): &&(Class, &[&str])| words.iter().any(|known| is_word(word, known));
    table.iter().find(holds).map(|(class, _)| *class)
}

fn by_status(status: Option<u16>) -> Class {
    match status {
        Some(401 | 403 | 407) => Class::UpstreamAuth,
        Some(402) => Class::UpstreamQuota,
        // The path is the gateway's own and the model the route's: not the caller's mistake.
        Some(404 | 405 | 410) => Class::ModelMissing,
        // 524: Cloudflare has waited long enough.
        Some(408 | 504 | 524) => Class::TimeoutTotal,
        Some(429) => Class::RateLimit,
        // 450: the queue of PAI-EAS is full. 498: Groq's flexible tier is.
        Some(450 | 498 | 503 | 529) => Class::Overloaded,
        // StepFun's moderation.
        Some(451) => Class::ContentPolicy,
        // 424: the model failed (Bedrock, text-generation-inference). 421, 425 and 499: proxies
        // among themselves.
        Some(421 | 424 | 425 | 499) => Class::Server,
        Some(status) if (400..500).contains(&status) => Class::BadRequest,
        _ => Class::Server,
    }
}

/// Whether a code is the known word in whatever spelling (`model_not_found`, `ModelNotFound`), or a
/// refinement of it (`Throttling.RateQuota`).
fn is_word(word: &str, known: &str) -> bool {
    let mut word = letters(word);
    letters(known).all(|letter| word.next() == Some(letter))
        && word.next().is_none_or(|next| matches!(next, '.' | ':'))
}

fn letters(word: &str) -> impl Iterator<Item = char> {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).map(|c| c.to_ascii_lowercase())
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
        check(429, "rate_limit_exceeded", "Request too large for gpt-4o…", Class::ContextLength);
        check(413, "rate_limit_exceeded", "Request too large for model…", Class::ContextLength);
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

    #[test]
    fn a_code_may_stand_for_the_status() {
        check(0, "429", "", Class::RateLimit);
        check(0, "400", "", Class::BadRequest);
        check(0, "400", "prompt is too long", Class::ContextLength);
        check(0, "20012", "", Class::Server);
        check(0, "invalid_request_error", "", Class::BadRequest);
        check(0, "InvalidParameter.Foo", "", Class::BadRequest);
        check(502, "429", "", Class::RateLimit);
        check(500, "400", "", Class::Server);
        check(500, "invalid_request_error", "", Class::Server);
        check(400, "429", "", Class::BadRequest);
    }

    #[test]
    fn numbers_count_where_the_status_leaves_room() {
        check(429, "1113", "", Class::UpstreamQuota);
        check(0, "1002", "", Class::RateLimit);
        check(401, "1002", "", Class::UpstreamAuth);
        check(400, "1261", "", Class::ContextLength);
        check(0, "2013", "invalid params", Class::BadRequest);
        check(0, "2013", "invalid params, context window exceeds limit", Class::ContextLength);
        check(500, "", "insufficient balance (1008)", Class::UpstreamQuota);
    }

    #[test]
    fn a_phrase_counts_where_it_makes_sense() {
        check(429, "", "Too many tokens, please wait before trying again.", Class::RateLimit);
        check(429, "rate_limit_exceeded", "reduce the length of the messages", Class::RateLimit);
        check(429, "", "The engine is currently overloaded", Class::Overloaded);
        check(401, "", "context window", Class::UpstreamAuth);
        check(
            403,
            "permission_error",
            "your usage limit for this billing cycle",
            Class::UpstreamQuota,
        );
        check(400, "", "Invalid 'user': string too long.", Class::BadRequest);
        check(400, "", "Invalid 'messages[0].content': string too long.", Class::ContextLength);
        check(500, "", "maximum context length is 4096", Class::ContextLength);
        check(503, "", "maximum context length is 4096", Class::Overloaded);
    }

    #[test]
    fn tables_are_small_and_say_nothing_twice() {
        let small = |text: &str| text.to_lowercase() == text && !text.is_empty();
        let words = WORDS.iter().chain(&NUMBERS).flat_map(|(_, words)| *words);
        let mut words: Vec<String> =
            words.chain(&WRONG_REQUESTS).map(|word| letters(word).collect()).collect();
        words.sort();
        assert!(words.iter().all(|word| small(word)));
        assert!(words.windows(2).all(|pair| pair[0] != pair[1]), "{words:?}");
        let phrases: Vec<&str> =
            PHRASES.iter().flat_map(|(.., phrases)| *phrases).copied().collect();
        for (at, phrase) in phrases.iter().enumerate() {
            assert!(small(phrase), "{phrase}");
            let before = phrases.iter().take(at).find(|earlier| phrase.contains(*earlier));
            assert_eq!(before, None, "is said before {phrase}");
        }
    }
}
