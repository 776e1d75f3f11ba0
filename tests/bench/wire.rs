//! HTTP/1.1 as bytes, cheap enough that the client and the provider of a benchmark share one core.

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// What a [`Wire`] runs over.
pub(crate) trait Link: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The socket under it.
    fn socket(&self) -> &TcpStream;
}

impl Link for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Link for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// When the kernel acknowledges what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledging {
    /// As soon as it was read.
    Promptly,
    /// With the next answer, or 40 ms later.
    Late,
}

/// The first line and the headers of a message.
#[derive(Clone, Debug)]
pub(crate) struct Head(String);

impl Head {
    /// The second word of the first line: a request's path, a response's status.
    pub(crate) fn second_word(&self) -> &str {
        self.0.split(' ').nth(1).unwrap_or_default()
    }

    /// The value of a header.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    fn framing(&self) -> Framing {
        match self.value("content-length").and_then(|length| length.parse().ok()) {
            Some(length) => Framing::Length(length),
            None if self.value("transfer-encoding").is_some() => Framing::Chunked,
            None => Framing::Length(0),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Framing {
    Length(usize),
    Chunked,
}

/// One side of a connection.
pub(crate) struct Wire<S> {
    stream: S,
    buffer: BytesMut,
    framing: Framing,
    acknowledging: Acknowledging,
}

impl<S: Link> Wire<S> {
    pub(crate) fn new(stream: S, acknowledging: Acknowledging) -> Self {
        stream.socket().set_nodelay(true).unwrap();
        let buffer = BytesMut::with_capacity(16 << 10);
        Self { stream, buffer, framing: Framing::Length(0), acknowledging }
    }

    /// Reads the head of a message; nothing when the other side has closed instead.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") {
                let head = self.buffer.split_to(end + 4);
                let head = Head(String::from_utf8_lossy(&head[..end]).into_owned());
                self.framing = head.framing();
                return Ok(Some(head));
            }
            if !self.read().await? {
                return Ok(None);
            }
        }
    }

    /// The next piece of the body, a chunk where it is chunked; nothing at its end.
    pub(crate) async fn piece(&mut self) -> io::Result<Option<BytesMut>> {
        match self.framing {
            Framing::Length(0) => Ok(None),
            Framing::Length(left) => {
                self.have(1).await?;
                let taken = left.min(self.buffer.len());
                self.framing = Framing::Length(left - taken);
                Ok(Some(self.buffer.split_to(taken)))
            }
            Framing::Chunked => {
                let size = loop {
                    if let Some(end) = memchr::memchr(b'\n', &self.buffer) {
                        let line = self.buffer.split_to(end + 1);
                        let line = str::from_utf8(&line).map_err(io::Error::other)?;
                        break usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
                    }
                    self.have(self.buffer.len() + 1).await?;
                };
                if size == 0 {
                    return self.trailers().await.map(|()| None);
                }
                self.have(size + 2).await?;
                let chunk = self.buffer.split_to(size);
                self.buffer.advance(2);
                Ok(Some(chunk))
            }
        }
    }

    /// Reads to the end of the body; gives its length.
    pub(crate) async fn skip(&mut self) -> io::Result<usize> {
        let mut bytes = 0;
        while let Some(piece) = self.piece().await? {
            bytes += piece.len();
        }
        Ok(bytes)
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    async fn trailers(&mut self) -> io::Result<()> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.buffer) {
                let line = self.buffer.split_to(end + 1);
                if line.len() <= 2 {
                    self.framing = Framing::Length(0);
                    return Ok(());
                }
            } else {
                self.have(self.buffer.len() + 1).await?;
            }
        }
    }

    async fn have(&mut self, bytes: usize) -> io::Result<()> {
        while self.buffer.len() < bytes {
            if !self.read().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Reads what has come; false when the other side has closed.
    async fn read(&mut self) -> io::Result<bool> {
        self.buffer.reserve(16 << 10);
        let read = self.stream.read_buf(&mut self.buffer).await?;
        let promptly = self.acknowledging == Acknowledging::Promptly;
        self.stream.socket().set_quickack(promptly)?;
        Ok(read > 0)
    }
}
