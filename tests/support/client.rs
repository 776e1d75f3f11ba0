//! A client of the gateway: writes a request's bytes, and reads the answer as it comes.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::net::TcpStream;

use super::runtime_api::Reply;
use super::soon;
use super::wire::{Head, Wire, message};

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self::of("GET", path)
    }

    /// A POST of JSON.
    pub(crate) fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        let request = Self::of("POST", path).with("content-type", "application/json");
        Self { body: body.into(), ..request }
    }

    pub(crate) fn of(method: &str, path: &str) -> Self {
        let headers = vec![("host".to_owned(), "gateway.test".to_owned())];
        Self { method: method.to_owned(), path: path.to_owned(), headers, body: vec![] }
    }

    pub(crate) fn key(self, secret: &str) -> Self {
        self.with("authorization", &format!("Bearer {secret}"))
    }

    /// With a header in the place of the one of that name, if there is one.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let line = format!("{} {} HTTP/1.1", self.method, self.path);
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        message(&line, headers, &self.body)
    }
}

/// An answer that has begun. Dropped, it closes the connection.
#[derive(Debug)]
pub(crate) struct Reading {
    wire: Wire,
    head: Head,
    seen: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: Head,
    pub(crate) body: String,
    /// Whether the body came to the end that its framing promised.
    pub(crate) is_whole: bool,
}

/// Sends a request and reads the head of its answer.
pub(crate) async fn begin(address: SocketAddr, request: &Request) -> Reading {
    begin_on(TcpStream::connect(address).await.unwrap(), request).await
}

/// The same on a connection that is there.
pub(crate) async fn begin_on(stream: TcpStream, request: &Request) -> Reading {
    soon("the head of an answer", async {
        let mut wire = Wire::new(stream);
        wire.send(&request.bytes()).await.unwrap();
        let head = wire.response().await.unwrap().expect("an answer");
        Reading { wire, head, seen: vec![] }
    })
    .await
}

impl Reading {
    /// Reads until this text has come.
    pub(crate) async fn until(&mut self, text: &str) {
        soon(&format!("{text:?} in an answer"), async {
            while !String::from_utf8_lossy(&self.seen).contains(text) {
                match self.wire.piece().await.unwrap() {
                    Some(piece) => self.seen.extend(piece),
                    None => {
                        panic!("ended before {text:?}: {}", String::from_utf8_lossy(&self.seen))
                    }
                }
            }
        })
        .await;
    }

    /// Waits until the gateway has closed the connection.
    pub(crate) async fn closed(mut self) {
        soon("the end of a client's connection", self.wire.closed()).await;
    }

    /// Reads to the end.
    pub(crate) async fn answer(mut self) -> Answer {
        let is_whole = soon("the end of an answer", async {
            loop {
                match self.wire.piece().await {
                    Ok(Some(piece)) => self.seen.extend(piece),
                    Ok(None) => return true,
                    Err(_) => return false,
                }
            }
        })
        .await;
        Answer {
            status: self.head.second_word().parse().unwrap(),
            head: self.head,
            body: String::from_utf8(self.seen).expect("an answer in UTF-8"),
            is_whole,
        }
    }
}

impl From<Reply> for Answer {
    /// What a function answered, as the client of its URL gets it.
    fn from(reply: Reply) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let headers = reply.headers.as_object().into_iter().flatten();
        let headers = headers.map(|(name, value)| (name.clone(), text(value))).collect();
        let head = Head { line: String::new(), headers };
        let status = u16::try_from(reply.status).expect("a status");
        Self { status, head, body: reply.body, is_whole: true }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    /// The `error` of a refusal.
    pub(crate) fn error(&self) -> Value {
        self.json()["error"].clone()
    }

    /// The data of a stream's events.
    pub(crate) fn events(&self) -> Vec<String> {
        events(&self.body)
    }
}

/// The data of the events of a stream as the gateway writes them: one `data` line each.
pub(crate) fn events(stream: &str) -> Vec<String> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data:"));
    data.map(|data| data.trim_start().to_owned()).collect()
}
