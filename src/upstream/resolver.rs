//! Name resolution that leaves out addresses of private networks, so that a public name that points
//! into one (at this machine's own runtime interface, say) leads nowhere.

use std::io;
use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config::is_private;

/// The system's resolver without private addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> =
                found.iter().filter(|address| !is_private(address.ip())).copied().collect();
            if public.is_empty() && !found.is_empty() {
                let name = name.as_str();
                let why = format!("{name} resolves to addresses of a private network only");
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, why).into());
            }
            let public: Addrs = Box::new(public.into_iter());
            Ok(public)
        })
    }
}
