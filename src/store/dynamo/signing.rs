//! Signature Version 4 for the one shape of request that the hot path sends: a `POST` without a
//! query, whose five headers are known. The key of a day is kept; to derive it costs more than all
//! the rest of a signature. Other requests are signed by `aws-sigv4`, and a test holds this to it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use ring::digest::{SHA256, digest};
use ring::hmac::{self, HMAC_SHA256};

/// The type of the body, which is signed.
pub(super) const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is signed of a request, besides its credentials and its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsigned<'a> {
    /// As the header says it.
    pub(super) host: &'a str,
    /// As it is sent; nothing in it needs encoding.
    pub(super) path: &'a str,
    /// `x-amz-target`
    pub(super) target: &'a str,
    pub(super) body: &'a [u8],
}

/// The headers that make a request a signed one. With temporary credentials their token goes with
/// them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signed {
    /// `x-amz-date`
    pub(super) date: String,
    pub(super) authorization: String,
}

/// Signs for DynamoDB in a region.
#[derive(Debug)]
pub(super) struct Signer {
    region: String,
    kept: Mutex<Option<Arc<DayKey>>>,
}

/// A derived key, and what it was derived from.
#[derive(Debug)]
struct DayKey {
    credentials: Credentials,
    /// As `20260102`.
    day: String,
    scope: String,
    key: hmac::Key,
}

impl Signer {
    pub(super) fn new(region: &str) -> Self {
        Self { region: region.to_owned(), kept: Mutex::default() }
    }

