//! HTTP/1.1 as bytes. The servers and the client of these tests read and write it themselves, so
//! that no library between them and the gateway can repair or hide anything.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The first line and the headers of a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    fn parse(text: &str) -> Self {
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        Self { line, headers: headers.collect() }
    }

    /// The value of a header; of several, the first.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The second word of the first line: a request's path, a response's status.
    pub(crate) fn second_word(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    fn framing(&self, is_response: bool) -> Framing {
        if self.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            return Framing::Chunked;
        }
        match self.header("content-length").and_then(|length| length.parse().ok()) {
            Some(length) => Framing::Length(length),
            None if is_response => Framing::UntilClose,
            None => Framing::Length(0),
        }
    }
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
    Ended,
}

/// One side of a connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    framing: Framing,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: vec![], framing: Framing::Ended }
    }

    /// Reads the head of a request; nothing when the other side has closed instead.
    pub(crate) async fn request(&mut self) -> io::Result<Option<Head>> {
        self.head(false).await
    }

    /// Reads the head of a response; nothing when the other side has closed instead.
    pub(crate) async fn response(&mut self) -> io::Result<Option<Head>> {
        self.head(true).await
    }

    async fn head(&mut self, is_response: bool) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                let head = Head::parse(&String::from_utf8_lossy(&head[..end]));
                self.framing = head.framing(is_response);
                return Ok(Some(head));
            }
            if !self.read().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(cut()) };
            }
        }
    }

    /// The next piece of the body, a chunk where it is chunked; nothing at its end.
    pub(crate) async fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self.framing {
            Framing::Ended | Framing::Length(0) => {
                self.framing = Framing::Ended;
                Ok(None)
            }
            Framing::Length(left) => {
                if self.buffer.is_empty() && !self.read().await? {
                    return Err(cut());
                }
                let taken = left.min(self.buffer.len());
                self.framing = Framing::Length(left - taken);
                Ok(Some(self.buffer.drain(..taken).collect()))
            }
            Framing::UntilClose => {
                if self.buffer.is_empty() && !self.read().await? {
                    self.framing = Framing::Ended;
                    return Ok(None);
                }
                Ok(Some(std::mem::take(&mut self.buffer)))
            }
            Framing::Chunked => {
                let size = self.line().await?;
                let size = size.split(';').next().unwrap_or_default();
                let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
                let chunk = self.exactly(size).await?;
                // What ends a chunk; after the last one, there may be trailers before it.
                while !self.line().await?.is_empty() {}
                if size == 0 {
                    self.framing = Framing::Ended;
                    return Ok(None);
                }
                Ok(Some(chunk))
            }
        }
    }

    /// All that is left of the body.
    pub(crate) async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut body = vec![];
        while let Some(piece) = self.piece().await? {
            body.extend(piece);
        }
        Ok(body)
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Waits until the other side has closed, whatever it sends before.
    pub(crate) async fn closed(&mut self) {
        self.buffer.clear();
        while let Ok(true) = self.read().await {
            self.buffer.clear();
        }
    }

    /// Ends the connection with a reset instead of an orderly close.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            if !self.read().await? {
                return Err(cut());
            }
        }
    }

    async fn exactly(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < bytes {
            if !self.read().await? {
                return Err(cut());
            }
        }
        Ok(self.buffer.drain(..bytes).collect())
    }

    /// Reads what has come; false when the other side has closed.
    async fn read(&mut self) -> io::Result<bool> {
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

/// A message whose body has a length.
pub(crate) fn message<'a>(
    line: &str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: &[u8],
) -> Vec<u8> {
    let headers = headers.map(|(name, value)| [name, ": ", value, "\r\n"].concat());
    let headers = headers.collect::<String>();
    let length = body.len();
    let head = format!("{line}\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "closed in the middle of a message")
}
