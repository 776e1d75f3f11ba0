//! A server of TLS whose certificate nobody has signed, and servers of something else where TLS is
//! expected.

use std::net::SocketAddr;
use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rustls::crypto::ring::{default_provider, sign::any_ecdsa_type};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConnection};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Another host's, signed by nobody but itself.
const CERTIFICATE: &[u8] = include_bytes!("../fixtures/untrusted.pem");

/// A server on a port of its own.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Server {
    /// Says these bytes, whatever it is sent.
    pub(super) async fn saying(bytes: &'static [u8]) -> Self {
        Self::of(move |mut stream: TcpStream| async move {
            let mut greeting = [0; 1 << 10];
            let _ = stream.read(&mut greeting).await;
            let _ = stream.write_all(bytes).await;
            // The other side closes first, so that nothing that it has not read is lost.
            while matches!(stream.read(&mut greeting).await, Ok(1..)) {}
        })
        .await
    }

    /// Shakes hands with a certificate that nobody trusts.
    pub(super) async fn untrusted() -> Self {
        let config = Arc::new(config());
        Self::of(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            shake_hands(stream, connection)
        })
        .await
    }

    async fn of<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream));
            }
        });
        Self { address, _serving: serving }
    }

    pub(super) fn base_url(&self) -> String {
        format!("https://{}/v1", self.address)
    }
}

/// Until one side has had enough.
async fn shake_hands(mut stream: TcpStream, mut connection: ServerConnection) {
    let mut read = vec![];
    while matches!(stream.read_buf(&mut read).await, Ok(1..)) {
        let mut unread = read.as_slice();
        while !unread.is_empty() {
            connection.read_tls(&mut unread).unwrap();
        }
        read.clear();
        let is_well = connection.process_new_packets().is_ok();
        let mut written = vec![];
        while connection.wants_write() {
            connection.write_tls(&mut written).unwrap();
        }
        if stream.write_all(&written).await.is_err() || !is_well {
            return;
        }
    }
}

fn config() -> ServerConfig {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
    let key = PrivateKeyDer::Pkcs8(key.unwrap().as_ref().to_vec().into());
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    // The key is not the certificate's: nobody who looks at the certificate comes to that.
    let certified = CertifiedKey::new(vec![certificate], any_ecdsa_type(&key).unwrap());
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(Arc::new(certified))))
}

/// The same certificate for everybody.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
