//! One round: a key, a provider, a function of several environments, and clients.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tollgate::clock::Clock;

use super::accounts::{Amounts, Complaint, Counter, Held, Limits, audit, no_complaint};
use super::dice::Dice;
use super::function::{AT_ONCE, Environment, Log, Queue};
use super::orders::Order;
use super::provider::Provider;
use super::table::{Key, Table};
use super::tally::{Got, Tally};
use crate::support::client::{Request, begin};
use crate::support::runtime_api::Reply;
use crate::support::soon;

pub(super) const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;
/// No race takes longer than that.
const LONGEST_MS: u64 = 90_000;

/// How many processes the function has.
const ENVIRONMENTS: usize = 3;
/// Every so many requests, one goes to the process that serves its callers itself.
const LOCAL: u64 = 5;

/// Who fails on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Faults {
    None,
    /// The provider breaks some answers off, or does not say what they cost.
    Provider,
    /// Besides, some clients do not wait for their answers.
    Everybody,
}

/// What a round is made of.
pub(super) struct Round<'a> {
    pub(super) seed: u64,
    pub(super) key: Key,
    pub(super) provider: Provider,
    pub(super) log: Arc<Mutex<Log>>,
    table: &'a Table,
    queue: Queue,
    local: SocketAddr,
    faults: Faults,
    event: Value,
    began_ms: u64,
    answers: AtomicU64,
}

/// The processes of a round.
pub(super) struct Fleet {
    pub(super) environments: Vec<Environment>,
    local: Environment,
}

impl Fleet {
    /// Ends all processes. The log is whole after this.
    pub(super) async fn end(self) {
        for environment in self.environments.into_iter().chain([self.local]) {
            environment.kill().await;
        }
    }
}

/// Now, or after the end of a day that is near: what is held when a day ends stays so.
pub(super) async fn after_midnight() {
    let left_ms = DAY_MS - now_ms() % DAY_MS;
    if left_ms < LONGEST_MS {
        tokio::time::sleep(Duration::from_millis(left_ms)).await;
    }
}

pub(super) fn now_ms() -> u64 {
    Clock::System.now_ms()
}

impl<'a> Round<'a> {
    /// Starts everything.
    pub(super) async fn start(
        table: &'a Table,
        seed: u64,
        limits: Limits,
        faults: Faults,
    ) -> (Self, Fleet) {
        after_midnight().await;
        let provider = Provider::start(seed, faults != Faults::None).await;
        table.push(&provider.document());
        let key = table.key(limits);
        let (queue, log) = (Queue::new(), Arc::default());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/chat.json");
        let mut event: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        event["headers"]["authorization"] = format!("Bearer {}", key.secret).into();
        let (local, local_environment) = Environment::local(&table.environment(), &log).await;
        let began_ms = now_ms();
        let answers = AtomicU64::new(0);
        let round = Self {
            seed,
            key,
            provider,
            log,
            table,
            queue,
            local,
            faults,
            event,
            began_ms,
            answers,
        };
        let mut fleet = Fleet { environments: vec![], local: local_environment };
        for _ in 0..ENVIRONMENTS {
            fleet.environments.push(round.environment().await);
        }
        round.warm_up().await;
        (round, fleet)
    }

    /// Lets every process do everything once, a few at a time: on a busy machine, all of them at
    /// once would wait for the store for longer than the gateway does.
    async fn warm_up(&self) {
        let workers = ENVIRONMENTS * AT_ONCE;
        soon("the processes", self.queue.is_asked_for(workers)).await;
        let asked = stream::iter(0..workers).map(|_| self.own_limits());
        asked.buffer_unordered(4).for_each(|_| std::future::ready(())).await;
    }

    /// One more process of the function.
    pub(super) async fn environment(&self) -> Environment {
        Environment::start(&self.queue, &self.table.environment(), &self.log).await
    }

    /// Asks for the first time, and compares what is left with what the request should hold.
    pub(super) async fn check_first_hold(&self) {
        let order = Order::largest(0);
        let got = self.ask(&order).await.expect("an answer");
        let limit = self.key.limits.0[1].expect("a limit in tokens");
        let remaining = got.remaining_tokens.expect("the header says what is left");
        assert_eq!(limit - remaining, order.holds.0[1], "a hold is bytes, envelope and cap");
    }

    /// Requests, so many at once, as long as there are any to make; what they came to.
    pub(super) async fn ask_all(
        &self,
        at_once: usize,
        numbers: impl Iterator<Item = u64>,
    ) -> Tally {
        let orders = numbers.map(|number| Order::new(self.seed, number));
        let asked = stream::iter(orders).map(|order| async move {
            let got = self.ask(&order).await;
            (order, got)
        });
        let tally = Tally::default();
        asked
            .buffer_unordered(at_once)
            .fold(tally, |mut tally, (order, got)| {
                tally.add(&order, got.as_ref(), &self.key.limits);
                std::future::ready(tally)
            })
            .await
    }

