//! What every request to a provider carries, and how it shows whose it is.

use http::header::{AUTHORIZATION, CONTENT_TYPE};

use super::Provider;
use crate::dialect::Auth;
use crate::keys::Secret;

/// How a request shows whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof<'a> {
    /// Not at all.
    None,
    /// By a header with the credential.
    Header {
        /// Its name, in lower case.
        name: &'a str,
        /// What stands before the credential.
        scheme: &'static str,
        /// The credential.
        secret: &'a Secret,
    },
    /// By a signature of AWS, for the region, with the function's own role.
    Signature {
        /// The region.
        region: &'a str,
    },
}

impl Provider {
    /// The headers of a request that has these of its own, but for its credential; later ones
    /// replace earlier ones.
    pub fn headers<'a>(
        request_id: &'a str,
        own: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Vec<(&'a str, &'a str)> {
        let mut headers = vec![
            (CONTENT_TYPE.as_str(), "application/json"),
            // So that a provider's log can be matched with the gateway's.
            ("x-client-request-id", request_id),
        ];
        for (name, value) in own {
            headers.retain(|(known, _)| *known != name);
            headers.push((name, value));
        }
        headers
    }

    /// How a request with this credential, if there is one, shows whose it is.
    pub fn proof<'a>(&'a self, secret: Option<&'a Secret>) -> Proof<'a> {
        match (&self.auth, secret) {
            (Auth::Aws, None) => {
                Proof::Signature { region: self.region.as_deref().unwrap_or_default() }
            }
            (_, None) => Proof::None,
            (Auth::Header(name), Some(secret)) => Proof::Header { name, scheme: "", secret },
            (Auth::Bearer | Auth::Aws, Some(secret)) => {
                Proof::Header { name: AUTHORIZATION.as_str(), scheme: "Bearer ", secret }
            }
        }
    }
}
