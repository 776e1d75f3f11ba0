//! Fuzz targets for all that reads bytes of clients and providers: the codecs of events, the shallow
//! parser, every decoder and every reader of requests. Each target is a function of bytes that
//! panics when something is not as it must be; the inputs are the golden files and those in
//! `tests/fuzz/corpus`, and what [`mutate`] makes of them.
//!
//! A run is bounded by a number of inputs, and always the same. `TOLLGATE_FUZZ_SECONDS` lets every
//! target run for so long instead, `TOLLGATE_FUZZ_SEED` chooses other inputs. An input that a
//! target fails on is made small and written to `target/fuzz`, in the form that the corpus has.

mod answers;
mod broken;
mod calls;
mod corpus;
mod cuts;
mod decoders;
mod engine;
mod errors;
mod events;
mod frames;
mod large;
mod mutate;
mod object;
mod requests;
mod sse;
mod translated;

use std::time::Duration;

use tollgate::settings::variable;

use engine::{Most, Target, search};

/// The inputs of an ordinary run.
const SEED: u64 = 0x70_11_6A_7E;

fn number(name: &str) -> Option<u64> {
    let said = variable(name)?;
    Some(said.parse().unwrap_or_else(|_| panic!("{name} is no number: {said}")))
}

fn fuzz(target: &Target) {
    let seed = number("TOLLGATE_FUZZ_SEED").unwrap_or(SEED);
    let most = number("TOLLGATE_FUZZ_SECONDS")
        .map_or(Most::Inputs(target.inputs), |seconds| Most::Time(Duration::from_secs(seconds)));
    if let Some(found) = search(target, seed, most) {
        panic!("{}", found.report(target, seed));
    }
}

#[test]
fn events() {
    fuzz(&sse::TARGET);
}

#[test]
fn frames_of_aws() {
    fuzz(&frames::TARGET);
}

#[test]
fn the_shallow_parser() {
    fuzz(&object::TARGET);
}

#[test]
fn openai_streams() {
    fuzz(&decoders::OPENAI);
}

#[test]
fn anthropic_streams() {
    fuzz(&decoders::ANTHROPIC);
}

#[test]
fn converse_streams() {
    fuzz(&decoders::CONVERSE);
}

#[test]
fn translated_openai_streams() {
    fuzz(&translated::OPENAI);
}

#[test]
fn translated_anthropic_streams() {
    fuzz(&translated::ANTHROPIC);
}

#[test]
fn translated_converse_streams() {
    fuzz(&translated::CONVERSE);
}

#[test]
fn whole_answers() {
    fuzz(&answers::TARGET);
}

#[test]
fn openai_requests() {
    fuzz(&requests::OPENAI);
}

#[test]
fn anthropic_requests() {
    fuzz(&requests::ANTHROPIC);
}

#[test]
fn openai_calls() {
    fuzz(&calls::OPENAI);
}

#[test]
fn anthropic_calls() {
    fuzz(&calls::ANTHROPIC);
}

#[test]
fn providers_errors() {
    fuzz(&errors::TARGET);
}
