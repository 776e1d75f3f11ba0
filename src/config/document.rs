//! The document: what people write, checked as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::fields::Item;
use super::local_keys::{LocalKey, LocalTeam};
use super::problems::{Problem, Problems};
use super::provider::{CredentialRef, Provider};
use super::routes::{self, Providers};
use super::tree::{Kind, Node};
use super::unpriced::unpriced;
use super::yaml;
use crate::routing::Routes;

/// How mistakes are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Any mistake refuses the whole document: for writing.
    Strict,
    /// What can be used is used: for reading.
    Lenient,
}

/// A document as a tree, before it is known to make sense.
#[derive(Clone, Debug)]
pub struct Document(Node);

/// What a document says, ready to route by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The routing table.
    pub routes: Routes,
    /// The providers by name.
    pub providers: BTreeMap<String, Arc<Provider>>,
    /// Keys for local use.
    pub keys: Vec<LocalKey>,
    /// Teams for local use.
    pub teams: Vec<LocalTeam>,
}

impl Document {
    /// Reads YAML or JSON.
    ///
    /// # Errors
    /// The place where the text stops making sense.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        yaml::parse(text).map(Self)
    }

    /// A document as it is stored.
    pub fn from_json(value: &Value) -> Self {
        Self(Node::from_json(value))
    }

    /// The document as it is stored: without local teams, and without local keys, of which it
    /// gives the number.
    pub fn to_stored(&self) -> (Value, usize) {
        let mut value = self.0.to_json();
        let mut take = |name| value.as_object_mut().and_then(|members| members.remove(name));
        let (keys, _) = (take("keys"), take("teams"));
        let count = keys.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
        (value, count)
    }

    /// What the document says, and what is wrong with it. When strict, a document with anything
    /// wrong says nothing.
    ///
    /// # Errors
    /// All mistakes in the order of the text, when strict.
    pub fn read(&self, strictness: Strictness) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
        let problems = Problems::default();
        let config = read(&Item::root(&self.0, &problems));
        check_reachable(&config, &problems);
        let problems = problems.into_sorted();
        match strictness {
            Strictness::Strict if !problems.is_empty() => Err(problems),
            _ => Ok((config, problems)),
        }
    }
}

impl Config {
    /// Every credential that the document refers to, once.
    pub fn credentials(&self) -> Vec<&CredentialRef> {
        let mut all: Vec<_> =
            self.providers.values().filter_map(|provider| provider.credential.as_ref()).collect();
        all.sort();
        all.dedup();
        all
    }
}

fn read(root: &Item<'_>) -> Config {
    let Some(fields) = root.fields() else { return Config::default() };
    let mut providers = Providers::new();
    if let Some(fields) = fields.item("providers").and_then(|item| item.fields()) {
        for (name, item) in fields.named_items() {
            if !is_provider_name(name) {
                item.problem("a provider's name has letters, digits, '-' and '_'");
            }
            providers.insert(name.to_owned(), Provider::read(name, &item).map(Arc::new));
        }
    }
    let routes = fields.list("routes");
    if routes.is_empty() && !matches!(&root.node.kind, Kind::Map(entries) if entries.is_empty()) {
        fields.problem("'routes' is missing: without a route nothing is served");
    }
    let mut seen = BTreeMap::new();
    let routes = routes
        .iter()
        .filter_map(|item| {
            let route = routes::read(item, &providers)?;
            if let Some(first) = seen.insert(route.pattern.to_string(), item.path.clone()) {
                item.problem(format!(
                    "'{}' is already the pattern of {first}: this route would never be used",
                    route.pattern
                ));
            }
            Some(route)
        })
        .collect();
    let teams = fields.item("teams").and_then(|item| item.fields());
    let teams = teams.map_or_else(Vec::new, |fields| fields.named_items());
    let teams: Vec<_> =
        teams.iter().filter_map(|(name, item)| LocalTeam::read(name, item)).collect();
    let items = fields.list("keys");
    let keys: Vec<_> = items.iter().map(|item| LocalKey::read(item, &teams)).collect();
    fields.finish();
    let providers = providers.into_iter().filter_map(|(name, p)| Some((name, p?))).collect();
    let mut config = Config { routes: Routes::new(routes), providers, keys: vec![], teams };
    for (index, (item, key)) in items.iter().zip(&keys).enumerate() {
        let same = |other: &Option<LocalKey>| {
            other.as_ref().zip(key.as_ref()).is_some_and(|(a, b)| a.id == b.id)
        };
        if keys.iter().take(index).any(same) {
            item.problem("this key is there twice: make another with 'tollgatectl key mint'");
        }
        key.iter().flat_map(|key| key_unpriced(&config, key)).for_each(|what| item.problem(what));
    }
    config.keys = keys.into_iter().flatten().collect();
    config
}

/// A limit in money needs prices: a key's own, and its team's.
fn key_unpriced(config: &Config, key: &LocalKey) -> Vec<String> {
    let models: Vec<&str> = key.models.iter().map(crate::routing::Pattern::as_str).collect();
    let team = config.teams.iter().filter(|team| Some(&team.id) == key.team.as_ref());
    let limits = std::iter::once(&key.limits).chain(team.map(|team| &team.limits));
    let mut found: Vec<_> = limits.flat_map(|limits| unpriced(config, &models, limits)).collect();
    found.dedup();
    found
}

/// Every name that a route lists must be served by that route, not by one that is searched before.
fn check_reachable(config: &Config, problems: &Problems) {
    for route in config.routes.iter() {
        for name in &route.listed {
            let found = config.routes.find(name);
            if let Some(other) = found.filter(|found| !Arc::ptr_eq(found, route)) {
                let message = format!(
                    "the route '{}' lists '{name}', but '{}' serves it",
                    route.pattern, other.pattern
                );
                problems.add(None, "routes", message);
            }
        }
    }
}

fn is_provider_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    !name.is_empty() && name.len() <= 64 && name.chars().all(allowed)
}

#[cfg(test)]
mod tests;
