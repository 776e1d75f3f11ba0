//! `key mint`: a key for a local document.

use serde_json::{Value, json};

use super::create::as_json;
use super::draw::draw;
use crate::ctl::command::MintOptions;
use crate::ctl::limits::documented;
use crate::ctl::output::{Failed, Report};
use crate::keys::Right;

/// Makes a key for a local document.
pub(in crate::ctl) fn mint(options: &MintOptions) -> Result<Report, Failed> {
    let (id, secret) = draw()?;
    let MintOptions { name, policy } = options;
    let set = policy.limits.0.alone(1)?;
    // JSON texts are YAML texts, whatever they hold.
    let mut entry = format!(
        "keys:\n  - {{ name: {}, secret: {}, models: {}",
        json!(name),
        secret.reveal(),
        json!(policy.models),
    );
    if !policy.rights.is_empty() {
        entry = format!("{entry}, rights: {}", json!(Right::names(&policy.rights)));
    }
    let (limits, aliases) = documented(&set);
    for (field, value) in [("limits", limits), ("alias_limits", aliases)] {
        if value.as_object().is_some_and(|members| !members.is_empty()) {
            entry = format!("{entry}, {field}: {}", flow(&value));
        }
    }
    if !set.zone.is_utc() {
        entry = format!("{entry}, time_zone: {}", json!(set.zone.to_string()));
    }
    entry.push_str(" }");
    Ok(Report::new(as_json(&id, name, &secret, policy, &set))
        .notes(["for a local gateway.yaml; the function's keys are made by 'key create'".into()])
        .text(entry))
}

/// JSON as people write it in YAML: names without quotes where they are plain words.
fn flow(value: &Value) -> String {
    let Value::Object(members) = value else {
        return value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    };
    let is_plain = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let name = |name: &str| if is_plain(name) { name.to_owned() } else { json!(name).to_string() };
    let members = members.iter().map(|(key, value)| format!("{}: {}", name(key), flow(value)));
    format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
}