    /// Signs a request at a time, in seconds since 1970.
    pub(super) fn sign(
        &self,
        credentials: &Credentials,
        request: Unsigned<'_>,
        now_s: u64,
    ) -> Signed {
        let date = stamp(now_s);
        let day_key = self.day_key(credentials, date.get(..8).unwrap_or_default());
        let token = credentials.session_token();
        let names = if token.is_some() {
            "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
        } else {
            "content-type;host;x-amz-date;x-amz-target"
        };
        let canonical = canonical(request, &date, token, names);
        let scope = &day_key.scope;
        let text = [ALGORITHM, &date, scope, &hex_digest(canonical.as_bytes())].join("\n");
        let signature = hex(hmac::sign(&day_key.key, text.as_bytes()).as_ref());
        let id = credentials.access_key_id();
        let authorization = format!(
            "{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
        Signed { date, authorization }
    }

    fn day_key(&self, credentials: &Credentials, day: &str) -> Arc<DayKey> {
        // What is kept is whole whenever it is replaced.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref()
            && kept.day == day
            && kept.credentials == *credentials
        {
            return Arc::clone(kept);
        }
        let derived = Arc::new(DayKey::derive(credentials, day, &self.region));
        Arc::clone(kept.insert(derived))
    }
}

impl DayKey {
    fn derive(credentials: &Credentials, day: &str, region: &str) -> Self {
        let secret = format!("AWS4{}", credentials.secret_access_key());
        let mut key = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
        for part in [day, region, "dynamodb", "aws4_request"] {
            key = hmac::Key::new(HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        let scope = format!("{day}/{region}/dynamodb/aws4_request");
        Self { credentials: credentials.clone(), day: day.to_owned(), scope, key }
    }
}

fn canonical(request: Unsigned<'_>, date: &str, token: Option<&str>, names: &str) -> String {
    let Unsigned { host, path, target, body } = request;
    let headers = [
        Some(("content-type", CONTENT_TYPE)),
        Some(("host", host)),
        Some(("x-amz-date", date)),
        token.map(|token| ("x-amz-security-token", token)),
        Some(("x-amz-target", target)),
    ];
    let mut text = String::with_capacity(512 + token.map_or(0, str::len));
    for part in ["POST\n", path, "\n\n"] {
        text.push_str(part);
    }
    for (name, value) in headers.into_iter().flatten() {
        for part in [name, ":", value, "\n"] {
            text.push_str(part);
        }
    }
    for part in ["\n", names, "\n", &hex_digest(body)] {
        text.push_str(part);
    }
    text
}

/// A time as `20260102T030405Z`.
fn stamp(now_s: u64) -> String {
    let second = i64::try_from(now_s).unwrap_or(0);
    let text = jiff::Timestamp::from_second(second).unwrap_or_default().to_string();
    text.chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

fn hex_digest(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' } else { b'a' - 10 } + nibble);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4;

    use super::*;

    /// 2026-01-02T03:04:05Z.
    const TIME_S: u64 = 1_767_323_045;
    const DAY_S: u64 = 86_400;
    const HOST: &str = "dynamodb.eu-west-1.amazonaws.com";
    const TARGET: &str = "DynamoDB_20120810.UpdateItem";

    fn unsigned(body: &[u8]) -> Unsigned<'_> {
        Unsigned { host: HOST, path: "/", target: TARGET, body }
    }

    fn credentials(id: &str, secret: &str, token: Option<&str>) -> Credentials {
        Credentials::new(id, secret, token.map(str::to_owned), None, "test")
    }

    /// What `aws-sigv4` signs the same request with.
    fn expected(credentials: &Credentials, region: &str, body: &[u8], now_s: u64) -> Signed {
        let identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("dynamodb")
            .time(UNIX_EPOCH + Duration::from_secs(now_s))
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", TARGET)];
        let (url, content) = (format!("https://{HOST}/"), SignableBody::Bytes(body));
        let request = SignableRequest::new("POST", url, headers.into_iter(), content).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let mut signed = http::Request::post("/").body(()).unwrap();
        instructions.apply_to_request_http1x(&mut signed);
        let header = |name: &str| signed.headers()[name].to_str().unwrap().to_owned();
        Signed { date: header("x-amz-date"), authorization: header("authorization") }
    }

    /// One signer for all that follows one another: a key that is kept too long would show.
    fn check(region: &str, requests: &[(&Credentials, &[u8], u64)]) {
        let signer = Signer::new(region);
        for (credentials, body, now_s) in requests {
            let found = signer.sign(credentials, unsigned(body), *now_s);
            let expected = expected(credentials, region, body, *now_s);
            assert_eq!(found, expected, "{credentials:?} at {now_s} in {region}");
        }
    }

    #[test]
    fn signatures_are_those_of_the_sdk() {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let own = credentials("AKIDEXAMPLE", secret, None);
        let temporary = credentials("ASIAEXAMPLE", secret, Some("session/token+1=="));
        let body = br#"{"TableName":"t","Key":{"pk":{"S":"key#\u00e9"}}}"#;
        for region in ["us-east-1", "cn-north-1"] {
            check(region, &[(&own, b"", 0)]);
            check(region, &[(&own, b"{}", TIME_S), (&own, body, TIME_S + 1)]);
            check(region, &[(&temporary, b"{}", TIME_S), (&temporary, body, TIME_S)]);
        }
    }

    #[test]
    fn a_key_is_kept_no_longer_than_it_is_right() {
        let [own, other] = ["one", "two"].map(|secret| credentials("AKIDEXAMPLE", secret, None));
        let renamed = credentials("AKIDOTHER", "one", None);
        let [first, second] = ["a", "b"].map(|token| credentials("ASIA", "one", Some(token)));
        let midnight = (TIME_S / DAY_S + 1) * DAY_S;
        let at = |credentials, now_s| (credentials, b"{}".as_slice(), now_s);
        check("us-east-1", &[at(&own, midnight - 1), at(&own, midnight), at(&own, midnight - 1)]);
        check("us-east-1", &[at(&own, TIME_S), at(&other, TIME_S), at(&own, TIME_S)]);
        check("us-east-1", &[at(&own, TIME_S), at(&renamed, TIME_S)]);
        check("us-east-1", &[at(&own, TIME_S), at(&first, TIME_S), at(&second, TIME_S)]);
    }

    #[test]
    fn a_key_is_derived_once_a_day() {
        let (signer, own) = (Signer::new("us-east-1"), credentials("AKIDEXAMPLE", "secret", None));
        let first = signer.day_key(&own, "20260102");
        assert!(Arc::ptr_eq(&first, &signer.day_key(&own, "20260102")));
        assert!(!Arc::ptr_eq(&first, &signer.day_key(&own, "20260103")));
    }

    #[test]
    fn no_secret_is_in_what_can_be_printed() {
        let (signer, own) =
            (Signer::new("us-east-1"), credentials("AKID", "s3cret", Some("t0ken")));
        let _ = signer.sign(&own, unsigned(b""), TIME_S);
        let printed = format!("{signer:?}");
        assert!(!printed.contains("s3cret") && !printed.contains("t0ken"), "{printed}");
    }
}
