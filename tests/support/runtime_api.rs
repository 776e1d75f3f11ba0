//! Lambda's Runtime API: hands out events and takes the answers, as Lambda does. It answers the
//! post of an answer when the answer's body has ended, and not before.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::soon;
use super::upstream::response;
use super::wire::{Head, Wire, message};

/// What happened, in the order in which it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The function took the event with this id.
    Taken(String),
    /// The body of the answer to this event has ended.
    Ended(String),
    /// The function said that it failed with this event.
    Failed(String, String),
}

/// An answer as the function posted it, so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posted {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

/// What a client of the Function URL would get.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The id of its event.
    pub(crate) id: String,
    pub(crate) status: u64,
    pub(crate) headers: Value,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
struct State {
    invocations: u32,
    polls: u32,
    hangs_up_at: Option<u32>,
    events: VecDeque<Event>,
    happenings: Vec<Happening>,
    posted: Vec<(String, Posted)>,
    /// The text in an answer at which its connection ends.
    ends_at: Option<String>,
}

#[derive(Debug)]
struct Event {
    id: String,
    deadline_ms: u64,
    body: String,
}

/// A Runtime API on a port of its own.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    _serving: JoinSet<()>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(watch::Sender::new(State::default()));
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, _serving: serving }
    }

    /// Closes the connection on which the function asks for an event this often, the first being 1.
    pub(crate) fn hang_up_at_poll(&self, poll: u32) {
        self.state.send_modify(|state| state.hangs_up_at = Some(poll));
    }

    /// Puts an event up for the function, which has a minute for it; gives its id.
    pub(crate) fn invoke(&self, event: &Value) -> String {
        self.invoke_until(event, in_ms(60_000))
    }

    /// Puts an event up for the function, with a deadline in milliseconds since 1970.
    pub(crate) fn invoke_until(&self, event: &Value, deadline_ms: u64) -> String {
        let mut id = String::new();
        self.state.send_modify(|state| {
            state.invocations += 1;
            id = format!("invocation-{}", state.invocations);
            let event = Event { id: id.clone(), deadline_ms, body: event.to_string() };
            state.events.push_back(event);
        });
        id
    }

    /// Puts an event up and waits for the end of its answer.
    pub(crate) async fn reply(&self, event: &Value) -> Reply {
        self.ended(&self.invoke(event)).await
    }

    /// Waits for the end of an answer.
    pub(crate) async fn ended(&self, id: &str) -> Reply {
        let ended = Happening::Ended(id.to_owned());
        let posted = self
            .until(&format!("the end of {id}"), |state| {
                let failed = |happening: &&Happening| matches!(happening, Happening::Failed(..));
                if let Some(failed) = state.happenings.iter().find(failed) {
                    panic!("the function reports an error: {failed:?}");
                }
                state.happenings.contains(&ended).then(|| state.of(id).cloned()).flatten()
            })
            .await;
        Reply::read(id, &posted)
    }

    /// Waits until the answer to an event holds this text.
    pub(crate) async fn has(&self, id: &str, text: &str) {
        self.until(&format!("{text:?} in {id}"), |state| {
            let posted = state.of(id)?;
            String::from_utf8_lossy(&posted.body).contains(text).then_some(())
        })
        .await;
    }

    /// Ends the connection of the next answer that holds this text.
    pub(crate) fn hang_up_at(&self, text: &str) {
        self.state.send_modify(|state| state.ends_at = Some(text.to_owned()));
    }

    /// What happened so far.
    pub(crate) fn happenings(&self) -> Vec<Happening> {
        self.state.borrow().happenings.clone()
    }

    async fn until<T>(&self, what: &str, mut found: impl FnMut(&State) -> Option<T>) -> T {
        let mut receiver = self.state.subscribe();
        let mut value = None;
        soon(
            what,
            receiver.wait_for(|state| {
                value = found(state);
                value.is_some()
            }),
        )
        .await
        .unwrap();
        value.unwrap()
    }
}

