//! Tollgate: an AI gateway that is one stateless function.
//!
//! A request comes in at a Lambda Function URL (or at a local server), shows a virtual key, and asks
//! for a model by a name that the gateway's operator chose. One write authenticates the key and
//! reserves the most that the request can cost; the name picks a route; the route's targets are
//! tried in order until one answers; the answer streams back; one write settles what was really
//! used.
//!
//! # The rooms, in the order in which a request meets them
//!
//! | room | what it is for |
//! |---|---|
//! | [`ingress`] | hosts that bring requests, endpoints, limits on a body, answers |
//! | [`gateway`] | the flow: the only room that sees both those that decide and those that act |
//! | [`keys`] | a key as it is presented, and the caller that it stands for once it is admitted |
//! | [`dialect`] | wire formats: reads a client's request, encodes it for a target, decodes answers |
//! | [`config`] | from the document that people write to routes and providers |
//! | [`quota`] | limits, windows, the bound, holds, settlement: pure arithmetic |
//! | [`decision`] | what is decided between reading a request and sending it, a function a decision |
//! | [`explain`] | the same decisions told instead of done |
//! | [`store`] | one write before the call, one after it; in DynamoDB or in memory |
//! | [`routing`] | from an alias to the plan: the ordered targets of one request |
//! | [`upstream`] | the only HTTP client: one attempt at one target, and the mock |
//! | [`relay`] | from a provider's first byte to the end of the client's answer |
//! | [`record`] | one wide event for each request: log line and metrics in one |
//! | [`ctl`] | what `tollgatectl` does |
//!
//! Two kinds of error cross these rooms: a [`refusal`] is what a client is told, a [`failure`] is
//! what the attempt loop branches on.
//!
//! # A streamed chat request, step by step
//!
//! 1. A host ([`ingress::lambda`] or [`ingress::local`]) makes a [`ingress::Request`] of what came,
//!    and gives it to the [`gateway::Gateway`].
//! 2. The path names the [`ingress::Endpoint`]; the headers hold a [`keys::Presented`] key, whose
//!    checksum is checked; the body is checked for size and depth and read as a [`dialect::Call`] of
//!    the client's dialect, which knows the alias and leaves all else as bytes.
//! 3. The alias finds a [`routing::Route`]. The most that the request can cost at any of its targets
//!    is its [`quota::Demand`].
//! 4. [`store::Store::admit`] takes the demand from all of the key's limits in one conditional write
//!    and returns a [`keys::Caller`] and a [`quota::Hold`]. While it is under way, what the first
//!    target will probably get is made ready; nothing of it is sent before the grant.
//! 5. The route, a draw and the targets' health make a [`routing::Plan`], and a [`routing::Course`]
//!    through it.
//! 6. Each target in turn gets an [`upstream::Outgoing`] request: the client's own bytes where it
//!    speaks the same dialect, and else a translation ([`dialect::Encoded`]). What it answers is held
//!    by [`relay::commit`] until the first content; until then a [`failure::Failure`] leads to the
//!    next target. Beside them a route's mirror may get a copy, under a hold of its own.
//! 7. The committed answer becomes a [`relay::Body`], which forwards the provider's events as they
//!    came, or as the [`dialect::Reading`] tells them anew, to an explicit end.
//! 8. Before the body ends, the hold is settled by the [`quota::Evidence`] that the answer gave, and
//!    the [`record::Record`] is written. Nothing is left to do after the last byte: the platform may
//!    freeze the process there.

pub mod clock;
pub mod config;
pub mod ctl;
pub mod decision;
pub mod dialect;
pub mod explain;
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
