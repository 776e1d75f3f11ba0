//! Tollgate: an AI gateway that is one stateless function.
pub mod clock;
pub mod config;
pub mod dialect;
pub mod failure;
pub mod gateway;
pub mod ingress;
pub mod keys;
pub mod quota;
pub mod record;
pub mod refusal;
pub mod relay;
pub mod routing;
pub mod settings;
pub mod store;
pub mod upstream;
