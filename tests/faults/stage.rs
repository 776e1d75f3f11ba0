//! The gateway under one of its hosts, and whatever stands in the place of every case's provider.

use std::collections::HashMap;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::line::{Outcome, Provider};
use super::play::Play;
use super::untrusted::Server;
use crate::support::CREDENTIALS;
use crate::support::answers::{HI, ROLE, sound};
use crate::support::client::Answer;
use crate::support::gateway::Gateway;
use crate::support::runtime_api::RuntimeApi;
use crate::support::upstream::stream_head;
use crate::support::upstream::{Act, Gate, Script, Upstream, chunk, event, json as whole};

/// How many are played on one stage: a gateway compares each of its routes with all others.
const OF_STAGE: usize = 100;
/// How many of them at once: most of them wait.
const AT_ONCE: usize = 32;

/// Plays everything under local servers, and says by alias what was wrong.
pub(super) async fn mistakes(plays: &[Play<'_>]) -> Vec<(String, String)> {
    let stages = plays.chunks(OF_STAGE).map(|plays| mistakes_on(plays, Host::Local));
    join_all(stages).await.concat()
}

/// The same under one host.
pub(super) async fn mistakes_on(plays: &[Play<'_>], host: Host) -> Vec<(String, String)> {
    let mut stage = Stage::set(plays, host).await;
    let asking = plays.iter().map(|play| stage.ask(play));
    let answers: Vec<Answer> = stream::iter(asking).buffered(AT_ONCE).collect().await;
    let asking = plays.iter().map(|play| stage.key(play));
    let keys: Vec<Value> = stream::iter(asking).buffered(AT_ONCE).collect().await;
    let mut records = stage.records();
    let mut wrong = Vec::new();
    for ((play, answer), key) in plays.iter().zip(&answers).zip(&keys) {
        let of_play = match records.remove(&play.alias).unwrap_or_default().as_slice() {
            [record] => play.mistakes(answer, record, key),
            several => vec![format!("{} records", several.len())],
        };
        wrong.extend(of_play.into_iter().map(|mistake| (play.alias.clone(), mistake)));
    }
    wrong
}

/// Whatever listens for a case.
#[derive(Debug)]
enum Listener {
    Provider(Upstream),
    Tls(Server),
    At(String),
}

impl Listener {
    async fn of(case: &[Play<'_>]) -> Self {
        match &case[0].case.provider {
            Provider::Plays(script) => {
                let gates = case.iter().map(|play| (play.alias.clone(), play.gate.clone()));
                let gates: HashMap<String, Gate> = gates.collect();
                let is_cut = matches!(case[0].line.outcome, Outcome::Cut { .. });
                let script = script.clone();
                let answering = move |_, request: &crate::support::upstream::Received| {
                    if !is_cut {
                        return script.clone();
                    }
                    let gate = &gates[request.json()["model"].as_str().unwrap()];
                    [begun(gate), script.clone()].concat()
                };
                Self::Provider(Upstream::answering(answering).await)
            }
            Provider::Refuses => Self::Provider(Upstream::refusing().await),
            Provider::Hangs => Self::Provider(Upstream::hanging().await),
            Provider::At(url) => Self::At(url.clone()),
            Provider::SaysOnTls(bytes) => Self::Tls(Server::saying(bytes).await),
            Provider::IsUntrusted => Self::Tls(Server::untrusted().await),
        }
    }

    fn base_url(&self) -> String {
        match self {
            Self::Provider(upstream) => upstream.base_url(),
            Self::Tls(server) => server.base_url(),
            Self::At(url) => url.clone(),
        }
    }
}

/// A stream up to its first content, and a wait until the client has that.
fn begun(gate: &Gate) -> Script {
    vec![stream_head(), chunk([ROLE, HI].map(event).concat()), Act::Await(gate.clone())]
}

/// What brings the requests.
#[derive(Debug)]
pub(super) enum Host {
    /// A local server.
    Local,
    /// Lambda, for as many requests at once as are played.
    Function(RuntimeApi),
}

struct Stage {
    gateway: Gateway,
    host: Host,
    _listeners: Vec<(usize, Listener)>,
    _sound: Upstream,
    _broken: Upstream,
}

impl Stage {
    async fn set(plays: &[Play<'_>], host: Host) -> Self {
        let sound = Upstream::answering(|_, request| sound(request.json()["stream"] == true)).await;
        let broken = Upstream::always(whole(500, r#"{"error":{"message":"broken"}}"#)).await;
        let mut listeners = Vec::new();
        for of_case in plays.chunk_by(|one, other| one.of_case == other.of_case) {
            listeners.push((of_case[0].of_case, Listener::of(of_case).await));
        }
        let document = document(plays, &listeners, &sound, &broken);
        let gateway = match &host {
            Host::Local => Gateway::local(&document, &CREDENTIALS).await,
            Host::Function(api) => {
                let at_once = AT_ONCE.to_string();
                let several = [("AWS_LAMBDA_MAX_CONCURRENCY", at_once.as_str())];
                Gateway::function(api, &document, &[&CREDENTIALS[..], &several].concat())
            }
        };
        Self { gateway, host, _listeners: listeners, _sound: sound, _broken: broken }
    }

    async fn ask(&self, play: &Play<'_>) -> Answer {
        if let Host::Function(api) = &self.host {
            let id = api.invoke(&play.event());
            if matches!(play.line.outcome, Outcome::Cut { .. }) {
                api.has(&id, ":\"hi\"").await;
                play.gate.open();
            }
            return Answer::from(api.ended(&id).await);
        }
        let mut reading = self.gateway.begin(&play.request()).await;
        if matches!(play.line.outcome, Outcome::Cut { .. }) {
            reading.until(":\"hi\"").await;
            play.gate.open();
        }
        reading.answer().await
    }

    /// What the play's key says of itself.
    async fn key(&self, play: &Play<'_>) -> Value {
        match &self.host {
            Host::Local => self.gateway.key(&play.secret).await,
            Host::Function(api) => api.reply(&play.key_event()).await.json(),
        }
    }

    /// The records so far by their alias.
    fn records(&mut self) -> HashMap<String, Vec<Value>> {
        let mut records: HashMap<String, Vec<Value>> = HashMap::new();
        for line in self.gateway.out.by_now() {
            let record: Value = serde_json::from_str(line).unwrap_or_default();
            if let (true, Some(alias)) = (record["event"] == "request", record["alias"].as_str()) {
                records.entry(alias.to_owned()).or_default().push(record);
            }
        }
        records
    }
}

fn document(
    plays: &[Play<'_>],
    listeners: &[(usize, Listener)],
    sound: &Upstream,
    broken: &Upstream,
) -> Value {
    let provider = |base_url: String| {
        json!({
            "vendor": "openai-compatible",
            "base_url": base_url,
            "private_network": true,
            "api_key": "env:FIRST_API_KEY",
        })
    };
    let faulty = listeners.iter();
    let faulty = faulty.map(|(at, it)| (format!("faulty-{at}"), provider(it.base_url())));
    let others =
        [("sound", sound), ("broken", broken), ("broken-too", broken), ("sound-too", sound)];
    let others = others.map(|(name, it)| (name.to_owned(), provider(it.base_url())));
    let route = |play: &Play<'_>| {
        let faulty = format!("faulty-{}", play.of_case);
        let broken = ["broken", "broken-too"].into_iter().take(play.before());
        let sound = ["sound", "sound-too"].into_iter().take(play.behind());
        let names = broken.chain([faulty.as_str()]).chain(sound);
        let target = |provider| {
            let price = json!({ "input": 1, "output": 1 });
            json!({ "provider": provider, "model": play.alias, "price": price })
        };
        let mut targets: Vec<Value> = names.map(target).collect();
        let fallback = targets.split_off(1);
        json!({
            "match": play.alias,
            "targets": targets,
            "fallback": fallback,
            "timeouts": play.case.timeouts,
        })
    };
    let key = |play: &Play<'_>| {
        let limits = json!({ "in_flight": 3, "usd_total": 1 });
        json!({ "name": play.alias, "secret": play.secret, "limits": limits })
    };
    json!({
        "providers": faulty.chain(others).collect::<serde_json::Map<_, _>>(),
        "routes": plays.iter().map(route).collect::<Vec<_>>(),
        "keys": plays.iter().map(key).collect::<Vec<_>>(),
    })
}
