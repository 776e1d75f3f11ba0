//! `config check`: what a document says, once it is known to be right.

use serde_json::{Value, json};

use super::file::{self, CheckedFile};
use crate::config::Provider;
use crate::ctl::grid::Grid;
use crate::ctl::output::{Failed, Report};
use crate::ctl::units::counted;
use crate::routing::{Route, Target};

/// Reads a document strictly and shows its routes and providers.
pub(in crate::ctl) fn check(path: &str) -> Result<Report, Failed> {
    let file = file::read(path)?;
    let CheckedFile { name, config, .. } = &file;
    let routes: Vec<_> = config.routes.iter().map(AsRef::as_ref).collect();
    let providers: Vec<_> = config.providers.values().map(AsRef::as_ref).collect();
    let counts = [counted(routes.len(), "route"), counted(providers.len(), "provider")];
    let json = json!({
        "file": name,
        "routes": routes.iter().copied().map(route_json).collect::<Vec<_>>(),
        "providers": providers.iter().copied().map(provider_json).collect::<Vec<_>>(),
        "local_keys": file.local_keys,
    });
    let route_rows = routes.iter().copied().map(|route| {
        vec![route.pattern.to_string(), targets(&route.targets), targets(&route.fallback)]
    });
    let provider_rows = providers.iter().copied().map(|provider| {
        let address = if provider.vendor.is_mock() { "-" } else { provider.base_url.as_str() };
        let row = [&provider.name, provider.vendor.name, address, &credential(provider)];
        row.map(str::to_owned).to_vec()
    });
    let report = Report::new(json)
        .text(format!("{name} is good: {}", counts.join(", ")))
        .text("")
        .grid(Grid::new(&["MODELS", "TARGETS", "FALLBACK"], route_rows))
        .text("")
        .grid(Grid::new(&["PROVIDER", "VENDOR", "ADDRESS", "CREDENTIAL"], provider_rows));
    Ok(report.notes(file.note()))
}

fn targets(targets: &[Target]) -> String {
    let shown = targets.iter().map(|target| match target.weight {
        Some(weight) => format!("{} ({weight})", target.id),
        None => target.id.clone(),
    });
    let shown: Vec<_> = shown.collect();
    if shown.is_empty() { "-".to_owned() } else { shown.join(", ") }
}

fn credential(provider: &Provider) -> String {
    provider.credential.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn route_json(route: &Route) -> Value {
    let targets = |targets: &[Target]| -> Vec<Value> {
        let target = |target: &Target| {
            json!({
                "target": target.id,
                "weight": target.weight,
                "priced": target.terms.price.is_some(),
            })
        };
        targets.iter().map(target).collect()
    };
    json!({
        "match": route.pattern.as_str(),
        "targets": targets(&route.targets),
        "fallback": targets(&route.fallback),
    })
}

fn provider_json(provider: &Provider) -> Value {
    json!({
        "name": provider.name,
        "vendor": provider.vendor.name,
        "base_url": provider.base_url.as_str(),
        "api_key": provider.credential.as_ref().map(ToString::to_string),
    })
}
