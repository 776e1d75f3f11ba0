//! A provider that answers at once, plainly or with TLS. What it answers is in the path: `plain`, or
//! `events-N-MS`, a stream of N events that come together or so many milliseconds apart.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsAcceptor;

use crate::wire::{Acknowledging, Link, Wire};

/// The kinds of answers that the document has routes for.
pub(crate) const KINDS: [&str; 10] = [
    "plain",
    "events-1-0",
    "events-10-0",
    "events-100-0",
    "events-1000-0",
    "events-10000-0",
    "events-10-5",
    "events-200-5",
    "events-1600-5",
    "events-20-100",
];

/// When the last request came, when its answer began to go out (a stream's first event), and when
/// all of it was out: for requests one at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) asked: Instant,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

/// A provider with a port for HTTP and one for TLS.
pub(crate) struct Provider {
    plain: SocketAddr,
    tls: SocketAddr,
    last: Arc<Mutex<Option<Times>>>,
    _serving: JoinSet<()>,
}

impl Provider {
    pub(crate) async fn start(acceptor: &TlsAcceptor) -> anyhow::Result<Self> {
        let listeners =
            [TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?];
        let [plain, tls] = [listeners[0].local_addr()?, listeners[1].local_addr()?];
        let last = Arc::new(Mutex::new(None));
        let mut serving = JoinSet::new();
        let [plainly, with_tls] = listeners;
        serving.spawn(accept(plainly, None, Arc::clone(&last)));
        serving.spawn(accept(with_tls, Some(acceptor.clone()), Arc::clone(&last)));
        Ok(Self { plain, tls, last, _serving: serving })
    }

    /// Where answers of a kind are to be had.
    pub(crate) fn base_url(&self, kind: &str, with_tls: bool) -> String {
        match with_tls {
            false => format!("http://{}/{kind}/v1", self.plain),
            true => format!("https://{}/{kind}/v1", self.tls),
        }
    }

    /// The last request's times.
    pub(crate) fn last(&self) -> Option<Times> {
        *self.last.lock().unwrap()
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, last: Arc<Mutex<Option<Times>>>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (tls, last) = (tls.clone(), Arc::clone(&last));
        connections.spawn(async move {
            // The other side may go at any time.
            let _ = match tls {
                None => serve(stream, &last).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, &last).await,
                    Err(error) => Err(error),
                },
            };
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve<S: Link>(stream: S, last: &Mutex<Option<Times>>) -> std::io::Result<()> {
    let mut wire = Wire::new(stream, Acknowledging::Promptly);
    while let Some(head) = wire.head().await? {
        let asked = Instant::now();
        wire.skip().await?;
        let kind = head.second_word().split('/').nth(1).unwrap_or_default();
        let mut numbers = kind.split('-').skip(1).map(|number| number.parse::<usize>().unwrap());
        let mut began = Instant::now();
        match (numbers.next(), numbers.next()) {
            (Some(events), Some(0)) => wire.send(&together(events)).await?,
            (Some(events), Some(ms)) => {
                wire.send(STREAM_HEAD.as_bytes()).await?;
                wire.send(&chunk(event(0).as_bytes())).await?;
                began = Instant::now();
                let mut next = began;
                for number in 1..events {
                    next += Duration::from_millis(ms as u64);
                    sleep_until(next).await;
                    wire.send(&chunk(event(number).as_bytes())).await?;
                }
                sleep_until(next + Duration::from_millis(ms as u64)).await;
                wire.send(&[chunk(ending(events).as_bytes()), b"0\r\n\r\n".to_vec()].concat())
                    .await?;
            }
            _ => wire.send(PLAIN.as_bytes()).await?,
        }
        *last.lock().unwrap() = Some(Times { asked, began, ended: Instant::now() });
    }
    Ok(())
}

const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                           transfer-encoding: chunked\r\n\r\n";

static PLAIN: LazyLock<String> = LazyLock::new(|| {
    let body = concat!(
        r#"{"id":"chatcmpl-0123456789","object":"chat.completion","created":1790000000,"model":"m","#,
        r#""choices":[{"index":0,"message":{"role":"assistant","content":"Forty-two, as you may "#,
        r#"have heard, is the answer to that question."},"logprobs":null,"finish_reason":"stop"}],"#,
        r#""usage":{"prompt_tokens":200,"completion_tokens":20,"total_tokens":220}}"#,
    );
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
    format!("{head}{length}\r\n\r\n{body}")
});

fn event(number: usize) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\
         \"created\":1790000000,\"model\":\"events\",\"choices\":[{{\"index\":0,\
         \"delta\":{{\"content\":\" w{number}\"}},\"logprobs\":null,\"finish_reason\":null}}]}}\n\n"
    )
}

fn ending(events: usize) -> String {
    let total = events + 200;
    format!(
        "data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\
         \"created\":1790000000,\"model\":\"events\",\"choices\":[{{\"index\":0,\"delta\":{{}},\
         \"logprobs\":null,\"finish_reason\":\"stop\"}}]}}\n\n\
         data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\
         \"created\":1790000000,\"model\":\"events\",\"choices\":[],\"usage\":{{\
         \"prompt_tokens\":200,\"completion_tokens\":{events},\"total_tokens\":{total}}}}}\n\n\
         data: [DONE]\n\n"
    )
}

/// A whole stream, an event a chunk, as one piece.
fn together(events: usize) -> Vec<u8> {
    let mut bytes = STREAM_HEAD.as_bytes().to_vec();
    for number in 0..events {
        bytes.extend(chunk(event(number).as_bytes()));
    }
    bytes.extend(chunk(ending(events).as_bytes()));
    bytes.extend(b"0\r\n\r\n");
    bytes
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
