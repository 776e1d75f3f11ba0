//! The quota as a model: every interleaving of a few workers with everything that can go wrong,
//! and the claim that a window's limit is never overspent. `src/quota/mod.rs` has the argument in
//! words; this is the argument by exhaustion. Each mutant is a design that is in use elsewhere, and
//! must be caught.

use std::collections::{HashMap, VecDeque};
use std::fmt;

/// A design of the quota: the one that is built, or a broken one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Design {
    Built,
    /// Reads what is left, decides, and takes it in a second step.
    CheckThenAdd,
    /// A refund whose reply was lost is sent again.
    RefundRetried,
    /// A hold that nobody settled is given back, as if nothing had been spent.
    LossRefunded,
    /// A refund goes to the window that runs when it is written.
    RefundIntoNextWindow,
    /// The attempt after one that may have been billed shares its hold.
    FallbackWithoutHold,
}

const LIMITS: usize = 2;
const WINDOWS: usize = 2;
/// What a key may use of each limit in a window.
const OF: [i8; LIMITS] = [7, 5];
/// What a request holds of each.
const HOLD: [i8; LIMITS] = [3, 2];
/// What an attempt may truly cost: nothing, some of the hold, all of it.
const COSTS: [[i8; LIMITS]; 3] = [[0, 0], [1, 1], HOLD];

/// Where a worker stands with its one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Idle,
    /// (Check-then-add only) has seen that there is room.
    Checked,
    /// Has a hold in that window; `tries` attempts are over.
    Holds {
        window: u8,
        tries: u8,
    },
    /// Its last attempt may have been billed, and nobody knows how much.
    Lost {
        window: u8,
        tries: u8,
    },
    /// Knows what it spent, by index into [`COSTS`].
    Spent {
        window: u8,
        cost: u8,
    },
    /// (Refund-retried only) has sent a refund and waits for its reply.
    Refunding {
        window: u8,
        cost: u8,
    },
    Over,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    now: u8,
    left: [[i8; LIMITS]; WINDOWS],
    /// What providers have truly billed, by the window that admitted it. The gateway cannot see it.
    billed: [[i8; LIMITS]; WINDOWS],
    workers: Vec<Step>,
}

impl State {
    fn start(workers: usize) -> Self {
        Self {
            now: 0,
            left: [OF; WINDOWS],
            billed: [[0; LIMITS]; WINDOWS],
            workers: vec![Step::Idle; workers],
        }
    }

    /// The claim: no window is overspent.
    fn is_within_limits(&self) -> bool {
        self.billed.iter().all(|window| window.iter().zip(OF).all(|(billed, of)| *billed <= of))
    }

    /// Why the claim holds: what was billed is always among what was taken.
    fn accounts_for_all(&self) -> bool {
        let windows = self.left.iter().zip(&self.billed);
        let mut limits = windows.flat_map(|(left, billed)| left.iter().zip(billed).zip(OF));
        limits.all(|((left, billed), of)| left + billed <= of)
    }

    fn has_room(&self) -> bool {
        let left = self.left[usize::from(self.now)];
        left.iter().zip(HOLD).all(|(left, hold)| *left >= hold)
    }

    fn with(&self, worker: usize, step: Step, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        next.workers[worker] = step;
        change(&mut next);
        next
    }

    fn take(&mut self, window: u8, amount: [i8; LIMITS]) {
        let left = &mut self.left[usize::from(window)];
        left.iter_mut().zip(amount).for_each(|(left, amount)| *left -= amount);
    }

    fn give_back(&mut self, window: u8, amount: [i8; LIMITS]) {
        self.take(window, amount.map(|amount| -amount));
    }

    fn bill(&mut self, window: u8, cost: [i8; LIMITS]) {
        let billed = &mut self.billed[usize::from(window)];
        billed.iter_mut().zip(cost).for_each(|(billed, cost)| *billed += cost);
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, left, billed, workers } = self;
        write!(f, "window {now}, left {left:?}, billed {billed:?}, workers {workers:?}")
    }
}

type Next = (String, State);

/// Everything that can happen next.
fn successors(state: &State, design: Design) -> Vec<Next> {
    let mut all = Vec::new();
    if usize::from(state.now) + 1 < WINDOWS {
        all.push(("the window ends".to_owned(), State { now: state.now + 1, ..state.clone() }));
    }
    for (worker, step) in state.workers.iter().enumerate() {
        let mut own = Vec::new();
        act(state, design, worker, *step, &mut own);
        if !matches!(step, Step::Idle | Step::Over) {
            own.push(("crashes".to_owned(), state.with(worker, Step::Over, |_| ())));
        }
        all.extend(own.into_iter().map(|(what, next)| (format!("worker {worker} {what}"), next)));
    }
    all
}

fn act(state: &State, design: Design, worker: usize, step: Step, next: &mut Vec<Next>) {
    match step {
        Step::Over => {}
        Step::Idle => begin(state, design, worker, next),
        Step::Checked => {
            let (now, held) = (state.now, Step::Holds { window: state.now, tries: 0 });
            let taken = state.with(worker, held, |s| s.take(now, HOLD));
            next.push(("takes what it saw".to_owned(), taken));
        }
        Step::Holds { window, tries } => attempt(state, worker, window, tries, next),
        Step::Lost { window, tries } => after_loss(state, design, worker, (window, tries), next),
        Step::Spent { window, cost } => settle(state, design, worker, (window, cost, true), next),
        Step::Refunding { window, cost } => {
            settle(state, design, worker, (window, cost, false), next);
        }
    }
}

