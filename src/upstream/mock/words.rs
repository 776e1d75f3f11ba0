//! Words as tokens: how the mock cuts, counts, stops and hashes text.

/// The most tokens that the choices of one answer have together: the mock's own output limit.
pub(super) const MAX_ANSWER_TOKENS: usize = 4096;

/// The most bytes of one token; a longer word is several. It bounds an answer whatever it is an
/// echo of.
const MAX_TOKEN_BYTES: usize = 64;

/// The tokens of `text`: each a word with the space before it (the last also with the space after
/// it). Joined they are `text` again, and none is empty, so there are never more tokens than bytes.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (token, after) = rest.split_at_checked(token_end(rest))?;
        rest = after;
        (!token.is_empty()).then_some(token)
    })
}

/// The number of tokens of `text`.
pub(super) fn count(text: &str) -> u64 {
    length(tokens(text).count())
}

/// The tokens of a text to answer with: one more than any answer can have, so that a cut shows.
pub(super) fn answer_tokens(text: &str) -> impl Iterator<Item = &str> {
    tokens(text).take(MAX_ANSWER_TOKENS + 1)
}

/// The most tokens of one of `choices`, when the caller allows each `cap`.
pub(super) fn answer_cap(cap: Option<u64>, choices: u64) -> usize {
    let own = length(MAX_ANSWER_TOKENS).checked_div(choices).unwrap_or(0);
    usize::try_from(cap.map_or(own, |cap| cap.min(own))).unwrap_or(usize::MAX)
}

/// The first tokens of `text`, as many as an answer can have at most.
pub(super) fn excerpt(text: &str) -> String {
    tokens(text).take(MAX_ANSWER_TOKENS).collect()
}

/// `text` up to the first of `stops` in it.
pub(super) fn before_stop<'a>(text: &'a str, stops: &[String]) -> &'a str {
    let stops = stops.iter().filter(|stop| !stop.is_empty());
    let end = stops.filter_map(|stop| text.find(stop.as_str())).min();
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// FNV-1a: small, and the same on every machine for ever.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A length as the wire counts.
pub(super) fn length(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// Bytes of the first token. It looks at no more than the window, so that one endless word costs
/// linear time.
fn token_end(rest: &str) -> usize {
    let window = rest.get(..rest.floor_char_boundary(MAX_TOKEN_BYTES)).unwrap_or(rest);
    let word = window.trim_start();
    let start = window.len() - word.len();
    let end = word.find(char::is_whitespace).map_or(window.len(), |letters| start + letters);
    let only_space_follows = window.get(end..).is_some_and(|after| after.trim_start().is_empty());
    if only_space_follows && window.len() == rest.len() { rest.len() } else { end }
}
