//! Signature Version 4 as AWS checks it (IAM user guide, "Create a signed AWS API request"), apart
//! from the library that signs.

use ring::digest::{SHA256, digest};
use ring::hmac::{HMAC_SHA256, Key, sign};

use crate::support::upstream::Received;

/// The request's signature is the one that its bytes must have.
pub(super) fn check(request: &Received, secret: &str) {
    let header = |name: &str| request.head.header(name).unwrap_or_else(|| panic!("no {name}"));
    let authorization = header("authorization");
    let part = |name: &str| {
        let start = authorization.find(name).unwrap() + name.len();
        authorization[start..].split(", ").next().unwrap()
    };
    let (scope, signed, signature) =
        (part("Credential="), part("SignedHeaders="), part("Signature="));
    for needed in ["host", "x-amz-date", "x-amz-target"] {
        assert!(signed.split(';').any(|name| name == needed), "{needed} is not signed: {signed}");
    }
    let headers = signed.split(';').map(|name| format!("{name}:{}\n", header(name)));
    let (method, path) = request.head.line.split_once(' ').unwrap();
    let path = path.split(' ').next().unwrap();
    let canonical = format!(
        "{method}\n{path}\n\n{}\n{signed}\n{}",
        headers.collect::<String>(),
        hex(digest(&SHA256, &request.body).as_ref())
    );
    let (_, scope) = scope.split_once('/').unwrap();
    let hash = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hash}", header("x-amz-date"));
    let mac = |key: &[u8], text: &str| {
        sign(&Key::new(HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
    };
    let first = format!("AWS4{secret}").into_bytes();
    let key = scope.split('/').fold(first, |key, part| mac(&key, part));
    assert_eq!(signature, hex(&mac(&key, &text)), "{canonical}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
