//! Limits in money and targets without a price: the request that meets both is refused, so the
//! operator is, before.

use crate::config::{Config, Document, Strictness, unpriced};
use crate::ctl::aws::Table;
use crate::ctl::config;
use crate::ctl::output::{Console, Failed};
use crate::ctl::units::counted;
use crate::quota::LimitSet;
use crate::routing::overlap;
use crate::store::State;

use super::find::team;
use super::holder::{Holder, Kind};
use super::rows::{Holders, all};

/// So many are named; of the others the number is given.
const MOST_NAMED: usize = 5;
const ADVICE: &str = "give the target a price in the configuration and push it first, or let the \
                      limit be a shadow ('--usd-per-month 20:shadow')";

/// What a key may do, or is about to.
#[derive(Clone, Copy, Debug)]
pub(in crate::ctl) struct Access<'a> {
    pub(in crate::ctl) models: &'a [String],
    pub(in crate::ctl) limits: &'a LimitSet,
    pub(in crate::ctl) team: Option<&'a LimitSet>,
}

impl Access<'_> {
    /// What would be refused: a sentence for each route.
    fn unpriced(self, config: &Config) -> Vec<String> {
        let models: Vec<&str> = self.models.iter().map(String::as_str).collect();
        let mut found = unpriced(config, &models, self.limits);
        let team = self.team.map(|limits| unpriced(config, &models, limits));
        found.extend(team.into_iter().flatten());
        found.sort();
        found.dedup();
        found
    }
}

/// The live configuration, or why there is nothing to compare with.
pub(in crate::ctl) async fn live(table: &Table) -> Result<Config, String> {
    let live = match config::live(table).await {
        Ok(Some(live)) => live,
        Ok(None) => return Err("no configuration was pushed yet: no model is served".to_owned()),
        Err(failed) => return Err(format!("not compared with the configuration: {failed}")),
    };
    let document = serde_json::from_str(&live.json).map(|json| Document::from_json(&json));
    match document.map(|document| document.read(Strictness::Lenient)) {
        Ok(Ok((config, _))) => Ok(config),
        _ => Err("the live configuration cannot be read: 'tollgatectl config show'".to_owned()),
    }
}

/// Refuses a change after which a limit in money is about a target without a price, and that was
/// not so before. Says what the operator should know besides.
pub(in crate::ctl) async fn check(
    table: &Table,
    before: Option<Access<'_>>,
    after: Access<'_>,
) -> Result<Vec<String>, Failed> {
    let config = match live(table).await {
        Ok(config) => config,
        Err(why) => return Ok(vec![why]),
    };
    let known = before.map(|before| before.unpriced(&config)).unwrap_or_default();
    let found = after.unpriced(&config);
    let new: Vec<_> = found.into_iter().filter(|found| !known.contains(found)).collect();
    if !new.is_empty() {
        let what = "a limit in money would be about targets without a price; nothing was changed";
        return Err(Failed::new(what).details(new).advice(ADVICE));
    }
    Ok(unserved(&config, after.models))
}

fn unserved(config: &Config, models: &[String]) -> Vec<String> {
    let is_served = |allowed: &&String| {
        config.routes.iter().any(|route| overlap(route.pattern.as_str(), allowed))
    };
    let unserved = models.iter().filter(|allowed| !is_served(allowed));
    unserved.map(|allowed| format!("no route serves a model that fits '{allowed}'")).collect()
}

/// The same for a team: it binds all of its keys.
pub(in crate::ctl) async fn check_team(
    table: &Table,
    before: &Holder,
    after: &LimitSet,
    console: Console,
) -> Result<Vec<String>, Failed> {
    if !after.binds_money() {
        return Ok(vec![]);
    }
    let config = match live(table).await {
        Ok(config) => config,
        Err(why) => return Ok(vec![why]),
    };
    let limits = before.limits();
    let Holders { all, .. } = all(table, Kind::Key, console).await?;
    let members =
        all.iter().filter(|key| key.team().is_some_and(|team| team.as_str() == before.id()));
    let mut found = Vec::new();
    for key in members.filter(|key| key.state() == State::Active) {
        let access = |team| Access { models: &key.policy().models, limits: team, team: None };
        let known = access(&limits).unpriced(&config);
        let new = access(after).unpriced(&config).into_iter();
        found.extend(new.filter(|new| !known.contains(new)).map(|new| (key.title(), new)));
    }
    if found.is_empty() {
        return Ok(vec![]);
    }
    let what = "a limit in money would be about targets without a price; nothing was changed";
    Err(Failed::new(what).details(named(found)).advice(ADVICE))
}

/// The limits of a key's team.
pub(in crate::ctl) async fn team_limits(
    table: &Table,
    key: &Holder,
) -> Result<Option<LimitSet>, Failed> {
    match key.team() {
        Some(id) => Ok(Some(team(table, id).await?.limits())),
        None => Ok(None),
    }
}

/// Refuses a configuration under which requests of active keys would be refused for want of a
/// price.
pub(in crate::ctl) async fn check_config(
    table: &Table,
    config: &Config,
    console: Console,
) -> Result<(), Failed> {
    let mut targets = config.routes.iter().flat_map(|route| route.all_targets());
    if targets.all(|target| target.terms.price.is_some()) {
        return Ok(());
    }
    let keys = all(table, Kind::Key, console).await?.all;
    let teams = all(table, Kind::Team, console).await?.all;
    let mut found = Vec::new();
    for key in keys.iter().filter(|key| key.state() == State::Active) {
        let of_key = |team: &&Holder| key.team().is_some_and(|id| id.as_str() == team.id());
        let team = teams.iter().find(of_key);
        if team.is_some_and(|team| team.state() != State::Active) {
            continue;
        }
        let (limits, team) = (key.limits(), team.map(Holder::limits));
        let access = Access { models: &key.policy().models, limits: &limits, team: team.as_ref() };
        found.extend(access.unpriced(config).into_iter().map(|what| (key.title(), what)));
    }
    if found.is_empty() {
        return Ok(());
    }
    let mut keys: Vec<_> = found.iter().map(|(key, _)| key.clone()).collect();
    keys.dedup();
    let keys = counted(keys.len(), "key");
    let what =
        format!("limits in money of {keys} are about targets without a price; nothing was pushed");
    Err(Failed::new(what).details(named(found)).advice(
        "give the targets a price, or let the limits be shadows ('tollgatectl key update KEY \
         --usd-per-month 20:shadow')",
    ))
}

/// The first few, and how many more there are.
fn named(found: Vec<(String, String)>) -> Vec<String> {
    let count = found.len();
    let named = found.into_iter().map(|(key, what)| format!("{key}: {what}"));
    let mut named: Vec<_> = named.take(MOST_NAMED).collect();
    if count > MOST_NAMED {
        named.push(format!("and {} more", count - MOST_NAMED));
    }
    named
}
