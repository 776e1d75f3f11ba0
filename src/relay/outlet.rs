//! The way of bytes to the client.

use bytes::Bytes;
use tokio::sync::mpsc;

/// Sends bytes to the client; waits while the client is slow.
#[derive(Debug)]
pub(super) struct Outlet(pub(super) mpsc::Sender<Bytes>);

/// The client does not read any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClientGone;

impl Outlet {
    pub(super) async fn send(&self, bytes: Bytes) -> Result<(), ClientGone> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.0.send(bytes).await.map_err(|_| ClientGone)
    }

    /// Waits until the client does not read any more.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }

    /// Sends several pieces as one, so that they leave together.
    pub(super) async fn send_all(&self, mut pieces: Vec<Bytes>) -> Result<(), ClientGone> {
        match pieces.len() {
            0 => Ok(()),
            1 => self.send(pieces.pop().unwrap_or_default()).await,
            _ => self.send(pieces.concat().into()).await,
        }
    }
}
