//! Limits of a local key or team as they are written.

use super::fields::{Fields, Item};
use super::problems::unknown_name;
use crate::quota::{LIMITS, Limit, LimitSet, MOST_RULES, Mode, Rule, UNLIMITED, Unit, Zone};
use crate::routing::{Pattern, check_alias};

const NANO_PER_MICRO: u64 = 1_000;

/// Reads `limits`, `alias_limits` and `time_zone`.
pub(super) fn read(fields: &Fields<'_>) -> LimitSet {
    let mut rules = Vec::new();
    if let Some(item) = fields.item("limits") {
        rules.extend(read_rules(&item, None));
    }
    if let Some(aliases) = fields.item("alias_limits").and_then(|item| item.fields()) {
        for (pattern, item) in aliases.named_items() {
            // With its wildcards taken as letters, a pattern must read as an alias.
            if check_alias(&pattern.replace(['*', '?'], "x")).is_err() {
                item.problem(format!("'{pattern}' holds a character that no model name may have"));
                continue;
            }
            rules.extend(read_rules(&item, Some(&Pattern::new(pattern))));
        }
    }
    if rules.len() > MOST_RULES {
        fields.problem(format!("at most {MOST_RULES} limits, those for some aliases included"));
    }
    LimitSet {
        rules,
        zone: fields.item("time_zone").map_or(Zone::UTC, |item| read_zone(&item)),
        shards: 1,
    }
}

fn read_zone(item: &Item<'_>) -> Zone {
    let zone = item.text().map(Zone::posix);
    if let Some(Err(_)) = zone {
        item.problem(
            "expected the rules of a time zone as POSIX has them, such as CST-8 for Shanghai or \
             CET-1CEST,M3.5.0,M10.5.0/3 for Berlin; 'tollgatectl key mint --time-zone' writes them",
        );
    }
    zone.and_then(Result::ok).unwrap_or_default()
}

fn read_rules(item: &Item<'_>, alias: Option<&Pattern>) -> Vec<(Rule, u64)> {
    let Some(fields) = item.fields() else { return vec![] };
    let items = fields.named_items();
    let read = |(name, item): (&str, Item<'_>)| match Limit::named(name) {
        Some(limit) if limit.is_window() || alias.is_none() => read_rule(limit, &item, alias),
        Some(_) => {
            item.problem(format!("'{name}' is a limit of the whole key, not of some aliases"));
            None
        }
        None => {
            item.problem(unknown_name("limit", name, LIMITS.iter().map(|limit| limit.name)));
            None
        }
    };
    items.into_iter().filter_map(read).collect()
}

/// A figure, or a figure with a mode: `60`, `{ limit: 60, mode: shadow }`.
fn read_rule(
    limit: &'static Limit,
    item: &Item<'_>,
    alias: Option<&Pattern>,
) -> Option<(Rule, u64)> {
    let mut mode = limit.default_mode();
    let figure = if item.is_map() {
        let fields = item.fields()?;
        let figure = fields.required("limit").and_then(|item| read_figure(limit, &item));
        if let Some(item) = fields.item("mode") {
            match item.text().map(|name| (name, Mode::named(name))) {
                Some((_, Some(named))) => mode = named,
                Some((name, None)) => {
                    item.problem(unknown_name("mode", name, Mode::ALL.iter().map(|m| m.name())));
                }
                None => {}
            }
        }
        fields.finish();
        figure
    } else {
        read_figure(limit, item)
    };
    Some((Rule::new(limit, mode, alias.cloned()), figure?))
}

fn read_figure(limit: &Limit, item: &Item<'_>) -> Option<u64> {
    match limit.unit {
        Unit::NanoUsd => {
            let micro_usd = item.millionths()?;
            Some(micro_usd.saturating_mul(NANO_PER_MICRO).min(UNLIMITED - 1))
        }
        _ => item.integer(0, UNLIMITED - 1),
    }
}
