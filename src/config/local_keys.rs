//! Keys and teams of a local document. In the table they are made by `tollgatectl` and never in a
//! document.

use super::fields::Item;
use super::limits;
use super::problems::unknown_name;
use crate::keys::{Digest, KeyId, Right, Secret, TeamId, parse};
use crate::quota::LimitSet;
use crate::routing::Pattern;

/// A key that the embedded store is loaded with.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalKey {
    /// Its public id.
    pub id: KeyId,
    /// The digest of the whole key.
    pub digest: Digest,
    /// The key itself, for the banner.
    pub secret: Secret,
    /// Its name.
    pub name: String,
    /// What it may use.
    pub models: Vec<Pattern>,
    /// What it may do besides asking models.
    pub rights: Vec<Right>,
    /// The team whose limits bind it as well.
    pub team: Option<TeamId>,
    /// Its own limits.
    pub limits: LimitSet,
}

/// A team that the embedded store is loaded with.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalTeam {
    /// Its id.
    pub id: TeamId,
    /// Its limits.
    pub limits: LimitSet,
}

impl LocalKey {
    pub(super) fn read(item: &Item<'_>, teams: &[LocalTeam]) -> Option<Self> {
        let fields = item.fields()?;
        let name = fields.required("name").and_then(|item| item.text());
        let secret = fields.required("secret").and_then(|item| {
            let text = item.text()?;
            let parsed = parse(text);
            if parsed.is_err() {
                item.problem("not a key: make one with 'tollgatectl key mint'");
            }
            parsed.ok().map(|(id, digest)| (id, digest, Secret::new(text)))
        });
        let models = match fields.item("models") {
            Some(item) => item.list().iter().filter_map(Item::text).map(Pattern::new).collect(),
            None => vec![Pattern::new("*")],
        };
        let rights = fields.list("rights").iter().filter_map(read_right).collect();
        let team = fields.item("team").and_then(|item| read_team(&item, teams));
        let limits = limits::read(&fields);
        fields.finish();
        let (id, digest, secret) = secret?;
        Some(Self { id, digest, secret, name: name?.to_owned(), models, rights, team, limits })
    }
}

fn read_right(item: &Item<'_>) -> Option<Right> {
    let name = item.text()?;
    let right = Right::named(name);
    if right.is_none() {
        item.problem(unknown_name("right", name, Right::ALL.iter().map(|(_, name, _)| *name)));
    }
    right
}

fn read_team(item: &Item<'_>, teams: &[LocalTeam]) -> Option<TeamId> {
    let name = item.text()?;
    let team = teams.iter().find(|team| team.id.as_str() == name);
    if team.is_none() {
        let known = teams.iter().map(|team| team.id.as_str());
        item.problem(unknown_name("team", name, known));
    }
    team.map(|team| team.id.clone())
}

impl LocalTeam {
    pub(super) fn read(name: &str, item: &Item<'_>) -> Option<Self> {
        let fields = item.fields()?;
        let id = TeamId::parse(name);
        if let Err(why) = id {
            item.problem(why.to_string());
        }
        let limits = limits::read(&fields);
        fields.finish();
        Some(Self { id: id.ok()?, limits })
    }
}
