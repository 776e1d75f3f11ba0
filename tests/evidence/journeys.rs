//! Rows of requests that meet more than one target, or lose their client.

use serde_json::json;

use super::row::Ask::{Chat, StreamedChat};
use super::row::Charge::{Exact, Kept, Unbilled};
use super::row::{Leaves, Row};
use crate::support::answers::{DONE, HI, ROLE, STOP, USAGE, sound};
use crate::support::upstream::{Act, Gate, Script, chunk, event, json as whole, last_chunk};
use crate::support::upstream::{stream, stream_head};

const ANSWERED: super::row::Charge = Exact(5, 2, 9_000);

pub(super) fn fallbacks() -> Vec<Row> {
    let hung_up = || vec![Act::Close];
    let cut = || vec![stream_head(), chunk(event(ROLE)), Act::Close];
    let error = || whole(500, "{}");
    let two = "the first may be billed and keeps its hold; the second has one of its own";
    let one = "the first is not billed: its hold serves the second";
    vec![
        Row::new("lost-then-answered", Chat, hung_up())
            .then(sound(false))
            .charged(&[Kept, ANSWERED], two),
        Row::new("cut-then-answered", StreamedChat, cut())
            .then(sound(true))
            .charged(&[Kept, ANSWERED], two),
        Row::new("no-first-token-then-answered", StreamedChat, vec![stream_head(), Act::Stall])
            .then(sound(true))
            .timeouts(json!({ "first_token_ms": 300 }))
            .charged(&[Kept, ANSWERED], two),
        Row::new("error-inside-then-answered", Chat, whole(200, r#"{"error":{"message":"no"}}"#))
            .then(sound(false))
            .charged(&[Kept, ANSWERED], two),
        Row::new("lost-then-without-usage", StreamedChat, hung_up())
            .then(stream(&[ROLE, HI, STOP, DONE]))
            .charged(&[Kept, Kept], "neither says how much"),
        Row::new("lost-then-refused", Chat, hung_up())
            .then(error())
            .status(502)
            .charged(&[Kept, Unbilled], "only the first may be billed"),
        Row::new("lost-twice", Chat, hung_up())
            .then(hung_up())
            .status(502)
            .charged(&[Kept, Kept], "both may be billed"),
        Row::new("refused-then-answered", Chat, error()).then(sound(false)).exact(5, 2, one),
        Row::new("refused-then-streamed", StreamedChat, error()).then(sound(true)).exact(5, 2, one),
        Row::new("unreachable-then-answered", Chat, vec![])
            .unreachable_at_first()
            .then(sound(false))
            .exact(5, 2, one),
        Row::new("refused-then-lost", Chat, error())
            .then(hung_up())
            .status(502)
            .kept("only the second may be billed, with the hold of both"),
        Row::new("refused-twice", Chat, error())
            .then(error())
            .status(502)
            .unbilled("neither is billed"),
        Row::new("refused-then-cut", StreamedChat, error())
            .then(vec![stream_head(), chunk([ROLE, HI].map(event).concat()), Act::Close])
            .kept("what broke off is not complete"),
    ]
}

/// What a provider says once the gate is open.
fn later(gate: &Gate, script: Script) -> Script {
    [Act::Await(gate.clone())].into_iter().chain(script).collect()
}

pub(super) fn clients_that_leave() -> Vec<Row> {
    let (plain, streamed) = (Gate::closed(), Gate::closed());
    let begun = || vec![stream_head(), chunk([ROLE, HI].map(event).concat())];
    let on = [STOP, USAGE, DONE].map(event).concat();
    let goes_on = [begun(), vec![Act::Stall]].concat();
    let at_once = vec![stream_head(), chunk([ROLE, HI].map(event).concat() + &on), last_chunk()];
    let unread = "what came of it was not read to its end";
    vec![
        Row::new("leaves-before-the-answer", Chat, later(&plain, sound(false)))
            .leaves(Leaves::BeforeTheAnswer(plain))
            .exact(5, 2, "the whole answer came, if to nobody"),
        Row::new("leaves-before-the-stream", StreamedChat, later(&streamed, at_once))
            .leaves(Leaves::BeforeTheAnswer(streamed))
            .kept(unread),
        Row::new("leaves-after-content", StreamedChat, goes_on)
            .leaves(Leaves::After(HI))
            .kept(unread),
    ]
}
