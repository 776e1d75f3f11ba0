//! TLS for servers of the benchmark, trusted by the real binary: the binary knows only the roots
//! that are compiled in, and no setting adds one. So a copy of it gets another public key in the
//! place of one root's, of the same length: not an instruction differs.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, TrustAnchor};
use tokio_rustls::TlsAcceptor;

/// `AlgorithmIdentifier` of a key on P-256.
const P256: [u8; 21] = [
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07,
];

/// `AlgorithmIdentifier` of ECDSA with SHA-256.
const ECDSA_SHA256: [u8; 12] =
    [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

const SUBJECT_ALT_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x11];

/// The root whose place the benchmark takes, and a server under it.
pub(crate) struct Tls {
    root: &'static TrustAnchor<'static>,
    /// The benchmark's own key in the root's place.
    key_info: Vec<u8>,
    pub(crate) acceptor: TlsAcceptor,
}

impl Tls {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let is_p256 = |root: &&TrustAnchor<'_>| root.subject_public_key_info.starts_with(&P256);
        let root = webpki_roots::TLS_SERVER_ROOTS.iter().find(is_p256);
        let root = root.context("no compiled-in root has a key on P-256")?;
        let (authority, _) = key_pair()?;
        let (server, pkcs8) = key_pair()?;
        let certificate = certificate(root, &authority, &server)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], PrivateKeyDer::Pkcs8(pkcs8))?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { root, key_info: key_info(&authority), acceptor })
    }

    /// Writes a copy of a program that trusts the benchmark's servers.
    pub(crate) fn trusting_copy(&self, program: &Path, copy: &Path) -> anyhow::Result<()> {
        let mut bytes = std::fs::read(program)?;
        let known = self.root.subject_public_key_info.as_ref();
        let places: Vec<usize> = memchr::memmem::find_iter(&bytes, known).collect();
        ensure!(places.len() == 1, "{} has the root {} times", program.display(), places.len());
        bytes[places[0]..][..known.len()].copy_from_slice(&self.key_info);
        std::fs::write(copy, bytes)?;
        std::fs::set_permissions(copy, std::fs::metadata(program)?.permissions())?;
        Ok(())
    }
}

fn key_pair() -> anyhow::Result<(EcdsaKeyPair, PrivatePkcs8KeyDer<'static>)> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random)
        .map_err(|_| anyhow::anyhow!("no randomness"))?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random)
        .map_err(|error| anyhow::anyhow!("no key: {error}"))?;
    Ok((pair, pkcs8.as_ref().to_vec().into()))
}

/// A `SubjectPublicKeyInfo` without its outermost header, as trust anchors are kept.
fn key_info(key: &EcdsaKeyPair) -> Vec<u8> {
    [&P256[..], &der(0x03, &[&[0], key.public_key().as_ref()].concat())].concat()
}

/// A certificate of 127.0.0.1 in the name of the root.
fn certificate(
    root: &TrustAnchor<'_>,
    authority: &EcdsaKeyPair,
    server: &EcdsaKeyPair,
) -> anyhow::Result<Vec<u8>> {
    let names = der(0x30, &der(0x87, &[127, 0, 0, 1]));
    let extension = der(0x30, &[&SUBJECT_ALT_NAME[..], &der(0x04, &names)].concat());
    let validity = [der(0x17, b"250101000000Z"), der(0x17, b"491231235959Z")].concat();
    let signed = [
        der(0xa0, &der(0x02, &[2])),
        der(0x02, &[1]),
        ECDSA_SHA256.to_vec(),
        der(0x30, &root.subject),
        der(0x30, &validity),
        der(0x30, &[]),
        der(0x30, &key_info(server)),
        der(0xa3, &der(0x30, &extension)),
    ];
    let signed = der(0x30, &signed.concat());
    let signature = authority.sign(&SystemRandom::new(), &signed);
    let signature = signature.map_err(|_| anyhow::anyhow!("no signature"))?;
    let signature = der(0x03, &[&[0], signature.as_ref()].concat());
    Ok(der(0x30, &[&signed[..], &ECDSA_SHA256, &signature].concat()))
}

/// A value with its tag and length.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = match u8::try_from(value.len()) {
        Ok(short @ ..=127) => vec![short],
        Ok(long) => vec![0x81, long],
        Err(_) => {
            let [high, low] = u16::try_from(value.len()).expect("a short value").to_be_bytes();
            vec![0x82, high, low]
        }
    };
    [&[tag][..], &length, value].concat()
}
