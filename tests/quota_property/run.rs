//! One sequence, done to a store and to the reference, and compared after every step.

use tollgate::dialect::Usage;
use tollgate::quota::{Demand, Evidence, Hold, Line, Window, Zone};
use tollgate::store::{Denial, Item, State, StoreError};

use super::operations::{Ask, Operation, Outcome, Plan, Wait};
use super::reference::{Owner, Reason, Reference, Share};
use super::world::World;
use crate::store_contract::words::NOON;

/// A refusal may be remembered for so long, which is no matter of limits: whatever makes room in
/// another way than by a settlement or a new window is seen after it.
const REMEMBERED_MS: u64 = 10_000;

/// Why a sequence ends before its end.
pub(super) enum End {
    /// The store and the reference differ.
    Differs(String),
    /// The store did not answer in time: nobody knows what it did, so nothing more is compared.
    Unknown,
}

impl From<String> for End {
    fn from(how: String) -> Self {
        Self::Differs(how)
    }
}

/// A request that has been admitted.
struct Request {
    hold: Hold,
    shares: Vec<Share>,
    ask: Ask,
    demand: Demand,
}

/// A store beside the reference.
pub(super) struct Run {
    world: World,
    reference: Reference,
    /// Of each key, the owners of its limits: itself, and the team.
    owners: Vec<Vec<usize>>,
    zones: Vec<Zone>,
    requests: Vec<Request>,
    now_ms: u64,
    leases: u64,
}

impl Run {
    pub(super) fn new(plan: &Plan, world: World) -> Self {
        let all: Vec<_> = plan.keys.iter().map(|(limits, _)| limits).chain([&plan.team]).collect();
        let team = plan.keys.len();
        let owners = |(n, (_, has_team)): (usize, &(_, bool))| {
            if *has_team { vec![n, team] } else { vec![n] }
        };
        Self {
            world,
            owners: plan.keys.iter().enumerate().map(owners).collect(),
            zones: all.iter().map(|limits| limits.set().zone).collect(),
            reference: Reference { owners: all.into_iter().map(Owner::new).collect() },
            requests: Vec::new(),
            now_ms: NOON + 17,
            leases: 0,
        }
    }

    /// Does one thing to both.
    ///
    /// # Errors
    /// When they differ after it, or when nobody can say.
    pub(super) async fn step(&mut self, operation: &Operation) -> Result<(), End> {
        match operation {
            Operation::Admit { key, environment, ask, loses_reply } => {
                let key = key % self.owners.len();
                if *loses_reply {
                    self.admit(key, *environment, ask).await?;
                    self.requests.pop();
                }
                self.admit(key, *environment, ask).await?;
            }
            Operation::Settle { hold, environment, outcome } if !self.requests.is_empty() => {
                let request = self.requests.swap_remove(hold % self.requests.len());
                self.settle(request, *environment, *outcome).await?;
            }
            Operation::Crash { hold } if !self.requests.is_empty() => {
                let lost = self.requests.swap_remove(hold % self.requests.len());
                drop(lost);
            }
            Operation::Wait(wait) => self.wait(*wait),
            Operation::SetFigure { account, clause, figure } => {
                self.set_figure(*account, *clause, *figure).await;
            }
            Operation::Reset { account, clause } => self.reset(*account, *clause).await,
            Operation::Revoke { account } => self.revoke(*account).await,
            Operation::Settle { .. } | Operation::Crash { .. } => {}
        }
        self.compare().await.map_err(|end| match end {
            End::Differs(how) => End::Differs(format!("after {operation:?}: {how}")),
            End::Unknown => End::Unknown,
        })
    }

    async fn admit(&mut self, key: usize, environment: usize, ask: &Ask) -> Result<(), End> {
        self.leases += 1;
        let demand = ask.demand(format!("lease-{}", self.leases), self.now_ms);
        let owners = &self.owners[key];
        let expected = self.reference.admit(owners, &demand, self.now_ms);
        let is_revoked = owners.iter().any(|owner| self.reference.owners[*owner].is_revoked);
        let store = self.world.store(environment);
        let admitted = store.admit(&self.world.keys[key], &demand, self.now_ms).await;
        match (expected, admitted) {
            (Ok(shares), Ok(admission)) => {
                let ask = ask.clone();
                self.requests.push(Request { hold: admission.hold, shares, ask, demand });
                Ok(())
            }
            // Of several owners that refuse, it does not matter which one is named.
            (Err(_), Err(Denial::Exhausted(_) | Denial::Unbounded(_))) if owners.len() > 1 => {
                Ok(())
            }
            (Err(expected), Err(denial)) if is_revoked || agree(expected, &denial) => Ok(()),
            (_, Err(Denial::Store(error))) => Err(end(&error)),
            (expected, admitted) => {
                let admitted = admitted.map(|admission| admission.hold);
                Err(format!("{ask:?}: expected {expected:?}, was {admitted:?}").into())
            }
        }
    }

    async fn settle(
        &mut self,
        request: Request,
        environment: usize,
        outcome: Outcome,
    ) -> Result<(), End> {
        let Request { hold, shares, ask, demand } = request;
        let evidence = match outcome {
            Outcome::Void => Evidence::Void,
            Outcome::Unbilled => Evidence::Unbilled,
            Outcome::Unknown => Evidence::Unknown,
            Outcome::Exact(input, output, is_priced) => {
                let (input, output) = (ask.input * input / 100, ask.output * output / 100);
                let usage = Usage { input_uncached: input, output, ..Usage::default() };
                Evidence::Exact { usage, nano_usd: is_priced.then(|| Ask::price(input, output)) }
            }
        };
        self.reference.settle(&shares, &ask, &demand, outcome);
        let settlement = hold.settle(&evidence, self.now_ms);
        let settled = self.world.store(environment).settle(&settlement).await;
        if matches!(outcome, Outcome::Void) {
            // A request that is given back makes room that no hold has announced.
            self.now_ms += REMEMBERED_MS;
        }
        settled.map_err(|error| end(&error))
    }

