//! What a key may do, as the operator says it, and what the live configuration makes of that.

use crate::config::{Config, Document, Strictness};
use crate::ctl::aws::Table;
use crate::ctl::command::PolicyOptions;
use crate::ctl::config;
use crate::ctl::overlap::overlap;
use crate::quota::{LIMITS, Limit, UNLIMITED, Unit};
use crate::routing::check_alias;

const MOST_NAME_CHARS: usize = 64;

/// Reads a key's name: it stands in logs and metrics.
pub(in crate::ctl) fn name(text: &str) -> Result<String, String> {
    let good = (1..=MOST_NAME_CHARS).contains(&text.chars().count());
    if good && text.trim() == text && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!("a name has 1 to {MOST_NAME_CHARS} characters, none at its ends a space"))
}

/// Reads a pattern of models: with its wildcards taken as letters it must read as an alias.
pub(in crate::ctl) fn model_pattern(text: &str) -> Result<String, String> {
    match check_alias(&text.replace(['*', '?'], "x")) {
        Ok(()) => Ok(text.to_owned()),
        Err(_) => Err("expected model names, with * and ? as wildcards, such as gpt-*".to_owned()),
    }
}

impl PolicyOptions {
    /// The limits in the order of [`LIMITS`].
    pub(super) fn limits(&self) -> Vec<u64> {
        let value = |limit: &Limit| match limit.name {
            "rpm" => self.rpm,
            "tokens_per_day" => self.tokens_per_day,
            "usd_per_month" => self.nano_usd_per_month,
            _ => None,
        };
        LIMITS.iter().map(|limit| value(limit).unwrap_or(UNLIMITED)).collect()
    }

    fn limits_money(&self) -> bool {
        let limits = self.limits();
        LIMITS
            .iter()
            .zip(limits)
            .any(|(limit, value)| limit.unit == Unit::NanoUsd && value < UNLIMITED)
    }
}

/// What the operator should know before clients find out. Without the right to read the
/// configuration a key can be made all the same.
pub(super) async fn warnings(table: &Table, policy: &PolicyOptions) -> Vec<String> {
    let live = match config::live(table).await {
        Ok(Some(live)) => live,
        Ok(None) => return vec!["no configuration was pushed yet: no model is served".to_owned()],
        Err(failed) => return vec![format!("not compared with the configuration: {failed}")],
    };
    let document = serde_json::from_str(&live.json).map(|json| Document::from_json(&json));
    match document.map(|document| document.read(Strictness::Lenient)) {
        Ok(Ok((config, _))) => compare(&config, policy),
        _ => vec!["the live configuration cannot be read: 'tollgatectl config show'".to_owned()],
    }
}

fn compare(config: &Config, policy: &PolicyOptions) -> Vec<String> {
    let mut warnings = Vec::new();
    let serves = |pattern: &str, allowed: &str| overlap(pattern, allowed);
    for allowed in &policy.models {
        if !config.routes.iter().any(|route| serves(route.pattern.as_str(), allowed)) {
            warnings.push(format!("no route serves a model that fits '{allowed}'"));
        }
    }
    if !policy.limits_money() {
        return warnings;
    }
    for route in config.routes.iter() {
        let pattern = route.pattern.as_str();
        if !policy.models.iter().any(|allowed| serves(pattern, allowed)) {
            continue;
        }
        let mut unpriced: Vec<_> = route
            .all_targets()
            .filter(|target| target.terms.price.is_none())
            .map(crate::routing::Target::id)
            .collect();
        unpriced.sort();
        unpriced.dedup();
        if !unpriced.is_empty() {
            warnings.push(format!(
                "requests for '{pattern}' will be refused under a limit of money: {} has no price",
                unpriced.join(", ")
            ));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::ctl::Invocation;

    #[test]
    fn names_and_patterns() {
        assert!(["a", "my app", "Größe"].iter().all(|good| name(good).is_ok()));
        let long = "a".repeat(65);
        assert!(["", " a", "a\n", &long].iter().all(|bad| name(bad).is_err()));
        assert!(["*", "gpt-*", "ep-?"].iter().all(|good| model_pattern(good).is_ok()));
        assert!(["", "gpt 4", "../*"].iter().all(|bad| model_pattern(bad).is_err()));
    }

    #[test]
    fn every_limit_is_an_option() {
        let command = Invocation::command();
        let create = command.find_subcommand("key").unwrap().find_subcommand("create").unwrap();
        let options: Vec<_> =
            create.get_arguments().map(|option| option.get_id().as_str()).collect();
        assert!(LIMITS.iter().all(|limit| options.contains(&limit.name)), "{options:?}");
        let all = PolicyOptions {
            models: vec![],
            rpm: Some(1),
            tokens_per_day: Some(2),
            nano_usd_per_month: Some(3),
        };
        assert_eq!(all.limits(), [1, 2, 3], "PolicyOptions::limits misses one");
    }

    #[test]
    fn a_policy_is_compared_with_what_is_served() {
        let document = "
providers: { m: { vendor: mock } }
routes:
  - { match: 'gpt-*', targets: [{ provider: m, price: { input: 1, output: 2 } }], fallback: [{ provider: m, model: x }] }
  - { match: free, targets: [{ provider: m, price: { input: 0, output: 0 } }] }
";
        let (config, _) = Document::parse(document).unwrap().read(Strictness::Strict).unwrap();
        let policy = |models: &[&str], nano_usd_per_month| PolicyOptions {
            models: models.iter().map(ToString::to_string).collect(),
            rpm: None,
            tokens_per_day: None,
            nano_usd_per_month,
        };
        assert_eq!(compare(&config, &policy(&["*"], None)), [""; 0]);
        assert_eq!(compare(&config, &policy(&["free"], Some(1))), [""; 0]);
        assert_eq!(
            compare(&config, &policy(&["*-4o", "ep-*"], Some(1))),
            [
                "no route serves a model that fits 'ep-*'",
                "requests for 'gpt-*' will be refused under a limit of money: m/x has no price",
            ]
        );
    }
}
