//! A provider's whole answer, and what the gateway takes from it. Its bytes pass unchanged.

use tollgate::dialect::Usage;
use tollgate::dialect::openai::read_answer;
use tollgate::failure::{Failure, Sent};

use super::input::Input;

pub(super) fn output(input: &Input) -> String {
    match read_answer(input.operation(), input.body().as_bytes()) {
        Ok(usage) => format!("an answer\n{}", usage_line(usage)),
        Err(failure) => format!("no answer\n{}", failure_lines(&failure)),
    }
}

pub(super) fn usage_line(usage: Option<Usage>) -> String {
    let Some(usage) = usage else {
        return "usage     not reported: all of the hold stays\n".to_owned();
    };
    format!(
        "usage     {} input + {} from cache, {} output ({} reasoning)\n",
        usage.input_uncached, usage.cache_read, usage.output, usage.reasoning
    )
}

pub(super) fn failure_lines(failure: &Failure) -> String {
    let next = if failure.class.falls_back() { "another target may answer" } else { "final" };
    let billed = match failure.sent {
        Sent::Maybe => "may be billed",
        Sent::Unbilled => "not billed",
    };
    let words = failure.error.as_ref().map(|error| format!("its words {}\n", error.message));
    let wait = failure.retry_after_ms.map(|wait_ms| format!("its wait  {wait_ms} ms\n"));
    let said = words.unwrap_or_default() + &wait.unwrap_or_default();
    format!("class     {}, {next}, {billed}\n{said}", failure.class)
}
