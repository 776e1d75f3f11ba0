//! Routes of the document.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::extras::Extras;
use super::fallback::{by_class, read_falls_back, read_retries};
use super::fields::{Fields, Item};
use super::mirror;
use super::problems::unknown_name;
use super::provider::Provider;
use super::reasoning::Reasoning;
use crate::failure::Class;
use crate::quota::Price;
use crate::routing::{Pattern, Route, SplitBy, Target, TargetTerms, Timeouts, check_alias};

/// Providers by name; nothing where the document's row is broken.
pub(super) type Providers = BTreeMap<String, Option<Arc<Provider>>>;

/// The output cap of a limited key's request that names none, unless the target says otherwise.
const DEFAULT_OUTPUT_TOKENS: u64 = 4_096;

/// What a limit in mode `estimate` takes a token for, unless the target says otherwise. English has
/// about 4 bytes a token, Chinese 3 to 5, code and JSON 3.
const DEFAULT_BYTES_PER_TOKEN: u64 = 3;

const MOST_ATTEMPTS: u64 = 16;
const DEFAULT_ATTEMPTS: usize = 5;
/// The longest that a function may run.
const MOST_MS: u64 = 900_000;

/// Reads one route; nothing when it cannot be used.
pub(super) fn read(item: &Item<'_>, providers: &Providers) -> Option<Route> {
    let fields = item.fields()?;
    let pattern = read_pattern(&fields);
    let listed = fields.list("models").iter().filter_map(read_listed).collect::<Vec<_>>();
    if let Some(pattern) = &pattern {
        for (name, item) in listed.iter().filter(|(name, _)| !pattern.matches(name)) {
            item.problem(format!("'{name}' is not covered by the pattern '{pattern}'"));
        }
    }
    let read_all = |name| -> Vec<Option<Target>> {
        fields.list(name).iter().map(|item| read_target(item, providers)).collect()
    };
    let (targets, fallback) = (read_all("targets"), read_all("fallback"));
    if targets.is_empty() {
        fields.problem("'targets' is missing: a route needs at least one target");
    }
    let is_weighted = |target: &Target| target.weight.is_some();
    if fallback.iter().flatten().any(is_weighted) {
        fields.problem("fallback is taken in order: its targets have no weight");
    }
    let typed = by_class(&fields, "fallback_on");
    let typed = typed.iter().map(|(class, item)| {
        let targets = item.list();
        (*class, targets.iter().filter_map(|item| read_target(item, providers)).collect())
    });
    let typed: Vec<(Class, Vec<Target>)> = typed.collect();
    let (retries, most_wait_ms) = read_retries(&fields);
    let (falls_back, split_by) = (read_falls_back(&fields), read_split(&fields));
    let timeouts = fields.item("timeouts").and_then(|item| item.fields()).map(read_timeouts);
    let attempts = fields.integer("attempts", 1, MOST_ATTEMPTS);
    let is_strict = fields.item("translation").and_then(|item| read_translation(&item));
    let mirror = fields.item("mirror").and_then(|item| mirror::read(&item, providers));
    fields.finish();
    // When read leniently, a target that is broken is left out; a route without any is none.
    let (targets, fallback): (Vec<_>, Vec<_>) =
        (targets.into_iter().flatten().collect(), fallback.into_iter().flatten().collect());
    if targets.is_empty() && fallback.is_empty() {
        return None;
    }
    Some(Route {
        pattern: pattern?,
        listed: listed.into_iter().map(|(name, _)| name).collect(),
        targets,
        fallback,
        timeouts: timeouts.unwrap_or_default(),
        attempts: attempts.and_then(|n| usize::try_from(n).ok()).unwrap_or(DEFAULT_ATTEMPTS),
        typed,
        falls_back,
        retries,
        most_wait_ms,
        split_by: split_by.unwrap_or_default(),
        is_strict: is_strict.unwrap_or(false),
        mirror,
    })
}

/// Whether a field that has no place at a target is a failure there.
fn read_translation(item: &Item<'_>) -> Option<bool> {
    let known = ["lenient", "strict"];
    let text = item.text()?;
    let found = known.iter().position(|word| *word == text);
    if found.is_none() {
        item.problem(unknown_name("translation", text, known));
    }
    found.map(|at| at == 1)
}

fn read_pattern(fields: &Fields<'_>) -> Option<Pattern> {
    let item = fields.required("match");
    let ignores_case = fields.bool("case_insensitive").unwrap_or(false);
    let item = item?;
    let text = item.text()?;
    // With its wildcards taken as letters, a pattern must read as an alias.
    if check_alias(&text.replace(['*', '?'], "x")).is_err() {
        item.problem(format!("'{text}' holds a character that no model name may have"));
        return None;
    }
    let pattern = Pattern::new(text);
    Some(if ignores_case { pattern.ignoring_case() } else { pattern })
}

