//! What arrives at DynamoDB is what was signed: whoever checks the signature of a write by what has
//! come finds the same one.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::desk::store_at;
use super::faults::every_call;
use crate::support::upstream::{Received, Upstream, json};

/// The writes among the calls of [`every_call`].
const WRITES: usize = 6;

/// The signature of what has arrived, as `aws-sigv4` makes it.
fn signature(received: &Received, credentials: &Credentials) -> String {
    let header = |name: &str| received.head.header(name).unwrap_or_else(|| panic!("no {name}"));
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", header("x-amz-date")).unwrap();
    let second = time.to_zoned(TimeZone::UTC).unwrap().timestamp().as_second();
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("dynamodb")
        .time(UNIX_EPOCH + Duration::from_secs(second.try_into().unwrap()))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let signed = ["content-type", "x-amz-target"].map(|name| (name, header(name)));
    let url = format!("http://{}{}", header("host"), received.head.second_word());
    let body = SignableBody::Bytes(&received.body);
    let request = SignableRequest::new("POST", url, signed.into_iter(), body).unwrap();
    let (instructions, _) = sign(request, &params).unwrap().into_parts();
    let mut request = http::Request::post("/").body(()).unwrap();
    instructions.apply_to_request_http1x(&mut request);
    request.headers()["authorization"].to_str().unwrap().to_owned()
}

async fn check(token: Option<&str>) {
    let answer = json(400, "{\"__type\":\"com.amazonaws#ResourceNotFoundException\"}");
    let upstream = Upstream::always(answer).await;
    let credentials = Credentials::from_keys("AKIATEST", "secret", token.map(str::to_owned));
    let provider = SharedCredentialsProvider::new(credentials.clone());
    let endpoint = format!("http://{}", upstream.address);
    let _ = every_call(&store_at(&endpoint, "table", provider)).await;
    let received = upstream.received();
    let target = Some("DynamoDB_20120810.UpdateItem");
    let writes = received.iter().filter(|it| it.head.header("x-amz-target") == target);
    let writes: Vec<_> = writes.collect();
    assert_eq!(writes.len(), WRITES);
    for write in writes {
        assert_eq!(write.head.header("x-amz-security-token"), token);
        let signed = write.head.header("authorization");
        assert_eq!(signed, Some(signature(write, &credentials).as_str()), "{:?}", write.head);
    }
}

#[tokio::test]
async fn what_arrives_is_what_was_signed() {
    check(None).await;
    check(Some("session/token+1==")).await;
}
