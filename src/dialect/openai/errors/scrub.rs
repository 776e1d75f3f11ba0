//! A provider's words as anybody may read them: without credentials, accounts and control
//! characters, and not too long.

/// The longest message that is kept, in bytes.
const MOST_MESSAGE_BYTES: usize = 1_024;

const REDACTED: &str = "[redacted]";

/// Where AWS's message on a refused signature begins to repeat the request that was signed, with
/// the session's token in it.
const ECHO: &str = "The Canonical String";

/// How credentials begin: OpenAI and those who copy it, this gateway, Moonshot, AWS (access keys,
/// Bedrock), Volcano Engine, Alibaba Cloud, Baidu, Tencent, Google, JWTs, xAI, Groq, NVIDIA,
/// Perplexity, Cerebras, Fireworks, Hugging Face, Replicate, Together, GitHub.
const CREDENTIALS: [&str; 31] = [
    "sk-",
    "sk_",
    "tg-",
    "ak-",
    "AKIA",
    "ASIA",
    "ABSK",
    "bedrock-api-key-",
    "AKLT",
    "LTAI",
    "ALTAK",
    "bce-v3",
    "AKID",
    "AIza",
    "ya29.",
    "eyJ",
    "xai-",
    "gsk_",
    "nvapi-",
    "pplx-",
    "csk-",
    "fw_",
    "hf_",
    "r8_",
    "tgp_v1_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "github_pat_",
    "glpat-",
];

/// Of these every word that begins so is one; the others begin words of everyday too.
const CERTAIN: [&str; 6] = ["sk-", "sk_", "tg-", "AKIA", "AIza", "eyJ"];

/// What stands before a credential in a header, and before a word in a sentence.
const BEARER: &str = "bearer ";

/// How the names of accounts begin.
const ACCOUNTS: [&str; 5] = ["org-", "org_", "proj-", "proj_", "acct_"];

/// What stands before the number of one (Ark, Google), and how many digits it has at least.
const NUMBERED: [&str; 6] =
    ["account ", "account [", "account: ", "project ", "project #", "project: "];
const FEWEST_IN_NUMBER: usize = 9;

/// How names begin that look like credentials, and that whoever reads the message needs.
const IDS: [&str; 12] = [
    "call_",
    "toolu_",
    "tooluse_",
    "msg_",
    "req_",
    "resp_",
    "rs_",
    "fc_",
    "chatcmpl-",
    "cmpl-",
    "file-",
    "gen-",
];

/// The fewest characters of a part without a meaning, of a whole word without one, and how often
/// letters and digits take turns in it. `llama-4-maverick-17b-128e-instruct` is no credential.
const FEWEST_IN_PART: usize = 20;
const FEWEST_IN_WORD: usize = 32;
const FEWEST_TURNS: usize = 8;

/// The lengths of the parts of a UUID, which Ark's keys are.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// A text without control characters, without what looks like a credential or names an account of
/// AWS, and not too long.
pub(in crate::dialect) fn clean(text: &str) -> String {
    let text = text.split(ECHO).next().unwrap_or_default();
    // A control character inside of a credential would make two words of it that look like none.
    let text: String = text.chars().filter(|c| c.is_whitespace() || !c.is_control()).collect();
    let mut clean = String::new();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if clean.len() > MOST_MESSAGE_BYTES {
            break;
        }
        let length = if is_word(c) { word(rest, &mut clean) } else { other(c, &mut clean) };
        rest = rest.get(length..).unwrap_or_default();
    }
    if clean.len() > MOST_MESSAGE_BYTES {
        clean.truncate(clean.floor_char_boundary(MOST_MESSAGE_BYTES));
        clean.push('…');
    }
    clean.trim().to_owned()
}

/// Takes one character that is in no word, and says how many bytes it had.
fn other(c: char, clean: &mut String) -> usize {
    match c {
        c if c.is_whitespace() && clean.ends_with(' ') => {}
        c if c.is_whitespace() => clean.push(' '),
        c => clean.push(c),
    }
    c.len_utf8()
}

