//! What the client would get, as far as that is known without asking anybody.

use super::walk::{Fate, Walk};
use super::{Story, Would};
use crate::decision::{self, Asked};
use crate::failure::Failure;
use crate::keys::Right;
use crate::refusal::Refusal;
use crate::routing::Skipped;

impl From<&Refusal> for Would {
    fn from(refusal: &Refusal) -> Self {
        let shape = refusal.shape();
        Self { status: Some(shape.status), code: Some(shape.code), message: refusal.message() }
    }
}

/// What the client would get. `late` is the refusal when too little time is left to begin.
pub(super) fn would(
    story: &Story<'_>,
    asked: &[Asked],
    late: Option<&Refusal>,
    walks: &[Option<Walk<'_>>],
) -> Would {
    if let Some(refusal) = late {
        return Would::from(refusal);
    }
    if let Err(refusal) = admitted(story, asked) {
        return Would::from(&refusal);
    }
    let (mut failures, mut skipped) = (Vec::<Failure>::new(), Vec::<String>::new());
    for (index, walk) in walks.iter().flatten().enumerate() {
        if index > 0 && fits(story, &walk.leg.alias).is_err() {
            break;
        }
        if walk.first_sent().is_some() {
            return Would { status: None, code: None, message: sent(walk, walks, index) };
        }
        let said = |Skipped { target, reason }: &Skipped<'_>| format!("{}: {reason}", target.id);
        skipped.extend(walk.plan.skipped.iter().chain(&walk.late).map(said));
        failures.extend(walk.steps.iter().filter_map(|step| match &step.fate {
            Fate::Refused(failure) | Fate::Fails(failure) => Some(failure.clone()),
            Fate::Sent(..) => None,
        }));
        if walk.is_over {
            break;
        }
    }
    let refusal = decision::no_answer(story.question.call, failures, vec![], &skipped);
    if decision::may_estimate(story.question.call, &refusal) {
        let message = "No target counts tokens: the gateway's own estimate is the answer.";
        return Would { status: Some(200), code: None, message: message.to_owned() };
    }
    Would::from(&refusal)
}

/// Whether the key may send the request, and its limits have room for it, in the order in which that
/// is found out.
fn admitted(story: &Story<'_>, asked: &[Asked]) -> Result<(), Refusal> {
    let right = (!story.question.faults.is_empty()).then_some(Right::Fault);
    let (snapshot, caller) = (story.facts.snapshot, story.caller());
    if let (Some(Ok(first)), true) = (asked.first(), asked.iter().all(Result::is_ok)) {
        // What is held is held for the first alias.
        if decision::may_use(caller, &first.alias) {
            fits(story, &first.alias)?;
        }
    }
    decision::permitted(asked, right, snapshot, caller).map(drop)
}

fn fits(story: &Story<'_>, alias: &str) -> Result<(), Refusal> {
    let Some((_, books)) = story.facts.key else { return Ok(()) };
    let objection = books.objection(&story.demand_for(alias), story.facts.now_ms);
    objection.map_or(Ok(()), |objection| Err(Refusal::from(objection)))
}

/// Who would get the request.
fn sent(walk: &Walk<'_>, walks: &[Option<Walk<'_>>], index: usize) -> String {
    let targets: Vec<_> = walk.sent().map(|step| step.target.id.as_str()).collect();
    let mut message = match targets.as_slice() {
        [] => return String::new(),
        [only] => format!("It would be sent to {only}"),
        [first, rest @ ..] => {
            format!("It would be sent to {first}; if that fails, to {}", rest.join(", then to "))
        }
    };
    let others = walks.iter().flatten().skip(index + 1);
    let others: Vec<_> = others.map(|walk| format!("'{}'", walk.leg.alias)).collect();
    if !others.is_empty() {
        message.push_str("; if nobody answers, by the routes of ");
        message.push_str(&others.join(", "));
    }
    message.push('.');
    message
}
