//! A connection that is opened before it is known whether there will be a request for it.
//!
//! The HTTP client connects only for a request. So a client that nobody else has begins one that is
//! never written: its connection is taken from the connector before the client gets it, and given to
//! the first request that is sent.

use std::any::Any;
use std::fmt;
use std::future::{pending, ready};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::Method;
use reqwest::{Client, Request, Url};
use tokio::sync::oneshot;
use tower_layer::Layer;
use tower_service::Service;

/// The client's own type for a connection has no name.
type Connection = Box<dyn Any + Send>;

/// What stands between a client and its connector, for the first of its connections.
#[derive(Clone, Default)]
pub(super) struct Keeper(Arc<Mutex<Kept>>);

#[derive(Default)]
enum Kept {
    /// The next connection goes there, and not to the client.
    Wanted(oneshot::Sender<Connection>),
    /// The next connection is this one.
    Here(Connection),
    /// Connections go their usual way.
    #[default]
    Nothing,
}

impl Keeper {
    /// Opens a connection to where a URL leads, and keeps it for the next request of `client`, whose
    /// connector this keeper must be around, and which must not have been used. Nothing is written
    /// to it but the TLS handshake. The next request must go to the same place.
    ///
    /// # Errors
    /// As the client's: the connection could not be opened.
    pub(super) async fn open(&self, client: &Client, url: Url) -> reqwest::Result<()> {
        let (sender, connection) = oneshot::channel();
        self.put(Kept::Wanted(sender));
        tokio::select! {
            never = client.execute(Request::new(Method::POST, url)) => never.map(drop),
            Ok(connection) = connection => {
                self.put(Kept::Here(connection));
                Ok(())
            }
        }
    }

    fn put(&self, kept: Kept) -> Kept {
        // What is kept is whole whenever it is replaced.
        mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), kept)
    }
}

impl<C> Layer<C> for Keeper {
    type Service = Keeping<C>;

    fn layer(&self, connector: C) -> Keeping<C> {
        Keeping { connector, keeper: self.clone() }
    }
}

/// A connector with a keeper around it.
#[derive(Clone)]
pub(super) struct Keeping<C> {
    connector: C,
    keeper: Keeper,
}

impl<C, Uri> Service<Uri> for Keeping<C>
where
    C: Service<Uri, Future: Send + 'static, Response: Send + 'static, Error: Send + 'static>,
{
    type Response = C::Response;
    type Error = C::Error;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, C::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self.keeper.put(Kept::Nothing) {
            Kept::Here(connection) => match connection.downcast::<C::Response>() {
                Ok(connection) => Box::pin(ready(Ok(*connection))),
                Err(_) => Box::pin(self.connector.call(uri)),
            },
            Kept::Wanted(sender) => {
                let connecting = self.connector.call(uri);
                Box::pin(async move {
                    // Nobody waits for it any more when it cannot be sent.
                    let _ = sender.send(Box::new(connecting.await?));
                    pending().await
                })
            }
            Kept::Nothing => Box::pin(self.connector.call(uri)),
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}
