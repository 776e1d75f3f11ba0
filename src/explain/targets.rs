//! The targets of a route: who would be tried in which order, who would not and why, and what each
//! would get.

use super::walk::{Fate, Walk, fate};
use super::{Story, TargetSeen};
use crate::decision::{self, Leg};
use crate::failure::Failure;
use crate::routing::{Route, Target, Usable};

/// Every target: those that would be tried in order, then the others as the route has them.
pub(super) fn seen(story: &Story<'_>, walk: Walk<'_>) -> Vec<TargetSeen> {
    let (leg, route) = (walk.leg, walk.plan.route);
    let notes: Vec<_> =
        walk.steps.iter().map(|step| note(&walk, step.target, step.probe)).collect();
    let binds_cost = story.binds_cost(&leg.alias);
    let others = route.all_targets().filter(|target| !walk.has(target));
    let others = others.map(|target| {
        let (skipped, note) = why_not(story, &walk, target);
        let shown = TargetSeen { skipped, note, ..blank(route, target, &leg.alias) };
        // Beyond what can be shown, nothing is made to be shown.
        let fate = (story.room.get() > 0).then(|| fate(story, leg, target, binds_cost));
        match fate {
            Some(fate) => with_fate(shown, fate),
            None => shown,
        }
    });
    let others: Vec<_> = others.collect();
    let tried = walk.steps.into_iter().zip(notes).enumerate().map(|(index, (step, note))| {
        let target = blank(route, step.target, &leg.alias);
        with_fate(TargetSeen { order: Some(index + 1), note, ..target }, step.fate)
    });
    tried.chain(others).chain(mirror(story, leg)).collect()
}

/// Who gets a copy of the request. Only the first alias is copied.
fn mirror(story: &Story<'_>, leg: &Leg) -> Option<TargetSeen> {
    let call = story.question.call;
    let mirror = leg.route.mirror.as_ref().filter(|_| leg.alias == call.alias())?;
    let taken = decision::mirror(leg, call, story.only_first(), story.draw).is_some();
    let unusable = match (story.facts.usable)(&mirror.target) {
        Usable::Yes => None,
        Usable::Probe { .. } => Some("it was set aside, and nobody has tried it since".to_owned()),
        Usable::Aside { reason, .. } | Usable::No(reason) => Some(reason),
    };
    let share = format!("it gets a copy of {} % of the requests", mirror.percent);
    let skipped = if taken { unusable } else { Some(format!("{share}, and not of this one")) };
    let note = skipped.is_none().then(|| format!("{share}, this one too, and answers nobody"));
    let part = "mirror".to_owned();
    let target = blank(&leg.route, &mirror.target, &leg.alias);
    Some(TargetSeen { part, skipped, note, ..target })
}

fn blank(route: &Route, target: &Target, alias: &str) -> TargetSeen {
    let vendor = target.provider.vendor;
    TargetSeen {
        order: None,
        target: target.id.clone(),
        part: part(route, target),
        weight: target.weight,
        skipped: None,
        refused: None,
        note: None,
        model: target.model_for(alias).to_owned(),
        vendor: vendor.name,
        dialect: vendor.dialect.name(),
        dropped: vec![],
        request: None,
    }
}

fn is_in(targets: &[Target], target: &Target) -> bool {
    targets.iter().any(|other| std::ptr::eq(other, target))
}

/// Where the route has the target.
fn part(route: &Route, target: &Target) -> String {
    if is_in(&route.targets, target) {
        return "targets".to_owned();
    }
    let typed = route.typed.iter().find(|(_, targets)| is_in(targets, target));
    typed.map_or_else(|| "fallback".to_owned(), |(class, _)| format!("fallback_on {class}"))
}

/// What is to be known of a target that would be tried.
fn note(walk: &Walk<'_>, target: &Target, probe: Option<u64>) -> Option<String> {
    let is_it = |other: &&Target| std::ptr::eq(*other, target);
    let late = walk.late.iter().find(|skipped| is_it(&skipped.target));
    let aside = walk.plan.skipped.iter().find(|skipped| is_it(&skipped.target));
    let probe = probe.map(|_| {
        "it was set aside: one request at a time tries whether it is well again, and the others \
         pass it over"
            .to_owned()
    });
    let aside = aside.map(|aside| format!("{}, and so are all: it returns soonest", aside.reason));
    probe.or(aside).or_else(|| late.map(|late| format!("put behind others: {}", late.reason)))
}

/// Why a target would not be tried; or what it is for.
fn why_not(
    story: &Story<'_>,
    walk: &Walk<'_>,
    target: &Target,
) -> (Option<String>, Option<String>) {
    let (plan, route) = (walk.plan, walk.plan.route);
    let is_it = |other: &Target| std::ptr::eq(other, target);
    if let Some(skipped) = plan.skipped.iter().find(|skipped| is_it(skipped.target)) {
        return (Some(skipped.reason.clone()), None);
    }
    if let Some((class, _)) = route.typed.iter().find(|(_, targets)| is_in(targets, target)) {
        return (None, Some(format!("it answers when another has failed with {class}")));
    }
    let why = if plan.beyond.iter().any(|beyond| is_it(beyond)) {
        format!("at most {} attempts are made", route.attempts)
    } else if !plan.candidates.iter().any(|candidate| is_it(candidate.target)) {
        "it is the same as a target before it".to_owned()
    } else if story.only_first() {
        "the request asks nobody but the first target ('models' is empty)".to_owned()
    } else {
        "what fails before it does not lead to it".to_owned()
    };
    (Some(why), None)
}

fn with_fate(shown: TargetSeen, fate: Fate) -> TargetSeen {
    match fate {
        Fate::Refused(failure) => TargetSeen { refused: Some(refusal(&failure)), ..shown },
        Fate::Fails(_) if shown.skipped.is_some() => shown,
        Fate::Fails(failure) => {
            let note = format!("it fails with {}: the request asks for that", failure.class);
            TargetSeen { note: Some(note), ..shown }
        }
        Fate::Sent(request, dropped) => TargetSeen { dropped, request: Some(*request), ..shown },
    }
}

/// Why a target cannot take the request.
fn refusal(failure: &Failure) -> String {
    let error = failure.error.as_ref();
    error.map_or_else(|| failure.detail.clone(), |error| error.message.clone())
}