/// So many milliseconds from now, in milliseconds since 1970: deadlines are in wall-clock time.
#[expect(clippy::disallowed_methods, reason = "the Runtime API's deadlines are wall-clock time")]
pub(crate) fn in_ms(ms: u64) -> u64 {
    let at = SystemTime::now() + Duration::from_millis(ms);
    at.duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

impl State {
    fn of(&self, id: &str) -> Option<&Posted> {
        self.posted.iter().find(|(known, _)| known == id).map(|(_, posted)| posted)
    }
}

impl Reply {
    /// Reads what Lambda reads: a prelude, eight zero bytes and the body, or one JSON document.
    pub(crate) fn read(id: &str, posted: &Posted) -> Self {
        if posted.head.header("lambda-runtime-function-response-mode").is_none() {
            let event: Value = serde_json::from_slice(&posted.body).expect("an answer of JSON");
            assert_eq!(event["isBase64Encoded"], false);
            let body = event["body"].as_str().expect("a body").to_owned();
            return Self::of(id, &event, body);
        }
        let kind = posted.head.header("content-type");
        assert_eq!(kind, Some("application/vnd.awslambda.http-integration-response"));
        let zeros = posted.body.windows(8).position(|window| window == [0; 8]);
        let (prelude, rest) = posted.body.split_at(zeros.expect("eight zero bytes"));
        let prelude: Value = serde_json::from_slice(prelude).expect("a prelude of JSON");
        let body = String::from_utf8(rest[8..].to_vec()).expect("a body in UTF-8");
        Self::of(id, &prelude, body)
    }

    fn of(id: &str, head: &Value, body: String) -> Self {
        let status = head["statusCode"].as_u64().expect("a status");
        assert!(!body.is_empty(), "an empty body leaves a Function URL's client waiting");
        Self { id: id.to_owned(), status, headers: head["headers"].clone(), body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers[name].as_str()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }
}

async fn accept(listener: TcpListener, state: Arc<watch::Sender<State>>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(serve(stream, Arc::clone(&state)));
    }
}

async fn serve(stream: TcpStream, state: Arc<watch::Sender<State>>) {
    let mut wire = Wire::new(stream);
    while let Ok(Some(head)) = wire.request().await {
        let path = head.second_word().strip_prefix("/2018-06-01/runtime/");
        let path: Vec<&str> = path.expect("a path of the API").split('/').collect();
        let answered = match path[..] {
            ["invocation", "next"] => next(&mut wire, &state).await,
            ["invocation", id, "response"] => take(&mut wire, &state, id, head.clone()).await,
            ["invocation", id, "error"] => {
                let why = wire.rest().await.unwrap_or_default();
                let why = String::from_utf8_lossy(&why).into_owned();
                let failed = Happening::Failed(id.to_owned(), why);
                state.send_modify(|state| state.happenings.push(failed));
                accepted(&mut wire).await
            }
            _ => panic!("the function asks for {}", head.line),
        };
        if answered.is_err() {
            return;
        }
    }
}

/// Waits for an event, and hands it out.
async fn next(wire: &mut Wire, state: &watch::Sender<State>) -> std::io::Result<()> {
    let mut receiver = state.subscribe();
    state.send_modify(|state| state.polls += 1);
    let hangs_up = |state: &State| state.hangs_up_at == Some(state.polls);
    if hangs_up(&state.borrow()) {
        return Err(std::io::ErrorKind::ConnectionAborted.into());
    }
    let event = loop {
        let mut event = None;
        state.send_if_modified(|state| {
            event = state.events.pop_front();
            let taken = event.iter().map(|event| Happening::Taken(event.id.clone()));
            state.happenings.extend(taken);
            event.is_some()
        });
        if let Some(event) = event {
            break event;
        }
        let waiting = receiver.wait_for(|state| !state.events.is_empty()).await;
        waiting.map_err(std::io::Error::other)?;
    };
    let Event { id, deadline_ms, body } = event;
    let headers = [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", &deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:0:function:tollgate"),
        ("lambda-runtime-trace-id", "Root=1-0-0"),
    ];
    wire.send(&message("HTTP/1.1 200 OK", headers.into_iter(), body.as_bytes())).await
}

/// Takes an answer as it comes.
async fn take(
    wire: &mut Wire,
    state: &watch::Sender<State>,
    id: &str,
    head: Head,
) -> std::io::Result<()> {
    let posted = Posted { head, body: vec![] };
    state.send_modify(|state| state.posted.push((id.to_owned(), posted)));
    while let Some(piece) = wire.piece().await? {
        let mut is_over = false;
        state.send_modify(|state| {
            let posted = state.posted.iter_mut().find(|(known, _)| known == id);
            let body = &mut posted.expect("it was put there").1.body;
            body.extend(piece);
            let holds = |text: &mut String| String::from_utf8_lossy(body).contains(text.as_str());
            is_over = state.ends_at.take_if(holds).is_some();
        });
        if is_over {
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
    }
    state.send_modify(|state| state.happenings.push(Happening::Ended(id.to_owned())));
    accepted(wire).await
}

async fn accepted(wire: &mut Wire) -> std::io::Result<()> {
    wire.send(&response(202, "application/json", "{}")).await
}
