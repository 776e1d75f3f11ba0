//! The banner of a local run: what is served, what is not and why, and a command to paste.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;

use tollgate::config::{Config, Snapshot};
use tollgate::settings::Settings;

/// Prints the banner to standard error: standard output has the records.
///
/// # Errors
/// When standard error cannot be written.
pub(crate) fn print(
    settings: &Settings,
    address: SocketAddr,
    snapshot: Option<&Snapshot>,
    local: &Config,
) -> std::io::Result<()> {
    let stderr = std::io::stderr();
    #[expect(clippy::disallowed_methods, reason = "NO_COLOR is about the terminal only")]
    let colour = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let (bold, dim, plain) = if colour { ("\x1b[1m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let mut out = stderr.lock();
    let url = format!("http://{address}/v1");
    let source = settings.table.as_ref().map_or_else(
        || format!("embedded store, {}", settings.config_path),
        |table| format!("table {table}"),
    );
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "{bold}Tollgate {version}{plain} serves {bold}{url}{plain} ({source})\n")?;
    if let Some(snapshot) = snapshot {
        routes(&mut out, snapshot, dim, plain)?;
    }
    let Some(key) = local.keys.first() else {
        writeln!(out, "Make a key: tollgatectl key create --name me --rpm 60")?;
        return Ok(());
    };
    let usable = |target| snapshot.is_some_and(|snapshot| snapshot.unusable(target).is_none());
    let model = local
        .routes
        .iter()
        .find(|route| route.pattern.is_exact() && route.all_targets().any(usable));
    let model = model.map_or("MODEL", |route| route.pattern.as_str());
    let secret = key.secret.reveal();
    writeln!(out, "Local key '{}': {secret}\n\nTry it:\n", key.name)?;
    writeln!(out, "  curl {url}/chat/completions \\")?;
    writeln!(
        out,
        "    -H 'Authorization: Bearer {secret}' -H 'Content-Type: application/json' \\"
    )?;
    let body = format!(
        r#"{{"model":"{model}","stream":true,"messages":[{{"role":"user","content":"Hello"}}]}}"#
    );
    writeln!(out, "    -d '{body}'\n")?;
    Ok(())
}

/// A row for each route: what it matches and who answers.
fn routes(
    out: &mut impl Write,
    snapshot: &Snapshot,
    dim: &str,
    plain: &str,
) -> std::io::Result<()> {
    let mut reasons: BTreeMap<String, String> = BTreeMap::new();
    let width = snapshot.config.routes.iter().map(|route| route.pattern.as_str().len()).max();
    let width = width.unwrap_or(0);
    for route in snapshot.config.routes.iter() {
        let targets: Vec<String> = route
            .all_targets()
            .map(|target| match snapshot.unusable(target) {
                None => target.id.clone(),
                Some(reason) => {
                    reasons.insert(target.provider.name.clone(), reason);
                    format!("{dim}({}){plain}", target.id)
                }
            })
            .collect();
        writeln!(out, "  {:width$}  {}", route.pattern.as_str(), targets.join(" → "))?;
    }
    for (provider, reason) in &reasons {
        writeln!(out, "  {dim}{provider} is inactive: {reason}{plain}")?;
    }
    writeln!(out)
}