/// Takes the word that a text begins with, and says how many of its bytes are done.
fn word(text: &str, clean: &mut String) -> usize {
    if text.starts_with("arn:aws") {
        clean.push_str("[arn]");
        return length(text, |c| c.is_alphanumeric() || ":/._-+=@*".contains(c));
    }
    let word = text.get(..length(text, is_word)).unwrap_or_default().trim_end_matches('.');
    if word.is_empty() {
        return other('.', clean);
    }
    let is_bearer = has_digit(word) && stands_after(&[BEARER], clean);
    if is_bearer || begins_a_credential(word) {
        clean.push_str(REDACTED);
        // What follows belongs to it: base64, the scope of a signature.
        let all = length(text, |c| is_word(c) || "/+=%".contains(c));
        return text.get(..all).map_or(all, |all| all.trim_end_matches('.').len());
    }
    // One that has two parts is redacted as a whole: Zhipu's `id.secret`.
    let is_secret = |part: &str| has_no_meaning(part) && !begins(part, &IDS);
    let is_credential = word.split('.').any(|part| is_secret(part) || begins_a_credential(part));
    let is_number = word.len() >= FEWEST_IN_NUMBER && word.chars().all(|c| c.is_ascii_digit());
    let is_account = (begins(word, &ACCOUNTS) && word.len() >= 12 && has_digit(word))
        || (is_number && stands_after(&NUMBERED, clean));
    clean.push_str(if is_credential || is_account { REDACTED } else { word });
    word.len()
}

/// Whether a text ends with one of these, however that is written.
fn stands_after(words: &[&str], text: &str) -> bool {
    words.iter().any(|word| {
        let end = text.get(text.len().saturating_sub(word.len())..).unwrap_or_default();
        end.eq_ignore_ascii_case(word)
    })
}

/// How many bytes at the beginning of a text are such characters.
fn length(text: &str, is_such: impl Fn(char) -> bool) -> usize {
    text.find(|c: char| !is_such(c)).unwrap_or(text.len())
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '~' | '.')
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

fn begins(word: &str, with: &[&str]) -> bool {
    with.iter().any(|beginning| word.starts_with(beginning))
}

fn begins_a_credential(word: &str) -> bool {
    // A mask leaves the ends to be seen.
    if word.contains("***") {
        return true;
    }
    let word = word.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let longer = |prefix: &&&str| word.starts_with(**prefix) && word.len() > prefix.len() + 2;
    let is_dense = has_digit(word) || word.len() >= FEWEST_IN_PART;
    CERTAIN.iter().any(|prefix| longer(&prefix))
        || (is_dense && CREDENTIALS.iter().any(|prefix| longer(&prefix)))
}

/// Whether a word is a key's material: a UUID, a long part with digits, or a long word in which
/// letters and digits take turns as they do in none of a person's.
fn has_no_meaning(word: &str) -> bool {
    let parts: Vec<&str> = word.split(['-', '_', '~', '*']).collect();
    let is_long = |part: &&str| {
        let digits = part.chars().filter(char::is_ascii_digit).count();
        part.len() >= FEWEST_IN_PART && digits >= 2 && digits < part.len()
    };
    let ends = parts.iter().rev().zip(UUID.iter().rev());
    let is_hex = |(part, length): (&&str, &usize)| {
        part.len() == *length && part.chars().all(|c| c.is_ascii_hexdigit())
    };
    let is_uuid = parts.len() >= UUID.len() && ends.into_iter().all(is_hex);
    is_uuid
        || parts.iter().any(is_long)
        || (word.len() >= FEWEST_IN_WORD && turns(word) >= FEWEST_TURNS)
}