    fn wait(&mut self, wait: Wait) {
        self.now_ms += match wait {
            Wait::Ms(ms) => ms,
            Wait::Days(days) => days * 86_400_000,
            Wait::Until { every_ms, after_ms, before } => {
                let to = every_ms - (self.now_ms + every_ms - after_ms) % every_ms;
                to - u64::from(before)
            }
        };
    }

    /// The figure and the counters of the windows that run move by the same difference.
    async fn set_figure(&mut self, account: usize, clause: usize, figure: u64) {
        let Some((account, clause)) = self.clause(account, clause) else { return };
        let owner = &mut self.reference.owners[account];
        let rule = owner.clauses[clause].rule();
        owner.set_figure(clause, figure);
        let window = Window::at(rule.limit.period, &self.zones[account], self.now_ms);
        let counter = rule.counter(window.id);
        for shard in 0..self.shards(account) {
            let to = self.reference.owners[account].figure(clause, usize::from(shard));
            let first = &self.world.accounts[account];
            let change = |item: &mut Item| {
                let from = item.ledger.figures.insert(rule.attribute().to_owned(), to).unwrap();
                if let Some(left) = item.ledger.counters.get_mut(&counter) {
                    *left = left.saturating_add_unsigned(to).saturating_sub_unsigned(from);
                }
            };
            self.world.change(&first.with_shard(shard), change).await;
        }
        self.now_ms += REMEMBERED_MS;
    }

    /// What was spent in the window that runs is forgiven. Requests cannot be told apart from
    /// those in flight, and are not.
    async fn reset(&mut self, account: usize, clause: usize) {
        let Some((account, clause)) = self.clause(account, clause) else { return };
        let rule = self.reference.owners[account].clauses[clause].rule();
        if !rule.limit.unit.is_cost() {
            return;
        }
        self.reference.owners[account].reset(clause, self.now_ms);
        let window = Window::at(rule.limit.period, &self.zones[account], self.now_ms);
        let counter = rule.counter(window.id);
        for shard in 0..self.shards(account) {
            let first = &self.world.accounts[account];
            let change = |item: &mut Item| {
                let counters = &mut item.ledger.counters;
                let spent = counters.remove(&format!("{counter}.spent")).unwrap_or(0);
                if let Some(left) = counters.get_mut(&counter) {
                    *left += spent;
                }
            };
            self.world.change(&first.with_shard(shard), change).await;
        }
        self.now_ms += REMEMBERED_MS;
    }

    async fn revoke(&mut self, account: usize) {
        let account = account % self.reference.owners.len();
        self.reference.owners[account].is_revoked = true;
        for shard in 0..self.shards(account) {
            let account = self.world.accounts[account].with_shard(shard);
            self.world.change(&account, |item| item.state = State::Revoked).await;
        }
        self.now_ms += REMEMBERED_MS;
    }

    fn clause(&self, account: usize, clause: usize) -> Option<(usize, usize)> {
        let account = account % self.reference.owners.len();
        let clauses = self.reference.owners[account].clauses.len();
        (clauses > 0).then(|| (account, clause % clauses))
    }

    fn shards(&self, account: usize) -> u16 {
        self.reference.owners[account].shards()
    }

    async fn compare(&self) -> Result<(), End> {
        for (key, owners) in self.owners.iter().enumerate() {
            let found = || owners.iter().map(|owner| &self.reference.owners[*owner]);
            if let Some(over) = found().find_map(Owner::overspent) {
                return Err(format!("overspent: {over}").into());
            }
            let is_revoked = found().any(|owner| owner.is_revoked);
            let presented = &self.world.keys[key];
            let standing = match self.world.store(0).inspect(presented, self.now_ms).await {
                Ok(_) | Err(Denial::Revoked) if is_revoked => continue,
                Ok(standing) => standing,
                Err(Denial::Store(error)) => return Err(end(&error)),
                Err(denial) => return Err(format!("{denial:?}").into()),
            };
            let whose = ["key", "team"].into_iter();
            let expected =
                found().zip(whose).flat_map(|(owner, who)| owner.lines(who, self.now_ms));
            let mut expected: Vec<String> = expected.collect();
            let mut shown: Vec<String> = standing.lines.iter().map(show).collect();
            expected.sort();
            shown.sort();
            if expected != shown {
                return Err(format!("key {key}: expected {expected:?}, was {shown:?}").into());
            }
        }
        Ok(())
    }
}

fn show(line: &Line) -> String {
    let (used, held) = (line.used(), line.unsettled());
    format!("{} {} {}: {used}+{held}+{}", line.scope, line.limit.name, line.of, line.left)
}

fn end(error: &StoreError) -> End {
    match error {
        StoreError::Unavailable(why) if why.contains("timed out") => End::Unknown,
        error => End::Differs(error.to_string()),
    }
}

fn agree(expected: Reason, denial: &Denial) -> bool {
    match denial {
        Denial::Revoked => expected == Reason::Revoked,
        Denial::Unbounded(_) => expected == Reason::Unbounded,
        Denial::Exhausted(exhausted) => expected == Reason::Exhausted || exhausted.is_remembered,
        _ => false,
    }
}
