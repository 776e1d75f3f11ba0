//! The local host: a plain HTTP server on this machine, for trying things out.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Answer, Entry, MOST_BODY_BYTES, Request, finish, refused};
use crate::refusal::Refusal;

/// How long running requests get to end once the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// How long to wait when no connection can be taken.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until `stop` is ready, then lets running requests end. What is done `beside`
/// them, for all together, ends with the stop.
pub async fn serve<E: Entry>(
    entry: Arc<E>,
    listener: TcpListener,
    new_id: fn() -> String,
    beside: impl Future<Output = ()> + Send + 'static,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    // A task like theirs: it has its turn when they have had theirs.
    let beside = connections.spawn(beside);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Takes the ended ones out of the set.
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, or the client was gone before it was taken: neither is the
                // end of the server.
                tracing::warn!(%error, "a connection was not taken");
                sleep(PAUSE).await;
                continue;
            }
        };
        // A small answer must not wait for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        connections.spawn(connection(Arc::clone(&entry), stream, new_id, stopped.clone()));
    }
    // New clients are turned away at once; those that are here get to end.
    drop((listener, stopping));
    beside.abort();
    let _ = timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
}

async fn connection<E: Entry>(
    entry: Arc<E>,
    stream: TcpStream,
    new_id: fn() -> String,
    mut stopped: watch::Receiver<()>,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let entry = Arc::clone(&entry);
        async move {
            let request = read(request, new_id()).await;
            Ok::<Answer, Infallible>(answer(entry, request).await)
        }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service)
    );
    let served = tokio::select! {
        served = connection.as_mut() => served,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        // Clients go away all the time.
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer<E: Entry>(entry: Arc<E>, request: Request) -> Answer {
    let (id, client) = (request.id.clone(), request.dialect());
    // Boxed: it is 5 KB, and would be moved from place to place. It begins where it stays.
    let place = Box::new_uninit();
    let answering = Box::write(place, AssertUnwindSafe(entry.answer(request)).catch_unwind());
    let answer = Answering(Some(Box::into_pin(answering))).await;
    answer.unwrap_or_else(|_| finish(refused(&Refusal::Internal, client, &id), client, &id))
}

/// A request that is being answered. When the client goes away before the answer has begun, the
/// server drops the connection and this with it, and the request must still come to its end and be
/// settled: then that is a task of its own.
struct Answering<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send> + Send> Future for Answering<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(answering) = self.0.as_mut() else { return Poll::Pending };
        let polled = answering.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<F: Future<Output: Send> + Send> Drop for Answering<F> {
    fn drop(&mut self) {
        let Some(answering) = self.0.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            #[expect(clippy::disallowed_methods, reason = "nothing is frozen on this machine")]
            runtime.spawn(answering);
        }
    }
}

async fn read(request: hyper::Request<Incoming>, id: String) -> Request {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MOST_BODY_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Refusal::BodyTooLarge { limit_bytes: MOST_BODY_BYTES })
        }
        Err(_) => Err(Refusal::InvalidBody { message: "The body broke off.".to_owned() }),
    };
    Request {
        method: head.method,
        raw_path: head.uri.path().to_owned(),
        headers: head.headers,
        body,
        id,
        deadline: None,
    }
}
