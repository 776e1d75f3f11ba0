//! `key update` and `team update`: what changes applies to the windows that are running.

use serde_json::{Value, json};

use super::figures::{Wanted, changes};
use super::find::{find, team};
use super::holder::{Holder, Kind};
use super::money::{Access, check, check_team, team_limits};
use super::rows::read;
use super::write::{Plan, change};
use super::{grow, shrink};
use crate::ctl::aws::Table;
use crate::ctl::command::TeamChoice;
use crate::ctl::grid::Grid;
use crate::ctl::limits::{LimitChanges, figure, name};
use crate::ctl::output::{Console, Failed, Report};
use crate::keys::{Right, TeamId};
use crate::quota::{LimitSet, Owner, Rule, Shape};
use crate::store::{Policy, State};

/// Functions remember refusals, so that a caller who insists costs nothing.
pub(super) const REMEMBERED: &str =
    "a client that was refused just now may be refused for 10 seconds more";

/// What an operator changes of a key or a team.
#[derive(Debug, Default)]
pub(in crate::ctl) struct Update<'a> {
    pub(in crate::ctl) name: Option<&'a str>,
    pub(in crate::ctl) models: Option<&'a [String]>,
    pub(in crate::ctl) rights: Option<&'a [Right]>,
    pub(in crate::ctl) team: Option<&'a TeamChoice>,
    pub(in crate::ctl) shards: Option<u16>,
    pub(in crate::ctl) limits: LimitChanges,
}

impl Update<'_> {
    fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.models.is_none()
            && self.rights.is_none()
            && self.team.is_none()
            && self.shards.is_none()
            && self.limits.is_empty()
    }

    fn limits(&self, before: &Holder) -> Result<LimitSet, Failed> {
        self.limits.applied_to(&before.limits())
    }

    fn team<'a>(&'a self, before: &'a Holder) -> Option<&'a TeamId> {
        self.team.map_or_else(|| before.team(), |choice| choice.0.as_ref())
    }

    fn policy(&self, before: &Holder) -> Policy {
        let mut policy = before.policy().clone();
        policy.name = self.name.map_or(policy.name, str::to_owned);
        policy.models = self.models.map_or(policy.models, <[String]>::to_vec);
        policy.rights = self.rights.map_or(policy.rights, <[Right]>::to_vec);
        let zone = self.limits.zone.as_ref();
        policy.time_zone = zone.map_or(policy.time_zone, |zone| zone.name.clone());
        policy
    }
}

/// Changes a key or a team.
pub(in crate::ctl) async fn update(
    table: &Table,
    (kind, said): (Kind, &str),
    update: &Update<'_>,
    console: Console,
    now_ms: u64,
) -> Result<Report, Failed> {
    if update.is_empty() {
        let advice = format!("'tollgatectl {} update --help' lists what can be", kind.name());
        return Err(Failed::new("nothing to change was given").advice(advice));
    }
    let holder = find(table, kind, said, console).await?;
    let notes = checked(table, &holder, update, console).await?;
    let owner = holder.first.item.account.owner.clone();
    let holder = shrink::absorb(table, holder, now_ms).await?;
    let (before, after) =
        change(table, holder, |holder, _| plan(table, holder, update, now_ms)).await?;
    if let Some(shards) = update.shards {
        spread(table, &owner, shards, now_ms).await?;
    }
    let after = Facts { shards: update.shards.unwrap_or(after.shards), ..after };
    Ok(report(&before, &Facts::of(&before), &after, notes))
}

/// Spreads the limits over so many rows.
async fn spread(table: &Table, owner: &Owner, shards: u16, now_ms: u64) -> Result<(), Failed> {
    let holder = || async {
        let holder = read(table, owner).await?;
        holder.ok_or_else(|| Failed::new("it has just been removed"))
    };
    let more = |holder: &Holder, tries| grow::plan(table, holder, shards, now_ms, tries);
    change(table, holder().await?, more).await?;
    let fewer = |holder: &Holder, _| shrink::retire(table, holder, shards, now_ms);
    change(table, holder().await?, fewer).await?;
    shrink::absorb(table, holder().await?, now_ms).await.map(drop)
}

/// Refuses what would not work, and says what the operator should know.
async fn checked(
    table: &Table,
    holder: &Holder,
    update: &Update<'_>,
    console: Console,
) -> Result<Vec<String>, Failed> {
    let limits = update.limits(holder)?;
    let mut notes = match holder.kind() {
        Kind::Team => check_team(table, holder, &limits, console).await?,
        Kind::Key => {
            let of_before = team_limits(table, holder).await?;
            let of_after = match update.team(holder) {
                Some(id) => {
                    let team = team(table, id).await?;
                    if team.state() == State::Revoked && holder.team() != Some(id) {
                        return Err(Failed::new(format!("the team '{id}' is revoked")));
                    }
                    Some(team.limits())
                }
                None => None,
            };
            let (own, policy) = (holder.limits(), update.policy(holder));
            let models = &holder.policy().models;
            let before = Access { models, limits: &own, team: of_before.as_ref() };
            let after = Access { models: &policy.models, limits: &limits, team: of_after.as_ref() };
            check(table, Some(before), after).await?
        }
    };
    if holder.state() == State::Revoked {
        notes.push(format!("{} is revoked and stays so", holder.title()));
    }
    Ok(notes)
}

