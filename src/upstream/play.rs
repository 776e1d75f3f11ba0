//! Plays what the mock puts on the wire, with its delays and its ends.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::sleep;

use super::attempt::Arrival;
use super::mock::{Answer, End, Wire};
use crate::failure::{Class, Failure, Sent};
use crate::relay::ByteStream;

/// The longest delay that is really waited for: longer than any request may last.
const MOST_MS: u64 = 3_600_000;

/// Acts as the network between the gateway and the mock.
pub(super) async fn play(wire: Wire) -> Result<Arrival, Failure> {
    match wire {
        Wire::Refused => {
            Err(Failure::new(Class::Network, Sent::Unbilled, "the mock refuses connections"))
        }
        Wire::Hangs { connected: false } => {
            Err(Failure::new(Class::TimeoutConnect, Sent::Unbilled, "the mock does not connect"))
        }
        Wire::Hangs { connected: true } => std::future::pending().await,
        Wire::Answer(answer) => {
            wait(answer.head_delay_ms).await;
            Ok(Arrival {
                status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY),
                headers: headers(&answer),
                body: body(answer),
            })
        }
    }
}

async fn wait(ms: u64) {
    if ms > 0 {
        sleep(Duration::from_millis(ms.min(MOST_MS))).await;
    }
}

fn headers(answer: &Answer) -> HeaderMap {
    let pairs = answer.headers.iter().filter_map(|(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
    });
    pairs.collect()
}

fn body(answer: Answer) -> ByteStream {
    let chunks = stream::iter(answer.chunks).then(|chunk| async move {
        wait(chunk.delay_ms).await;
        Ok(chunk.bytes)
    });
    let end = stream::once(async move {
        match answer.end {
            End::Complete => None,
            End::Reset => Some(Err(Failure::answer(Class::Truncated, "the mock resets"))),
            End::Stalls => std::future::pending().await,
        }
    });
    chunks.chain(end.filter_map(std::future::ready)).boxed()
}
