//! How refusals, failures, ends and usage are shown, each on a line.

use crate::dialect::Usage;
use crate::dialect::openai::Ending;
use crate::failure::Failure;
use crate::refusal::Refusal;

pub(super) fn refusal_line(refusal: &Refusal) -> String {
    format!("refused {}: {}\n", refusal.param().unwrap_or("the body"), refusal.message())
}

pub(super) fn failure_line(failure: &Failure) -> String {
    let said = failure.error.as_ref().map(|error| format!("; the provider: {}", error.message));
    format!("{}: {}{}\n", failure.class, failure.detail, said.unwrap_or_default())
}

pub(super) fn end_line(end: Result<Ending, Failure>) -> String {
    end.map_or_else(|failure| failure_line(&failure), |ending| format!("complete, {ending:?}\n"))
}

pub(super) fn usage_line(usage: Option<Usage>) -> String {
    usage.map_or_else(
        || "usage unknown\n".to_owned(),
        |usage| {
            let Usage { input_uncached, cache_read, cache_write, output, reasoning, .. } = usage;
            let long = match usage.cache_write_1h {
                0 => String::new(),
                long => format!(" ({long} for an hour)"),
            };
            format!(
                "usage {input_uncached} in, {cache_read} read, {cache_write} written{long}, \
                 {output} out, {reasoning} thought\n"
            )
        },
    )
}
