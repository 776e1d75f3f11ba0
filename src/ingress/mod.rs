//! Ingress: the hosts that bring requests (Lambda, a local server), what a request may look like,
//! and which endpoint it is for.

mod answer;
mod endpoint;
mod entry;
pub mod lambda;
mod limit_headers;
pub mod local;
mod request;
mod runtime_api;

pub use answer::{Answer, finish, json, preflight, refused, with_headers};
pub use endpoint::Endpoint;
pub use entry::Entry;
pub use limit_headers::{limit_headers, tightest_headers};
pub use request::{MOST_BODY_BYTES, Request, accept_body, timeout, wants_explanation, wants_trail};
