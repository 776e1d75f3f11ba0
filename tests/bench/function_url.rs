//! What a Function URL makes of a request.

use bytes::Bytes;
use serde_json::json;

/// A body as the event of a Function URL.
pub(crate) fn event(secret: &str, body: &str) -> Bytes {
    let length = body.len().to_string();
    let host = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws";
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/v1/chat/completions",
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "accept-encoding": "gzip, deflate, br",
            "authorization": format!("Bearer {secret}"),
            "content-length": length,
            "content-type": "application/json",
            "host": host,
            "user-agent": "OpenAI/Python 2.8.0",
            "x-amzn-trace-id": "Root=1-69230000-0123456789abcdef01234567",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            "x-stainless-lang": "python",
            "x-stainless-retry-count": "0",
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abcdefghijklmnopqrstuvwxyz012345",
            "domainName": host,
            "domainPrefix": "abcdefghijklmnopqrstuvwxyz012345",
            "http": {
                "method": "POST",
                "path": "/v1/chat/completions",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "OpenAI/Python 2.8.0",
            },
            "requestId": "5a1f3d0c-7c0e-4a55-9d0b-0f4b6f1b2c3d",
            "routeKey": "$default",
            "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_348_800_000_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    });
    event.to_string().into()
}