/// How often a digit follows a letter, or a letter a digit.
fn turns(word: &str) -> usize {
    let pairs = word.chars().zip(word.chars().skip(1));
    pairs
        .filter(|(a, b)| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric())
        .filter(|(a, b)| a.is_ascii_digit() != b.is_ascii_digit())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_accounts_do_not_pass() {
        for (text, expected) in [
            (
                "provided: sk-abcd***wxyz. See https://a.com.",
                "provided: [redacted]. See https://a.com.",
            ),
            (
                "bad key:sk-proj-abc_def, token=\"eyJabc\"",
                "bad key:[redacted], token=\"[redacted]\"",
            ),
            ("Incorrect API key provided: sk-fake.", "Incorrect API key provided: [redacted]."),
            ("invalid x-api-key sk-ant-api03-AbC_d-x", "invalid x-api-key [redacted]"),
            ("Your api key: ****abcd is invalid", "Your api key: [redacted] is invalid"),
            ("key xa***23 or XAI-ab", "key [redacted] or XAI-ab"),
            ("AKIAIOSFODNN7EXAMPLE", "[redacted]"),
            (
                "Credential=ASIAIOSFODNN7EXAMPLE/20261122/us-east-1/bedrock/aws4_request, x",
                "Credential=[redacted], x",
            ),
            ("token ABSKQmVkcm9ja0FQSUtleS1h+b/c== is", "token [redacted] is"),
            ("bedrock-api-key-YmVkcm9jaw== is", "[redacted] is"),
            ("key AIzaSyD-1234_abc.", "key [redacted]."),
            ("jwt eyJhbGci.eyJzdWIi.Sfl-KxwR_JSM done", "jwt [redacted] done"),
            ("ya29.a0AfH6SMB-x_y. Next", "[redacted]. Next"),
            ("ark 3f2b7c1e-9d4a-4b6e-8f10-2a3b4c5d6e7f?", "ark [redacted]?"),
            ("ms-3f2b7c1e-9d4a-4b6e-8f10-2a3b4c5d6e7f", "[redacted]"),
            ("0123456789abcdef0123456789abcdef", "[redacted]"),
            ("zhipu 0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp", "zhipu [redacted]"),
            (
                "Bearer abc123 is no good; bearer token",
                "Bearer [redacted] is no good; bearer token",
            ),
            ("**sk-abcdef**, a.sk-abcdef", "[redacted], [redacted]"),
            ("hf_AbCdEfGh1 gsk_12345 nvapi-1xy", "[redacted] [redacted] [redacted]"),
            ("LTAI5tAbCdEfGhIj / AKLTabcdefgh1", "[redacted] / [redacted]"),
            ("azure abcdefghij1234567890klmnopqr", "azure [redacted]"),
            ("a1b-c2d_e3f-g4h_i5j-k6l_m7n-o8p_q9r", "[redacted]"),
            (
                "Your account org-446a70bb2cc5 <ak-f817m9q3k3> is",
                "Your account [redacted] <[redacted]> is",
            ),
            ("in organization org-np2zLTCBjRx4eh8i3WCq7YKD on", "in organization [redacted] on"),
            (
                "User: arn:aws:iam::123456789012:user/x is not on arn:aws-cn:bedrock:cn-north-1::m/y, z",
                "User: [arn] is not on [arn], z",
            ),
            (
                "not match.\n\nThe Canonical String for this\n'POST x-amz-security-token:abc",
                "not match.",
            ),
        ] {
            assert_eq!(clean(text), expected, "{text}");
        }
    }

    #[test]
    fn words_with_a_meaning_stay() {
        for text in [
            "model: claude-sonnet-4-5-20250929",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0 isn't supported",
            "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8 and llama-4-maverick-17b-128e-instruct",
            "gemini-2.5-flash-preview-native-audio-dialog, deepseek-r1-distill-llama-70b-specdec",
            "nvidia/llama-3_3-nemotron-super-49b-v1_5",
            "accounts/fireworks/models/llama-v3p1-405b-instruct",
            "`max_tokens` or max_completion_tokens, response_format.json_schema.schema",
            "generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 20",
            "tool_call_id call_AbCdEfGhIjKlMnOpQrSt1234 and toolu_01A09q90qw90lq917835lq9",
            "project proj_1, org-wide, sky-high, ask-me, task_1, hf_token, fw_version",
            "See https://platform.openai.com/account/api-keys.",
            "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 98304]",
            "**bold** and * a * 3 ** 2; limit 10,000.00. End...",
            "余额不足或无可用资源包,请充值。",
            "2026-11-22T18:50:00.000Z 178959 + 64000 > 200000",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn messages_are_short_and_of_one_line() {
        assert_eq!(clean("a\u{0}\n\t b "), "a b");
        assert_eq!(clean(&"word ".repeat(1_000)).len(), MOST_MESSAGE_BYTES + "…".len());
        assert_eq!(clean(&"数".repeat(1_000)).chars().count(), MOST_MESSAGE_BYTES / 3 + 1);
        assert!(clean(&"a".repeat(1 << 16)).len() < MOST_MESSAGE_BYTES + 8);
        assert_eq!(clean(". .. ..."), ". .. ...");
        assert_eq!(clean(""), "");
    }
}
