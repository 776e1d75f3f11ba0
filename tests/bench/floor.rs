//! The floor: the least that a function that streams a provider's answer can be, on the crates that
//! Tollgate is built on. No keys, no limits, no routes, no errors, no records. What Tollgate costs
//! beyond it is Tollgate's.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn as http_service;
use hyper_util::rt::TokioIo;
use lambda_http::lambda_runtime::{
    FunctionResponse, LambdaEvent, MetadataPrelude, Runtime, StreamResponse, service_fn,
};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tollgate::settings::variable;

#[derive(serde::Deserialize)]
struct Event {
    body: String,
}

type Answer = std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<Bytes>> + Send>>;

fn main() -> anyhow::Result<()> {
    let mut runtime = match variable("AWS_LAMBDA_MAX_CONCURRENCY") {
        None => tokio::runtime::Builder::new_current_thread(),
        Some(_) => tokio::runtime::Builder::new_multi_thread(),
    };
    let provider = Arc::new(Provider::new()?);
    runtime.enable_all().build()?.block_on(async {
        if variable("AWS_LAMBDA_RUNTIME_API").is_none() {
            return serve(provider).await;
        }
        let service = service_fn(move |event: LambdaEvent<Event>| {
            let provider = Arc::clone(&provider);
            async move {
                let answer = provider.ask(event.payload.body).await?;
                let metadata_prelude = MetadataPrelude {
                    status_code: answer.status(),
                    headers: content_type(&answer),
                    cookies: vec![],
                };
                let stream: Answer = answer.bytes_stream().boxed();
                let answer = StreamResponse { metadata_prelude, stream };
                Ok::<_, lambda_http::Error>(FunctionResponse::<(), _>::StreamingResponse(answer))
            }
        });
        Runtime::new(service).run_concurrent().await.map_err(anyhow::Error::from_boxed)
    })
}

async fn serve(provider: Arc<Provider>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(variable("TOLLGATE_LISTEN").unwrap_or_default()).await?;
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let provider = Arc::clone(&provider);
        let service = http_service(move |request: hyper::Request<Incoming>| {
            let provider = Arc::clone(&provider);
            async move {
                let body = request.into_body().collect().await.map_err(anyhow::Error::from)?;
                let answer = provider.ask(body.to_bytes()).await?;
                let (status, headers) = (answer.status(), content_type(&answer));
                let frames = answer.bytes_stream().map_ok(Frame::data);
                let mut answer = hyper::Response::new(StreamBody::new(frames));
                *answer.status_mut() = status;
                *answer.headers_mut() = headers;
                Ok::<_, anyhow::Error>(answer)
            }
        });
        connections.spawn(async move {
            let stream = TokioIo::new(stream);
            // Clients go away all the time.
            let _ =
                hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
            Ok::<(), Infallible>(())
        });
    }
}

struct Provider {
    client: reqwest::Client,
    url: String,
}

impl Provider {
    #[expect(clippy::disallowed_methods, reason = "this is not Tollgate")]
    fn new() -> anyhow::Result<Self> {
        let tls = Arc::new(rustls::crypto::ring::default_provider());
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = ClientConfig::builder_with_provider(tls)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { client, url: variable("FLOOR_PROVIDER").unwrap_or_default() })
    }

    async fn ask(&self, body: impl Into<reqwest::Body>) -> reqwest::Result<reqwest::Response> {
        let request = self.client.post(&self.url).header("content-type", "application/json");
        request.body(body).send().await
    }
}

fn content_type(answer: &reqwest::Response) -> http::HeaderMap {
    let value = answer.headers().get(http::header::CONTENT_TYPE).cloned();
    value.into_iter().map(|value| (http::header::CONTENT_TYPE, value)).collect()
}
