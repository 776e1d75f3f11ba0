//! Limits, requests and standings as a test writes them.

use tollgate::dialect::Usage;
use tollgate::quota::{
    Bound, Demand, Evidence, Exhausted, Lease, Limit, LimitSet, Line, Mode, Need, Rule, UNLIMITED,
    Unit, Zone,
};
use tollgate::routing::Pattern;
use tollgate::store::Denial;

/// 2026-11-22, noon.
pub(crate) const NOON: u64 = 1_795_348_800_000;
pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 3_600_000;
pub(crate) const DAY: u64 = 86_400_000;
/// 2026-12-01.
pub(crate) const DECEMBER: u64 = 1_796_083_200_000;
/// What stands for no limit.
pub(crate) const U: u64 = UNLIMITED;

/// Limits in words: `rpm 10, tpm hard 100, tokens_per_day shadow 50 for gpt-5*`.
pub(crate) fn limits(words: &str) -> LimitSet {
    let rules = words.split(", ").filter(|words| !words.is_empty()).map(rule);
    LimitSet { rules: rules.collect(), ..LimitSet::default() }
}

fn rule(words: &str) -> (Rule, u64) {
    let (words, alias) = match words.split_once(" for ") {
        Some((words, alias)) => (words, Some(Pattern::new(alias))),
        None => (words, None),
    };
    let words: Vec<&str> = words.split(' ').collect();
    let limit = Limit::named(words[0]).unwrap_or_else(|| panic!("no limit {}", words[0]));
    let (mode, figure) = match words[1..] {
        [figure] => (limit.default_mode(), figure),
        [mode, figure] => (Mode::named(mode).unwrap_or_else(|| panic!("no mode {mode}")), figure),
        _ => panic!("'{}' is no limit", words.join(" ")),
    };
    (Rule::new(limit, mode, alias), figure.parse().unwrap())
}

/// Limits that are spread over shards.
pub(crate) fn spread(words: &str, shards: u16) -> LimitSet {
    LimitSet { shards, ..limits(words) }
}

/// Limits whose days begin elsewhere.
pub(crate) fn counted_in(zone: &str, words: &str) -> LimitSet {
    LimitSet { zone: Zone::posix(zone).unwrap(), ..limits(words) }
}

/// What a request for the alias `m` takes, its tokens all being input.
pub(crate) fn takes(requests: u64, tokens: u64, nano_usd: u64) -> Demand {
    Demand {
        alias: Some("m".to_owned()),
        requests,
        tokens: Need::known(tokens, tokens),
        input: Need::known(tokens, tokens),
        nano_usd: Need::known(nano_usd, nano_usd),
        ..Demand::nothing()
    }
}

/// The same for another alias.
pub(crate) fn asking(alias: &str, demand: Demand) -> Demand {
    Demand { alias: Some(alias.to_owned()), ..demand }
}

/// A request that may cost as much in tokens, and is likely to cost less.
pub(crate) fn likely(at_most: u64, likely: u64) -> Demand {
    Demand { tokens: Need::known(at_most, likely), ..takes(1, 0, 0) }
}

/// A request whose cost nobody can bound, for these reasons.
pub(crate) fn unbounded(tokens: &str, nano_usd: &str) -> Demand {
    let unknown = |why: &str| {
        let bound = || Bound::Unknown(why.to_owned());
        Need { at_most: bound(), likely: bound() }
    };
    Demand { tokens: unknown(tokens), nano_usd: unknown(nano_usd), ..takes(1, 0, 0) }
}

/// A request that takes so much of one unit, and of every other much more.
pub(crate) fn of_unit(unit: Unit, amount: u64) -> Demand {
    let need = |own: Unit| {
        let amount = if unit == own { amount } else { 1_000_000 };
        Need::known(amount, amount)
    };
    Demand {
        requests: if unit == Unit::Requests { amount } else { 1 },
        tokens: need(Unit::Tokens),
        input: need(Unit::InputTokens),
        output: need(Unit::OutputTokens),
        nano_usd: need(Unit::NanoUsd),
        ..takes(1, 0, 0)
    }
}

/// The same with a place among the requests in flight.
pub(crate) fn leasing(id: &str, expires_ms: u64, demand: Demand) -> Demand {
    Demand { lease: Some(Lease { id: id.to_owned(), expires_ms }), ..demand }
}

/// The provider's word: these tokens, all of them input, for that money.
pub(crate) fn used(tokens: u64, nano_usd: u64) -> Evidence {
    let usage = Usage { input_uncached: tokens, ..Usage::default() };
    Evidence::Exact { usage, nano_usd: Some(nano_usd) }
}

/// A rule as it was written: `rpm`, `tokens_per_day for gpt-5*`, `team's rpm`.
fn name(line: &Line) -> String {
    let whose = if line.scope.is_team { "team's " } else { "" };
    let about = line.scope.alias.as_ref().map_or_else(String::new, |alias| format!(" for {alias}"));
    format!("{whose}{}{about}", line.limit.name)
}

/// What is held of each rule: `rpm 9/10 (1), tokens_per_day 60/100 (40)`.
pub(crate) fn figures<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    let words = lines
        .into_iter()
        .map(|line| format!("{} {}/{} ({})", name(line), line.left, line.of, line.held));
    words.collect::<Vec<_>>().join(", ")
}

/// How each rule stands: used, held and left, as in `tokens_per_day 12+40+48`.
pub(crate) fn balance(lines: &[Line]) -> String {
    let words = lines
        .iter()
        .map(|line| format!("{} {}+{}+{}", name(line), line.used(), line.unsettled(), line.left));
    words.collect::<Vec<_>>().join(", ")
}

/// What did not fit: `rpm 0/10, needs 1`.
pub(crate) fn exhausted(denial: &Denial) -> String {
    let found = reason(denial);
    format!("{} {}/{}, needs {}", found.limit.name, found.left, found.of, found.needed)
}

/// The limit that refused.
pub(crate) fn reason(denial: &Denial) -> &Exhausted {
    match denial {
        Denial::Exhausted(exhausted) => exhausted,
        other => panic!("{other:?}"),
    }
}