/// By what requests are spread over targets with weights: `user`, `key`, or `header:x-tenant`.
fn read_split(fields: &Fields<'_>) -> Option<SplitBy> {
    let item = fields.item("split_by")?;
    let is_header = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    match item.text()? {
        "random" => Some(SplitBy::Random),
        "key" => Some(SplitBy::Key),
        "user" => Some(SplitBy::User),
        text => {
            let name = text.strip_prefix("header:").unwrap_or_default();
            if name.is_empty() || !name.chars().all(is_header) {
                item.problem("expected random, key, user, or a header as header:x-tenant");
                return None;
            }
            Some(SplitBy::Header(name.to_ascii_lowercase()))
        }
    }
}

fn read_listed<'a>(item: &Item<'a>) -> Option<(String, Item<'a>)> {
    let name = item.text()?;
    if check_alias(name).is_err() {
        item.problem(format!("'{name}' is not a model name"));
        return None;
    }
    Some((name.to_owned(), item.clone()))
}

fn read_target(item: &Item<'_>, providers: &Providers) -> Option<Target> {
    let fields = item.fields()?;
    let target = target(&fields, providers);
    fields.finish();
    target
}

/// A target, whose map may have other fields besides.
pub(super) fn target(fields: &Fields<'_>, providers: &Providers) -> Option<Target> {
    let provider = fields.required("provider").and_then(|item| {
        let name = item.text()?;
        let provider = providers.get(name);
        if provider.is_none() {
            item.problem(unknown_name("provider", name, providers.keys().map(String::as_str)));
        }
        provider.cloned().flatten()
    });
    let upstream_model = fields.text("model").map(str::to_owned);
    let weight = fields.integer("weight", 0, 1_000_000).and_then(|n| u32::try_from(n).ok());
    let price = fields.item("price").and_then(|item| item.fields()).and_then(read_price);
    let output_tokens = fields.integer("output_tokens", 1, 10_000_000);
    let media_tokens = fields.integer("media_tokens", 0, 10_000_000);
    let bytes_per_token = fields.integer("bytes_per_token", 1, 16);
    let dialect = provider.as_ref().map(|provider| provider.vendor.dialect);
    let reasoning = Reasoning::read(fields, dialect);
    let extras = Extras::read(fields);
    let provider = provider?;
    let reasoning = reasoning.or(provider.reasoning);
    let extras = provider.extras.then(&extras);
    let media_tokens = media_tokens.or(provider.media_tokens);
    let output_tokens = output_tokens.unwrap_or(DEFAULT_OUTPUT_TOKENS);
    let bytes_per_token = bytes_per_token.or(provider.bytes_per_token);
    let bytes_per_token = bytes_per_token.unwrap_or(DEFAULT_BYTES_PER_TOKEN);
    let terms = TargetTerms { price, output_tokens, media_tokens, bytes_per_token };
    let id = Target::id_of(&provider, upstream_model.as_deref());
    Some(Target { id, provider, upstream_model, weight, terms, reasoning, extras })
}

/// Pico-USD in a millionth of a dollar.
const PICO: u64 = 1_000_000;

fn read_price(fields: Fields<'_>) -> Option<Price> {
    let (input, output) = (fields.required("input"), fields.required("output"));
    let price = Price {
        input: fields.millionths("input").unwrap_or(0),
        cached_input: fields.millionths("cached_input"),
        cache_write: fields.millionths("cache_write"),
        cache_write_1h: fields.millionths("cache_write_1h"),
        output: fields.millionths("output").unwrap_or(0),
        reasoning: fields.millionths("reasoning"),
        per_request: fields.millionths("per_request").map_or(0, |usd| usd.saturating_mul(PICO)),
    };
    fields.finish();
    (input.is_some() && output.is_some()).then_some(price)
}

fn read_timeouts(fields: Fields<'_>) -> Timeouts {
    let default = Timeouts::default();
    let ms = |name, default| fields.integer(name, 1, MOST_MS).unwrap_or(default);
    let timeouts = Timeouts {
        connect_ms: ms("connect_ms", default.connect_ms),
        first_token_ms: ms("first_token_ms", default.first_token_ms),
        answer_ms: ms("answer_ms", default.answer_ms),
        idle_ms: ms("idle_ms", default.idle_ms),
        total_ms: ms("total_ms", default.total_ms),
        least_events_per_minute: fields
            .integer("least_events_per_minute", 0, 100_000)
            .unwrap_or(default.least_events_per_minute),
    };
    fields.finish();
    timeouts
}