fn begin(state: &State, design: Design, worker: usize, next: &mut Vec<Next>) {
    if !state.has_room() {
        return;
    }
    if design == Design::CheckThenAdd {
        next.push(("sees room".to_owned(), state.with(worker, Step::Checked, |_| ())));
        return;
    }
    let now = state.now;
    let mut take = |what: &str, step: Step| {
        next.push((what.to_owned(), state.with(worker, step, |s| s.take(now, HOLD))));
    };
    take("reserves", Step::Holds { window: now, tries: 0 });
    // The write happened and its reply was lost: the SDK sends it again, or gives up.
    take("reserves unheard", Step::Idle);
    take("reserves unheard and gives up", Step::Over);
}

fn attempt(state: &State, worker: usize, window: u8, tries: u8, next: &mut Vec<Next>) {
    for (cost, amount) in (0..).zip(COSTS) {
        let mut bill = |what: &str, step: Step| {
            next.push((what.to_owned(), state.with(worker, step, |s| s.bill(window, amount))));
        };
        bill("is answered", Step::Spent { window, cost });
        bill("loses an attempt", Step::Lost { window, tries: tries + 1 });
    }
}

fn after_loss(
    state: &State,
    design: Design,
    worker: usize,
    (window, tries): (u8, u8),
    next: &mut Vec<Next>,
) {
    let now = state.now;
    let mut add = |what: &str, state: State| next.push((what.to_owned(), state));
    let may_try = tries < 2;
    if may_try && design == Design::FallbackWithoutHold {
        let shared = Step::Holds { window, tries };
        add("falls back on its hold", state.with(worker, shared, |_| ()));
    } else if may_try && state.has_room() {
        let own = Step::Holds { window: now, tries };
        add("falls back with a new hold", state.with(worker, own, |s| s.take(now, HOLD)));
    }
    if design == Design::LossRefunded && window == now {
        let refunded = state.with(worker, Step::Over, |s| s.give_back(window, HOLD));
        add("gives back its loss", refunded);
    }
    add("keeps its loss", state.with(worker, Step::Over, |_| ()));
}

fn settle(
    state: &State,
    design: Design,
    worker: usize,
    (window, cost, is_first): (u8, u8, bool),
    next: &mut Vec<Next>,
) {
    let now = state.now;
    let spent = COSTS[usize::from(cost)];
    let rest: [i8; LIMITS] = std::array::from_fn(|limit| HOLD[limit] - spent[limit]);
    let into = if design == Design::RefundIntoNextWindow { now } else { window };
    let mut add = |what: &str, state: State| next.push((what.to_owned(), state));
    // Also when its window has ended: what is given back to it is then of no use, and does no harm.
    add("settles", state.with(worker, Step::Over, |s| s.give_back(into, rest)));
    if design == Design::RefundRetried && is_first {
        let again = Step::Refunding { window, cost };
        add("settles unheard", state.with(worker, again, |s| s.give_back(into, rest)));
    }
    add("fails to settle", state.with(worker, Step::Over, |_| ()));
}

/// What an exploration found.
struct Found {
    states: usize,
    /// The shortest way to a state in which the claim is false.
    counterexample: Option<Vec<String>>,
}

/// Looks at every state that can be reached, nearest first.
fn explore(design: Design, workers: usize) -> Found {
    let start = State::start(workers);
    let mut came_from: HashMap<State, Option<(State, String)>> =
        HashMap::from([(start.clone(), None)]);
    let mut queue = VecDeque::from([start]);
    while let Some(state) = queue.pop_front() {
        let is_sound = design != Design::Built || state.accounts_for_all();
        if !state.is_within_limits() || !is_sound {
            let way = way_to(&state, &came_from);
            return Found { states: came_from.len(), counterexample: Some(way) };
        }
        for (what, next) in successors(&state, design) {
            if !came_from.contains_key(&next) {
                came_from.insert(next.clone(), Some((state.clone(), what)));
                queue.push_back(next);
            }
        }
    }
    Found { states: came_from.len(), counterexample: None }
}

fn way_to(state: &State, came_from: &HashMap<State, Option<(State, String)>>) -> Vec<String> {
    let mut way = vec![format!("overspent: {state}")];
    let mut at = state;
    while let Some(Some((before, what))) = came_from.get(at) {
        way.push(what.clone());
        at = before;
    }
    way.reverse();
    way
}

#[test]
fn the_limit_holds_in_every_state() {
    for workers in 1..=3 {
        let found = explore(Design::Built, workers);
        println!("{workers} workers: {} states, no overspending", found.states);
        assert_eq!(found.counterexample, None);
    }
}

#[test]
fn every_mutant_is_caught() {
    let mutants = [
        Design::CheckThenAdd,
        Design::RefundRetried,
        Design::LossRefunded,
        Design::RefundIntoNextWindow,
        Design::FallbackWithoutHold,
    ];
    for mutant in mutants {
        let found = explore(mutant, 3);
        let way = found.counterexample.unwrap_or_else(|| panic!("{mutant:?} was not caught"));
        println!("{mutant:?} is caught after {} states:\n  {}", found.states, way.join("\n  "));
    }
}
