//! What the request would meet: the document, the key and the targets' health, of a file or of the
//! table.

use crate::config::{Config, Document, LocalKey, Snapshot, Strictness};
use crate::ctl::accounts::{Holder, Kind, find, team};
use crate::ctl::aws::Table;
use crate::ctl::command::Place;
use crate::ctl::output::{Console, Failed};
use crate::ctl::{config, health};
use crate::keys::{Secret, parse};
use crate::routing::{Aside, Health};
use crate::store::{Item, MemoryStore, Standing, State, standing};

/// What is known.
pub(super) struct Known {
    pub(super) snapshot: Snapshot,
    /// How the key stands, if one was named.
    pub(super) standing: Option<Standing>,
    /// What the explanation cannot know.
    pub(super) notes: Vec<String>,
}

/// What a file says; a key is one of its local keys, unused.
pub(super) fn of_file(path: &str, key: Option<&str>, now_ms: u64) -> Result<Known, Failed> {
    let file = config::read(path)?;
    let found = key.map(|said| local(&file.config, said)).transpose()?;
    let standing = found.and_then(|key| {
        let teams = file.config.teams.iter().filter(|team| Some(&team.id) == key.team.as_ref());
        let teams: Vec<_> = teams.map(MemoryStore::item_of_team).collect();
        standing(&[&MemoryStore::item_of(key)], &teams.iter().collect::<Vec<_>>(), now_ms)
    });
    let notes = notes(standing.as_ref(), "the targets' health is not known of a file");
    Ok(Known { snapshot: snapshot(file.config, 0, vec![], now_ms), standing, notes })
}

fn local<'a>(config: &'a Config, said: &str) -> Result<&'a LocalKey, Failed> {
    let id = parse(said).map(|(id, _)| id).ok();
    let is_it = |key: &&LocalKey| {
        id.as_ref() == Some(&key.id) || key.id.as_str() == said || key.name == said
    };
    config.keys.iter().find(is_it).ok_or_else(|| {
        let shown = if said.starts_with("tg-") { "tg-…" } else { said };
        let names: Vec<_> = config.keys.iter().map(|key| key.name.as_str()).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Failed::new(format!("the file has no key '{shown}'")).advice(format!("it has {known}"))
    })
}

/// What the table says, and a key of it as it stands now.
pub(super) async fn of_table(
    place: &Place,
    key: Option<&str>,
    console: Console,
    now_ms: u64,
) -> Result<Known, Failed> {
    let table = Table::connect(place, console).await?;
    let live = config::live(&table).await?.ok_or_else(|| {
        let what = format!("the table {} holds no configuration", table.name);
        Failed::new(what).advice("'tollgatectl config push' makes one the live one")
    })?;
    let document = serde_json::from_str(&live.json)
        .map_err(|error| Failed::new(format!("the live document cannot be read: {error}")))?;
    // As the function reads it.
    let read = Document::from_json(&document).read(Strictness::Lenient);
    let (config, _) = read.unwrap_or_default();
    let standing = match key {
        Some(said) => Some(stands(&table, said, console, now_ms).await?),
        None => None,
    };
    let health = health::read(&table).await?;
    let notes =
        notes(standing.as_ref(), "what one environment alone has seen of targets is not known");
    Ok(Known { snapshot: snapshot(config, live.version, health, now_ms), standing, notes })
}

/// How a key of the table stands.
async fn stands(
    table: &Table,
    said: &str,
    console: Console,
    now_ms: u64,
) -> Result<Standing, Failed> {
    let holder = find(table, Kind::Key, said, console).await?;
    let team = match holder.team() {
        Some(id) => Some(team(table, id).await?),
        None => None,
    };
    for holder in std::iter::once(&holder).chain(&team) {
        if holder.state() != State::Active {
            let what = format!("{} is revoked: each request is refused", holder.title());
            return Err(Failed::new(what));
        }
    }
    let key: Vec<&Item> = holder.items().collect();
    let team: Vec<&Item> = team.iter().flat_map(Holder::items).collect();
    standing(&key, &team, now_ms).ok_or_else(|| Failed::new("the key has no row"))
}

/// A snapshot in which every credential is there, for the function's are not known here.
fn snapshot(config: Config, version: u64, health: Vec<Aside>, now_ms: u64) -> Snapshot {
    let known = |reference: &&crate::config::CredentialRef| {
        ((*reference).clone(), Ok(Secret::new("not known here")))
    };
    let secrets = config.credentials().iter().map(known).collect();
    Snapshot { config, version, read_ms: now_ms, secrets, health: Health::new(health, now_ms) }
}

/// What is not looked at.
fn notes(standing: Option<&Standing>, health: &str) -> Vec<String> {
    let mut notes = vec![format!(
        "the function's credentials and its own deadline are not known here, and {health}"
    )];
    if standing.is_none() {
        let note = "no key is named (--key): nothing is known of limits and of what it may use, and \
                    a limited key's request may get an output cap";
        notes.push(note.to_owned());
    }
    notes
}
