//! Signs requests to AWS with the function's own credentials (Signature Version 4).

use std::time::{SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;

/// Who signs, for what.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The function's credentials, which the provider refreshes.
    pub credentials: &'a SharedCredentialsProvider,
    /// The region of the service.
    pub region: &'a str,
    /// The service's name in signatures: `ssm`; `bedrock` for `bedrock-runtime`.
    pub service: &'a str,
}

impl Signer<'_> {
    /// A signed `POST` of a body, with these headers, all of which are signed. `url` is as it is sent:
    /// its path is percent-encoded once, and the signature encodes it once more, as every service but
    /// S3 wants it.
    ///
    /// # Errors
    /// Why there is none, in words that hold no credential.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<reqwest::Request, String> {
        let credentials =
            self.credentials.provide_credentials().await.map_err(|error| error.to_string())?;
        let request = self.sign(credentials, url, headers, body, signing_time())?;
        reqwest::Request::try_from(request).map_err(|error| error.without_url().to_string())
    }

    fn sign(
        &self,
        credentials: Credentials,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        time: SystemTime,
    ) -> Result<http::Request<Bytes>, String> {
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let content = SignableBody::Bytes(&body);
        let signable = SignableRequest::new("POST", url, headers.iter().copied(), content)
            .map_err(|error| error.to_string())?;
        let signed = sign(signable, &params).map_err(|error| error.to_string())?;
        let (instructions, _) = signed.into_parts();
        let mut request = http::Request::post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body).map_err(|error| error.to_string())?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

#[expect(clippy::disallowed_methods, reason = "a signature carries the time of day")]
fn signing_time() -> SystemTime {
    let now = SystemTime::now();
    now.max(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    /// 2026-01-02T03:04:05Z.
    const TIME_S: u64 = 1_767_323_045;

    fn check(path: &str, token: Option<&str>, names: &str, signature: &str) {
        let token = token.map(str::to_owned);
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, token, None, "test");
        let provider = SharedCredentialsProvider::new(credentials.clone());
        let signer = Signer { credentials: &provider, region: "us-east-1", service: "bedrock" };
        let url = format!("https://bedrock-runtime.us-east-1.amazonaws.com{path}");
        let headers = [("content-type", "application/json")];
        let time = UNIX_EPOCH + Duration::from_secs(TIME_S);
        let body = Bytes::from_static(b"{\"messages\":[]}");
        let request = signer.sign(credentials, &url, &headers, body, time).unwrap();
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, \
             SignedHeaders={names}, Signature={signature}"
        );
        assert_eq!(request.headers()["authorization"], expected, "{path}");
        assert_eq!(request.headers()["x-amz-date"], "20260102T030405Z");
        let sent = reqwest::Request::try_from(request).unwrap();
        assert_eq!(sent.url().path(), path, "the path is sent as it was signed");
    }

    /// The signatures are those of botocore 1.44.5 for the same requests.
    #[test]
    fn paths_are_encoded_twice() {
        check(
            "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
            None,
            "content-type;host;x-amz-date",
            "87e114dcbbaf782b0b033c88905b9bf9956d44b2a0f41c3174eac2780fb31277",
        );
        check(
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3A\
             application-inference-profile%2Fa1b2c3/converse-stream",
            Some("session/token+1="),
            "content-type;host;x-amz-date;x-amz-security-token",
            "ac3b089f0fe973a124d69e08b3c2017140615947002e4e91520e0818f5d91361",
        );
    }

    #[tokio::test]
    async fn what_is_sent_is_signed() {
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None, None, "test");
        let provider = SharedCredentialsProvider::new(credentials);
        let signer = Signer { credentials: &provider, region: "eu-west-1", service: "ssm" };
        let url = "https://ssm.eu-west-1.amazonaws.com/";
        let request = signer.post(url, &[("x-amz-target", "t")], "{}".into()).await.unwrap();
        let authorization = request.headers()["authorization"].to_str().unwrap();
        assert!(authorization.contains("/eu-west-1/ssm/aws4_request"), "{authorization}");
        assert!(authorization.contains("SignedHeaders=host;x-amz-date;x-amz-target"));
        assert_eq!(request.headers()["x-amz-target"], "t");
        assert_eq!(request.body().and_then(reqwest::Body::as_bytes), Some(b"{}".as_slice()));
    }
}