/// All that can change of a key or a team, in words.
#[derive(Clone, Debug, PartialEq)]
struct Facts {
    policy: Policy,
    team: Option<TeamId>,
    limits: LimitSet,
    shards: u16,
}

impl Facts {
    fn of(holder: &Holder) -> Self {
        let (limits, team) = (holder.limits(), holder.team().cloned());
        Self { policy: holder.policy().clone(), team, shards: limits.shards, limits }
    }

    /// The revision counts the changes of the policy, and leaves figures out.
    fn shape(&self, before: &Shape, old: &Policy) -> Shape {
        let same = self.limits.shape(before.revision, self.team.clone());
        if same == *before && self.policy == *old {
            return same;
        }
        self.limits.shape(before.revision.saturating_add(1), self.team.clone())
    }

    /// Whether requests that were refused may be admitted now.
    fn is_looser(&self, after: &Self) -> bool {
        self.limits.rules.iter().any(|(rule, of)| {
            let is_it = |(other, _): &&(Rule, u64)| other.attribute() == rule.attribute();
            let now = after.limits.rules.iter().find(is_it);
            now.is_none_or(|(now, figure)| figure > of || now.mode != rule.mode)
        })
    }

    fn words(&self) -> Vec<(String, String)> {
        let mut words = vec![
            ("name".to_owned(), self.policy.name.clone()),
            ("models".to_owned(), self.policy.models.join(",")),
            ("rights".to_owned(), Right::names(&self.policy.rights).join(",")),
            ("team".to_owned(), self.team.as_ref().map_or_else(String::new, ToString::to_string)),
            ("time zone".to_owned(), self.policy.time_zone.clone()),
            ("shards".to_owned(), self.shards.to_string()),
        ];
        words.extend(self.limits.rules.iter().map(|(rule, of)| (name(rule), figure(rule, *of))));
        words
    }
}

/// All but the number of shards, which is changed by itself.
fn plan(
    table: &Table,
    holder: &Holder,
    update: &Update<'_>,
    now_ms: u64,
) -> Result<Plan<(Holder, Facts)>, Failed> {
    let limits = update.limits(holder)?;
    let facts = Facts {
        policy: update.policy(holder),
        team: update.team(holder).cloned(),
        shards: limits.shards,
        limits,
    };
    let shape = facts.shape(holder.shape(), holder.policy());
    let mut items = Vec::new();
    for shard in holder.shards() {
        let figures = facts.limits.share(shard.item.account.shard);
        let wanted = Wanted { shape: &shape, policy: &facts.policy, figures: &figures, now_ms };
        let expression = changes(shard, &wanted);
        // A share can stay what it is while those of other shards change.
        if !expression.is_empty() {
            items.push(expression.update(table, &shard.item.account)?);
        }
    }
    Ok(Plan { items, told: (holder.clone(), facts) })
}

fn report(holder: &Holder, before: &Facts, after: &Facts, notes: Vec<String>) -> Report {
    let (old, new) = (before.words(), after.words());
    let value = |words: &[(String, String)], what: &String| {
        let found = words.iter().find(|(name, _)| name == what).map(|(_, value)| value.clone());
        found.filter(|value| !value.is_empty())
    };
    let gone = old.iter().filter(|(name, _)| !new.iter().any(|(other, _)| other == name));
    let all = new.iter().chain(gone).map(|(name, _)| name);
    let changed: Vec<_> = all
        .map(|what| (what, value(&old, what), value(&new, what)))
        .filter(|(_, old, new)| old != new)
        .collect();
    let json =
        changed.iter().map(|(what, old, new)| json!({ "what": what, "before": old, "after": new }));
    let json = json!({ "id": holder.id(), "changed": json.collect::<Value>() });
    let title = holder.title();
    let report = Report::new(json).notes(notes);
    if changed.is_empty() {
        return report.text(format!("nothing to do: {title} is like that"));
    }
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let rows = changed.iter().map(|(what, old, new)| vec![(*what).clone(), shown(old), shown(new)]);
    let report = report
        .text(format!("{title} is changed, at once and for the windows that are running"))
        .grid(Grid::new(&["WHAT", "BEFORE", "NOW"], rows));
    let report = report.notes(before.is_looser(after).then(|| REMEMBERED.to_owned()));
    let moved = before.policy.time_zone != after.policy.time_zone;
    report.notes(
        moved.then(|| {
            "a day or month that is another one in the new time zone begins whole".to_owned()
        }),
    )
}
