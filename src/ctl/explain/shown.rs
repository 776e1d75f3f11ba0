//! An explanation for people.

use serde_json::Value;

use crate::ctl::grid::Grid;
use crate::ctl::output::Report;
use crate::explain::{
    Amount, Cost, Explanation, LegSeen, LimitSeen, MostCost, RequestSeen, TargetSeen, TimeoutsSeen,
};

/// So much of a body is shown.
const MOST_BODY_CHARS: usize = 2_000;
/// So many routes that have lost are shown.
const MOST_LOST: usize = 12;

/// The report of an explanation.
pub(super) fn report(explanation: &Explanation, json: Value) -> Report {
    let Explanation { endpoint, stream, key, config_version, first, would, .. } = explanation;
    let key = key.as_ref().map_or_else(String::new, |key| {
        let team = key.team.as_ref().map(|team| format!(", team {team}")).unwrap_or_default();
        format!(", key {} '{}'{team}", key.id, key.name)
    });
    let streamed = if *stream { ", streamed" } else { "" };
    let version = match config_version {
        0 => String::new(),
        version => format!(", version {version}"),
    };
    let status = would.status.map(|status| status.to_string());
    let code = would.code.map(str::to_owned);
    let told: Vec<_> = status.into_iter().chain(code).collect();
    let told = if told.is_empty() { String::new() } else { format!("{}: ", told.join(" ")) };
    let mut report = Report::new(json)
        .text(format!("{endpoint} for '{}'{streamed}{key}{version}", first.alias))
        .text(format!("{told}{}", would.message));
    report = leg(report, first);
    for other in &explanation.instead {
        report = report.text(format!("\nIF NOBODY OF THESE ANSWERS, '{}'", other.alias));
        report = leg(report, other);
    }
    let whole = explanation.deadline_ms.map_or_else(
        || "too little time is left to begin".to_owned(),
        |ms| format!("all of it may take {ms} ms"),
    );
    cost(report.text(format!("\n{whole}")), &explanation.bound)
}

fn leg(report: Report, leg: &LegSeen) -> Report {
    let report = routes(report.text(""), leg);
    let mut report = targets(report, &leg.targets);
    if let Some(timeouts) = &leg.timeouts {
        report = report.text(format!("\n{}", times(timeouts)));
    }
    match leg.limits.as_deref() {
        None => report,
        Some([]) => report.text("\nno limits"),
        Some(limits) => report.text("").grid(limits_grid(limits)),
    }
}

fn routes(report: Report, leg: &LegSeen) -> Report {
    let row = |pattern: &str, why: String| vec![pattern.to_owned(), why];
    let found = leg.route.iter().map(|route| {
        let drawn = route.drawn.as_ref().map(|drawn| format!("; drawn {drawn}"));
        row(&route.pattern, format!("serves it: {}{}", route.why, drawn.unwrap_or_default()))
    });
    let lost = leg.lost.iter().take(MOST_LOST).map(|lost| row(&lost.pattern, lost.why.clone()));
    let report = report.grid(Grid::new(&["ROUTE", "WHY"], found.chain(lost)));
    match leg.lost.len().checked_sub(MOST_LOST) {
        Some(more) if more > 0 => report.text(format!("and {more} more that do not serve it")),
        _ => report,
    }
}

fn targets(report: Report, targets: &[TargetSeen]) -> Report {
    if targets.is_empty() {
        return report;
    }
    let row = |target: &TargetSeen| {
        let order = target.order.map_or_else(|| "-".to_owned(), |order| order.to_string());
        let weight = target.weight.map_or_else(|| "-".to_owned(), |weight| weight.to_string());
        let speaks = target.dialect.to_owned();
        vec![order, target.target.clone(), target.part.clone(), weight, speaks, state(target)]
    };
    let heading = ["#", "TARGET", "PART", "WEIGHT", "SPEAKS", ""];
    let mut report = report.text("").grid(Grid::new(&heading, targets.iter().map(row)));
    for target in targets {
        if let (Some(order), Some(request)) = (target.order, &target.request) {
            report = report.text(format!("\n{order}  {}", outgoing(request)));
        }
    }
    report
}

/// What is to be said of a target.
fn state(target: &TargetSeen) -> String {
    let skipped = target.skipped.as_ref().map(|why| format!("not tried: {why}"));
    let refused = target.refused.as_ref().map(|why| format!("cannot take it: {why}"));
    let dropped =
        (!target.dropped.is_empty()).then(|| format!("drops {}", target.dropped.join(", ")));
    let said = skipped.into_iter().chain(refused).chain(target.note.clone()).chain(dropped);
    said.collect::<Vec<_>>().join("; ")
}

fn outgoing(request: &RequestSeen) -> String {
    let RequestSeen { method, url, headers, body_bytes, body } = request;
    let headers = headers.0.iter().map(|(name, value)| format!("   {name}: {value}\n"));
    let body = body.as_ref().map_or("", |body| body.get());
    let mut shown: String = body.chars().take(MOST_BODY_CHARS).collect();
    if shown.len() < *body_bytes && shown.len() < body.len() || body.is_empty() {
        shown = format!("{shown}… ({body_bytes} bytes)");
    }
    format!("{method} {url}\n{}   {shown}", headers.collect::<String>())
}

fn times(timeouts: &TimeoutsSeen) -> String {
    let TimeoutsSeen { connect_ms, first_token_ms, answer_ms, idle_ms, .. } = timeouts;
    format!(
        "timeouts: to connect {connect_ms} ms, to a stream's first content {first_token_ms} ms, \
         between events {idle_ms} ms, to a whole answer while others are left {answer_ms} ms"
    )
}

fn limits_grid(limits: &[LimitSeen]) -> Grid {
    let heading =
        ["SCOPE", "LIMIT", "MODE", "OF", "USED", "HELD", "TAKES", "THEN LEFT", "RESETS", "FITS"];
    let shown = |amount: Option<Amount>| {
        amount.map_or_else(|| "no bound".to_owned(), |amount| amount.to_string())
    };
    let row = |limit: &LimitSeen| {
        let resets = limit.resets_in_s.map_or_else(|| "-".to_owned(), |s| format!("in {s} s"));
        vec![
            limit.scope.clone(),
            limit.limit.to_owned(),
            limit.mode.to_owned(),
            limit.of.to_string(),
            limit.used.to_string(),
            limit.held.to_string(),
            shown(limit.hold),
            shown(limit.left_after),
            resets,
            if limit.fits { "yes" } else { "NO" }.to_owned(),
        ]
    };
    Grid::new(&heading, limits.iter().map(row)).right(3..8)
}

fn cost(report: Report, bound: &MostCost) -> Report {
    let tokens = |tokens: Option<u64>| {
        tokens.map_or_else(|| "no bound".to_owned(), |tokens| tokens.to_string())
    };
    let row = |what: &str, cost: &Cost| {
        let usd = cost.usd.map_or_else(|| "no bound".to_owned(), |usd| usd.to_string());
        let Cost { input_tokens, output_tokens, tokens: both, .. } = *cost;
        vec![what.to_owned(), tokens(input_tokens), tokens(output_tokens), tokens(both), usd]
    };
    let rows = [row("at most", &bound.at_most), row("likely", &bound.likely)];
    let grid = Grid::new(&["COST", "INPUT", "OUTPUT", "TOKENS", "USD"], rows).right(1..5);
    bound.unbounded.iter().fold(report.text("").grid(grid), Report::text)
}
