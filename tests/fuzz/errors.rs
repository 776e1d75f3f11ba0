//! Providers' errors: what is kept of them is short, clean, and holds no secret.

use tollgate::dialect::{anthropic, converse, openai};
use tollgate::failure::ProviderError;

use super::corpus::{golden, kept};
use super::engine::Target;

pub(super) const TARGET: Target = Target {
    name: "error",
    corpus: || {
        let lines = golden("openai/errors");
        let lines = lines.iter().flat_map(|text| text.split(|byte| *byte == b'\n'));
        // Behind the status.
        let bodies = lines.filter_map(|line| Some(line.split_at_checked(4)?.1.to_vec()));
        let others = [golden("dialects/anthropic/error"), golden("dialects/converse/error")];
        [kept("error"), bodies.collect(), others.concat()].concat()
    },
    inputs: 6_000,
    check: |bytes| {
        check_error(&openai::read_error(bytes));
        check_error(&anthropic::read_error(bytes));
        check_error(&converse::read_error(400, None, bytes).1);
        // The header of Bedrock's errors may be anything too.
        let header = String::from_utf8_lossy(bytes);
        check_error(&converse::read_error(400, Some(&header), b"").1);
    },
};

/// The longest text that is kept, and the dots behind it.
const MOST_BYTES: usize = 1_024 + '…'.len_utf8();

pub(super) fn check_error(error: &ProviderError) {
    let others = [&error.kind, &error.code, &error.param].into_iter().flatten();
    for text in others.chain([&error.message]) {
        assert!(text.len() <= MOST_BYTES, "{} bytes: {text}", text.len());
        assert!(!text.contains(char::is_control), "{text:?} holds a control character");
        let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_*".contains(c)));
        let secret = words.find(|word| looks_secret(word));
        assert_eq!(secret, None, "in {text:?}");
    }
}

/// A key of OpenAI, Tollgate, AWS, Google, DashScope, a token, with digits in it; or a long part with
/// some. What is long only as a whole may be a model's name.
fn looks_secret(word: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let known = ["sk-", "sk_", "tg-", "AKIA", "AIza", "eyJ", "ak-"];
    let is_key = known.iter().any(|start| word.starts_with(start) && word.len() > start.len() + 2);
    let is_dense = |part: &str| {
        let digits = digits(part);
        part.len() >= 32 && digits >= 2 && digits < part.len()
    };
    (is_key && digits(word) > 0) || word.split(['-', '_', '*']).any(is_dense)
}