    /// Asks for the largest that there is, again and again, until it is refused: what is left is
    /// less then.
    pub(super) async fn use_up(&self, tally: &mut Tally, first: u64) {
        for number in first.. {
            let order = Order::largest(number);
            let got = self.ask(&order).await;
            let refused = tally.refused();
            tally.add(&order, got.as_ref(), &self.key.limits);
            if tally.refused() > refused || !tally.wrong.is_empty() {
                return;
            }
            assert!(number < first + 1_000, "it is never refused: {tally:?}");
        }
    }

    async fn ask(&self, order: &Order) -> Option<Got> {
        let what = format!("the answer to request {}", order.number);
        let got = soon(&what, async {
            if order.number % LOCAL == 1 {
                return self.ask_locally(order).await;
            }
            let mut event = self.event.clone();
            event["body"] = order.body.as_str().into();
            let posted = self.queue.ask(&event).await?;
            Some(Got::from(&Reply::read("", &posted)))
        })
        .await;
        self.answers.fetch_add(got.is_some().into(), Ordering::Relaxed);
        got
    }

    /// How many answers have come.
    pub(super) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    async fn ask_locally(&self, order: &Order) -> Option<Got> {
        let request = Request::post("/v1/chat/completions", order.body.as_str());
        let reading = begin(self.local, &request.key(&self.key.secret)).await;
        let goes_away = Dice::new(self.seed.rotate_left(32), order.number).percent(20);
        if self.faults == Faults::Everybody && goes_away {
            return None;
        }
        let answer = reading.answer().await;
        answer.is_whole.then(|| Got::from(&answer))
    }

    /// What the key is told of its own limits.
    pub(super) async fn own_limits(&self) -> Vec<Value> {
        let mut event = self.event.clone();
        event["rawPath"] = "/v1/key".into();
        event["requestContext"]["http"]["method"] = "GET".into();
        let posted = soon("the key's own limits", self.queue.ask(&event)).await;
        let reply = Reply::read("", &posted.expect("an answer"));
        assert_eq!(reply.status, 200, "{}", reply.body);
        let limits = reply.json()["limits"].as_array().expect("a list").clone();
        for told in &limits {
            let number = |name: &str| told[name].as_u64().expect("a number");
            let sum = number("used") + number("held") + number("left");
            assert_eq!(sum, number("limit"), "{told}");
        }
        limits
    }

    /// The key's counters at this moment.
    pub(super) async fn row(&self) -> Vec<Counter> {
        self.table.counters(&self.key).await
    }

    /// What is wrong with the key's row at this moment. The row is read after the books: what has
    /// been served by then must have been taken before.
    pub(super) async fn audit(&self, held: Option<&Held>) -> Vec<Complaint> {
        let served = self.provider.books().total();
        let row = self.row().await;
        let mut limits = self.key.limits;
        if now_ms() / MINUTE_MS > self.began_ms / MINUTE_MS + 1 {
            // The gateway removes the counters of minutes that are long gone.
            limits.0[0] = None;
        }
        audit(&limits, &row, &served, held)
    }

    /// What is taken at this moment, and was not served.
    pub(super) async fn held(&self) -> Amounts {
        let served = self.provider.books().total();
        let mut taken = Amounts::default();
        for Counter { kind, left, .. } in self.row().await {
            let limit = i128::from(self.key.limits.0[kind].unwrap_or(0));
            taken.0[kind] += u64::try_from(limit - left).unwrap_or(0);
        }
        taken.without(served)
    }

    /// Why nothing can be said of what is held at the end of a round without killed processes: the
    /// store did not serve every request as it should.
    pub(super) fn store_faults(&self, tally: &Tally) -> Result<(), String> {
        let log = self.log.lock().unwrap();
        if log.store_faults + tally.store_faults == 0 && log.errors.is_empty() {
            return Ok(());
        }
        let (slow, refused, errors) = (log.store_faults, tally.store_faults, log.errors.len());
        Err(format!(
            "{slow} slow or unsettled, {refused} refused with an error, {errors} errors in the log, \
             first {:?}",
            log.errors.first()
        ))
    }

    /// Audits the row over and over, for as long as it is let.
    pub(super) async fn watch(&self) {
        loop {
            let complaints = self.audit(None).await;
            no_complaint("while requests are under way", &complaints);
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}
